"""Weights of a combination: a penalised logistic regression that can not turn an attack around, and its calibration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["Calibration", "calibrated", "learned_weights"]

Floats = NDArray[np.float64]

# Keeps weights finite where the classes can be divided without an error.
_RIDGE = 1e-2
# An attack's direction is known, so a falling calibration is chance: then the probability hardly depends on the score.
_LEAST_SLOPE = 1e-3


@dataclass(frozen=True)
class Calibration:
    """Probability of "used" as 1 / (1 + exp(-(slope z + intercept))); the slope is above 0."""

    slope: float
    intercept: float

    def __call__(self, values: Floats) -> Floats:
        """Give the probabilities of combined scores [n]."""
        found: Floats = expit(self.slope * values + self.intercept)
        return found


def learned_weights(scores: Floats, used: NDArray[np.int8], strength: float) -> Floats:
    """Give weights [a] >= 0 with sum 1 of standardised scores [n, a].

    Minimises the mean logistic loss + strength / 2 ||w - mean(w)||^2 + 0.005 ||w||^2 under w >= 0 by L-BFGS-B. The
    penalty pulls towards equal weights, not towards none: with few labels the answer is that of all attacks together.
    All weights are equal when no attack says anything about the labels.

    Examples
    --------
    >>> scores = np.array([[0.0, 1.0], [0.1, 0.0], [2.0, 0.9], [1.8, 0.1]])
    >>> learned_weights(scores, np.array([0, 0, 1, 1], dtype=np.int8), 0.01).round(2).tolist()
    [0.84, 0.16]
    """
    count = scores.shape[1]
    signs = np.where(used == 1, 1.0, -1.0)

    def loss(values: Floats) -> tuple[float, Floats]:
        weights, bias = values[:count], values[count]
        margins = signs * (scores @ weights + bias)
        pull = weights - weights.mean()
        slopes = -signs * expit(-margins) / len(signs)
        cost = np.logaddexp(0, -margins).mean() + strength / 2 * pull @ pull + _RIDGE / 2 * weights @ weights
        return float(cost), np.append(scores.T @ slopes + strength * pull + _RIDGE * weights, slopes.sum())

    start = np.append(np.full(count, 1.0 / count), 0.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * count + [(None, None)])
    weights: Floats = found.x[:count]
    total = weights.sum()
    return weights / total if total > 1e-6 else np.full(count, 1.0 / count)


def calibrated(values: Floats, used: NDArray[np.int8]) -> Calibration:
    """Fit the probability of "used" to combined scores [n] of images that had no part in the weights.

    Platt (1999, "Probabilistic outputs for support vector machines"), with his smoothed targets; the slope is bounded
    below by 0.001.
    """
    used_count = int((used == 1).sum())
    high, low = (used_count + 1) / (used_count + 2), 1 / (len(used) - used_count + 2)
    targets = np.where(used == 1, high, low)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logits = parameters[0] * values + parameters[1]
        residuals = (expit(logits) - targets) / len(targets)
        cost = (np.logaddexp(0, logits) - targets * logits).mean()
        return float(cost), np.array([residuals @ values, residuals.sum()])

    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(_LEAST_SLOPE, None), (None, None)]
    )
    return Calibration(float(found.x[0]), float(found.x[1]))
