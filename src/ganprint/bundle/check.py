"""Is a bundle what it says it is? Hashes, submissions by the strict rules, and submissions from their scores."""

import csv
import io
from collections.abc import Iterable, Mapping

from ganprint.bundle.archive import MANIFEST, digests, manifest
from ganprint.bundle.crate import METADATA, described_digests
from ganprint.submit.validator import validate
from ganprint.submit.writer import write_submission

__all__ = ["SCORES", "SUBMISSIONS", "score_faults", "scores_text", "submission_faults", "tampered"]

SUBMISSIONS, SCORES = "submissions/", "scores/"
_SCORE_COLUMNS = ["id", "score", "decision"]


def tampered(files: Mapping[str, bytes]) -> list[str]:
    """Name every file that is missing, extra or other than the manifest and the description say.

    Parameters
    ----------
    files
        Path to content of everything in the bundle, the manifest and the description included.
    """
    here = digests({path: content for path, content in files.items() if path != MANIFEST})
    said = _read_manifest(files[MANIFEST])
    faults = [f"{path}: missing" for path in sorted(said.keys() - here.keys())]
    faults += [f"{path}: not in the manifest" for path in sorted(here.keys() - said.keys())]
    faults += [f"{path}: changed" for path in sorted(here.keys() & said.keys()) if here[path] != said[path]]
    if not faults and manifest(here) != files[MANIFEST]:
        faults.append(f"{MANIFEST}: changed: the hashes are right, the text is not as it is written")
    try:
        described = described_digests(files[METADATA])
    except ValueError as error:
        return [*faults, f"{METADATA}: {error}"]
    wanted = {path: digest for path, digest in here.items() if path != METADATA}
    faults += [f"{path}: not described in {METADATA}" for path in sorted(wanted.keys() - described.keys())]
    faults += [f"{path}: described in {METADATA}, and missing" for path in sorted(described.keys() - wanted.keys())]
    faults += [
        f"{path}: other than described in {METADATA}"
        for path in sorted(described.keys() & wanted.keys())
        if described[path] != wanted[path]
    ]
    return faults


def _read_manifest(content: bytes) -> dict[str, str]:
    pairs = (line.partition("  ") for line in content.decode(errors="replace").splitlines() if line.strip())
    return {path: digest for digest, _, path in pairs}


def submission_faults(files: Mapping[str, bytes], ids: list[str]) -> list[str]:
    """Judge every submission by the strict rules; ``ids`` are those of the real test images."""
    faults = []
    for path, content in sorted(files.items()):
        if path.startswith(SUBMISSIONS):
            report = validate(content, ids, level="strict")
            faults += [f"{path} line {fault.row}: {fault.code}: {fault.message}" for fault in report.faults]
    return faults


def scores_text(rows: Iterable[Mapping[str, str]]) -> str:
    r"""Give a table of scores as it stands in a bundle: without groups, so that patients stay unnamed.

    Examples
    --------
    >>> scores_text([{"id": "a", "group": "Mr B.", "score": "0.5", "decision": "1"}])
    'id,score,decision\na,0.5,1\n'
    """
    lines = [",".join(_SCORE_COLUMNS), *(",".join(row[column] for column in _SCORE_COLUMNS) for row in rows)]
    return "\n".join(lines) + "\n"


def score_faults(files: Mapping[str, bytes], ids: list[str], thresholds: Mapping[str, float]) -> list[str]:
    """Make every submission again from its scores and the threshold of its run.

    Parameters
    ----------
    files
        Path to content of everything in the bundle.
    ids
        Of the real test images, in the order of the submissions.
    thresholds
        Run to threshold: a score at or above it is answered 1.

    Returns
    -------
    What does not come out as it stands there; empty when all of it does.
    """
    faults = []
    for run in sorted(thresholds):
        submission, table = f"{SUBMISSIONS}{run}.csv", f"{SCORES}{run}.csv"
        if submission not in files or table not in files:
            faults.append(f"{run}: {submission if submission not in files else table} is missing")
            continue
        try:
            rows = list(csv.DictReader(io.StringIO(files[table].decode())))
            made = {row["id"]: int(float(row["score"]) >= thresholds[run]) for row in rows}
            text = write_submission(ids, [made[image] for image in ids])
        except (ValueError, KeyError, TypeError) as error:
            faults.append(f"{table}: can not be read ({type(error).__name__}: {error})")
            continue
        if any(str(made[row["id"]]) != row["decision"] for row in rows):
            faults.append(f"{table}: decisions are not what scores and threshold give")
        if text.encode() != files[submission]:
            faults.append(f"{submission}: is not what {table} and the run's threshold give")
    return faults
