"""Commands about other people's files: submissions, official archives, profiles."""

# ruff: noqa: PLC0415

import sys
from pathlib import Path

import click

from ganprint.cli.group import main
from ganprint.errors import InputError
from ganprint.stages.places import Places


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--ids",
    "ids_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Ids of the real test images, one per line.",
)
@click.option("--strict", is_flag=True, help="Also refuse what is legal but unwise: padding, +1, 01, Unicode digits.")
def validate(file: Path, ids_file: Path, *, strict: bool) -> None:
    """Check a submission FILE by the official rules; status 0 only when it is valid, 2 when it is not.

    All faults are reported with their line; the one that the organisers' script stops at is marked. That script
    ends with status 0 whether the file is valid or not: do not rely on its status.

    \b
    Example:
      ganprint validate submissions/svm-as-written.csv --ids data/corpus/image_ids.txt
    """
    from ganprint.stages.validate import validate_file

    valid, lines = validate_file(file, ids_file, strict=strict)
    for line in lines:
        click.echo(line, err=not valid)
    sys.exit(0 if valid else 2)


@main.command("import-official")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/official"),
    show_default=True,
    help="Folder to write.",
)
@click.option("--edition", type=click.Choice(["2023", "2025"]), help="Edition to compare with.  [default: nearest]")
def import_official_command(path: Path, out: Path, edition: str | None) -> None:
    """Import the organisers' archive or folder PATH, verify it, and report what differs from the edition.

    Nothing is uploaded anywhere. Archives are unpacked safely: no path escapes, no links, limits on size and number.

    \b
    Example:
      ganprint import-official ~/Downloads/clef-gans-2023.zip
      ganprint profile paper --corpus official --path data/official
    """
    from ganprint.corpus.official import import_official

    click.echo(import_official(path, out, edition=edition).render())


@main.command()
@click.argument("name", required=False)
@click.option("--corpus", "kind", type=click.Choice(["phantom", "folder", "official"]), help="Kind of corpus.")
@click.option("--path", help="Folder or archive of a folder or official corpus.")
@click.option("--truth", help="CSV id,membership with the truth of the test split, where known.")
@click.option("--check", is_flag=True, help="Only say whether params.yaml is the profile; status 2 when it is not.")
@click.pass_context
def profile(
    ctx: click.Context, name: str | None, kind: str | None, path: str | None, truth: str | None, *, check: bool
) -> None:
    """Write params.yaml from profile NAME; without NAME, list the profiles.

    \b
    Examples:
      ganprint profile                                       which there are, which is in force
      ganprint profile default                               back to the default
      ganprint profile default --corpus folder --path DIR --truth DIR/truth.csv
      ganprint profile paper --corpus official --path ARCHIVE.zip
    """
    from ganprint.stages.profile import describe, differs, write_profile

    places = Places(ctx.obj)
    if name is None:
        for line in describe(places):
            click.echo(line)
    elif check:
        if differs(places, name):
            raise InputError(f"{places.params}: is not the profile '{name}'; 'ganprint profile {name}' writes it")
        click.echo(f"{places.params}: is the profile '{name}'")
    else:
        write_profile(places, name, kind=kind, path=path, truth=truth)
        click.echo(f"{places.params}: profile '{name}'; now run 'dvc repro'")
