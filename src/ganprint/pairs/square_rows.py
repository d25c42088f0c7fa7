"""Square grey images given as rows of a table."""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["square_side"]


def square_side(images: NDArray[Any], least: int = 1) -> int:
    """Give the side of square images given as rows.

    Parameters
    ----------
    images
        Grey values [n, side * side] of type uint8.
    least
        Smallest side allowed.

    Raises
    ------
    ValueError
        When the array is no table of 8-bit rows, or a row is no square of at least ``least`` pixels a side.

    Examples
    --------
    >>> square_side(np.zeros((3, 64), dtype=np.uint8))
    8
    """
    if images.ndim != 2 or images.dtype != np.uint8:
        raise ValueError(
            f"images are {images.dtype} of shape {images.shape}; they have to be rows of grey values, uint8"
        )
    side = isqrt(images.shape[1])
    if side * side != images.shape[1] or side < least:
        raise ValueError(f"an image has {images.shape[1]} pixels; it has to be a square of at least {least} a side")
    return side
