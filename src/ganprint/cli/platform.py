"""Commands that speak the contracts of shared-task platforms."""

# ruff: noqa: PLC0415

import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from ganprint.cli.group import main
from ganprint.errors import InputError
from ganprint.stages.places import Places

_FOLDER = click.Path(path_type=Path)


@main.group()
def platform() -> None:
    """Take part in, or run, a shared task on TIRA, Codabench or Grand Challenge.

    \b
    Examples:
      ganprint platform tira run --input DATASET --output OUT
      ganprint platform codabench score --input /app/input --output /app/output
      ganprint platform grand-challenge run
    """


@platform.group()
def tira() -> None:
    """TIRA: a software reads $inputDataset and writes $outputDir; an evaluator writes evaluation.prototext."""


@platform.group()
def codabench() -> None:
    """Codabench and CodaLab: the scoring program, and the bundle that an organiser uploads."""


@platform.group("grand-challenge")
def grand_challenge() -> None:
    """Grand Challenge: an algorithm reads /input and writes /output."""


def _run_options(command: click.decorators.FC) -> click.decorators.FC:
    options = (
        click.option("--run", default="nearest-neighbour", show_default=True, help="Run of the profile."),
        click.option("--profile", default="default", show_default=True, help="Profile that the run is taken from."),
        click.option(
            "--development", type=_FOLDER, help="Development split, where the input has the test split alone."
        ),
        click.option(
            "--work", type=_FOLDER, help="Folder for what is computed on the way.  [default: a temporary one]"
        ),
        click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), help="Device.  [default: the profile's]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _resamples(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--resamples",
        type=click.IntRange(min=100),
        default=10_000,
        show_default=True,
        help="Bootstrap resamples, and relabellings of the permutation test.",
    )(command)


@tira.command("run")
@click.option("--input", "source", type=_FOLDER, required=True, envvar="inputDataset", show_envvar=True, help="Images.")
@click.option("--output", type=_FOLDER, required=True, envvar="outputDir", show_envvar=True, help="Folder of the run.")
@click.option("--file-name", default="run.csv", show_default=True, help="The task's default_upload_name.")
@_run_options
def tira_run(source: Path, output: Path, file_name: str, **options: Any) -> None:
    """Compute one run on the images of a data set and write the submission.

    \b
    Examples:
      ganprint platform tira run --input $inputDataset --output $outputDir
      ganprint platform tira run --development /data/development --run svm-corrected
    """
    from ganprint.stages.platforms import tira_run as run
    from ganprint.stages.platforms_run import RunOptions

    target, finished = run(source, output, file_name, RunOptions(**options))
    click.echo(f"{target}: valid, {finished.used} of {len(finished.test)} used")


@tira.command("evaluate")
@click.option(
    "--truth", type=_FOLDER, required=True, envvar="inputDataset", show_envvar=True, help="Truth: file or folder."
)
@click.option("--input-run", type=_FOLDER, required=True, envvar="inputRun", show_envvar=True, help="Run to evaluate.")
@click.option("--output", type=_FOLDER, required=True, envvar="outputDir", show_envvar=True, help="Folder to write to.")
@_resamples
def tira_evaluate(truth: Path, input_run: Path, output: Path, resamples: int) -> None:
    """Hold a run against the truth and write evaluation.prototext; faults of a run go to stdout, with status 2.

    \b
    Example:
      ganprint platform tira evaluate --truth $inputDataset --input-run $inputRun --output $outputDir
    """
    from ganprint.params import EvaluateParameters
    from ganprint.stages.platforms import tira_evaluate as evaluate

    parameters = EvaluateParameters(resamples=resamples, permutations=resamples)
    _say(*evaluate(truth, input_run, output, parameters), err=False)


@codabench.command("score")
@click.option(
    "--input", "source", type=_FOLDER, default=Path("/app/input"), show_default=True, help="Folder with ref and res."
)
@click.option("--output", type=_FOLDER, default=Path("/app/output"), show_default=True, help="Folder to write to.")
@_resamples
def codabench_score(source: Path, output: Path, resamples: int) -> None:
    """Score a submission: scores.json, scores.txt and detailed_results.html.

    A submission with faults gets no scores: they are listed in detailed_results.html and on stderr, with status 2.

    \b
    Example:
      ganprint platform codabench score --input /app/input --output /app/output
    """
    from ganprint.params import EvaluateParameters
    from ganprint.stages.platforms import score

    _say(*score(source, output, EvaluateParameters(resamples=resamples, permutations=resamples)), err=True)


