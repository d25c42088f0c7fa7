"""Fréchet distance (FID's formula, Heusel et al. 2017, NeurIPS) of two sets in the features at hand.

||mean difference||^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2). The last trace is the sum of the singular values of
X Y' / sqrt((n - 1) (m - 1)) for centred rows X and Y, so no covariance of d x d is ever made. With fewer rows than
features the covariances have no full rank, and the distance depends on n: compare only sets of equal size.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["frechet_distance"]


def frechet_distance(real: NDArray[np.float64], generated: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    """Give the distance from the rows' inner products; NaN with fewer than two rows on a side.

    Parameters
    ----------
    real, generated
        Inner products within each set, [n, n] and [m, m].
    across
        [n, m].
    """
    n, m = across.shape
    if min(n, m) < 2:
        return float("nan")
    means = real.mean() + generated.mean() - 2 * across.mean()
    traces = sum((np.trace(part) - len(part) * part.mean()) / (len(part) - 1) for part in (real, generated))
    centred = across - across.mean(axis=0) - across.mean(axis=1)[:, None] + across.mean()
    small = centred if n <= m else centred.T
    values = np.linalg.eigvalsh(small @ small.T / ((n - 1) * (m - 1)))
    return float(max(0.0, means + traces - 2 * np.sqrt(np.maximum(values, 0)).sum()))
