"""Arithmetic on what the authors' code does with numbers, for which no image and no training is needed.

The loss of run 1 sees a softmax of the scores across the batch of pairs; the "AUC" that watches its training is the
area under the points (prediction, label); the "eigenvalue analysis" of run 3 is a squared norm.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from scipy.stats import binom

__all__ = ["BatchFloors", "batch_floors", "batch_loss", "largest_eigenvalue_gap"]

Floats = NDArray[np.float64]

# Scores that are not bounded by a sigmoid: exp(-40) is nothing beside 1.
_UNBOUNDED = 40.0
_STARTS = 3


@dataclass(frozen=True)
class BatchFloors:
    """Least loss of a batch by its number of pairs of used images, k = 0 ... size.

    Attributes
    ----------
    free
        [size + 1], of a softmax over any scores.
    sigmoid
        [size + 1], of a softmax over scores in [0, 1], which the network's sigmoid gives: two shares then differ at
        most by the factor e.
    constant
        [size + 1], loss of a network that gives every pair the same score.
    mean_free, mean_sigmoid, mean_constant
        Means over batches drawn from a balanced set, k being Binomial(size, 1/2).
    coin
        ln 2: loss of the answer 1/2 to every pair without the softmax.
    """

    free: tuple[float, ...]
    sigmoid: tuple[float, ...]
    constant: tuple[float, ...]
    mean_free: float
    mean_sigmoid: float
    mean_constant: float
    coin: float


def batch_loss(scores: Floats, used: NDArray[np.bool_]) -> float:
    """Give the binary cross-entropy of a softmax across the batch, averaged over its pairs.

    Parameters
    ----------
    scores
        [size], what the softmax is taken of.
    used
        [size], whether the pair's real image is used.
    """
    logs = log_softmax(scores)
    # ln(1 - p) without the loss of digits when p is close to 1.
    others = np.log(np.maximum(-np.expm1(logs), np.finfo(np.float64).tiny))
    return float(-np.mean(np.where(used, logs, others)))


@cache
def batch_floors(size: int = 8) -> BatchFloors:
    """Give the least losses of batches of ``size`` pairs, found by minimisation from several starts."""
    free = tuple(_floor(k, size, _UNBOUNDED) for k in range(size + 1))
    sigmoid = tuple(_floor(k, size, 1.0) for k in range(size + 1))
    constant = tuple(batch_loss(np.zeros(size), np.arange(size) < k) for k in range(size + 1))
    weights = binom.pmf(np.arange(size + 1), size, 0.5)
    mean_free, mean_sigmoid, mean_constant = (float(weights @ floors) for floors in (free, sigmoid, constant))
    return BatchFloors(free, sigmoid, constant, mean_free, mean_sigmoid, mean_constant, math.log(2))


def _floor(used: int, size: int, largest: float) -> float:
    """Minimise over scores in [0, largest]^size."""
    labels = np.arange(size) < used
    rng = np.random.default_rng(0)  # fixed: starting points, not a result
    starts = [labels * largest, np.full(size, largest / 2), *rng.uniform(0, largest, (_STARTS, size))]
    losses = [batch_loss(starts[0], labels)]
    for start in starts:
        solved = minimize(batch_loss, start, (labels,), "L-BFGS-B", _slope, bounds=[(0.0, largest)] * size)
        losses.append(float(solved.fun))
    return min(losses) + 0.0  # no negative zero


def _slope(scores: Floats, used: NDArray[np.bool_]) -> Floats:
    """Derivative of :func:`batch_loss` by the scores."""
    logs = log_softmax(scores)
    shares, others = np.exp(logs), np.maximum(-np.expm1(logs), np.finfo(np.float64).tiny)
    odds = np.where(used, 0.0, shares / others)
    slope: Floats = -(used - used.sum() * shares - odds + shares * odds.sum()) / len(scores)
    return slope


def largest_eigenvalue_gap(vector: Floats) -> float:
    """Give how far the largest eigenvalue of x x' lies from the squared length of x, relative to it."""
    squared = float(vector @ vector)
    return abs(float(np.linalg.eigvalsh(np.outer(vector, vector))[-1]) - squared) / squared