@codabench.command("bundle")
@click.option("--out", type=_FOLDER, required=True, help="ZIP file to write.")
@click.option("--docker-image", required=True, help="Public image in which the command ganprint runs.")
@click.option("--start", type=click.DateTime(), required=True, help="Start of the phase, in UTC.")
@click.option("--end", type=click.DateTime(), help="End of the phase, in UTC.  [default: none]")
@click.option("--title", default="Which images was the generator trained on?", show_default=True)
@click.option("--truth", type=_FOLDER, help="CSV id,membership.  [default: truth and groups of the project's corpus]")
@click.option("--per-day", type=int, default=3, show_default=True, help="Submissions of a participant a day.")
@click.option("--in-all", type=int, default=10, show_default=True, help="Submissions of a participant in all.")
@click.option("--logo", type=_FOLDER, help="Picture.  [default: one is drawn]")
@click.option("--terms", type=_FOLDER, help="Markdown or HTML to agree to.  [default: the kit's]")
@click.option("--contact", help="E-mail address of the organisers.")
@click.pass_context
def codabench_bundle(
    ctx: click.Context,
    /,
    *,
    out: Path,
    truth: Path | None,
    logo: Path | None,
    terms: Path | None,
    start: datetime,
    end: datetime | None,
    **said: Any,
) -> None:
    """Write the bundle that an organiser uploads: competition.yaml, pages, scoring program, truth, starting kit.

    It holds the truth of the test split: hand it to nobody. The same options give the same bytes.

    \b
    Example:
      ganprint platform codabench bundle --out bundle.zip --docker-image me/ganprint:0.1.0 --start 2027-01-15
    """
    from ganprint.platforms.competition import Competition
    from ganprint.stages.platforms import default_logo, write_bundle
    from ganprint.stages.platforms_reference import read_reference, reference_of_project

    reference = reference_of_project(Places(ctx.obj)) if truth is None else read_reference(truth)
    picture = ("logo.png", default_logo()) if logo is None else (logo.name, _bytes(logo))
    text = None if terms is None else _text(terms)
    competition = Competition(start=start, end=end, logo=picture, terms=text, **said)
    for name in write_bundle(out, competition, reference):
        click.echo(f"  {name}")
    click.echo(f"{out}: holds the truth of {len(reference.truth)} test images; do not publish it")


def _case_options(command: click.decorators.FC) -> click.decorators.FC:
    options = (
        click.option("--input", "source", type=_FOLDER, default=Path("/input"), show_default=True, help="Inputs."),
        click.option("--output", type=_FOLDER, default=Path("/output"), show_default=True, help="Folder to write to."),
        click.option(
            "--output-file",
            default="membership-probabilities.json",
            show_default=True,
            help="Relative path of the output socket.",
        ),
        click.option("--socket", help="Slug of the input socket with the images.  [default: the only ZIP file]"),
    )
    for option in reversed(options):
        command = option(command)
    return _run_options(command)


def _case(source: Path, output: Path, output_file: str, socket: str | None, options: dict[str, Any]) -> str:
    from ganprint.stages.platforms import grand_challenge_run
    from ganprint.stages.platforms_run import RunOptions

    target, finished = grand_challenge_run(source, output, output_file, socket, RunOptions(**options))
    return f"{target}: {len(finished.test)} images, {finished.used} called used"


@grand_challenge.command("run")
@_case_options
def grand_challenge_run(source: Path, output: Path, output_file: str, socket: str | None, **options: Any) -> None:
    """Handle the case in the input folder and end (the platform's "exec" interface).

    \b
    Example:
      ganprint platform grand-challenge run --input /input --output /output
    """
    click.echo(_case(source, output, output_file, socket, options))


@grand_challenge.command("serve")
@_case_options
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104  (the contract)
@click.option("--port", type=click.IntRange(0, 65535), default=4743, show_default=True, help="Port to listen on.")
def grand_challenge_serve(
    *, source: Path, output: Path, output_file: str, socket: str | None, host: str, port: int, **options: Any
) -> None:
    """Wait for cases: GET /health, POST /invoke (the platform's "invoke" interface).

    The image needs the label org.grand-challenge.api-method="invoke".

    \b
    Example:
      ganprint platform grand-challenge serve
    """
    from ganprint.stages.platforms_server import make_server

    with make_server(host, port, partial(_case, source, output, output_file, socket, options)) as server:
        click.echo(f"listening on {host}:{server.server_port}")
        server.serve_forever()


def _say(valid: bool, lines: list[str], *, err: bool) -> None:
    for line in lines:
        click.echo(line, err=err and not valid)
    sys.exit(0 if valid else 2)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror}); check the path") from None


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
