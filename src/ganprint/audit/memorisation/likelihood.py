"""Generalisation gap of the feature likelihood divergence (Jiralerspong et al. 2023, NeurIPS).

A mixture of Gaussians has its means at the generated rows and one variance each, fitted to the used rows by maximum
likelihood. FLD of a set is 100 / d times its mean negative log-likelihood, less a constant; the gap is that of the used
rows less that of held-out rows. Below 0 the used rows are likelier: generated rows sit on them.

Conventions: features are standardised by the mean and deviation of *all* real rows, so that the scale does not depend
on membership (the authors' code takes those of the held-out rows). Variances start from the nearest used row, as there,
and are fitted by expectation-maximisation (there by 50 steps of Adam, with a background component during the fit); none
falls below 1e-3 / d, the constant of the start, so that copies give a large gap and not an infinite one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.memorisation.distances import close_squares

__all__ = ["fld_gap", "standardised_squares"]

_LEAST = 1e-3
_STEPS = 30
_CONVERGED = 1e-3


def standardised_squares(real: NDArray[Any], generated: NDArray[Any]) -> tuple[NDArray[np.float64], int]:
    """Give squared distances [R, m] of standardised rows, and the number of features that vary."""
    rows = np.asarray(real, dtype=np.float64)
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    vary = scale > 1e-12 * max(1.0, float(np.abs(rows).max(initial=0)))
    if not vary.any():
        return np.zeros((len(rows), len(generated))), 0
    scaled = [(np.asarray(part, dtype=np.float64) - centre)[:, vary] / scale[vary] for part in (rows, generated)]
    return close_squares(*scaled), int(vary.sum())


def fld_gap(used: NDArray[np.float64], held_out: NDArray[np.float64], features: int) -> float:
    """Give FLD of the used rows minus FLD of the held-out rows.

    Parameters
    ----------
    used, held_out
        Squared distances [n, m] and [h, m] to the generated rows, in standardised features.
    features
        Their number d.
    """
    variances = (used.min(axis=0) + _LEAST) / features
    for _ in range(_STEPS):
        weights = _log_terms(used, variances, features)
        weights -= weights.max(axis=1, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=1, keepdims=True)
        total = weights.sum(axis=0)
        fitted = np.einsum("ij,ij->j", weights, used) / np.maximum(total, 1e-12) / features
        # A component that explains no used row keeps its start: its fit would be a quotient of roundings.
        before, variances = variances, np.where(total > 1e-9, np.maximum(fitted, _LEAST / features), variances)
        if np.allclose(before, variances, rtol=_CONVERGED, atol=0):
            break
    losses = [-_log_mean(_log_terms(part, variances, features)).mean() for part in (used, held_out)]
    return float(100 / features * (losses[0] - losses[1]))


def _log_terms(squares: NDArray[np.float64], variances: NDArray[np.float64], features: int) -> NDArray[np.float64]:
    return np.asarray(squares * (-0.5 / variances) - features / 2 * np.log(variances))


def _log_mean(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give log of the mean of the exponentials, by row; constants common to all rows are left out."""
    most = terms.max(axis=1, keepdims=True)
    return np.asarray(most[:, 0] + np.log(np.exp(terms - most).mean(axis=1)))
