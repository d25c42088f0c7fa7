"""The noise residual: a slice less what a denoiser makes of it, where cameras, scanners and generators leave traces."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from ganprint.embed.handmade.bands import unit_rows
from ganprint.embed.handmade.scales import (
    ROUNDING,
    block_means,
    correlation_z,
    log_energy,
    log_kurtosis,
)
from ganprint.embed.handmade.spectrum import radial_power, ring_columns

__all__ = ["noise_columns", "noise_image", "noise_residual", "noise_statistics"]

Floats = NDArray[np.float64]

_WAVELET, _TAPS, _MOST_LEVELS = "db4", 8, 4
_WINDOWS = (3, 5, 7, 9)
_DEVIATION = 5.0  # of the noise in grey levels 0..255, Lukas et al.'s choice
_BLOCKS, _RINGS = 8, 16
_LAGS = tuple((dy, dx) for dy in range(3) for dx in range(-2, 3) if (dy, dx) > (0, 0))


def noise_residual(images: NDArray[np.uint8]) -> Floats:
    """Give the residual [b, side, side] in grey levels 0..255: the image less its wavelet-denoised version.

    Wiener filter in the wavelet domain of Mihcak, Kozintsev and Ramchandran (1999), as Lukas, Fridrich and Goljan
    (2006, "Digital camera identification from sensor pattern noise") use it: 4 levels of an 8-tap Daubechies wavelet;
    around each detail coefficient h the signal's variance is the least, over square windows of W = 3, 5, 7, 9, of
    max(0, mean of h^2 - s0^2), s0 = 5 grey levels; of h the share s0^2 / (variance + s0^2) is noise. That share is
    brought back to an image directly, which is the same as the difference, since the transform is linear.

    With fewer than 4 levels where the filter would not fit into the image.
    """
    import pywt  # noqa: PLC0415  (loads slowly; other embeddings do without)

    side = images.shape[1]
    level = min(_MOST_LEVELS, int(np.log2(side / (_TAPS - 1))))
    rest, *details = pywt.wavedec2(images.astype(np.float64), _WAVELET, mode="symmetric", level=level, axes=(1, 2))
    kept = [np.zeros_like(rest), *(tuple(_noise_part(band) for band in bands) for bands in details)]
    residual: Floats = pywt.waverec2(kept, _WAVELET, mode="symmetric", axes=(1, 2))[:, :side, :side]
    return residual


def _noise_part(band: Floats) -> Floats:
    squares, noise = np.square(band), _DEVIATION**2
    signal = np.minimum.reduce([uniform_filter(squares, (1, width, width)) for width in _WINDOWS]) - noise
    part: Floats = band * (noise / (np.maximum(signal, 0) + noise))
    return part


def noise_image(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the residual's pixels, scaled to length 1: the product of two rows is the normalised correlation.

    Camera identification compares residuals so (Lukas et al. 2006). A residual of rounding alone is taken as nothing.
    """
    rows = noise_residual(images).reshape(len(images), -1)
    rows[np.abs(rows).max(axis=1) < 1e-6] = 0
    return unit_rows(rows)


def noise_columns(side: int) -> tuple[str, ...]:
    """Name the numbers: energy by place, power by frequency, correlation by lag (down, right), kurtosis."""
    places = range(_BLOCKS)
    energies = (f"energy-{y}-{x}" for y in places for x in places)
    lags = (f"correlation-{dy}-{dx}" for dy, dx in _LAGS)
    return (*energies, *ring_columns(side, _RINGS), *lags, "kurtosis")


def noise_statistics(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Summarise the residual on grey values 0..1: where it is, how fine, how connected, how sparse it is.

    Log mean square in 8 x 8 blocks (64 columns), log power of up to 16 rings of frequency and of the corners,
    Fisher's z of the correlation of pixels up to 2 apart (12 lags of a half plane), and the log kurtosis.
    """
    residual = np.ascontiguousarray(noise_residual(images)) / 255
    squares = np.square(residual)
    flat = squares.reshape(len(images), -1)
    second, fourth = flat.mean(axis=1), np.square(flat).mean(axis=1)
    found = [
        log_energy(block_means(squares, _BLOCKS)),
        log_energy(radial_power(residual, _RINGS)),
        correlation_z(_correlations(residual, second)),
        log_kurtosis(second, fourth)[:, np.newaxis],
    ]
    return np.concatenate(found, axis=1).astype(np.float32)


def _correlations(residual: Floats, second: Floats) -> Floats:
    """Give the mean products of pixels a lag apart over the mean square; rounding counts as noise that has none."""
    count, side = len(residual), residual.shape[1]
    found = []
    for dy, dx in _LAGS:
        first = residual[:, : side - dy, max(0, -dx) : side - max(0, dx)]
        other = residual[:, dy:, max(0, dx) : side + min(0, dx)]
        found.append((first * other).reshape(count, -1).mean(axis=1) / (second + ROUNDING))
    # A mean over fewer pixels may exceed the mean square by a little.
    clipped: Floats = np.clip(np.stack(found, axis=1), -1, 1)
    return clipped
