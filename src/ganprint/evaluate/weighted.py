"""All figures for many weightings of the same images at once: what the bootstrap computes per resample.

Weights are [b, n]: how often each of n images counts in each of b resamples. Undefined is NaN here, and here alone.
Point estimates do not come from this module but from scikit-learn, which it is tested against.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FALSE_POSITIVE_RATES",
    "count_figures",
    "level_sums",
    "ranking_auc",
    "ranking_figures",
    "weighted_auc",
    "weighted_figures",
]

Floats = NDArray[np.float64]

FALSE_POSITIVE_RATES = {"tpr_at_fpr_10": 0.10, "tpr_at_fpr_05": 0.05, "tpr_at_fpr_01": 0.01}


def weighted_figures(
    weights: Floats, used: NDArray[np.int8], scores: Floats, decisions: NDArray[np.int8]
) -> dict[str, Floats]:
    """Give every figure, [b], for every weighting.

    Parameters
    ----------
    weights
        [b, n], not negative.
    used, scores, decisions
        [n] each.
    """
    tp, fn = weights @ (used & decisions), weights @ (used & (1 - decisions))
    fp, tn = weights @ ((1 - used) & decisions), weights @ ((1 - used) & (1 - decisions))
    return count_figures(tp, tn, fp, fn) | ranking_figures(*level_sums(weights, used, scores))


def weighted_auc(weights: Floats, used: NDArray[np.int8], scores: Floats) -> dict[str, Floats]:
    """Give the ROC AUC alone, [b], for every weighting; parameters as for :func:`weighted_figures`."""
    return {"roc_auc": ranking_auc(*level_sums(weights, used, scores))}


def count_figures(tp: Floats, tn: Floats, fp: Floats, fn: Floats) -> dict[str, Floats]:
    """Give the figures that rest on the four counts alone; Cohen's kappa after Cohen (1960)."""
    positive, negative, n = tp + fn, tn + fp, tp + tn + fp + fn
    # Agreement by chance times n squared; equal to n squared when truth and decisions are one and the same class.
    chance = (tp + fp) * positive + (tn + fn) * negative
    return {
        "accuracy": _ratio(tp + tn, n),
        "precision": _ratio(tp, tp + fp),
        "specificity": _ratio(tn, negative),
        "recall": _ratio(tp, positive),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "kappa": _ratio(n * (tp + tn) - chance, n * n - chance),
        "prevalence": _ratio(positive, n),
    }


def level_sums(weights: Floats, used: NDArray[np.int8], scores: Floats) -> tuple[Floats, Floats]:
    """Give the weight of used and of not used images per distinct score, from low to high: [b, levels] twice."""
    order = np.argsort(scores, kind="stable")
    starts = np.unique(scores[order], return_index=True)[1]
    ordered = weights[:, order]
    positive = np.add.reduceat(ordered * used[order], starts, axis=1)
    return positive, np.add.reduceat(ordered, starts, axis=1) - positive


def ranking_auc(positive: Floats, negative: Floats) -> Floats:
    """Give the ROC AUC, [b], from the weights per distinct score: Mann-Whitney, ties counting half."""
    below = negative.cumsum(axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return _ratio((positive * (below + negative / 2)).sum(axis=1), pairs)


def ranking_figures(positive: Floats, negative: Floats) -> dict[str, Floats]:
    """Give the figures that rest on the order of the scores, ties included; all undefined when a class is missing.

    ROC AUC is the share of (used, not used) pairs in the right order, ties counting half (Mann-Whitney). Average
    precision is the sum of precision times the step of recall over the distinct scores, without interpolation. TPR at
    an FPR is the largest recall of any threshold whose FPR does not exceed it.
    """
    positives, negatives = positive.sum(axis=1), negative.sum(axis=1)
    both = (positives > 0) & (negatives > 0)
    # Counts of decisions "used" at each threshold.
    tp = positive[:, ::-1].cumsum(axis=1)[:, ::-1]
    fp = negative[:, ::-1].cumsum(axis=1)[:, ::-1]
    precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
    figures = {
        "roc_auc": ranking_auc(positive, negative),
        "average_precision": _ratio((positive * precision).sum(axis=1), positives),
    }
    for name, rate in FALSE_POSITIVE_RATES.items():
        allowed = fp <= (rate * negatives)[:, None]
        figures[name] = _ratio(np.where(allowed, tp, 0.0).max(axis=1), positives)
    return {name: np.where(both, values, np.nan) for name, values in figures.items()}


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    quotient: Floats = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient
