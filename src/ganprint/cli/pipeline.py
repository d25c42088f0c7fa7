"""One command per stage of the pipeline."""

# ruff: noqa: PLC0415

import click

from ganprint.cli.group import main, project


@main.command()
@click.pass_context
def corpus(ctx: click.Context) -> None:
    """Build or import the images (stage corpus).

    \b
    Example:
      ganprint corpus
    """
    from ganprint.stages.corpus import make_corpus

    summary = make_corpus(*project(ctx))
    counts = ", ".join(f"{count} {part}" for part, count in summary.counts.items())
    click.echo(f"{summary.root}: {counts}")


@main.command()
@click.argument("name")
@click.pass_context
def pretrain(ctx: click.Context, name: str) -> None:
    """Train weights NAME of section pretrain of params.yaml (stage pretrain).

    They are learned from the corpus' own images, without labels, for embeddings with weights pretrained-here:NAME. An
    interrupted training goes on after its last finished epoch.

    \b
    Example:
      ganprint pretrain copies
    """
    from ganprint.stages.pretrain import pretrain as train

    made = train(*project(ctx), name)
    click.echo(made.path)
    if made.warning:
        click.echo(f"warning: {made.warning}", err=True)


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_context
def embed(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Compute embeddings NAME... of section embed of params.yaml (stage embed).

    Several names share one pass over the images where they prepare them in the same way; the files are those of one by
    one. `ganprint backbones` lists the networks, their layers and their weights.

    \b
    Examples:
      ganprint embed lite0-paper
      ganprint embed lite0-weights lite1-weights
    """
    from ganprint.stages.embed import make_embeddings

    for path in make_embeddings(*project(ctx), names):
        click.echo(path)


@main.command()
@click.pass_context
def views(ctx: click.Context) -> None:
    """Note for every run what its embeddings are made of, so that it is repeated when they change (stage views).

    \b
    Example:
      ganprint views
    """
    from ganprint.stages.views import note_views

    places, params = project(ctx)
    note_views(places, params)
    click.echo(places.views)


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

    places, params = project(ctx)
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

    for line in write_submissions(*project(ctx)):
        if line.refusal is None:
            click.echo(f"{line.file}: valid, {line.answers_used} of {line.answers} used")
        else:
            click.echo(f"{line.run}: no submission, the run was refused: {line.refusal}")


@main.command()
@click.argument("run", required=False)
@click.option("--trivial", is_flag=True, help="Evaluate the answers that look at no image: all used, none used, coin.")
@click.option("--inference", is_flag=True, help="Test all runs against chance and against each other.")
@click.pass_context
def evaluate(ctx: click.Context, run: str | None, *, trivial: bool, inference: bool) -> None:
    """Compute the figures of RUN on both splits, with intervals (stages evaluate, trivial, inference).

    \b
    Examples:
      ganprint evaluate svm-as-written
      ganprint evaluate --trivial
      ganprint evaluate --inference
    """
    if (run is not None) + trivial + inference != 1:
        raise click.UsageError("give the name of a run, or --trivial, or --inference")
    places, params = project(ctx)
    if inference:
        from ganprint.stages.inference import write_inference

        write_inference(places, params)
        click.echo(places.inference)
        return
    from ganprint.stages.evaluate import evaluate_run, evaluate_trivial

    if run is None:
        evaluate_trivial(places, params)
        click.echo(places.trivial)
    else:
        evaluate_run(places, params, run)
        click.echo(places.metrics(run))


@main.command()
@click.pass_context
def evidence(ctx: click.Context) -> None:
    """Look for near-duplicates, and for the generated images nearest to the most suspicious real ones (stage evidence).

    \b
    Example:
      ganprint evidence
    """
    from ganprint.stages.evidence import write_evidence

    places, params = project(ctx)
    write_evidence(places, params)
    click.echo(places.evidence)


@main.command()
@click.pass_context
def memorisation(ctx: click.Context) -> None:
    """Measure how much the generator as a whole memorised, in every embedding (stage memorisation).

    \b
    Example:
      ganprint memorisation
    """
    from ganprint.stages.memorisation import write_memorisation

    places, params = project(ctx)
    write_memorisation(places, params)
    click.echo(places.memorisation / "memorisation.json")


@main.command()
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Write the report: verdicts, figures, tests, evidence, findings, provenance (stage audit).

    \b
    Example:
      ganprint audit
    """
    from ganprint.stages.audit import write_audit

    write_audit(*(made := project(ctx)))
    click.echo(made[0].audit / "report.html")


@main.command()
@click.argument("name")
@click.pass_context
def strength(ctx: click.Context, name: str) -> None:
    """Compute study NAME of section strength: every run's AUC on phantoms of several strengths (stage strength).

    Finished phantoms are kept: an interrupted study goes on. It looks at phantoms of its own, not at data/corpus.

    \b
    Example:
      ganprint profile strength
      ganprint strength phantoms
    """
    from ganprint.stages.strength import write_strength

    click.echo(write_strength(*project(ctx), name))


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

    logged = track_results(*project(ctx))
    click.echo(f"logged {sum(logged.values())} of {len(logged)} runs; the others were there already")
