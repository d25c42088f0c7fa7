"""Authenticity (Alaa, van Breugel, Saveliev and van der Schaar 2022, "How faithful is your synthetic data?", ICML)."""

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.memorisation.distances import SAME

__all__ = ["authentic", "own_nearest"]


def own_nearest(among_real: NDArray[np.float64], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give each real row's distance to its nearest *other* used row, [R]; infinite where there is none.

    Parameters
    ----------
    among_real
        [R, R], distances; infinite from a row to itself.
    used
        [R].
    """
    return np.asarray(among_real[:, used].min(axis=1, initial=np.inf))


def authentic(nearest: NDArray[np.float64], rows: NDArray[np.intp], own: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say of each image whether it is authentic: farther from its nearest used row than that from its own nearest one.

    An image as near as that, or nearer, is called a copy of the used row; the share of authentic images is the
    authenticity, one minus it the share of copies.

    Parameters
    ----------
    nearest, rows
        [b], distance and position of the nearest used row.
    own
        [R], of :func:`own_nearest`.
    """
    return np.asarray(nearest > own[rows] * (1 + SAME))
