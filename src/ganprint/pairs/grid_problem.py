"""The dual of the RBF support vector machine on a full grid, as a quadratic programme on an n_real x n_generated array.

With b_ij = y_i alpha_ij (y in {-1, 1}) libsvm's dual becomes: minimise 1/2 <b, A b B> - <Y, b> over the box
0 <= y_i b_ij <= C with sum(b) = 0, where A and B are the Gram matrices of real and generated rows and Y_ij = y_i.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "GridProblem", "optimality", "project"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GridProblem:
    """One dual problem, or its restriction to some generated columns.

    Attributes
    ----------
    real_gram, generated_gram
        A [n_real, n_real] and B [n_generated, n_generated].
    signs
        y as a column [n_real, 1] of -1 and 1.
    lower, upper
        Box as columns [n_real, 1].
    """

    real_gram: Array
    generated_gram: Array
    signs: Array
    lower: Array
    upper: Array

    @classmethod
    def build(cls, real_gram: Array, generated_gram: Array, used: NDArray[np.bool_], C: float) -> "GridProblem":
        """Set up the box of labels ``used`` [n_real] and penalty ``C``."""
        signs = np.where(used, 1.0, -1.0)[:, np.newaxis]
        return cls(real_gram, generated_gram, signs, np.where(signs > 0, 0.0, -C), np.where(signs > 0, C, 0.0))

    @property
    def shape(self) -> tuple[int, int]:
        """n_real, n_generated."""
        return len(self.real_gram), len(self.generated_gram)

    def product(self, b: Array) -> Array:
        """A b B: decision values without intercept on the grid."""
        return np.asarray(self.real_gram @ b @ self.generated_gram)

    def columns(self, kept: NDArray[np.intp]) -> "GridProblem":
        """Restrict to some generated columns, the others being zero."""
        return GridProblem(self.real_gram, self.generated_gram[np.ix_(kept, kept)], self.signs, self.lower, self.upper)

    def violation(self, b: Array, product: Array) -> float:
        """KKT violation in libsvm's sense, m(alpha) - M(alpha) (Fan, Chen & Lin 2005): optimal when not positive."""
        largest, smallest = optimality(self, b, product)
        return largest - smallest

    def gap(self, b: Array, product: Array, intercept: float) -> float:
        """Primal minus dual objective value."""
        quadratic = float(np.vdot(b, product))
        hinge = float(np.maximum(0, 1 - self.signs * (product + intercept)).sum())
        C = float((self.upper - self.lower)[0, 0])
        return quadratic + C * hinge - float(np.vdot(b, np.broadcast_to(self.signs, b.shape)))


def optimality(problem: GridProblem, b: Array, product: Array) -> tuple[float, float]:
    """Give m and M: the largest Y - A b B where b may grow, and the smallest where b may shrink."""
    slack = problem.signs - product
    largest = float(np.max(slack, where=b < problem.upper, initial=-np.inf))
    smallest = float(np.min(slack, where=b > problem.lower, initial=np.inf))
    return largest, smallest


def project(z: Array, lower: Array, upper: Array, start: float = 0.0) -> tuple[float, Array]:
    """Give the shift t and clip(z - t, lower, upper) with sum zero: the projection onto box and hyperplane together.

    The sum falls with t, piecewise linearly: Newton's method finds the root in a few steps, and bisection guards it.
    """
    left, right = float((z - upper).min()), float((z - lower).max())
    shift = min(max(start, left), right)
    for _ in range(200):
        moved = z - shift
        clipped = np.clip(moved, lower, upper)
        total = float(clipped.sum())
        if abs(total) <= 1e-14 * clipped.size**0.5 * float(np.abs(clipped).max(initial=0.0)):
            break
        if total > 0:
            left = shift
        else:
            right = shift
        free = int(np.count_nonzero((moved > lower) & (moved < upper)))
        proposal = shift + total / free if free else np.inf
        if not left < proposal < right:
            proposal = (left + right) / 2
        if proposal == shift:
            break
        shift = proposal
    return shift, clipped
