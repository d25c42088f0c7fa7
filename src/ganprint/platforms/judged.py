"""A submission held against the truth: all its faults, or its figures."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ganprint.errors import InputError
from ganprint.evaluate.figures import Evaluation, Figure
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.permutation import permutation_test
from ganprint.evaluate.split_scores import stack
from ganprint.evaluate.tables import ScoreTable, labels_of
from ganprint.evaluate.trivial import coin_expectation
from ganprint.evaluate.weighted import count_figures
from ganprint.params import EvaluateParameters
from ganprint.seeds import derive_seed, generator
from ganprint.submit.rules import Level, Report
from ganprint.submit.validator import validate

__all__ = ["SEED", "Judged", "Reference", "fault_lines", "judge"]

SEED = 20230918
"""Of resamples and relabellings: a constant, so that one submission has the same figures however often it is scored."""


@dataclass(frozen=True)
class Reference:
    """What a submission is held against.

    Attributes
    ----------
    truth
        Id to 1 (used) or 0 (not used); its order is that of the ids.
    groups
        Id to patient or volume; an id that is not there is its own group.

    Raises
    ------
    InputError
        When there is no truth.
    """

    truth: Mapping[str, int]
    groups: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.truth:
            raise InputError(
                "truth: unknown (no image is named), so nothing can be scored; give id,membership per image"
            )


@dataclass(frozen=True)
class Judged:
    """The judgement on one submission.

    Attributes
    ----------
    report
        All faults with their lines.
    evaluation
        All figures; ``None`` when the submission is not valid.
    p
        How often F1 would be as good were the labels handed out at random (one-sided permutation test); ``None`` where
        F1 is undefined or the submission is not valid.
    coins
        F1 of fair coins on these images: mean and central range; ``None`` when the submission is not valid.
    all_used
        F1 of calling every image used; ``None`` when the submission is not valid.
    """

    report: Report
    evaluation: Evaluation | None = None
    p: float | None = None
    coins: Figure | None = None
    all_used: float | None = None


def judge(content: bytes, reference: Reference, parameters: EvaluateParameters, level: Level = "official") -> Judged:
    r"""Judge the bytes of a submission.

    A submission has decisions and no scores, so figures of rankings (ROC AUC and its like) say nothing of it.

    Parameters
    ----------
    content
        The file as it lies on disk.
    reference
        The truth.
    parameters
        Level of intervals, and numbers of resamples and relabellings.
    level
        Rules that the file must keep, see :func:`ganprint.submit.validator.validate`.

    Examples
    --------
    >>> reference = Reference({"a": 1, "b": 0}, {})
    >>> judge(b"a,1\nb,2\n", reference, EvaluateParameters(resamples=100)).report.first.code
    'E4'
    """
    ids = list(reference.truth)
    report = validate(content, ids, level=level)
    if not report.valid:
        return Judged(report)
    named = _decisions(content)
    decisions = np.array([named[image_id] for image_id in ids], dtype=np.int8)
    groups = np.array([reference.groups.get(image_id, image_id) for image_id in ids], dtype=np.str_)
    table = ScoreTable(np.array(ids, dtype=np.str_), groups, decisions.astype(np.float64), decisions)
    seed = derive_seed(SEED, "platforms")
    evaluation = metrics(table, reference.truth, parameters.confidence, parameters.resamples, seed)
    used = labels_of(table, reference.truth)
    permuted = permutation_test(
        stack({"submission": table}, reference.truth), parameters.permutations, generator(SEED, "platforms", "chance")
    )
    p = float(permuted.p("f1")[0])
    coins = coin_expectation(used, len(np.unique(groups)), parameters.confidence, parameters.resamples, seed)
    positives, negatives = float(used.sum()), float(len(used) - used.sum())
    every = count_figures(*(np.array([count]) for count in (positives, 0.0, negatives, 0.0)))["f1"]
    return Judged(report, evaluation, None if np.isnan(p) else p, coins.figures["f1"], float(np.nan_to_num(every[0])))


def fault_lines(report: Report, name: str) -> list[str]:
    """Give all faults of a submission as lines to be shown: line number, rule, what is there, what to do."""
    count = len(report.faults)
    lines = [f"{name}: not valid, {count} fault{'s' * (count != 1)}"]
    for fault in report.faults:
        mark = "  <- the organisers' script of 2023 stops here" if fault is report.first else ""
        lines.append(f"  line {fault.row}: {fault.code}: {fault.message} ({fault.hint}){mark}")
    return lines


def _decisions(content: bytes) -> dict[str, int]:
    """Read a submission that is valid already."""
    rows = (line.split(",") for line in io.StringIO(content.decode(), newline=None))
    return {image_id.strip(): int(score) for image_id, score in rows}
