"""Threshold rules: how scores become decisions, chosen on development scores alone.

A score at or above the threshold means *used*. Only the order of the development scores decides which images a rule
calls used; where between two scores the threshold lies is then a matter of taste, and fixed as follows.

- A threshold that divides two neighbouring scores is the middle between them.
- Of equally good thresholds the one in the widest gap is taken: it is the least shaken by small changes of a score.
  Of equally wide gaps the lowest is taken.
- To call all images used (the threshold is the lowest score) or none (just above the highest) lies in no gap; this is
  taken when strictly better than every division, and, when scores are constant, the former of the two.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix_at_thresholds

from ganprint.errors import InputError
from ganprint.params import ThresholdParameters

__all__ = ["Threshold", "choose_threshold", "decide"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Threshold:
    """A threshold and how it came about.

    Attributes
    ----------
    value
        A score at or above it means *used*.
    rule
        ``fixed``, ``youden`` or ``f1``.
    n
        Number of development scores that the rule looked at; 0 for ``fixed``.
    figure
        What the rule made largest, as reached on those scores (recall + specificity - 1, or F1); ``None`` for
        ``fixed``. It is an optimistic figure: the threshold was chosen for it.
    """

    value: float
    rule: Literal["fixed", "youden", "f1"]
    n: int
    figure: float | None


def choose_threshold(rule: ThresholdParameters, scores: ArrayLike, used: ArrayLike) -> Threshold:
    """Choose the threshold of a run.

    Parameters
    ----------
    rule
        ``fixed`` (takes no notice of the scores), ``youden`` (largest recall + specificity - 1; Youden 1950) or ``f1``
        (largest F1 of *used*).
    scores
        [n], finite, higher = more likely used: out-of-fold scores of development images, so that no image was scored
        by a comparator that had seen its label.
    used
        [n], 1 for used, 0 for not used.

    Raises
    ------
    InputError
        When a score is not finite, lengths differ, or (``youden``, ``f1``) one of the two classes has no image.
    """
    if rule.at is not None:
        return Threshold(float(rule.at), rule.rule, 0, None)
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(used)
    _check(rule.rule, values, truth)
    levels, ranks = np.unique(values, return_inverse=True)
    _, fp, fn, tp = (counts[::-1] for counts in confusion_matrix_at_thresholds(truth, ranks)[:4])
    # One candidate below each distinct score, from all used upwards, and then none used.
    fp, tp, fn = np.append(fp, 0.0), np.append(tp, 0.0), np.append(fn, truth.sum())
    figures, exact = _youden(tp, fp, truth) if rule.rule == "youden" else _f1(tp, fp, fn)
    best = np.flatnonzero(exact == exact.max())
    gaps = np.concatenate([[0.0], np.diff(levels / 2), [0.0]])  # halved: the span of two floats may overflow
    chosen = int(best[np.argmax(gaps[best])])
    return Threshold(_between(levels, chosen), rule.rule, len(values), float(figures[chosen]))


def decide(scores: ArrayLike, threshold: Threshold | float) -> NDArray[np.int8]:
    """Turn scores into decisions: 1 (used) at or above the threshold, 0 below.

    Examples
    --------
    >>> decide([0.2, 0.5, 0.9], 0.5).tolist()
    [0, 1, 1]
    """
    value = threshold.value if isinstance(threshold, Threshold) else threshold
    return (np.asarray(scores, dtype=np.float64) >= value).astype(np.int8)


def _check(rule: str, scores: Floats, used: NDArray[np.generic]) -> None:
    if scores.ndim != 1 or scores.shape != used.shape:
        raise InputError(f"threshold {rule}: scores {scores.shape} and labels {used.shape}; give one label per score")
    if not np.isfinite(scores).all():
        raise InputError(f"threshold {rule}: {(~np.isfinite(scores)).sum()} development scores are not finite")
    if not np.isin(used, (0, 1)).all():
        raise InputError(f"threshold {rule}: labels {np.unique(used).tolist()}; allowed are 0 and 1")
    counts = [int((used == label).sum()) for label in (0, 1)]
    if 0 in counts:
        received = f"{counts[1]} used and {counts[0]} not used development images"
        raise InputError(f"threshold {rule}: received {received}; the rule needs both, or use rule 'fixed'")


def _youden(tp: Floats, fp: Floats, used: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Give recall + specificity - 1, and the same times both class sizes: whole numbers, so that ties are ties."""
    positives = float((used == 1).sum())
    negatives = len(used) - positives
    exact = tp * negatives - fp * positives
    return exact / (positives * negatives), exact


def _f1(tp: Floats, fp: Floats, fn: Floats) -> tuple[Floats, Floats]:
    """Give F1, twice: a correctly rounded quotient of whole numbers is equal wherever the fractions are."""
    f1 = 2 * tp / (2 * tp + fp + fn)
    return f1, f1


def _between(levels: Floats, chosen: int) -> float:
    """Give the threshold under which exactly the first ``chosen`` of the ascending levels lie."""
    if chosen == 0:
        return float(levels[0])
    if chosen == len(levels):
        return float(np.nextafter(levels[-1], np.inf))
    low, high = levels[chosen - 1], levels[chosen]
    middle = low / 2 + high / 2
    # Neighbouring floats have no middle of their own.
    return float(middle if low < middle <= high else high)
