"""Proximal points with a semismooth Newton method: the exact finish of the grid's dual.

Each proximal step minimises the dual plus ||b - centre||^2 / (2 sigma). Its optimality condition
b = project(centre + sigma (Y - A b B)) is solved by Newton's method on a convex merit function: variables outside the
box are put at their bounds and the rest solves (K_FF + I / sigma) e = r with sum(e) given, by conjugate gradients with
the Kronecker product as K (Li, Sun & Toh 2018 for the method).
"""

from dataclasses import dataclass, field

import numpy as np

from ganprint.pairs.free_system import FreeSystems
from ganprint.pairs.grid_problem import Array, GridProblem, project

__all__ = ["ProximalNewton"]

_NEWTON_STEPS = 25


@dataclass
class ProximalNewton:
    """State of one solve on a grid.

    Attributes
    ----------
    problem
        The grid's dual.
    tol
        Largest KKT violation of the result.
    budget
        Largest number of Newton steps in all.
    steps
        Newton steps so far.
    """

    problem: GridProblem
    tol: float
    budget: int
    steps: int = 0
    systems: FreeSystems = field(init=False)

    def __post_init__(self) -> None:
        self.systems = FreeSystems(self.problem)

    def solve(self, start: Array, sigma: float = 3.0) -> Array:
        """Give a feasible array whose KKT violation is at most ``tol``, or the best found within the budget."""
        centre, product = start, self.problem.product(start)
        violation = self.problem.violation(centre, product)
        while violation > self.tol and self.steps < self.budget:
            before = self.steps
            centre, product, settled = self._proximal_step(centre, product, sigma)
            violation = self.problem.violation(centre, product)
            taken = self.steps - before
            if not settled:
                sigma *= 0.3
            elif taken <= 8:
                sigma *= 3.0
        return centre

    def _proximal_step(self, centre: Array, product: Array, sigma: float) -> tuple[Array, Array, bool]:
        """Solve one proximal subproblem; give the new centre, its product and whether it was solved."""
        problem = self.problem
        free = ((centre > problem.lower) & (centre < problem.upper)).astype(np.float64)
        # Predictor: keep the bounds of the centre and solve for the rest.
        v = centre + self.systems.solve(
            free, free * (problem.signs - product), 0.0, sigma=sigma, accuracy=1e-2, floor=1e-3 * self.tol
        )
        kv = problem.product(v)
        shift, accuracy = 0.0, 1e-3
        for _ in range(_NEWTON_STEPS):
            target = centre + sigma * (problem.signs - kv)
            shift, inside = project(target, problem.lower, problem.upper, shift)
            moved = target - shift
            free = ((moved > problem.lower) & (moved < problem.upper)).astype(np.float64)
            step, slope = self._direction(v, kv, inside, free, sigma=sigma, accuracy=accuracy)
            k_step = problem.product(step)
            self.steps += 1
            length = self._line_search(v, kv, step, k_step, slope=slope, centre=centre, sigma=sigma)
            if length < 1e-2:
                accuracy = max(accuracy * 0.03, 1e-9)
            v, kv = v + length * step, kv + length * k_step
            candidate, k_candidate = self._candidate(v, inside, free)
            if self._settled(candidate, k_candidate, centre, sigma):
                return candidate, k_candidate, True
            if self.steps >= self.budget:
                break
        return candidate, k_candidate, False

    def _candidate(self, v: Array, inside: Array, free: Array) -> tuple[Array, Array]:
        """Put bound variables exactly at their bounds and clip the free ones, with sum zero."""
        lower = np.where(free > 0, self.problem.lower, inside)
        upper = np.where(free > 0, self.problem.upper, inside)
        candidate = project(v, lower, upper)[1]
        return candidate, self.problem.product(candidate)

    def _settled(self, candidate: Array, product: Array, centre: Array, sigma: float) -> bool:
        if self.problem.violation(candidate, product) <= self.tol:
            return True
        pull = (candidate - centre) / sigma
        inner = self.problem.violation(candidate, product + pull)
        return inner <= 0.3 * max(self.tol, float(np.abs(pull).max()))

    def _direction(
        self, v: Array, kv: Array, inside: Array, free: Array, *, sigma: float, accuracy: float
    ) -> tuple[Array, float]:
        """Newton direction of the merit function at v, and its slope."""
        residual = v - inside
        bound = (1 - free) * residual
        right = free * (self.problem.product(bound) - residual / sigma)
        total = -float(np.vdot(free, v)) - float(np.vdot(1 - free, inside))
        step = self.systems.solve(free, right, total, sigma=sigma, accuracy=accuracy, floor=1e-3 * self.tol) - bound
        return step, float(np.vdot(kv - self.problem.product(inside), step))

    def _line_search(
        self, v: Array, kv: Array, step: Array, k_step: Array, *, slope: float, centre: Array, sigma: float
    ) -> float:
        """Backtrack until the merit function falls enough (Armijo)."""

        def merit(length: float) -> float:
            value, product = v + length * step, kv + length * k_step
            target = centre + sigma * (self.problem.signs - product)
            inside = project(target, self.problem.lower, self.problem.upper)[1]
            envelope = float(np.vdot(inside, target)) - float(np.vdot(inside, inside)) / 2
            return float(np.vdot(value, product)) / 2 + envelope / sigma

        start, length = merit(0.0), 1.0
        while length > 1e-3 and merit(length) > start + 1e-4 * length * slope + 1e-12 * abs(start):
            length /= 2
        return length
