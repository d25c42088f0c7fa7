"""The linear system of a Newton step on the free variables of a grid: (K_FF + I / sigma) e + beta 1 = r, sum(e) = s.

K = A x B is applied as a Kronecker product. Conjugate gradients run in the hyperplane; when plain ones are slow, as
they are on correlated features, they go on with a preconditioner made of the leading eigenvectors of K.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ganprint.pairs.grid_problem import Array, GridProblem
from ganprint.pairs.preconditioner import LeadingSpectrum

__all__ = ["FreeSystems"]

_PLAIN_PRODUCTS = 15
_MOST_PRODUCTS = 500
_RANK = 256

Map = Callable[[Array], Array]


@dataclass(frozen=True)
class _Operator:
    """K_FF + I / sigma within the hyperplane of arrays on F with sum zero."""

    problem: GridProblem
    free: Array
    sigma: float

    @cached_property
    def count(self) -> float:
        return max(float(self.free.sum()), 1.0)

    def full(self, x: Array) -> Array:
        return self.free * self.problem.product(x) + x / self.sigma

    def centred(self, x: Array) -> Array:
        return self.free * (x - float(np.vdot(self.free, x)) / self.count)

    def __call__(self, x: Array) -> Array:
        return self.centred(self.full(x))


@dataclass
class FreeSystems:
    """Solver for the systems of one grid.

    Attributes
    ----------
    problem
        The grid's dual.
    products
        Conjugate-gradient products so far.
    """

    problem: GridProblem
    products: int = 0

    def solve(self, free: Array, right: Array, total: float, *, sigma: float, accuracy: float, floor: float) -> Array:
        """Solve one system.

        Parameters
        ----------
        free
            Mask of the free variables, 1 or 0 [n_real, n_generated].
        right
            r, zero outside the mask.
        total
            s, the sum of the solution.
        sigma
            Proximal parameter.
        accuracy, floor
            Largest absolute residual allowed: relative to the one at the start, but no smaller than ``floor``.
        """
        operator = _Operator(self.problem, free, sigma)
        offset = free * (total / operator.count)
        residual = operator.centred(right - operator.full(offset))
        goal = max(floor, accuracy * float(np.abs(residual).max()))
        state = _State(np.zeros_like(residual), residual, goal)
        self.products += state.advance(operator, operator.centred, _PLAIN_PRODUCTS)
        if not state.reached:
            self.products += state.advance(operator, self._constrained_inverse(free, sigma), _MOST_PRODUCTS)
        return offset + state.solution

    @cached_property
    def _spectrum(self) -> LeadingSpectrum:
        return LeadingSpectrum.of(self.problem, min(_RANK, self.problem.shape[0] * self.problem.shape[1] - 1))

    def _constrained_inverse(self, free: Array, sigma: float) -> Map:
        """The preconditioner followed by the projection, in its own metric, onto sum zero."""
        inverse = self._spectrum.inverse(free, sigma)
        along = inverse(free)
        weight = float(along.sum())

        def constrained(x: Array) -> Array:
            moved = inverse(x)
            return moved - along * (float(moved.sum()) / weight)

        return constrained


@dataclass
class _State:
    """A solution under way and its residual, changed in place."""

    solution: Array
    residual: Array
    goal: float

    @property
    def reached(self) -> bool:
        return float(np.abs(self.residual).max()) <= self.goal

    def advance(self, operator: Map, inverse: Map, most: int) -> int:
        """Run preconditioned conjugate gradients until the goal or ``most`` products; give the number of products."""
        direction = inverse(self.residual)
        square = float(np.vdot(self.residual, direction))
        for count in range(most):
            if self.reached:
                return count
            image = operator(direction)
            length = square / float(np.vdot(direction, image))
            self.solution += length * direction
            self.residual -= length * image
            moved = inverse(self.residual)
            previous, square = square, float(np.vdot(self.residual, moved))
            direction *= square / previous
            direction += moved
        return most
