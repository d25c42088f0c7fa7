"""Largest eigenvalue of x x' for every concatenation x = [r; g] of a real and a generated row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["largest_eigenvalue"]


def largest_eigenvalue(real: NDArray[Any], generated: NDArray[Any]) -> NDArray[np.float64]:
    """Give the largest eigenvalue of x x' for x = [r; g], for all pairs.

    x x' has rank one and (x x') x = ||x||^2 x, so the value is ||x||^2 = ||r||^2 + ||g||^2; a full decomposition of
    the paper's 4096 x 4096 matrices finds the same number.

    Parameters
    ----------
    real
        Rows [n_real, d_r].
    generated
        Rows [n_generated, d_g].

    Returns
    -------
    Grid [n_real, n_generated].

    Examples
    --------
    >>> largest_eigenvalue(np.array([[3.0, 4.0]]), np.array([[1.0], [2.0]]))
    array([[26., 29.]])
    """
    squares = [np.einsum("ij,ij->i", rows, rows, dtype=np.float64) for rows in (real, generated)]
    return np.asarray(squares[0][:, np.newaxis] + squares[1][np.newaxis, :], dtype=np.float64)
