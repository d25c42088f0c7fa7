"""First-order statistics: what the histogram of grey values says, whatever stands where."""

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.handmade.scales import ROUNDING, log_energy, log_kurtosis, log_odds

__all__ = ["FIRST_ORDER", "first_order", "histograms"]

Floats = NDArray[np.float64]

_PERCENTILES = (10, 25, 50, 75, 90)
_FLOOR = 0.01
FIRST_ORDER = (
    "grey-mean",
    "grey-variance",
    "grey-skewness",
    "grey-kurtosis",
    "grey-entropy",
    "grey-uniformity",
    *(f"grey-percentile-{percent}" for percent in _PERCENTILES),
)
"""Names of the columns."""


def histograms(values: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """Count the values 0 .. count - 1 of each image: [b, count]."""
    flat = values.reshape(len(values), -1).astype(np.intp)
    flat += count * np.arange(len(values))[:, np.newaxis]
    return np.bincount(flat.ravel(), minlength=count * len(values)).reshape(-1, count)


def first_order(images: NDArray[np.uint8]) -> Floats:
    """Give the statistics [b, 11] of :data:`FIRST_ORDER`, of grey values 0..1.

    Names and definitions are those of the image biomarker standardisation initiative (Zwanenburg et al. 2020).
    Log variance and log kurtosis; skewness m3 / m2^1.5, with the variance of rounding added to m2; entropy and the log
    of uniformity (the sum of squared shares), in nats, over the 256 grey values; mean and percentiles as log odds.
    """
    counts = histograms(images, 256)
    shares = counts / counts.sum(axis=1, keepdims=True)
    grey = np.arange(256) / 255
    mean = (shares * grey).sum(axis=1)
    apart = grey - mean[:, np.newaxis]
    second, third, fourth = ((shares * apart**power).sum(axis=1) for power in (2, 3, 4))
    entropy = -(shares * np.log(np.where(counts > 0, shares, 1))).sum(axis=1)
    below = np.cumsum(counts, axis=1)
    wanted = [percent * below[:, -1:] / 100 for percent in _PERCENTILES]
    percentiles = [(below < least).sum(axis=1) / 255 for least in wanted]
    found = [
        log_odds(mean, _FLOOR),
        log_energy(second),
        third / (second + ROUNDING) ** 1.5,
        log_kurtosis(second, fourth),
        entropy,
        np.log(np.square(shares).sum(axis=1)),
        *(log_odds(percentile, _FLOOR) for percentile in percentiles),
    ]
    return np.stack(found, axis=1)
