"""Nearest-neighbour distance ratio: first over second nearest used image.

Near 0, one used image is far nearer than any other: a copy. The limit below which a match is called distinct is
0.8 in Lowe (2004), "Distinctive image features from scale-invariant keypoints", IJCV.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "distance_ratio", "histogram", "median"]

BINS = 1000
"""Bins of equal width in [0, 1] that ratios are counted in, so that a stream of them has a median."""


def distance_ratio(two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the ratio, [b], of the two nearest distances [b, 2]; 0 for a copy, even of an image that was used twice."""
    first, second = two.T
    ratios = np.zeros(len(two))
    np.divide(first, second, out=ratios, where=(first > 0) & np.isfinite(second))
    return ratios


def histogram(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the ratios by bin, [BINS]."""
    return np.bincount(np.minimum((ratios * BINS).astype(np.intp), BINS - 1), minlength=BINS).astype(np.float64)


def median(counts: NDArray[np.float64]) -> float:
    """Give the median of binned ratios, within half a bin; NaN of none."""
    total = counts.cumsum()
    return float("nan") if total[-1] <= 0 else float((np.searchsorted(total, total[-1] / 2) + 0.5) / BINS)
