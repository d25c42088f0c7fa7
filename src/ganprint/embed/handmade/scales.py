"""Scales on which hand-made numbers compare: logarithms, log odds and Fisher's z, each finite on any image.

No column is divided by a deviation that would have to be learned from images. Energies, shares and correlations
are brought to one kind of unit instead, natural logarithms of ratios, in which slices differ by some tenths to a few.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ROUNDING",
    "block_means",
    "correlation_z",
    "grey_values",
    "log_energy",
    "log_kurtosis",
    "log_odds",
    "log_share",
]

Floats = NDArray[np.float64]

ROUNDING = 1 / 12 / 255**2
"""Variance of the error of rounding to 8 bits, on grey values 0..1: the energy below which no image says anything."""


def grey_values(images: NDArray[np.uint8]) -> Floats:
    """Give grey values 0..1 in float64."""
    values: Floats = images.astype(np.float64) / 255
    return values


def log_energy(mean_squares: Floats) -> Floats:
    """Give log(mean square + ROUNDING) in nats: a doubled amplitude adds 1.39, and nothing falls below -13.6."""
    logs: Floats = np.log(mean_squares + ROUNDING)
    return logs


def log_kurtosis(second: Floats, fourth: Floats) -> Floats:
    """Give the log of m4 / m2^2 of values with independent Gaussian noise of variance ROUNDING added.

    With q that variance: (m4 + 6 m2 q + 3 q^2) / (m2 + q)^2. Values that do not vary are as Gaussian noise: log 3.

    Parameters
    ----------
    second, fourth
        Mean square and mean fourth power of values on the scale 0..1.

    Examples
    --------
    >>> round(float(np.exp(log_kurtosis(np.array(0.0), np.array(0.0)))), 9)
    3.0
    """
    q = ROUNDING
    logs: Floats = np.log(fourth + 6 * second * q + 3 * q**2) - 2 * np.log(second + q)
    return logs


def log_odds(shares: Floats, floor: float) -> Floats:
    """Give log((p + floor) / (1 - p + floor)) of shares p in [0, 1]."""
    odds: Floats = np.log(shares + floor) - np.log(1 - shares + floor)
    return odds


def log_share(counts: NDArray[Any]) -> Floats:
    """Give log((k + 1/2) / (n + K/2)) of counts k [..., K] with sum n: no cell is empty (Jeffreys' prior)."""
    padded = counts + 0.5
    shares: Floats = np.log(padded) - np.log(padded.sum(axis=-1, keepdims=True))
    return shares


def correlation_z(correlations: Floats, floor: float = 1e-3) -> Floats:
    """Give Fisher's z, the inverse hyperbolic tangent of a correlation, with 1 brought to log(2 / floor) / 2."""
    return log_odds((1 + correlations) / 2, floor / 2) / 2


def block_means(values: Floats, count: int) -> Floats:
    """Give the means [b, count * count] of blocks of images [b, side, side], row by row, as even as the side allows.

    Examples
    --------
    >>> block_means(np.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[2.5, 4.5, 10.5, 12.5]]
    """
    side = values.shape[1]
    edges = np.arange(count) * side // count
    sums = np.add.reduceat(np.add.reduceat(values, edges, axis=1), edges, axis=2)
    widths = np.diff(edges, append=side)
    means: Floats = (sums / np.outer(widths, widths)).reshape(len(values), count * count)
    return means
