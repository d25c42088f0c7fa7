"""Bands of spatial frequency: what is left of an image between two blurs."""

from math import isqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["BANDS", "Band", "band_rows"]

Band = Literal["band-fine", "band-middle", "band-coarse"]

BANDS: dict[Band, tuple[float, float]] = {
    "band-fine": (0.0, 1 / 64),
    "band-middle": (0.0, 1 / 16),
    "band-coarse": (1 / 32, 1 / 8),
}
"""Standard deviations of the two Gaussian blurs as shares of the image's side; 0 is no blur."""


def band_rows(rows: NDArray[Any], band: Band) -> NDArray[np.float64]:
    """Give the difference of two Gaussian blurs of square grey images (Burt and Adelson 1983's band pass).

    What a slice shares with every other one, the body's outline and the brightness of its regions, lies in the low
    frequencies; what is its own, vessels and texture, above them. A generator that is soft loses the highest ones.

    Parameters
    ----------
    rows
        Grey values [n, side * side].
    band
        One of :data:`BANDS`.

    Raises
    ------
    ValueError
        When the rows are no square images.

    Examples
    --------
    >>> np.abs(band_rows(np.full((1, 64), 200, np.uint8), "band-middle")).max() < 1e-4
    np.True_
    """
    side = isqrt(rows.shape[1])
    if side * side != rows.shape[1]:
        raise ValueError(f"rows of {rows.shape[1]} values are no square images")
    images = rows.reshape(len(rows), side, side).astype(np.float32) / np.float32(255)
    low, high = (share * side for share in BANDS[band])
    kept = gaussian_filter(images, (0, low, low)) if low else images
    passed = kept - gaussian_filter(images, (0, high, high))
    return np.asarray(passed.reshape(len(rows), -1), dtype=np.float64)
