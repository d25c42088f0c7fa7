"""Alternating directions on the grid's dual: a few cheap steps that find roughly which variables lie at a bound.

(A x B + rho I) is solved with one eigendecomposition of A and one of B; box and hyperplane are projected onto together.
"""

import numpy as np
from scipy.linalg import eigh

from ganprint.pairs.grid_problem import Array, GridProblem, optimality, project

__all__ = ["alternating_directions"]

_RELAXATION = 1.6
_BALANCE_EVERY = 20


def alternating_directions(problem: GridProblem, start: Array, iterations: int) -> Array:
    """Give a feasible array [n_real, n_generated] nearer to the solution than ``start``.

    Over-relaxed by 1.6; the penalty rho is balanced every 20 iterations by the relative residuals (Boyd et al. 2011,
    section 3.4.1).
    """
    real_values, real_vectors = eigh(problem.real_gram)
    generated_values, generated_vectors = eigh(problem.generated_gram)
    spectrum = np.outer(np.maximum(real_values, 0), np.maximum(generated_values, 0))
    product = problem.product(start)
    z, multiplier = start, problem.signs - product - np.mean(optimality(problem, start, product))
    rho, shift = 1.0, 0.0
    for iteration in range(1, iterations + 1):
        right = problem.signs - multiplier + rho * z
        x = real_vectors @ ((real_vectors.T @ right @ generated_vectors) / (spectrum + rho)) @ generated_vectors.T
        relaxed = _RELAXATION * x + (1 - _RELAXATION) * z
        previous = z
        shift, z = project(relaxed + multiplier / rho, problem.lower, problem.upper, shift)
        multiplier = multiplier + rho * (relaxed - z)
        if iteration % _BALANCE_EVERY == 0:
            primal = _norm(x - z) / max(_norm(z), 1e-300)
            dual = rho * _norm(z - previous) / max(_norm(multiplier), 1e-300)
            ratio = (primal / max(dual, 1e-300)) ** 0.5
            if not 0.5 <= ratio <= 2:
                rho, shift = rho * min(max(ratio, 0.1), 10.0), 0.0
    return z


def _norm(x: Array) -> float:
    return float(np.linalg.norm(x))
