"""Square images made smaller by the mean of areas."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.square_rows import square_side

__all__ = ["area_reduced"]


def area_reduced(images: NDArray[Any], side: int) -> NDArray[np.uint8]:
    """Give the images with ``side`` pixels a side, each the rounded mean of its area (halves go to the even number).

    Parameters
    ----------
    images
        Grey values [n, s * s], uint8.
    side
        Pixels along a side of the result; a divisor of ``s``.

    Raises
    ------
    ValueError
        When ``side`` does not divide the images' side.

    Examples
    --------
    >>> area_reduced(np.array([[0, 1, 4, 4, 2, 3, 4, 4, 0, 0, 9, 9, 0, 0, 9, 9]], dtype=np.uint8), 2).tolist()
    [[2, 4, 0, 9]]
    """
    full = square_side(images)
    if side < 1 or full % side:
        raise ValueError(f"images of {full} pixels a side are not reduced to {side}; choose a divisor of {full}")
    factor = full // side
    parts = images.reshape(len(images), side, factor, side, factor)
    sums = parts.sum(axis=2, dtype=np.uint32).sum(axis=3)
    reduced: NDArray[np.uint8] = np.rint(sums / factor**2).astype(np.uint8).reshape(len(images), side * side)
    return reduced
