"""Standard error of a ROC AUC, to tell epochs apart: evaluation has the exact methods."""

import math

__all__ = ["auc_standard_error"]


def auc_standard_error(auc: float, positives: int, negatives: int) -> float:
    """Give the standard error of a ROC AUC (Hanley and McNeil 1982, Radiology 143, equations 1 and 2).

    Parameters
    ----------
    auc
        The ROC AUC.
    positives, negatives
        Units that count, at least one of each: groups where images of a group are alike.

    Notes
    -----
    The formula gives 0 at the ends, where a few units end up by chance: a ROC AUC nearer to an end than half a pair of
    units is taken for one half a pair away.

    Examples
    --------
    At one half it is the standard deviation of the Mann-Whitney statistic, sqrt((m + n + 1) / (12 m n)):

    >>> round(auc_standard_error(0.5, 10, 10), 4), round((21 / 1200) ** 0.5, 4)
    (0.1323, 0.1323)

    A faultless ranking of five and five is no certainty:

    >>> round(auc_standard_error(1.0, 5, 5), 3)
    0.049
    """
    half = 0.5 / (positives * negatives)
    auc = min(max(auc, half), 1 - half)
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (first - auc**2) + (negatives - 1) * (second - auc**2)
    return math.sqrt(max(0.0, variance) / (positives * negatives))
