"""A few rows, evenly spread over many that come in blocks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.blocks import GeneratedRows, row_blocks

__all__ = ["evenly_spread"]


def evenly_spread(rows: GeneratedRows, count: int, *, block: int = 1024) -> NDArray[Any]:
    """Give ``count`` rows, the first and the last among them, or all when there are fewer.

    Two passes; what is passed over is not kept.

    Raises
    ------
    ValueError
        When there is no row or ``count`` is less than 1.

    Examples
    --------
    >>> evenly_spread(np.arange(10.0)[:, None], 4, block=3).ravel().tolist()
    [0.0, 3.0, 6.0, 9.0]
    """
    there = sum(len(piece) for piece in row_blocks(rows, block))
    if count < 1 or not there:
        raise ValueError(f"{count} of {there} rows; there have to be at least 1 of each")
    chosen = np.unique(np.linspace(0, there - 1, min(count, there)).astype(np.intp))
    kept, start = [], 0
    for piece in row_blocks(rows, block):
        kept.append(piece[chosen[(chosen >= start) & (chosen < start + len(piece))] - start])
        start += len(piece)
    return np.concatenate(kept)
