"""Band images: what is left of a slice between two blurs, and where that has its energy.

Names end in the place: row, then column, counted from the top left.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ganprint.bands import BANDS, Band, band_rows
from ganprint.embed.handmade.scales import block_means, log_energy

__all__ = ["ENERGY_BLOCKS", "band_energies", "band_energy_columns", "band_image", "image_columns", "unit_rows"]

ENERGY_BLOCKS = 8
"""Blocks along a side whose energies are taken."""


def image_columns(side: int, *, name: str) -> tuple[str, ...]:
    """Name the pixels of an image that is taken as it is, row by row."""
    return tuple(f"{name}-{y}-{x}" for y in range(side) for x in range(side))


def unit_rows(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give rows of length 1; a row of zeros, which has no direction, stays as it is."""
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    unit: NDArray[np.float32] = (rows / np.where(lengths == 0, 1.0, lengths)).astype(np.float32)
    return unit


def band_image(images: NDArray[np.uint8], *, band: Band) -> NDArray[np.float32]:
    """Give the pixels of one band, scaled to length 1: [b, side * side].

    The band is :func:`ganprint.bands.band_rows`, a difference of Gaussian blurs of fixed shares of the side (Burt and
    Adelson 1983). Euclidean distances of such rows are those of the metric of the same name on grey values: the
    chord of the angle, 0 for a copy of other brightness or contrast, sqrt(2) for images that have nothing in common.
    """
    return unit_rows(band_rows(images.reshape(len(images), -1), band))


def band_energy_columns(side: int) -> tuple[str, ...]:
    """Name the energies: band, then place of the block."""
    del side
    places = range(ENERGY_BLOCKS)
    return tuple(f"{band}-energy-{y}-{x}" for band in BANDS for y in places for x in places)


def band_energies(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the log mean square of every band in 8 x 8 blocks: [b, 192], in nats, of grey values 0..1.

    A band image made small loses what it is about; its energy does not. A shift of a few pixels changes little here,
    and everything in a band image.
    """
    take = partial(band_rows, images.reshape(len(images), -1))
    squares = [np.square(take(band)).reshape(images.shape) for band in BANDS]
    energies = [log_energy(block_means(square, ENERGY_BLOCKS)) for square in squares]
    return np.concatenate(energies, axis=1).astype(np.float32)
