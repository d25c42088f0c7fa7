"""Perceptual hashes as columns of 0 and 1: the squared Euclidean distance counts the bits that differ."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["hash_columns", "perceptual_hashes"]

_KINDS = ("phash", "dhash", "whash")
_SIDE = 8


def hash_columns(side: int) -> tuple[str, ...]:
    """Name the bits: hash, then place in its square of 8 x 8."""
    del side
    return tuple(f"{kind}-{y}-{x}" for kind in _KINDS for y in range(_SIDE) for x in range(_SIDE))


def perceptual_hashes(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give three hashes of 64 bits each (imagehash): [b, 192], 0 or 1.

    ``phash``: signs of the lowest frequencies of the cosine transform about their median; ``dhash``: signs of
    differences of neighbours in the image made small; ``whash``: the same as the first with Haar's wavelet, on what is
    left of the image at 8 x 8. They are made to withstand a change of size, contrast and compression, and look at
    the outline: whether they see a copy that a generator made is a matter of measurement.
    """
    import imagehash  # noqa: PLC0415  (loads slowly, and other embeddings do without)

    rows = np.empty((len(images), len(_KINDS) * _SIDE**2), dtype=np.float32)
    for row, image in zip(rows, map(Image.fromarray, images), strict=True):
        row[:] = np.concatenate([getattr(imagehash, kind)(image, _SIDE).hash.ravel() for kind in _KINDS])
    return rows
