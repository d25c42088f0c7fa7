"""Commands about published figures: the paper's own, and claims of any other."""

# ruff: noqa: PLC0415

import click

from ganprint.cli.group import main, project

_RATES = ("accuracy", "precision", "specificity", "recall", "f1", "prevalence")


def _rate_options(command: click.decorators.FC) -> click.decorators.FC:
    for name in reversed(_RATES):
        command = click.option(f"--{name}", metavar="RATE", help=f"The {name} as printed, for example 0.883.")(command)
    return command


@main.command("audit-paper")
@click.option("--counts", metavar="TP,TN,FP,FN", help="Check the counts of any paper instead.")
@click.option("--name", default="claim", show_default=True, help="What to call it.")
@_rate_options
@click.option("--n", type=click.IntRange(min=1), help="Number of images that the rates are about, where known.")
@click.pass_context
def audit_paper(ctx: click.Context, /, counts: str | None, name: str, n: int | None, **printed: str | None) -> None:
    """Recompute the paper's Table 1, test it, and measure its findings (stage paper).

    With counts or rates it checks any paper's claim instead: do the figures fit together, which prevalence do they
    imply, and what would the trivial answers score at that prevalence?

    \b
    Examples:
      ganprint audit-paper
      ganprint audit-paper --counts 79,22,78,21 --name "run 1"
      ganprint audit-paper --accuracy 0.883 --f1 0.540 --precision 0.461
      ganprint audit-paper --accuracy 0.810 --f1 0.801 --n 200 --prevalence 0.5
    """
    rates = {rate: text for rate, text in printed.items() if text is not None}
    if counts is not None and (rates or n is not None):
        raise click.UsageError("give --counts, or rates, not both")
    from ganprint.stages import paper

    places, params = project(ctx)
    if counts is not None:
        lines = paper.counts_lines(counts, name, params.evaluate.confidence)
    elif rates or n is not None:
        lines = paper.claim_lines(rates, n)
    else:
        lines = [*paper.paper_lines(paper.write_paper(places, params)["paper"]), "", str(places.paper)]
    for line in lines:
        click.echo(line)


@main.command()
@click.pass_context
def expected(ctx: click.Context) -> None:
    """List every checkable number of the paper, with a verdict for the corpus at hand.

    \b
    Example:
      ganprint expected
    """
    from ganprint.stages.paper import expected_lines, write_paper

    for line in expected_lines(write_paper(*project(ctx))["expected"]):
        click.echo(line)
