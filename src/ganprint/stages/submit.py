"""Stage ``submit``: the official file of every run, validated before it is kept."""

import hashlib
from dataclasses import asdict, dataclass

from ganprint.errors import InputError
from ganprint.files import atomic_directory, write_json
from ganprint.params import Params
from ganprint.stages.places import Places
from ganprint.stages.scores import read_compared
from ganprint.submit.ids import read_ids
from ganprint.submit.validator import validate
from ganprint.submit.writer import write_submission

__all__ = ["Submitted", "write_submissions"]


@dataclass(frozen=True)
class Submitted:
    """One line of the report: the file's SHA-256 and number of answers "used", or why there is no file."""

    run: str
    file: str | None
    sha256: str | None
    answers: int
    answers_used: int
    refusal: str | None


def write_submissions(places: Places, params: Params) -> list[Submitted]:
    """Write submissions/RUN.csv for every run of params.yaml but baselines, and results/submit/report.json.

    The folder is replaced as a whole, so no file of a run that is gone stays behind. It is one stage for all runs: DVC
    wants every declared output to exist, and a run that was refused has no submission.

    Raises
    ------
    InputError
        When a run's scores are missing.
    """
    ids_path = places.corpus / "image_ids.txt"
    try:
        ids = read_ids(ids_path.read_bytes(), str(ids_path))
    except FileNotFoundError:
        raise InputError(f"{ids_path}: no such file; run 'ganprint corpus' or 'dvc repro' first") from None
    report = []
    with atomic_directory(places.submissions) as folder:
        for run in (name for name, run in params.runs.items() if not run.baseline):
            compared = read_compared(places, run)
            if compared.refusal is not None:
                report.append(Submitted(run, None, None, 0, 0, compared.refusal))
                continue
            table = compared.own("test")
            answers = dict(zip(table.ids.tolist(), table.decisions.tolist(), strict=True))
            content = write_submission(ids, [answers[name] for name in ids]).encode()
            verdict = validate(content, ids, level="strict")
            if not verdict.valid:
                raise ValueError(f"the submission of {run} is not valid: {verdict.faults[0]}")
            (folder / f"{run}.csv").write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            report.append(Submitted(run, f"{run}.csv", digest, len(ids), sum(answers.values()), None))
    write_json(places.submit_report, {"runs": [asdict(line) for line in report]})
    return report
