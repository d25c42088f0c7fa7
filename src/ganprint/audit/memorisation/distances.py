"""Squared distances between rows by one matrix product, the small ones computed directly."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME", "close_squares", "generated_blocks", "real_squares"]

SAME = 1e-9
"""Distances that differ by less than this share are equal but for rounding."""

_NEAR = 1e-7
_BLOCK = 1024
_PIECE = 4_000_000


def close_squares(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give ||x - y||^2 of all pairs, [n, m]; exactly 0 for equal rows.

    The expanded square loses what the norms swamp, so pairs closer than that are computed from their difference.
    """
    norms = np.einsum("ij,ij->i", left, left)[:, None] + np.einsum("ij,ij->i", right, right)[None]
    squares: NDArray[np.float64] = norms - 2 * (left @ right.T)
    rows, columns = np.nonzero(squares <= _NEAR * norms)
    piece = max(1, _PIECE // max(1, left.shape[1]))
    for start in range(0, len(rows), piece):
        some = slice(start, start + piece)
        difference = left[rows[some]] - right[columns[some]]
        squares[rows[some], columns[some]] = np.einsum("ij,ij->i", difference, difference)
    return squares


def real_squares(real: NDArray[Any]) -> NDArray[np.float64]:
    """Give the squared distances among real rows, [R, R]; infinite from a row to itself."""
    centred = np.asarray(real, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    squares = close_squares(centred, centred)
    squares = np.minimum(squares, squares.T)
    np.fill_diagonal(squares, np.inf)
    return squares


def generated_blocks(
    real: NDArray[Any], generated: NDArray[Any], block: int = _BLOCK
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Give the squared distances from generated to real rows in blocks: first row and [b, R]."""
    rows = np.asarray(real, dtype=np.float64)
    centre = rows.mean(axis=0)
    for start in range(0, len(generated), block):
        piece = np.asarray(generated[start : start + block], dtype=np.float64) - centre
        yield start, close_squares(piece, rows - centre)
