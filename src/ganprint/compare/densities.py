"""Logarithms of densities in a few dimensions, estimated from samples that may come in blocks."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from ganprint.pairs import EuclideanDistances, neighbourhood, squared_distances
from ganprint.pairs.blocks import GeneratedRows, row_blocks

__all__ = ["FLOOR", "kernel_log_density", "neighbour_log_density"]

Floats = NDArray[np.float64]

FLOOR = 1e-3
"""The smallest length that is told from 0, in the unit of the coordinates: no sample is denser than that."""


def kernel_log_density(points: Floats, samples: GeneratedRows, *, block: int = 1024) -> Floats:
    """Give log p of points [n, c] by Gaussian kernels at samples [m, c].

    p(x) = mean_g N(x; g, h^2 C), C the covariance of the samples, h = m^(-1 / (c + 4)) (Scott 1992): scipy's
    ``gaussian_kde``, but in logarithms all the way, so that a point far from every sample has a density, and in
    blocks. Variances of C under FLOOR^2 are set to it: samples may be equal, or fewer than dimensions.

    Cost: n m c, three passes. Memory: n x block.

    Raises
    ------
    ValueError
        When there is no sample.
    """
    mean, covariance, count = _moments(samples, points.shape[1], block)
    variances, axes = np.linalg.eigh(covariance)
    deviations = np.sqrt(np.maximum(variances, FLOOR**2)) * count ** (-1 / (points.shape[1] + 4))
    whitened = (points - mean) @ axes / deviations
    total = np.full(len(points), -np.inf)
    for piece in row_blocks(samples, block):
        exponents = -squared_distances(whitened, (piece - mean) @ axes / deviations) / 2
        total = np.logaddexp(total, logsumexp(exponents, axis=1))
    constant = np.log(deviations).sum() + points.shape[1] / 2 * np.log(2 * np.pi)
    found: Floats = total - np.log(count) - constant
    return found


def neighbour_log_density(points: Floats, samples: GeneratedRows, k: int, *, block: int = 1024) -> Floats:
    """Give log p of points [n, c] by the distance to the k-th nearest of samples [m, c].

    p(x) = k / (m V r_k^c), V the volume of the unit ball (Loftsgaarden and Quesenberry 1965). Distances under FLOOR are
    set to it: k copies of x have a density. With fewer than k samples, k is their number.

    Cost: n m c, one pass. Memory: n (k + block).

    Raises
    ------
    ValueError
        When there is no sample.
    """
    found = neighbourhood(EuclideanDistances(points), samples, k, block=block)
    count, width = len(found.best_real), points.shape[1]
    ball = width / 2 * np.log(np.pi) - gammaln(width / 2 + 1)
    radii = np.maximum(found.distances[:, -1], FLOOR)
    density: Floats = np.log(found.k / count) - ball - width * np.log(radii)
    return density


def _moments(samples: GeneratedRows, width: int, block: int) -> tuple[Floats, Floats, int]:
    total, count = np.zeros(width), 0
    for piece in row_blocks(samples, block):
        total += piece.sum(axis=0)
        count += len(piece)
    if not count:
        raise ValueError("there is no sample")
    mean, scatter = total / count, np.zeros((width, width))
    for piece in row_blocks(samples, block):
        scatter += (piece - mean).T @ (piece - mean)
    return mean, scatter / max(count - 1, 1), count
