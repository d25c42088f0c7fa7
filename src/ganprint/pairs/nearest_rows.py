"""The k nearest generated rows of every real row, streaming over the generated side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.blocks import GeneratedRows, row_blocks

__all__ = ["nearest"]


def nearest(
    real: NDArray[Any], generated: GeneratedRows, k: int, *, block: int = 1024
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give Euclidean distances and positions of the ``k`` nearest generated rows, nearest first, ties by position.

    Candidates come from one matrix product per block (the expanded square), with a margin that covers its rounding; the
    candidates' distances are then computed directly in float64. So an exact duplicate has distance 0, and the
    result does not depend on the block size. Memory: n_real x (block + k) and the candidates of a block.

    Parameters
    ----------
    real
        Rows [n_real, d].
    generated
        Rows [n_generated, d], or an iterable of arrays [n_b, d].
    k
        How many neighbours, at least 1.
    block
        Generated rows looked at together.

    Returns
    -------
    Distances [n_real, k] in float64 and positions [n_real, k] among the generated rows.

    Raises
    ------
    ValueError
        When ``k`` is less than 1 or exceeds the number of generated rows.

    Examples
    --------
    >>> distances, positions = nearest(np.array([[0.0]]), np.array([[3.0], [0.0], [-1.0]]), 2)
    >>> distances.tolist(), positions.tolist()
    ([[0.0, 1.0]], [[1, 2]])
    """
    if k < 1:
        raise ValueError(f"k is {k}; it has to be at least 1")
    x = np.asarray(real, dtype=np.float64)
    norms = np.einsum("ij,ij->i", x, x)
    best = np.full((len(x), k), np.inf)
    positions = np.full((len(x), k), -1, dtype=np.int64)
    seen = 0
    for rows in row_blocks(generated, block):
        y = np.asarray(rows, dtype=np.float64)
        candidates = _candidates(x, norms, y, best)
        for i in np.flatnonzero(candidates.any(axis=1)):
            columns = np.flatnonzero(candidates[i])
            exact = np.sqrt(_squared_differences(x[i], y[columns]))
            merged = np.concatenate([best[i], exact])
            places = np.concatenate([positions[i], columns + seen])
            # Earlier blocks come first and each block's columns ascend: a stable sort breaks ties by position.
            order = np.argsort(merged, kind="stable")[:k]
            best[i], positions[i] = merged[order], places[order]
        seen += len(y)
    if seen < k:
        raise ValueError(f"k is {k}, but there are {seen} generated rows; choose k of at most {seen}")
    return best, positions


def _candidates(
    x: NDArray[np.float64], norms: NDArray[np.float64], y: NDArray[np.float64], best: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Mark every pair of the block that may be among the k best, rounding of the expanded square allowed for."""
    k = best.shape[1]
    squares = np.einsum("ij,ij->i", y, y)
    products = x @ y.T
    approximate = norms[:, np.newaxis] + squares[np.newaxis, :] - 2 * products
    # Rounding of a dot product of d terms is at most about d eps times the product of the norms.
    margin = 4 * x.shape[1] * np.finfo(np.float64).eps * (norms + squares.max(initial=0.0))
    limit = best[:, -1] ** 2
    if approximate.shape[1] >= k:
        limit = np.minimum(limit, np.partition(approximate, k - 1, axis=1)[:, k - 1] + margin)
    return np.asarray(approximate <= (limit + margin)[:, np.newaxis])


def _squared_differences(x: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = rows - x
    return np.asarray(np.einsum("ij,ij->i", difference, difference), dtype=np.float64)
