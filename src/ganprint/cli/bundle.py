"""Commands about the reproducibility bundle: write one, check one."""

# ruff: noqa: PLC0415

import sys
from pathlib import Path

import click

from ganprint.cli.group import main, project
from ganprint.stages.places import Places


@main.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Zip file to write.",
)
@click.option("--no-times", is_flag=True, help="Leave out when the run was: equal results then give equal bytes.")
@click.pass_context
def bundle(ctx: click.Context, out: Path, *, no_times: bool) -> None:
    """Write all results and how they were made as one zip file, an RO-Crate.

    Submissions, scores, figures, report, parameters, pipeline, lock, list of packages, provenance and citation, each
    with its SHA-256. No images: ids alone. The same results give the same bytes; SOURCE_DATE_EPOCH sets the date.

    \b
    Example:
      ganprint bundle --out results.zip
    """
    from ganprint.stages.bundle import write_bundle

    made = write_bundle(*project(ctx), out, times=not no_times)
    click.echo(f"{made.path}: {made.files} files, sha256 {made.sha256}")
    for line in made.notes:
        click.echo(f"note: {line}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--regenerate", is_flag=True, help="Run the whole pipeline again, in a folder of its own.")
@click.pass_context
def verify(ctx: click.Context, file: Path, *, regenerate: bool) -> None:
    """Check a bundle FILE; status 0 when all of it holds, 2 when anything does not.

    Every file is compared with its SHA-256, submissions are validated by the strict rules and made again from their
    scores. Where this folder holds results of the same parameters, its submissions are compared too. With --regenerate
    the pipeline is run by the bundle's parameters, on the phantom or on the corpus that they name.

    \b
    Examples:
      ganprint verify results.zip
      ganprint verify results.zip --regenerate
    """
    from ganprint.stages.verify import verify_bundle

    verified = verify_bundle(Places(ctx.obj), file, regenerate=regenerate)
    for line in verified.passed:
        click.echo(f"good: {line}")
    for line in verified.faults:
        click.echo(f"fault: {line}", err=True)
    for line in verified.notes:
        click.echo(f"note: {line}", err=True)
    if verified.faults:
        click.echo(f"ganprint: {file}: {len(verified.faults)} faults; do not rely on it", err=True)
    sys.exit(2 if verified.faults else 0)
