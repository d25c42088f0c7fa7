"""Threshold rules: how scores become decisions, chosen on development scores alone.

A score at or above the threshold means *used*. Only the order of the development scores decides which images a rule
calls used; where between two scores the threshold lies is then a matter of taste, and fixed as follows.

- A threshold that divides two neighbouring scores is the middle between them.
- Of equally good thresholds the one in the widest gap is taken: it is the least shaken by small changes of a score.
  Of equally wide gaps the lowest is taken.
- To call all images used (the threshold is the lowest score) or none (just above the highest) lies in no gap; this is
  taken when strictly better than every division, and, when scores are constant, the former of the two.

Two rules do without labels of used images, and are functions that need no pipeline:

- ``not_used`` (:func:`not_used_threshold`) looks at images known not to be used alone, and bounds how often such an
  image is called used: split conformal prediction (Vovk, Gammerman and Shafer 2005). :func:`p_values` gives the same by
  image.
- ``outlier`` (:func:`outlier_threshold`) looks at all scores and at no label: what stands out is called used.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix_at_thresholds

from ganprint.errors import InputError
from ganprint.params import ThresholdParameters

__all__ = ["Threshold", "choose_threshold", "decide", "not_used_threshold", "outlier_threshold", "p_values"]

Floats = NDArray[np.float64]

_DEVIATIONS = 3.0
# The median absolute deviation of a normal distribution, times this, is its standard deviation.
_NORMAL = 1.4826
# Rounding of level (r + 1), of which the whole part counts.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Threshold:
    """A threshold and how it came about.

    Attributes
    ----------
    value
        A score at or above it means *used*.
    rule
        ``fixed``, ``youden``, ``f1``, ``not_used`` or ``outlier``.
    n
        Number of development scores that the rule looked at; 0 for ``fixed``.
    figure
        ``youden``, ``f1``: what the rule made largest, as reached on those scores (recall + specificity - 1, or F1). It
        is an optimistic figure: the threshold was chosen for it. ``not_used``, ``outlier``: the share of those scores
        at or above the threshold. ``None`` for ``fixed``.
    """

    value: float
    rule: Literal["fixed", "youden", "f1", "not_used", "outlier"]
    n: int
    figure: float | None


def choose_threshold(rule: ThresholdParameters, scores: ArrayLike, used: ArrayLike) -> Threshold:
    """Choose the threshold of a run.

    Parameters
    ----------
    rule
        ``fixed`` (takes no notice of the scores), ``youden`` (largest recall + specificity - 1; Youden 1950), ``f1``
        (largest F1 of *used*), ``not_used`` (:func:`not_used_threshold`) or ``outlier`` (:func:`outlier_threshold`).
    scores
        [n], finite, higher = more likely used: out-of-fold scores of development images, so that no image was scored
        by a comparator that had seen its label.
    used
        [n], 1 for used, 0 for not used.

    Raises
    ------
    InputError
        When a score is not finite, lengths differ, (``youden``, ``f1``) one of the two classes has no image, or
        (``not_used``) there are too few not used images for the level.
    """
    if rule.at is not None:
        return Threshold(float(rule.at), rule.rule, 0, None)
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(used)
    if not rule.reads_labels:
        return _reached(outlier_threshold(values), "outlier", values)
    _check(rule.rule, values, truth)
    if rule.level is not None:
        known = values[truth == 0]
        return _reached(not_used_threshold(known, rule.level), "not_used", known)
    _check_classes(rule.rule, truth)
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


def not_used_threshold(scores_of_not_used: ArrayLike, level: float) -> float:
    """Give the lowest threshold that a further not used image reaches with probability ``level`` at most.

    With r scores it is just above the k-th highest, k = floor(level (r + 1)): at or above it p, of :func:`p_values`, is
    at most ``level``. The bound is exact, whatever the distribution, for an image that is exchangeable with those r:
    drawn as they were, and scored in the same way. Images of one patient are alike, so with many images of few patients
    the bound holds for a further image of the same patients rather than for a further patient.

    Parameters
    ----------
    scores_of_not_used
        [r], finite, higher = more likely used.
    level
        Between 0 and 1.

    Raises
    ------
    InputError
        When a score is not finite, or there are too few for the level: r has to be at least 1 / level - 1.

    Examples
    --------
    >>> threshold = not_used_threshold(range(19), 0.1)
    >>> decide([16, 17, 18], threshold).tolist()
    [0, 0, 1]
    """
    if not 0 < level < 1:
        raise InputError(f"threshold not_used: level {level}; it has to lie between 0 and 1")
    known = _finite("not_used", scores_of_not_used)
    rank = int(np.floor(level * (len(known) + 1) + _ROUNDING))
    if rank < 1:
        least = int(np.ceil(1 / level - 1 - _ROUNDING))
        raise InputError(
            f"threshold not_used: {len(known)} not used images are too few for level {level:g}; give at least {least}, "
            f"or a level of at least {1 / (len(known) + 1):.3g}"
        )
    return _above(np.sort(known)[-rank])


def outlier_threshold(scores: ArrayLike) -> float:
    """Give median + 3 x 1.4826 x MAD of the scores, MAD being the median distance from the median.

    For scores of which fewer than half are copies', and the others spread about normally: then about one in 700 of the
    latter is at or above it. With more copies the copies are what is usual, and none stands out; that can not be seen
    from the scores. Where more than half are equal (MAD 0) it is just above these.

    Raises
    ------
    InputError
        When there is no score, or one is not finite.

    Examples
    --------
    >>> round(outlier_threshold([1.0, 2.0, 3.0, 4.0, 100.0]), 4)
    7.4478
    """
    values = _finite("outlier", scores)
    if not len(values):
        raise InputError("threshold outlier: there is no score; the rule needs development images")
    with np.errstate(over="ignore"):
        middle = np.median(values / 2) * 2
        deviation = np.median(np.abs(values / 2 - middle / 2)) * 2
        threshold = middle + _DEVIATIONS * _NORMAL * deviation
    if not threshold > middle:
        return _above(middle)
    return float(min(threshold, np.finfo(np.float64).max))


def p_values(scores: ArrayLike, reference_scores: ArrayLike) -> Floats:
    """Give how rare a score as high is among not used images: (1 + #{reference >= score}) / (1 + r).

    For an image that was not used, exchangeable with the r reference images, p is at or under a level with probability
    that level at most (conformal p value: Vovk, Gammerman and Shafer 2005). None is under 1 / (1 + r). Of many images
    some have a small p by chance: hold them against a corrected level.

    Parameters
    ----------
    scores
        [n], finite, higher = more likely used.
    reference_scores
        [r] of images known not to be used, scored in the same way, without being their own reference.

    Raises
    ------
    InputError
        When a score is not finite.

    Examples
    --------
    >>> p_values([0.5, 2.0, 9.0], [1.0, 2.0, 3.0]).tolist()
    [1.0, 0.75, 0.25]
    """
    values, known = _finite("p values", scores), np.sort(_finite("p values", reference_scores))
    as_high = len(known) - np.searchsorted(known, values, side="left")
    found: Floats = (1 + as_high) / (1 + len(known))
    return found


def _finite(rule: str, scores: ArrayLike) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1:
        raise InputError(f"threshold {rule}: scores {values.shape}; give one number per image")
    if not np.isfinite(values).all():
        raise InputError(f"threshold {rule}: {(~np.isfinite(values)).sum()} development scores are not finite")
    return values


def _above(score: float) -> float:
    """Give the next number, or the score itself when it is the largest number there is."""
    with np.errstate(over="ignore"):
        return float(min(np.nextafter(score, np.inf), np.finfo(np.float64).max))


def _reached(value: float, rule: Literal["not_used", "outlier"], scores: Floats) -> Threshold:
    return Threshold(value, rule, len(scores), float(decide(scores, value).mean()))


def _check(rule: str, scores: Floats, used: NDArray[np.generic]) -> None:
    if scores.ndim != 1 or scores.shape != used.shape:
        raise InputError(f"threshold {rule}: scores {scores.shape} and labels {used.shape}; give one label per score")
    if not np.isfinite(scores).all():
        raise InputError(f"threshold {rule}: {(~np.isfinite(scores)).sum()} development scores are not finite")
    if not np.isin(used, (0, 1)).all():
        raise InputError(f"threshold {rule}: labels {np.unique(used).tolist()}; allowed are 0 and 1")


def _check_classes(rule: str, used: NDArray[np.generic]) -> None:
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
