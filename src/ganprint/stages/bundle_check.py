"""Do the contents of a bundle fit together? Asked before one is written, and of every one that is verified."""

import json
from collections.abc import Iterator, Mapping

from ganprint.bundle.archive import digests
from ganprint.bundle.check import SUBMISSIONS, score_faults, submission_faults
from ganprint.params import Params
from ganprint.provenance import LOCK_FILE
from ganprint.stages.bundle_files import IDS
from ganprint.stages.scores import OWN_READING, REFUSAL_FILE, THRESHOLD_FILE
from ganprint.submit.ids import read_ids

__all__ = ["check_contents"]

Outcome = tuple[list[str], str]


def check_contents(files: Mapping[str, bytes], params: Params, name: str) -> Iterator[Outcome]:
    """Yield the faults of each check, with what is true when there are none.

    Parameters
    ----------
    files
        Path to content of everything in the bundle.
    params
        The parameters in it.
    name
        What to call the bundle in messages.

    Raises
    ------
    InputError
        When the list of ids can not be read.
    KeyError, TypeError, ValueError
        When a record is not as the stages write it.
    """
    ids = read_ids(files[IDS], f"{name}: {IDS}")
    runs = [
        run
        for run, parameters in params.runs.items()
        if not parameters.baseline and f"results/compare/{run}/{REFUSAL_FILE}" not in files
    ]
    wanted, there = (
        {f"{SUBMISSIONS}{run}.csv" for run in runs},
        {path for path in files if path.startswith(SUBMISSIONS)},
    )
    faults = [f"{path}: is of no run of params.yaml" for path in sorted(there - wanted)]
    faults += [f"{path}: missing, though its run was not refused" for path in sorted(wanted - there)]
    faults += submission_faults(files, ids)
    yield faults, f"{len(there)} submissions are valid by the strict rules, {len(ids)} images each"
    known = {run: f"results/compare/{run}/{THRESHOLD_FILE}" for run in runs}
    thresholds = {run: _threshold(files[path]) for run, path in known.items() if path in files}
    faults = [f"{path}: missing" for run, path in known.items() if run not in thresholds]
    faults += score_faults(files, ids, thresholds)
    yield faults, f"{len(thresholds)} submissions are what their scores and thresholds give"
    lock = digests({LOCK_FILE: files[LOCK_FILE]})[LOCK_FILE]
    faults = [
        f"{path}: made with another {LOCK_FILE}"
        for path, content in sorted(files.items())
        if path.endswith("/run.json") and json.loads(content)["provenance"]["lock_sha256"] != lock
    ]
    yield faults, f"all runs were made with the {LOCK_FILE} in the bundle"


def _threshold(content: bytes) -> float:
    return float(json.loads(content)[OWN_READING]["value"])
