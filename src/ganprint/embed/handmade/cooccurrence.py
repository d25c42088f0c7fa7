"""Grey-level co-occurrence: which grey values stand at a distance from which (Haralick et al. 1973)."""

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.handmade.scales import correlation_z, log_odds

__all__ = ["COOCCURRENCE", "DISTANCES", "LEVELS", "cooccurrence", "cooccurrence_features", "cooccurrence_matrices"]

Floats = NDArray[np.float64]

LEVELS = 32
"""Grey levels: bins of 8 of the 256 values, the same for every image."""
DISTANCES = (1, 2, 4)
"""Pixels between the two of a pair, along rows and columns."""
_DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1))
_MEASURES = ("contrast", "dissimilarity", "homogeneity", "uniformity", "entropy", "correlation")
COOCCURRENCE = tuple(f"pairs-{distance}-{measure}" for distance in DISTANCES for measure in _MEASURES)
"""Names of the columns."""


def cooccurrence_matrices(images: NDArray[np.uint8]) -> Floats:
    """Give the symmetric matrices [b, distances, LEVELS, LEVELS] of shares of pairs, all four directions together.

    A pair in a diagonal direction is ``distance`` apart along both axes. Together, the directions are blind to mirror
    images and quarter turns.
    """
    levels = (images // (256 // LEVELS)).astype(np.intp)
    count, side = len(levels), images.shape[1]
    own = (np.arange(count) * LEVELS**2)[:, np.newaxis, np.newaxis]
    found = []
    for distance in DISTANCES:
        sums = np.zeros((count, LEVELS, LEVELS))
        for dy, dx in ((distance * y, distance * x) for y, x in _DIRECTIONS):
            first = levels[:, : side - dy, max(0, -dx) : side - max(0, dx)]
            other = levels[:, dy:, max(0, dx) : side + min(0, dx)]
            places = (first * LEVELS + other + own).ravel()
            sums += np.bincount(places, minlength=sums.size).reshape(sums.shape)
        sums += sums.transpose(0, 2, 1)
        found.append(sums / sums.sum(axis=(1, 2), keepdims=True))
    return np.stack(found, axis=1)


def cooccurrence_features(matrices: Floats) -> Floats:
    """Give contrast, dissimilarity, homogeneity, uniformity, entropy and correlation of symmetric matrices.

    With p_ij the shares: sum p (i - j)^2, sum p |i - j|, sum p / (1 + (i - j)^2), sum p^2 (the angular second moment),
    -sum p log p in nats, and the correlation of i and j; it is 1 where no level but one occurs. Levels count from 0.

    Parameters
    ----------
    matrices
        [..., LEVELS, LEVELS].

    Returns
    -------
    [..., 6].
    """
    shares = matrices.reshape(*matrices.shape[:-2], -1)
    i, j = (place.ravel().astype(np.float64) for place in np.indices((LEVELS, LEVELS)))

    def mean(weights: Floats) -> Floats:
        total: Floats = (shares * weights).sum(axis=-1)
        return total

    centre = mean(i)
    variance = mean(i * i) - centre**2
    even = variance < 1e-9
    correlation = np.where(even, 1.0, (mean(i * j) - centre**2) / np.where(even, 1.0, variance))
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=-1)
    apart = np.abs(i - j)
    uniformity = np.square(shares).sum(axis=-1)
    found = [mean(apart**2), mean(apart), mean(1 / (1 + apart**2)), uniformity, entropy, correlation]
    return np.stack(found, axis=-1)


def cooccurrence(images: NDArray[np.uint8]) -> Floats:
    """Give the features of all distances [b, 18], named :data:`COOCCURRENCE`.

    Contrast, dissimilarity and uniformity as logs, homogeneity as log odds, entropy in nats, the correlation as
    Fisher's z.
    """
    features = cooccurrence_features(cooccurrence_matrices(images))
    contrast, dissimilarity, homogeneity, uniformity, entropy, correlation = np.moveaxis(features, -1, 0)
    scaled = [
        np.log(contrast + _FLOOR),
        np.log(dissimilarity + _FLOOR),
        log_odds(homogeneity, _FLOOR),
        np.log(uniformity),
        entropy,
        correlation_z(np.clip(correlation, -1, 1)),
    ]
    return np.stack(scaled, axis=-1).reshape(len(images), -1)


_FLOOR = 1e-3
