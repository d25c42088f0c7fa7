"""Kernel distance (KID, Bińkowski et al. 2018, ICLR) of two sets in the features at hand.

The squared maximum mean discrepancy with the kernel (x'y / d + 1)^3, by its unbiased estimate, which may be
negative. Published code takes the mean over random subsets; the estimate of the whole sets, given here, is the mean
over all subsets of a size.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["kernel_distance"]


def kernel_distance(
    real: NDArray[np.float64], generated: NDArray[np.float64], across: NDArray[np.float64], features: int
) -> float:
    """Give the distance from the rows' inner products; NaN with fewer than two rows on a side.

    Parameters
    ----------
    real, generated
        Inner products within each set, [n, n] and [m, m], of rows that were not centred.
    across
        [n, m].
    features
        d.
    """
    if min(across.shape) < 2:
        return float("nan")
    within = 0.0
    for inner in (real, generated):
        values, n = (inner / features + 1) ** 3, len(inner)
        within += float((values.sum() - np.trace(values)) / (n * (n - 1)))
    return float(within - 2 * ((across / features + 1) ** 3).mean())
