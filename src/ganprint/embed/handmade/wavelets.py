"""Wavelet sub-bands: how strong and how sparse an image's detail is, by fineness and direction."""

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.handmade.scales import grey_values, log_energy, log_kurtosis

__all__ = ["wavelet_columns", "wavelet_levels", "wavelets"]

Floats = NDArray[np.float64]

_WAVELET, _TAPS, _MOST_LEVELS = "sym4", 8, 5
_DIRECTIONS = ("horizontal", "vertical", "diagonal")


def wavelet_levels(side: int) -> int:
    """Give the number of levels: up to 5, as long as the filter fits into the image (PyWavelets' rule)."""
    return min(_MOST_LEVELS, int(np.log2(side / (_TAPS - 1))))


def wavelet_columns(side: int) -> tuple[str, ...]:
    """Name the numbers by level, 1 the finest, direction of the edges, and what is measured."""
    levels = range(wavelet_levels(side), 0, -1)
    bands = [f"level-{level}-{direction}" for level in levels for direction in _DIRECTIONS]
    detail = [f"{band}-{what}" for band in bands for what in ("energy", "kurtosis")]
    return ("rest-mean", "rest-energy", *detail)


def wavelets(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give log energy and log kurtosis of every detail sub-band, and mean and log energy of what is left.

    An orthonormal transform (Daubechies' least asymmetric wavelet of 8 taps, taken as periodic), so a sub-band's
    mean square is the image's variance in it, on grey values 0..1, and white noise has the same in all. The kurtosis
    m4 / m2^2 of coefficients tells sparse edges (far above 3) from noise (3) (Mallat 1989, Simoncelli 1997). Energies
    are in nats; an image without detail has the energy of rounding and the kurtosis 3.

    Returns
    -------
    float32 [b, 2 + 6 levels], columns :func:`wavelet_columns`.
    """
    import pywt  # noqa: PLC0415  (loads slowly; other embeddings do without)

    values = grey_values(images)
    level = wavelet_levels(images.shape[1])
    rest, *details = pywt.wavedec2(values, _WAVELET, mode="periodization", level=level, axes=(1, 2))
    rest = rest.reshape(len(images), -1) / 2**level
    mean = rest.mean(axis=1)
    found = [mean, log_energy(np.square(rest - mean[:, np.newaxis]).mean(axis=1))]
    for bands in details:
        for band in bands:
            squares = np.square(band.reshape(len(images), -1))
            second, fourth = squares.mean(axis=1), np.square(squares).mean(axis=1)
            found += [log_energy(second), log_kurtosis(second, fourth)]
    return np.stack(found, axis=1).astype(np.float32)
