"""Where a distance lies among all distances: the share of pairs that are closer, streamed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.pair_blocks import BLOCK, distance_blocks

__all__ = ["shares_below"]

# A pair's distance in a block is rounded: it must not count as closer than itself.
_BELOW = 1 - 1e-6


def shares_below(
    view: NDArray[Any],
    left: NDArray[np.intp],
    right: NDArray[np.intp] | None,
    limits: NDArray[np.float64],
    *,
    groups: NDArray[np.str_] | None = None,
    block: int = BLOCK,
) -> NDArray[np.float64]:
    """Give, for each limit, the share of pairs with a smaller distance.

    Parameters
    ----------
    view
        Rows [n, d].
    left, right
        Positions whose pairs are counted; the unordered pairs of ``left`` when ``right`` is None.
    limits
        [k], distances.
    groups
        [n], to count pairs of different groups alone.
    block
        Images of a side looked at together; the result does not depend on it.

    Returns
    -------
    [k], NaN when there is no pair.
    """
    order = np.argsort(limits, kind="stable")
    ascending = limits[order] * _BELOW
    counts = np.zeros(len(limits) + 1, dtype=np.int64)
    for rows, columns, pairs, distances in distance_blocks(view, left, right, block=block):
        keep = pairs if groups is None else pairs & (groups[rows][:, np.newaxis] != groups[columns][np.newaxis, :])
        # A pair is below every limit that comes after as many limits as are not above it.
        places = np.searchsorted(ascending, distances[keep], side="right")
        counts += np.bincount(places, minlength=len(counts))
    found = np.full(len(limits), np.nan)
    if counts.sum():
        found[order] = counts.cumsum()[:-1] / counts.sum()
    return found
