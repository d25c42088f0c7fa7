"""Where the grid's dual separates: a rank-one solution from one problem on real and one on generated rows.

Let w >= 0 minimise 1/2 w'Bw - 1'w over the generated rows (so Bw >= 1, with equality where w > 0), and let u solve the
support vector machine of the real rows alone, with Gram matrix A, box C / max(w) and intercept c. On the grid b = u w'
has decision values (Au)_i (Bw)_j + c: those of the small machine where w_j > 0, and y_i times them is no smaller where
w_j = 0, as long as c lies in [-1, 1]. So when no u_i is at its bound, b meets all optimality conditions of the whole
grid's dual: the machine on all pairs is the machine on the real rows. Otherwise it is a starting point.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import nnls
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from ganprint.pairs.grid_problem import Array, GridProblem

__all__ = ["generated_weights", "rank_one"]


def generated_weights(generated_gram: NDArray[np.float64]) -> Array:
    """Give w >= 0 [n_generated] that minimises 1/2 w'Bw - 1'w, by non-negative least squares on a root of B.

    It depends on B alone, so one computation serves all folds over real images and all C.

    Raises
    ------
    ValueError
        When the Gram matrix is not square.
    """
    if generated_gram.ndim != 2 or generated_gram.shape[0] != generated_gram.shape[1]:
        raise ValueError(f"the Gram matrix has shape {generated_gram.shape}; it has to be square")
    values, vectors = eigh(generated_gram)
    roots = np.sqrt(np.maximum(values, 1e-14 * values[-1]))
    weights, _ = nnls((vectors * roots).T, vectors.sum(axis=0) / roots, maxiter=50 * len(values))
    return np.asarray(weights, dtype=np.float64)


def rank_one(problem: GridProblem, weights: Array, C: float) -> Array:
    """Give u w' inside box and hyperplane: the solution when no |u_i| w_j reaches C, else a starting point."""
    machine = SVC(kernel="precomputed", C=C / float(weights.max()), tol=1e-7, max_iter=200_000)
    with warnings.catch_warnings():
        # A start need not be optimal: what is returned in the end is judged on the whole grid.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(problem.real_gram, problem.signs[:, 0])
    u = np.zeros(len(problem.real_gram))
    u[machine.support_] = machine.dual_coef_[0]
    return np.asarray(np.clip(np.outer(u, weights), problem.lower, problem.upper))
