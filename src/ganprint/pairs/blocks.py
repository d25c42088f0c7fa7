"""The generated side of a grid, given as one array or as blocks of rows, cut into blocks of bounded size."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GeneratedRows", "row_blocks"]

GeneratedRows = NDArray[Any] | Iterable[NDArray[Any]]


def row_blocks(rows: GeneratedRows, block: int) -> Iterator[NDArray[Any]]:
    """Yield the rows in order, at most ``block`` at a time.

    Parameters
    ----------
    rows
        An array [n, d], or an iterable of arrays [n_b, d] of any sizes.
    block
        Largest number of rows yielded at once.

    Raises
    ------
    ValueError
        When ``block`` is not positive or a piece is not two-dimensional.

    Examples
    --------
    >>> [len(piece) for piece in row_blocks(np.zeros((5, 2)), 2)]
    [2, 2, 1]
    """
    if block < 1:
        raise ValueError(f"block is {block}; it has to be at least 1")
    for piece in [rows] if isinstance(rows, np.ndarray) else rows:
        if np.ndim(piece) != 2:
            raise ValueError(f"generated rows have {np.ndim(piece)} dimensions; each piece has to be [n, d]")
        for start in range(0, len(piece), block):
            yield piece[start : start + block]
