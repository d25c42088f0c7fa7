"""Power: the smallest leak that so many images, in so many groups, could have shown."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import beta, binom, norm, rankdata

__all__ = [
    "Power",
    "auc_variance",
    "design_effect",
    "intraclass_correlation",
    "smallest_accuracy",
    "smallest_auc",
    "smallest_leak",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]


@dataclass(frozen=True)
class Power:
    """What a one-sided test at 1 - confidence would have shown with the given power.

    Attributes
    ----------
    auc, accuracy
        Smallest ones; ``None`` when not even 1 would have been shown.
    design_effect, correlation
        Of the ranks of the scores, for the AUC: how many times wider images of shared groups make the variance, and
        the intraclass correlation behind it.
    design_effect_accuracy, correlation_accuracy
        Of being right, for the accuracy.
    power, confidence
        As asked for.
    """

    auc: float | None
    accuracy: float | None
    design_effect: float
    correlation: float
    design_effect_accuracy: float
    correlation_accuracy: float
    power: float
    confidence: float

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)


def smallest_leak(
    used: Labels,
    scores: Floats,
    decisions: Labels,
    groups: NDArray[np.str_],
    *,
    confidence: float,
    power: float,
    attainable: float = 0.0,
) -> Power:
    """Give the smallest AUC and accuracy that these images could have shown.

    There is no such AUC where all scores are equal, or where not even a perfect ranking could have a p below one minus
    the confidence.

    Parameters
    ----------
    used, scores, decisions, groups
        [n] each; scores and decisions give the correlation within groups alone.
    confidence
        The test is at one minus it; with several runs, corrected for their number.
    power
        Probability of showing the leak, for example 0.8.
    attainable
        Smallest p that the test could give.
    """
    right = (decisions == used).astype(np.float64)
    by_rank, by_right = (intraclass_correlation(values, used, groups) for values in (rankdata(scores), right))
    for_auc, for_accuracy = design_effect(by_rank, used, groups), design_effect(by_right, used, groups)
    positives = int(used.sum())
    impossible = attainable > 1 - confidence or np.ptp(scores) == 0
    return Power(
        None if impossible else smallest_auc(positives, len(used) - positives, for_auc, confidence, power),
        smallest_accuracy(int(len(used) / for_accuracy), 0.5, confidence, power),
        for_auc,
        by_rank,
        for_accuracy,
        by_right,
        power,
        confidence,
    )


def intraclass_correlation(values: Floats, used: Labels, groups: NDArray[np.str_]) -> float:
    """Give how alike images of one group and one class are, from 0 (not at all) to 1.

    The estimate of the one-way analysis of variance (Donner 1986) within the two classes together, so that a difference
    between the classes does not count: (MSB - MSW) / (MSB + (m0 - 1) MSW), where m0 is the mean size of a cell (the
    images of one group and class) less what unequal sizes take away. Negative estimates are 0, as is that of constant
    values; without two cells in a class nothing can be told and it is 1.
    """
    cell_of, sizes, class_of = _cells(used, groups)
    if len(sizes) == len(values):
        return 0.0
    free = len(sizes) - len(np.unique(class_of))
    if free == 0:
        return 1.0
    means = np.bincount(cell_of, values) / sizes
    of_class = np.bincount(class_of, sizes * means) / np.maximum(1, np.bincount(class_of, sizes))
    between = (sizes * (means - of_class[class_of]) ** 2).sum() / free
    within = ((values - means[cell_of]) ** 2).sum() / (len(values) - len(sizes))
    # What a class loses by unequal sizes of its cells (Donner 1986), summed over the classes.
    images = np.bincount(class_of, sizes)
    squares = np.bincount(class_of, sizes**2)
    size = (images.sum() - (squares / np.maximum(1, images)).sum()) / free
    total = between + (size - 1) * within
    return float(np.clip((between - within) / total, 0, 1)) if total > 0 else 0.0


def design_effect(correlation: float, used: Labels, groups: NDArray[np.str_]) -> float:
    """Give 1 + (m - 1) times the correlation (Kish 1965), m being the mean size of an image's own cell."""
    _, sizes, _ = _cells(used, groups)
    return float(1 + ((sizes**2).sum() / sizes.sum() - 1) * correlation)


def auc_variance(auc: float, positives: int, negatives: int) -> float:
    """Give the variance of the ROC AUC of independent images (Hanley and McNeil 1982, exponential scores)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return spread / (positives * negatives)


def smallest_auc(positives: int, negatives: int, design_effect: float, confidence: float, power: float) -> float | None:
    """Give the smallest AUC that a one-sided test of the AUC against 0.5 would have shown.

    It solves auc - 0.5 = z(confidence) s(0.5) + z(power) s(auc), with s² the variance of Hanley and McNeil (1982) times
    the design effect; at 0.5 that variance is the exact one of Mann and Whitney, (m + n + 1) / (12 m n).

    Returns
    -------
    ``None`` when a class is missing, or when not even an AUC of 1 would have been shown.
    """
    if min(positives, negatives) == 0:
        return None
    null = norm.ppf(confidence) * np.sqrt(design_effect * (positives + negatives + 1) / (12 * positives * negatives))

    def short(auc: float) -> float:
        spread = np.sqrt(max(0.0, design_effect * auc_variance(auc, positives, negatives)))
        return float(auc - 0.5 - null - norm.ppf(power) * spread)

    return float(brentq(short, 0.5, 1.0)) if short(1.0) >= 0 else None


def smallest_accuracy(n: int, chance: float, confidence: float, power: float) -> float | None:
    """Give the smallest accuracy that an exact one-sided binomial test against ``chance`` would have shown.

    The test calls for the smallest count c with P[Binomial(n, chance) >= c] <= 1 - confidence; the accuracy p solves
    P[Binomial(n, p) >= c] = power, which makes it a quantile of a beta distribution.

    Returns
    -------
    ``None`` when not even n right of n would have been shown.
    """
    # isf gives the smallest count with at most 1 - confidence strictly above it.
    count = int(binom.isf(1 - confidence, n, chance)) + 1 if n > 0 else 1
    return float(beta.ppf(power, count, n - count + 1)) if count <= n else None


def _cells(used: Labels, groups: NDArray[np.str_]) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp]]:
    """Cell of every image [n] (the images of one group and class), and size and class of every cell."""
    member_of = np.unique(groups, return_inverse=True)[1]
    codes, cell_of = np.unique(2 * member_of + used, return_inverse=True)
    return cell_of, np.bincount(cell_of).astype(np.float64), (codes % 2).astype(np.intp)
