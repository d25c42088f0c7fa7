"""What the overlap of a square image with a shifted copy of its frame holds, for all shifts at once."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_SHARE", "Overlaps"]

LEAST_SHARE = 0.01
"""Least share of an image's variation that an overlap has to hold to be compared."""

_BLOCK = 64


@dataclass(frozen=True)
class Overlaps:
    """Tables [n, D, D] over the shifts (u, v) from -max_shift to max_shift, D = 2 max_shift + 1.

    The overlap at (u, v) are the pixels (y, x) of the image for which (y + u, x + v) lies in the frame too; N is their
    number, S the square root of the sum of squared deviations from their own mean.

    Attributes
    ----------
    means
        sqrt(N) (mean of the overlap - mean of the image) / S; 0 where the overlap is passed over.
    inverse_spreads
        1 / S; 0 where S^2 is less than 1 % of the image's, or the image is constant.
    """

    means: NDArray[np.float64]
    inverse_spreads: NDArray[np.float64]

    @classmethod
    def of(cls, images: NDArray[Any], max_shift: int) -> Self:
        """Tabulate images [n, side, side], uint8; sums are whole numbers and exact.

        Examples
        --------
        >>> image = np.array([[[0, 0, 0], [0, 0, 2], [0, 2, 2]]], dtype=np.uint8)
        >>> Overlaps.of(image, 1).inverse_spreads.round(3).tolist()[0][0]
        [0.577, 0.408, 0.577]
        """
        n, width = len(images), 2 * max_shift + 1
        means, inverse = np.empty((n, width, width)), np.empty((n, width, width))
        for start in range(0, n, _BLOCK):
            part = slice(start, start + _BLOCK)
            means[part], inverse[part] = _tables(images[part].astype(np.int64), max_shift)
        return cls(means, inverse)


def _tables(images: NDArray[np.int64], max_shift: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    side = images.shape[1]
    shifts = np.arange(-max_shift, max_shift + 1)
    lengths = side - np.abs(shifts)
    number = np.outer(lengths, lengths)
    total, squares = _region_sums(images, shifts), _region_sums(images**2, shifts)
    spread = (number * squares - total**2) / number
    whole = (side**2 * (images**2).sum(axis=(1, 2)) - images.sum(axis=(1, 2)) ** 2) / side**2
    kept = (spread > 0) & (spread >= LEAST_SHARE * whole[:, np.newaxis, np.newaxis])
    inverse = np.where(kept, 1 / np.sqrt(np.where(kept, spread, 1.0)), 0.0)
    centre = images.mean(axis=(1, 2))[:, np.newaxis, np.newaxis]
    return np.sqrt(number) * (total / number - centre) * inverse, inverse


def _region_sums(values: NDArray[np.int64], shifts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the sums over the overlap at every pair of shifts, from the table of sums of all upper left rectangles."""
    side = values.shape[1]
    corners = np.zeros((len(values), side + 1, side + 1), dtype=np.int64)
    corners[:, 1:, 1:] = values.cumsum(axis=1).cumsum(axis=2)
    first, last = np.maximum(0, -shifts), side - np.maximum(0, shifts)
    strips = corners[:, last] - corners[:, first]
    sums: NDArray[np.int64] = strips[:, :, last] - strips[:, :, first]
    return sums
