"""The command that lists the networks."""

# ruff: noqa: PLC0415

import json

import click

from ganprint.cli.group import main


@main.command()
@click.option("--family", help="Networks of this family alone.")
@click.option("--offline", is_flag=True, help="Only networks with weights that need no network.")
@click.option("--json", "as_plain", is_flag=True, help="Print all that is known as JSON.")
def backbones(*, family: str | None, offline: bool, as_plain: bool) -> None:
    """List the networks that an embedding can use, their layers, and where their published weights are.

    \b
    weights: packaged (an installed package has them), cached (in torch's cache), network (fetched once, when they are
    first used), file:PATH (there are none to fetch), pretrained-here (trained on the corpus). Any network takes
    file:PATH, random:SEED or pretrained-here:NAME too.
    layers: what `layer` of an embedding may name; without it the last one is read.

    \b
    Examples:
      ganprint backbones --offline
      ganprint backbones --family vit
      ganprint backbones --json
    """
    from ganprint.embed.catalogue_list import families, listed, table
    from ganprint.errors import InputError

    if family is not None and family not in families():
        raise InputError(f"--family '{family}': unknown; allowed: {', '.join(families())}")
    found = listed(family, offline=offline)
    if as_plain:
        click.echo(json.dumps([one.as_dict() for one in found], indent=2))
    else:
        for line in table(found):
            click.echo(line)
        if not found:
            click.echo(f"none: no network of family '{family}' has weights here; leave --offline out to see them all")
