"""From the values of a figure under all labellings to its interval and its p value."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["interval", "jackknife", "permutation_p"]


def jackknife(values: Sequence[float]) -> float:
    """Give the variance of a figure from its values with one fold left out each; NaN of fewer than two.

    (J - 1) / J times the sum of squares around their mean (Efron and Stein 1981), for J folds of whole groups.
    """
    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2 or np.isnan(found).any():
        return float("nan")
    return float((len(found) - 1) / len(found) * ((found - found.mean()) ** 2).sum())


def interval(
    value: float, variance: float, folds: int, confidence: float, *, share_of: int | None
) -> tuple[float, float] | None:
    """Give an interval; ``None`` when the variance is unknown.

    Student's t with one degree of freedom less than folds; of a share on the logit's scale, which keeps it in 0 to 1.
    A share of exactly 0 or 1 has no variance: there the exact interval of ``share_of`` independent images is given.

    Parameters
    ----------
    value, variance
        Of the figure.
    folds
        Behind the variance.
    confidence
        Level.
    share_of
        Images that the figure is a share of; None when it is no share.
    """
    if np.isnan(value) or np.isnan(variance) or folds < 2:
        return None
    reach = float(stats.t.ppf((1 + confidence) / 2, folds - 1) * np.sqrt(variance))
    if share_of is None:
        return value - reach, value + reach
    if value in (0.0, 1.0):
        exact = stats.binomtest(round(value * share_of), share_of).proportion_ci(confidence, method="exact")
        return float(exact.low), float(exact.high)
    middle, step = np.log(value / (1 - value)), reach / (value * (1 - value))
    low, high = (1 / (1 + np.exp(np.clip(-(middle + side * step), -700, 700))) for side in (-1, 1))
    return float(low), float(high)


def permutation_p(value: float, drawn: NDArray[np.float64], *, high: bool) -> float | None:
    """Give (1 + draws at least as extreme) / (1 + draws), one-sided; ``None`` when the value is undefined.

    Parameters
    ----------
    value
        Under the truth.
    drawn
        Under exchanged memberships; an undefined one counts against the finding.
    high
        Whether large values speak for copying.
    """
    if np.isnan(value) or not len(drawn):
        return None
    slack = 1e-12 * max(1.0, abs(value))
    less = (drawn < value - slack) if high else (drawn > value + slack)
    return float((1 + (~less).sum()) / (1 + len(drawn)))
