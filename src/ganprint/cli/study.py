"""The command of selection studies."""

# ruff: noqa: PLC0415

import click

from ganprint.cli.group import main, project


@main.command()
@click.argument("name")
@click.option("--track", is_flag=True, help="Log it to MLflow, too; `ganprint track` logs it with all runs.")
@click.pass_context
def study(ctx: click.Context, name: str, *, track: bool) -> None:
    """Compute study NAME of section study: which embedding and comparator see membership (stage study).

    Every embedding, pooling and comparator of the study is scored out of fold on development images, one is selected by
    a written rule, and what is claimed of it is corrected for all that was tried. What is finished is kept: an
    interrupted study goes on.

    \b
    Examples:
      dvc repro study@features
      ganprint study features --track
    """
    from ganprint.audit.study_words import study_sentences
    from ganprint.stages.study import write_study
    from ganprint.stages.study_track import read_selection, track_study

    places, params = project(ctx)
    folder = write_study(places, params, name)
    for sentence in study_sentences(read_selection(folder)):
        click.echo(sentence)
    click.echo(folder / "report.html")
    if track:
        click.echo("logged to MLflow" if track_study(places, params, name) else "MLflow has it already")
