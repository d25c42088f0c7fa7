"""The command that looks whether everything needed is here."""

# ruff: noqa: PLC0415

import json
import sys

import click

from ganprint.cli.group import main
from ganprint.stages.places import Places


@main.command()
@click.option("--json", "as_plain", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(ctx: click.Context, *, as_plain: bool) -> None:
    """Say whether everything is here that regenerating the results needs; status 2 when it is not.

    Versions, agreement with the lock, device and driver, weights, disk, DVC and MLflow. A line marked ! names what is
    missing and what to do, a line marked - what is worth knowing. No network is used and nothing is changed.

    \b
    Examples:
      ganprint doctor
      ganprint doctor --json
    """
    from ganprint.doctor.findings import as_json, has_trouble, render
    from ganprint.stages.doctor import examine

    found = examine(Places(ctx.obj))
    if as_plain:
        click.echo(json.dumps(as_json(found), indent=2))
    else:
        for line in render(found):
            click.echo(line)
    sys.exit(2 if has_trouble(found) else 0)
