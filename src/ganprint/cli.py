"""The command ``ganprint``: one command per stage, thin: parse, call, print.

Heavy libraries are imported inside the commands that need them, so that ``--help`` answers at once.
"""

# ruff: noqa: PLC0415

import sys
from pathlib import Path
from typing import Any

import click

from ganprint import __version__
from ganprint.errors import InputError
from ganprint.params import Params, load_params
from ganprint.stages.places import Places

__all__ = ["main"]


class _Group(click.Group):
    """Turns errors that a user can mend into one line and status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"ganprint: {' '.join(str(error).split())}", err=True)
            sys.exit(2)


def _project(ctx: click.Context) -> tuple[Places, Params]:
    places = Places(ctx.obj)
    return places, load_params(places.params)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ganprint")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "-C",
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Folder with params.yaml and dvc.yaml.  [default: this folder]",
)
@click.pass_context
def main(ctx: click.Context, *, debug: bool, project: Path) -> None:
    """Tell which real images a generator was trained on, and what may be concluded from that.

    `dvc repro` (or `make repro`) calls the stages in their order: corpus, embed, compare, submit, evaluate, audit,
    track. Each is a command here and reads its parameters from params.yaml.

    \b
    Start with:
      ganprint profile            the profiles, and which one is in force
      dvc repro                   regenerate everything that is out of date
      ganprint summary            the table of all runs
      ganprint ui                 compare the runs in MLflow
    """
    del debug
    ctx.obj = project


@main.command()
@click.pass_context
def corpus(ctx: click.Context) -> None:
    """Build or import the images (stage corpus).

    \b
    Example:
      ganprint corpus
    """
    from ganprint.stages.corpus import make_corpus

    summary = make_corpus(*_project(ctx))
    counts = ", ".join(f"{count} {part}" for part, count in summary.counts.items())
    click.echo(f"{summary.root}: {counts}")


@main.command()
@click.argument("name")
@click.pass_context
def embed(ctx: click.Context, name: str) -> None:
    """Compute embedding NAME of section embed of params.yaml (stage embed).

    \b
    Backbones: efficientnet-lite0 (weights packaged), resnet18, resnet34, resnet50, resnet101, resnet152 (weights
    imagenet, needs the network once), any of them with file:PATH or random:SEED, and pixels (weights none).

    \b
    Example:
      ganprint embed lite0-paper
    """
    from ganprint.stages.embed import make_embedding

    click.echo(make_embedding(*_project(ctx), name))


@main.command()
@click.argument("run")
@click.pass_context
def compare(ctx: click.Context, run: str) -> None:
    """Fit the comparator of RUN, score both splits, choose its threshold (stage compare).

    \b
    Example:
      ganprint compare svm-as-written
    """
    from ganprint.stages.compare import compare_run

    places, params = _project(ctx)
    reason = compare_run(places, params, run)
    click.echo(f"{run}: refused: {reason}" if reason else places.compared(run))


@main.command()
@click.pass_context
def submit(ctx: click.Context) -> None:
    """Write and validate the submission of every run (stage submit).

    \b
    Example:
      ganprint submit
    """
    from ganprint.stages.submit import write_submissions

    for line in write_submissions(*_project(ctx)):
        if line.refusal is None:
            click.echo(f"{line.file}: valid, {line.answers_used} of {line.answers} used")
        else:
            click.echo(f"{line.run}: no submission, the run was refused: {line.refusal}")


@main.command()
@click.argument("run", required=False)
@click.option("--trivial", is_flag=True, help="Evaluate the answers that look at no image: all used, none used, coin.")
@click.pass_context
def evaluate(ctx: click.Context, run: str | None, *, trivial: bool) -> None:
    """Compute the figures of RUN on both splits, with intervals (stage evaluate).

    \b
    Examples:
      ganprint evaluate svm-as-written
      ganprint evaluate --trivial
    """
    from ganprint.stages.evaluate import evaluate_run, evaluate_trivial

    if trivial == (run is not None):
        raise click.UsageError("give the name of a run, or --trivial")
    places, params = _project(ctx)
    if run is None:
        evaluate_trivial(places, params)
        click.echo(places.trivial)
    else:
        evaluate_run(places, params, run)
        click.echo(places.metrics(run))


@main.command()
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Put all runs, refusals and trivial answers into one table (stage audit).

    \b
    Example:
      ganprint audit
    """
    from ganprint.stages.audit import write_summary

    places, params = _project(ctx)
    write_summary(places, params)
    click.echo(places.audit / "summary.md")


@main.command()
@click.pass_context
def track(ctx: click.Context) -> None:
    """Log finished results to MLflow, each of them once (stage track).

    The server is MLflow's own variable MLFLOW_TRACKING_URI; without it, mlflow/mlflow.db in the project's folder. After
    `dvc pull` this fills an empty server without computing anything.

    \b
    Example:
      ganprint track
    """
    from ganprint.stages.track import track_results

    logged = track_results(*_project(ctx))
    click.echo(f"logged {sum(logged.values())} of {len(logged)} runs; the others were there already")


@main.command()
@click.pass_context
def summary(ctx: click.Context) -> None:
    """Print the table of all runs, and whether the submissions are those of the last commit.

    \b
    Example:
      ganprint summary
    """
    from ganprint.stages.audit import print_lines

    for line in print_lines(*_project(ctx)):
        click.echo(line)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port on loopback.")
@click.pass_context
def ui(ctx: click.Context, port: int) -> None:
    """Open the MLflow UI on loopback.

    \b
    Example:
      ganprint ui --port 5001
    """
    from ganprint.stages.ui import serve

    serve(Places(ctx.obj), port, click.echo)


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


@main.command()
def comparators() -> None:
    """List the registered comparators and their parameters.

    \b
    Example:
      ganprint comparators
    """
    from ganprint.compare.protocol import registry

    for (name, variant), comparator in registry().items():
        title = (comparator.__doc__ or "").strip().split("\n", 1)[0]
        click.echo(f"{name} {variant}: {title}")
        for parameter, field in comparator.Parameters.model_fields.items():
            click.echo(f"    {parameter} = {field.get_default(call_default_factory=True)}")
