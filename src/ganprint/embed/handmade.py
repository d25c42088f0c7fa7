"""Hand-made embeddings by name: numbers that a formula gives for the grey values, without a network or weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HANDMADE", "HandMade"]


@dataclass(frozen=True)
class HandMade:
    """A registered formula.

    Attributes
    ----------
    columns
        Names of the d numbers for images of a side in pixels.
    rows
        Gives float32 [b, d] for images uint8 [b, side, side]; a row depends on its own image alone.
    """

    columns: Callable[[int], tuple[str, ...]]
    rows: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


HANDMADE: dict[str, HandMade] = {}
