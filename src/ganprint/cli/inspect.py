"""The command for somebody who has folders of images, and neither labels nor a pipeline."""

# ruff: noqa: PLC0415

from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from ganprint.cli.group import main
from ganprint.errors import InputError

_FOLDER = click.Path(path_type=Path)


@main.command()
@click.option("--real", required=True, type=_FOLDER, help="Folder of the real images in question.")
@click.option("--generated", required=True, type=_FOLDER, help="Folder of the generated images.")
@click.option("--reference", type=_FOLDER, help="Folder of real images of the same kind, certainly not used.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write.")
@click.option("--groups", type=_FOLDER, help="CSV id,group: which patient real and reference images come from.")
@click.option("--view", "views", multiple=True, help="What is compared: pixels, lite0.  [default: both]")
@click.option("--attack", "attacks", multiple=True, help="Attack to run (ganprint comparators).  [default: all]")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="How pairs are measured: euclidean, cosine, ssim, …  [default: euclidean]",
)
@click.option("--level", type=float, default=0.05, show_default=True, help="Of tests; intervals are at 1 - level.")
@click.option("--images", type=int, default=24, show_default=True, help="Suspicious images to show.")
@click.option("--seed", type=int, default=20230918, show_default=True, help="Base of every seed.")
@click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), default="cpu", show_default=True)
@click.option("--threads", type=int, default=2, show_default=True, help="Threads of the arithmetic.")
def inspect(**told: Any) -> None:
    """Tell what generated images give away of real ones, without labels.

    Every attack scores every real image; with reference images there are tests and error rates, without them an order
    of suspicion. OUT gets report.html, report.json and scores.csv; they name and show the real images, so keep them as
    you keep those. A run that was killed goes on when called again. Status 0 whatever the verdict.

    \b
    Examples:
      ganprint inspect --real scans --generated samples --out inspection
      ganprint inspect --real scans --generated samples --reference unused --groups patients.csv --out inspection
    """
    from ganprint.params import one_line
    from ganprint.stages.inspect import inspect_folders
    from ganprint.stages.inspect_options import InspectOptions

    given = {name: value for name, value in told.items() if name not in {"views", "metrics"} or value}
    try:
        options = InspectOptions.model_validate(given)
    except ValidationError as error:
        raise InputError(f"options of inspect: {one_line(error)}") from None
    report = inspect_folders(options)
    click.echo(f"{report.verdict.kind}: {report.verdict.lay}")
    for reason in report.verdict.reasons:
        click.echo(f"- {reason}")
    click.echo(f"{options.out / 'report.html'}: contains images of patients; report.json and scores.csv beside it")
