"""The platforms' contracts with their files: TIRA, Codabench and Grand Challenge (docs/platforms.md)."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from ganprint.errors import InputError
from ganprint.evaluate.calibration import probabilities
from ganprint.files import atomic_path, write_json, write_text
from ganprint.params import EvaluateParameters
from ganprint.platforms.competition import Competition, competition_files, zip_bytes
from ganprint.platforms.detailed import detailed_page
from ganprint.platforms.judged import Judged, Reference, fault_lines, judge
from ganprint.platforms.scores import flat_scores, prototext, scores_text
from ganprint.platforms.sockets import corpus_socket, membership, read_sockets
from ganprint.stages.platforms_reference import find_submission, read_reference
from ganprint.stages.platforms_run import Finished, RunOptions, run_on, writing

__all__ = ["INPUTS_FILE", "default_logo", "grand_challenge_run", "score", "tira_evaluate", "tira_run", "write_bundle"]

INPUTS_FILE = "inputs.json"
SCORE_FILES = ("scores.json", "scores.txt")
DETAILED_FILE = "detailed_results.html"
EVALUATION_FILE = "evaluation.prototext"


def tira_run(source: Path, output: Path, file_name: str, options: RunOptions) -> tuple[Path, Finished]:
    """Do what TIRA asks of a software: read ``$inputDataset``, write one run file to ``$outputDir``.

    Source: TIRA's documentation, "Set Up a Shared Task Locally", steps 3 and 5 (read in November 2026).

    Raises
    ------
    InputError
        See :func:`ganprint.stages.platforms_run.run_on`; or the output can not be written.
    """
    if Path(file_name).name != file_name or not file_name:
        raise InputError(f"--file-name {file_name!r}: wanted is a file's name without folders")
    finished = run_on(source, options)
    target = output / file_name
    with writing(target), atomic_path(target) as temporary:
        temporary.write_bytes(finished.submission)
    return target, finished


def tira_evaluate(truth: Path, run: Path, output: Path, parameters: EvaluateParameters) -> tuple[bool, list[str]]:
    """Do what TIRA asks of an evaluator: hold a run against the truth, write ``evaluation.prototext``.

    Source: TIRA's documentation, "Organizing Tasks", on evaluators (read in November 2026).

    Returns
    -------
    Whether the run is valid, and what to print to stdout, where TIRA wants the guidance for runs that are not.

    Raises
    ------
    InputError
        When truth or run can not be read, or the output not be written.
    """
    target = output / EVALUATION_FILE
    judged, name = _judged(read_reference(truth), run, parameters)
    if not judged.report.valid:
        _remove(target)
        return False, fault_lines(judged.report, name)
    scores = flat_scores(judged)
    with writing(target):
        write_text(target, prototext(scores))
    return True, [f"{name}: valid, F1 {scores['f1']:.4f}", str(target)]


def score(source: Path, output: Path, parameters: EvaluateParameters) -> tuple[bool, list[str]]:
    """Do what Codabench asks of a scoring program: ``ref`` and ``res`` in, scores and detailed results out.

    A submission that is not valid gets its faults as detailed results and no scores file: it must never be ranked. What
    an earlier call left is removed first. CodaLab has the same folders and reads ``scores.txt``.

    Source: Codabench's documentation, "Competition Bundle Structure", "Submission Docker Container Layout" and
    "Detailed Results and Visualizations" (read in November 2026).

    Parameters
    ----------
    source
        Folder with ``ref`` (the truth) and ``res`` (the submission).
    output
        Folder to write to.
    parameters
        See :func:`ganprint.platforms.judged.judge`.

    Returns
    -------
    Whether the submission is valid, and what to print.

    Raises
    ------
    InputError
        When something can not be read or written.
    """
    for name in (*SCORE_FILES, DETAILED_FILE):
        _remove(output / name)
    judged, name = _judged(read_reference(source / "ref"), source / "res", parameters)
    with writing(output):
        write_text(output / DETAILED_FILE, detailed_page(judged, name))
        if not judged.report.valid:
            return False, fault_lines(judged.report, name)
        scores = flat_scores(judged)
        # Not sorted, as JSON files of the kit are otherwise: the official metric comes first.
        write_text(output / SCORE_FILES[0], json.dumps(scores, indent=2, allow_nan=False) + "\n")
        write_text(output / SCORE_FILES[1], scores_text(scores))
    return True, [
        f"{name}: valid, F1 {scores['f1']:.4f}",
        *(str(output / file) for file in (*SCORE_FILES, DETAILED_FILE)),
    ]


def write_bundle(target: Path, competition: Competition, reference: Reference) -> list[str]:
    """Write a Codabench competition bundle; the same input gives the same bytes.

    Returns
    -------
    The names of the files in it.

    Raises
    ------
    InputError
        When it can not be written.
    """
    files = competition_files(competition, reference)
    with writing(target), atomic_path(target) as temporary:
        temporary.write_bytes(zip_bytes(files))
    return sorted(files)


def default_logo() -> bytes:
    """Give a PNG for a competition that has no picture: the ripples of a fingerprint, drawn by a formula."""
    row, column = np.mgrid[-1:1:256j, -1:1:256j]
    ripples = 127.5 * (1 + np.cos(40 * np.hypot(row, 0.8 * column + 0.15 * np.sin(3 * row))))
    stream = io.BytesIO()
    Image.fromarray(ripples.round().astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def grand_challenge_run(
    source: Path, output: Path, output_file: str, socket: str | None, options: RunOptions
) -> tuple[Path, Finished]:
    """Do what Grand Challenge asks of an algorithm: read ``/input``, write one JSON file to ``/output``.

    ``inputs.json`` says which input holds the corpus. A ZIP file's content lies beside its relative path, since the
    platform unpacks it; an unpacked ZIP file and one that is still whole are both read. Without ``inputs.json`` the
    input folder itself is the corpus.

    Source: Grand Challenge's algorithm template and the pages "Defining Interfaces for your Algorithm" and "How is the
    test data provided to the algorithm container?" (read in November 2026).

    Raises
    ------
    InputError
        See :func:`ganprint.stages.platforms_run.run_on`; or inputs.json is bad, or the output can not be written.
    """
    target = output / output_file
    if not target.resolve().is_relative_to(output.resolve()):
        raise InputError(f"--output-file {output_file!r}: leads out of {output}; give a path below it")
    finished = run_on(_corpus_in(source, socket), options)
    chance = probabilities(finished.development, finished.development_truth, finished.test).test
    with writing(target):
        write_json(target, membership(finished.test, chance))
    return target, finished


def _corpus_in(source: Path, socket: str | None) -> Path:
    path = source / INPUTS_FILE
    if not source.is_dir():
        raise InputError(f"{source}: no such folder; the platform puts the inputs there")
    if not path.is_file():
        if socket is not None:
            raise InputError(f"{path}: no such file, so there is no input socket '{socket}'; leave --socket out")
        return source
    chosen = corpus_socket(read_sockets(path.read_bytes(), str(path)), socket)
    target = source / chosen.relative_path
    if target.is_file():
        return target
    folder = target if target.is_dir() else target.parent
    if not folder.is_dir():
        raise InputError(f"{target}: no such file or folder, though {path} names it for input socket '{chosen.slug}'")
    return folder


def _judged(reference: Reference, run: Path, parameters: EvaluateParameters) -> tuple[Judged, str]:
    path = find_submission(run)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror}); hand in a readable file") from None
    return judge(content, reference, parameters), path.name


def _remove(path: Path) -> None:
    with writing(path):
        path.unlink(missing_ok=True)
