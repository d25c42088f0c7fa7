"""Radial power spectrum: how much of an image there is at every fineness, whatever stands where."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ganprint.embed.handmade.scales import grey_values, log_energy

__all__ = ["radial_power", "ring_columns", "ring_count", "spectrum", "spectrum_columns"]

Floats = NDArray[np.float64]

_RINGS = 32


def ring_count(side: int, most: int) -> int:
    """Give how many rings there are up to the highest frequency along an axis: no ring is without a coefficient."""
    return min(most, side // 2)


def ring_columns(side: int, most: int) -> tuple[str, ...]:
    """Name the rings by their upper frequency in cycles per pixel, and what lies beyond the last one ``corner``."""
    count = ring_count(side, most)
    return (*(f"power-{(ring + 1) / (2 * count):.3f}" for ring in range(count)), "power-corner")


def radial_power(values: Floats, most: int) -> Floats:
    """Give the mean squared Fourier coefficient per ring of frequency, [b, rings + 1], of images [b, side, side].

    P(k) = |F(k)|^2 / side^2, with F the discrete Fourier transform: white noise of variance v has P = v everywhere.
    Ring i of K holds i / 2K < |k| <= (i + 1) / 2K cycles per pixel; the mean of the image, k = 0, is in none. There is
    no window: an image is taken to repeat itself, so that a shift (what leaves on one side comes in on the other), a
    mirror image and a quarter turn change nothing. Slices are black at their borders, where they have to fit.
    """
    count, side = len(values), values.shape[1]
    rings, sizes = _rings(side, ring_count(side, most))
    transformed = scipy.fft.fft2(values, axes=(1, 2))
    power = (np.square(transformed.real) + np.square(transformed.imag)).reshape(count, -1) / side**2
    places = rings + len(sizes) * np.arange(count)[:, np.newaxis]
    sums = np.bincount(places.ravel(), weights=power.ravel(), minlength=count * len(sizes))
    # The first entry is k = 0 alone.
    means: Floats = (sums.reshape(count, -1) / sizes)[:, 1:]
    return means


def _rings(side: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    waves = np.rint(scipy.fft.fftfreq(side) * side)
    radii = np.sqrt(waves[:, np.newaxis] ** 2 + waves**2)
    # A hair's breadth less, so that rounding lifts no whole radius into the next ring.
    rings = np.minimum(np.ceil(radii * 2 * count / side - 1e-9), count + 1).astype(np.intp).ravel()
    return rings, np.bincount(rings)


def spectrum_columns(side: int) -> tuple[str, ...]:
    """Name the rings."""
    return ring_columns(side, _RINGS)


def spectrum(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the log power of up to 32 rings and of the corners beyond them, in nats, of grey values 0..1.

    The one-dimensional spectrum by which Durall, Keuper and Keuper (2020, "Watch your up-convolution") tell generated
    images: a generator's up-sampling and its softness show at the fine end. Contrast adds one number to all columns.
    """
    return log_energy(radial_power(grey_values(images), _RINGS)).astype(np.float32)
