"""Squared Euclidean distances between rows, by one matrix product."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["squared_distances"]


def squared_distances(left: NDArray[Any], right: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Give ||x - y||^2 for all rows x of ``left`` and y of ``right``, in float64.

    The square is expanded, which costs absolute accuracy of about 1e-15 times the squared norms: enough for kernels,
    too little for the distances of near-duplicates, which :func:`ganprint.pairs.nearest` computes directly.

    Parameters
    ----------
    left
        Rows [n, d].
    right
        Rows [m, d]; ``left`` itself when None, and then the diagonal is exactly zero and the result symmetric.

    Returns
    -------
    Array [n, m], nowhere negative.

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[ 0., 25.],
           [25.,  0.]])
    """
    x = np.asarray(left, dtype=np.float64)
    y = x if right is None else np.asarray(right, dtype=np.float64)
    squares = np.einsum("ij,ij->i", y, y)
    result: NDArray[np.float64] = x @ y.T
    result *= -2
    result += squares[np.newaxis, :]
    result += (squares if right is None else np.einsum("ij,ij->i", x, x))[:, np.newaxis]
    np.maximum(result, 0, out=result)
    if right is None:
        np.fill_diagonal(result, 0)
        result = np.minimum(result, result.T)
    return result
