"""Exact solution of the support vector machine's dual on a full grid, from its two Gram factors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ganprint.pairs.admm import alternating_directions
from ganprint.pairs.grid_problem import Array, GridProblem, optimality
from ganprint.pairs.proximal_newton import ProximalNewton
from ganprint.pairs.rank_one import generated_weights, rank_one

__all__ = ["ConvergenceError", "GridDual", "solve_grid_dual"]

_ADMM_ITERATIONS = 100


class ConvergenceError(RuntimeError):
    """The solver missed its tolerance within its iterations; no model is returned."""


@dataclass(frozen=True)
class GridDual:
    """A solution of the dual.

    Attributes
    ----------
    coefficients
        alpha * y [n_real, n_generated].
    intercept
        b of the decision function A b B + intercept.
    kkt_violation
        m(alpha) - M(alpha), libsvm's stopping quantity.
    duality_gap
        Primal minus dual objective value, divided by the larger of 1 and the primal one.
    iterations
        Newton steps of the exact finish; 0 when the rank-one solution was optimal.
    """

    coefficients: Array
    intercept: float
    kkt_violation: float
    duality_gap: float
    iterations: int


def solve_grid_dual(
    real_gram: NDArray[np.float64],
    generated_gram: NDArray[np.float64],
    used: NDArray[np.bool_],
    *,
    C: float = 1.0,
    tol: float = 1e-3,
    max_iter: int = 2000,
    weights: NDArray[np.float64] | None = None,
) -> GridDual:
    """Solve the dual on the grid with Gram matrix A x B (Kronecker product).

    Parameters
    ----------
    real_gram
        A [n_real, n_real]; a fold over real images is a row and column subset.
    generated_gram
        B [n_generated, n_generated].
    used
        Labels [n_real].
    C
        Upper bound of every alpha.
    tol
        Largest KKT violation m(alpha) - M(alpha).
    max_iter
        Largest number of Newton steps.
    weights
        ``generated_weights(generated_gram)`` when it was computed before.

    Raises
    ------
    ConvergenceError
        When ``max_iter`` steps do not reach ``tol``.
    ValueError
        When one class is missing.
    """
    used = np.asarray(used, dtype=bool)
    if used.all() or not used.any():
        raise ValueError("both classes have to occur among the real images")
    problem = GridProblem.build(real_gram, generated_gram, used, C)
    # The products are small: threads would wait for each other more than they work, on a shared machine above all.
    with threadpool_limits(1, user_api="blas"):
        b = rank_one(problem, generated_weights(generated_gram) if weights is None else weights, C)
        steps = 0
        if not _optimal(problem, b, problem.product(b), tol):
            b, steps = _general(problem, b, tol, max_iter)
        return _checked(problem, b, problem.product(b), tol, steps)


def _optimal(problem: GridProblem, b: Array, product: Array, tol: float) -> bool:
    feasible = abs(float(b.sum())) <= 1e-9 * float(np.abs(b).sum())
    return feasible and problem.violation(b, product) <= tol


def _general(problem: GridProblem, start: Array, tol: float, max_iter: int) -> tuple[Array, int]:
    """Solve on the generated columns in use, and take in those that then violate optimality, until none does."""
    b = alternating_directions(problem, start, _ADMM_ITERATIONS)
    kept = np.any(b != 0, axis=0)
    steps = 0
    while True:
        columns = np.flatnonzero(kept)
        solver = ProximalNewton(problem.columns(columns), tol / 2, max_iter - steps)
        part = solver.solve(b[:, columns])
        steps += solver.steps
        b = np.zeros(problem.shape)
        b[:, columns] = part
        product = problem.real_gram @ part @ problem.generated_gram[columns]
        if steps >= max_iter or problem.violation(b, product) <= tol:
            return b, steps
        kept = _with_violators(problem, b, product, kept, tol)


def _with_violators(
    problem: GridProblem, b: Array, product: Array, kept: NDArray[np.bool_], tol: float
) -> NDArray[np.bool_]:
    columns = np.flatnonzero(kept)
    middle = sum(optimality(problem, b[:, columns], product[:, columns])) / 2
    slack = problem.signs - product - middle
    grow, shrink = (b < problem.upper) & (slack > tol / 4), (b > problem.lower) & (slack < -tol / 4)
    return np.asarray(kept | np.any(grow | shrink, axis=0))


def _checked(problem: GridProblem, b: Array, product: Array, tol: float, steps: int) -> GridDual:
    violation = problem.violation(b, product)
    if not _optimal(problem, b, product, tol):
        raise ConvergenceError(
            f"the grid's dual has a KKT violation of {violation:.2g} after {steps} Newton steps, more than tol "
            f"{tol:g}: raise max_iter or tol, or lower C"
        )
    intercept = _intercept(problem, b, product)
    gap = problem.gap(b, product, intercept)
    primal = gap + float(np.vdot(b, np.broadcast_to(problem.signs, b.shape))) - float(np.vdot(b, product)) / 2
    return GridDual(b, intercept, violation, gap / max(1.0, primal), steps)


def _intercept(problem: GridProblem, b: Array, product: Array) -> float:
    """By libsvm's rule: the mean over free support vectors, or the middle of the interval that optimality leaves."""
    free = (b > problem.lower) & (b < problem.upper)
    if free.any():
        return float((problem.signs - product)[free].mean())
    return sum(optimality(problem, b, product)) / 2
