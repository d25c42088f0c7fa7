"""Which files of a finished project go into its bundle."""

import csv
from collections.abc import Iterator
from pathlib import Path

from ganprint.bundle.check import scores_text
from ganprint.bundle.entries import Entry, Role
from ganprint.errors import InputError
from ganprint.params import Params
from ganprint.provenance import LOCK_FILE
from ganprint.stages.places import Places
from ganprint.stages.scores import OWN_READING, REFUSAL_FILE, SCORES_FILE, THRESHOLD_FILE

__all__ = ["IDS", "collect", "read"]

IDS = "image_ids.txt"

_KIT = {
    "params.yaml": ("Parameters", "input"),
    LOCK_FILE: ("Lock of the environment", "input"),
    "dvc.yaml": ("Definition of the pipeline", "about"),
    "CITATION.cff": ("How to cite", "about"),
    "LICENSE": ("Licence", "about"),
}
_AUDIT = {
    "report.json": "Report: verdicts, figures, tests, findings",
    "report.schema.json": "Schema of the report",
    "report.html": "Report as a page",
    "summary.json": "Figures of all runs",
    "summary.md": "Table of all runs",
}


def read(places: Places, name: str) -> bytes:
    """Read a file of the project.

    Raises
    ------
    InputError
        When it is missing or can not be read.
    """
    path = places.root / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        hint = "run 'dvc repro' first" if name.startswith(("results", "submissions", "data")) else "copy the kit's"
        raise InputError(f"{path}: no such file; {hint}") from None
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror}); check it") from None


def collect(places: Places, params: Params) -> Iterator[Entry]:
    """Yield what a bundle holds of a project, by name: nothing that happens to lie in a folder slips in.

    The page of the report shows images: it is there for the phantom alone. Of the corpus come the ids of the real test
    images; of the scores those of the runs' own reading on the test split, without groups.

    Raises
    ------
    InputError
        When a file is missing.
    """
    for name, (title, role) in _KIT.items():
        yield Entry(name, read(places, name), title, _role(role))
    if (places.root / "dvc.lock").is_file():
        yield Entry("dvc.lock", read(places, "dvc.lock"), "Hashes of what the pipeline read and wrote", "about")
    for name, title in _AUDIT.items():
        if name != "report.html" or params.corpus.kind == "phantom":
            yield _result(places, places.audit / name, title)
    yield Entry(IDS, read(places, f"data/corpus/{IDS}"), "Ids of the real test images, in order", "about")
    yield from _records(places, params)
    for run, parameters in params.runs.items():
        yield from _run(places, run, baseline=parameters.baseline)
    yield _result(places, places.trivial, "Figures of the answers that look at no image")
    yield _result(places, places.inference, "Tests, comparisons and bounds over all runs")
    yield _result(places, places.submit_report, "Which submissions were written, and which runs were refused")


def _role(word: str) -> Role:
    return "input" if word == "input" else "about"


def _records(places: Places, params: Params) -> Iterator[Entry]:
    yield _result(places, places.corpus_record, "How the corpus was made", "about")
    blocks = {embedding.pretraining(name) for name, embedding in params.embed.items()} - {None}
    for block in sorted(str(block) for block in blocks):
        yield _result(places, places.pretraining_record(block), f"How the weights {block} were trained", "about")
    for name in params.embed:
        yield _result(places, places.embedding_record(name), f"How the embedding {name} was made", "about")


def _run(places: Places, run: str, *, baseline: bool) -> Iterator[Entry]:
    compared = places.compared(run)
    yield _result(places, compared / "run.json", f"How {run} was made", "about")
    yield _result(places, places.metrics(run), f"Figures of {run}")
    if (compared / REFUSAL_FILE).is_file():
        yield _result(places, compared / REFUSAL_FILE, f"Why {run} did not run")
        return
    yield _result(places, compared / THRESHOLD_FILE, f"Threshold of {run}")
    for path in sorted(places.evaluated(run).glob("*")):
        if path.suffix in {".json", ".csv"}:
            yield _result(places, path, f"Figures of {run}: {path.stem}")
    if baseline:
        return
    yield Entry(f"scores/{run}.csv", _scores(compared / SCORES_FILE), f"Scores and decisions of {run}", "output")
    yield _result(places, places.submissions / f"{run}.csv", f"Submission of {run}")


def _result(places: Places, path: Path, title: str, role: Role = "output") -> Entry:
    name = path.relative_to(places.root).as_posix()
    return Entry(name, read(places, name), title, role)


def _scores(path: Path) -> bytes:
    """Give the scores as text, as they stand there: a number that is read and written again may differ."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if (row["reading"], row["split"]) == (OWN_READING, "test")]
        return scores_text(rows).encode()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run 'dvc repro' first") from None
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({' '.join(str(error).split())}); run 'dvc repro'") from None
