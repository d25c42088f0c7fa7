"""An approximate inverse of (A x B)_FF + I / sigma on a free set F, from the leading eigenvectors of A x B."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

from ganprint.pairs.grid_problem import Array, GridProblem

__all__ = ["LeadingSpectrum"]

# Of the eigenvalue after the leading ones, the share that stands for all that follow; measured on correlated features.
_REST = 0.1


@dataclass(frozen=True)
class LeadingSpectrum:
    """The largest eigenvalues of A x B, which are products of one of A and one of B.

    Attributes
    ----------
    left, right
        Eigenvectors of A [n_real, p] and of B [n_generated, q], largest eigenvalue first.
    i, j
        Which column of ``left`` and of ``right`` make each leading eigenvector [rank].
    roots
        Roots of the leading eigenvalues [rank].
    rest
        The next eigenvalue.
    """

    left: Array
    right: Array
    i: NDArray[Any]
    j: NDArray[Any]
    roots: Array
    rest: float

    @classmethod
    def of(cls, problem: GridProblem, rank: int) -> Self:
        """Take the ``rank`` leading eigenvectors of a problem's Gram matrix."""
        real_values, real_vectors = (x[..., ::-1] for x in eigh(problem.real_gram))
        generated_values, generated_vectors = (x[..., ::-1] for x in eigh(problem.generated_gram))
        spectrum = np.outer(np.maximum(real_values, 0), np.maximum(generated_values, 0))
        order = np.argsort(-spectrum, axis=None, kind="stable")[: rank + 1]
        i, j = np.unravel_index(order[:-1], spectrum.shape)
        return cls(
            np.ascontiguousarray(real_vectors[:, : i.max() + 1]),
            np.ascontiguousarray(generated_vectors[:, : j.max() + 1]),
            i,
            j,
            np.sqrt(spectrum[i, j]),
            float(spectrum.flat[order[-1]]),
        )

    def inverse(self, free: Array, sigma: float) -> Callable[[Array], Array]:
        """Invert W W' + d I on the free set by Woodbury's identity, W being the leading eigenvectors there."""
        diagonal = 1 / sigma + _REST * self.rest
        rows, columns = np.nonzero(free)
        basis = self.left[rows[:, np.newaxis], self.i] * self.right[columns[:, np.newaxis], self.j]
        basis *= self.roots
        inner = basis.T @ basis
        inner[np.diag_indices_from(inner)] += diagonal
        factor = cho_factor(inner, overwrite_a=True, check_finite=False)

        def apply(x: Array) -> Array:
            middle = np.zeros((self.left.shape[1], self.right.shape[1]))
            coefficients = self.roots * (self.left.T @ x @ self.right)[self.i, self.j]
            middle[self.i, self.j] = self.roots * cho_solve(factor, coefficients, check_finite=False)
            return np.asarray((x - free * (self.left @ middle @ self.right.T)) / diagonal)

        return apply
