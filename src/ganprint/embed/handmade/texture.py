"""Texture in the manner of radiomics: histogram, pairs, runs and patterns of grey levels over the whole slice."""

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.handmade.binary_patterns import BINARY_PATTERNS, binary_patterns
from ganprint.embed.handmade.cooccurrence import COOCCURRENCE, cooccurrence
from ganprint.embed.handmade.first_order import FIRST_ORDER, first_order
from ganprint.embed.handmade.run_lengths import RUN_LENGTHS, run_lengths

__all__ = ["texture", "texture_columns"]

_PARTS = (first_order, cooccurrence, run_lengths, binary_patterns)


def texture_columns(side: int) -> tuple[str, ...]:
    """Name the 64 numbers."""
    del side
    return (*FIRST_ORDER, *COOCCURRENCE, *RUN_LENGTHS, *BINARY_PATTERNS)


def texture(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the 64 numbers of an image: first order, co-occurrence, run lengths, local binary patterns.

    Radiomics takes them over a region that a physician drew, in Hounsfield units. There is neither here: they are
    of the whole slice, with its black surroundings, and of grey values as the corpus has them.
    """
    return np.concatenate([part(images) for part in _PARTS], axis=1).astype(np.float32)
