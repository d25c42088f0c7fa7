"""Support vector classification of every concatenation [r_i; g_j], without building one."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.blocks import GeneratedRows, row_blocks
from ganprint.pairs.distances import squared_distances
from ganprint.pairs.grid_dual import solve_grid_dual

__all__ = ["GridSVC", "scale_gamma"]

Array = NDArray[np.float64]


def scale_gamma(real: NDArray[Any], generated: NDArray[Any]) -> float:
    """Give scikit-learn's ``gamma="scale"``, 1 / (d Var(X)), for X the grid of all concatenations, which is not built.

    Every real row occurs n_generated times in X and every generated one n_real times, so the mean over all entries is
    the mean of the two blocks' means weighted by their widths; the same holds for the squares.

    Parameters
    ----------
    real, generated
        Rows [n_real, d_r] and [n_generated, d_g].
    """
    widths = np.array([real.shape[1], generated.shape[1]], dtype=np.float64)
    means = np.array([rows.mean(dtype=np.float64) for rows in (real, generated)])
    centre = float(widths @ means / widths.sum())
    spreads = np.array([np.square(rows - centre, dtype=np.float64).mean() for rows in (real, generated)])
    total = float(widths @ spreads)
    return 1.0 / total if total > 0 else 1.0


class GridSVC:
    """RBF support vector machine on the full grid of concatenations of real and generated rows.

    The label of a pair is that of its real row. The squared distance of two concatenations is the sum of the distances
    of their halves, so the Gram matrix is the Kronecker product of a real and a generated one, and libsvm's dual is
    solved exactly on n_real x n_generated arrays.

    Parameters
    ----------
    C
        Penalty, positive.
    gamma
        Kernel coefficient, or ``"scale"`` (see :func:`scale_gamma`).
    tol
        Largest KKT violation in libsvm's sense.
    max_iter
        Largest number of Newton steps.

    Attributes
    ----------
    gamma_
        Kernel coefficient in use.
    dual_coef_
        alpha * y [n_real, n_generated].
    intercept_
        Intercept, by libsvm's rule.
    kkt_violation_
        m(alpha) - M(alpha).
    duality_gap_
        Relative duality gap.
    n_iter_
        Newton steps; 0 when the rank-one solution was optimal.
    """

    gamma_: float
    dual_coef_: Array
    intercept_: float
    kkt_violation_: float
    duality_gap_: float
    n_iter_: int

    def __init__(
        self, C: float = 1.0, gamma: float | Literal["scale"] = "scale", tol: float = 1e-3, max_iter: int = 2000
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, real: NDArray[Any], generated: NDArray[Any], y: NDArray[Any]) -> Self:
        """Fit on all pairs.

        Parameters
        ----------
        real
            Rows [n_real, d_r].
        generated
            Rows [n_generated, d_g].
        y
            Labels [n_real], 0 or 1.

        Raises
        ------
        ConvergenceError
            When the tolerance is missed; no model is left behind.
        ValueError
            When labels are not 0 and 1, or a class is missing.
        """
        self.real_ = np.asarray(real, dtype=np.float64)
        self.generated_ = np.asarray(generated, dtype=np.float64)
        self.gamma_ = scale_gamma(self.real_, self.generated_) if self.gamma == "scale" else float(self.gamma)
        return self.fit_gram(
            np.exp(-self.gamma_ * squared_distances(self.real_)),
            np.exp(-self.gamma_ * squared_distances(self.generated_)),
            y,
        )

    def fit_gram(
        self, real_gram: Array, generated_gram: Array, y: NDArray[Any], *, weights: Array | None = None
    ) -> Self:
        """Fit from the two Gram factors, which one computation gives for all folds and all C.

        Parameters
        ----------
        real_gram
            exp(-gamma D^2) of the real rows [n_real, n_real]; of a fold, its rows and columns.
        generated_gram
            The same of the generated rows [n_generated, n_generated].
        y
            Labels [n_real], 0 or 1.
        weights
            ``generated_weights(generated_gram)`` when it was computed before.

        Raises
        ------
        ConvergenceError, ValueError
            As :meth:`fit`.
        """
        labels = np.asarray(y)
        if labels.shape != (len(real_gram),) or not np.isin(labels, (0, 1)).all():
            raise ValueError("y has to hold one label 0 or 1 per real row")
        dual = solve_grid_dual(
            real_gram, generated_gram, labels == 1, C=self.C, tol=self.tol, max_iter=self.max_iter, weights=weights
        )
        self.dual_coef_ = dual.coefficients
        self.intercept_ = dual.intercept
        self.kkt_violation_ = dual.kkt_violation
        self.duality_gap_ = dual.duality_gap
        self.n_iter_ = dual.iterations
        return self

    def decision_gram(self, real_kernel: Array, generated_kernel: Array) -> Array:
        """Give decision values [n, m] from kernels with the training rows [n, n_real] and [m, n_generated]."""
        return np.asarray(real_kernel @ self.dual_coef_ @ generated_kernel.T + self.intercept_)

    def mean_decision_gram(self, real_kernel: Array, mean_generated_kernel: Array) -> Array:
        """Give each real row's mean decision value [n]; the mean over generated rows moves into the kernel.

        Parameters
        ----------
        real_kernel
            Kernel of real rows with the training ones [n, n_real].
        mean_generated_kernel
            Column means of the kernel of generated rows with the training ones [n_generated].
        """
        return np.asarray(real_kernel @ (self.dual_coef_ @ mean_generated_kernel) + self.intercept_)

    def decision_function(self, real: NDArray[Any], generated: NDArray[Any]) -> Array:
        """Give the decision value of every pair [n_real, n_generated]; above 0 means used."""
        return self.decision_gram(self._kernel(real, self.real_), self._kernel(generated, self.generated_))

    def vote_share(self, real: NDArray[Any], generated: GeneratedRows, *, block: int = 1024) -> Array:
        """Give the share of pairs decided "used" (decision value above 0) per real row [n_real].

        Parameters
        ----------
        real
            Rows [n_real, d_r].
        generated
            Rows [n_generated, d_g], or an iterable of such arrays.
        block
            Generated rows looked at together: bounds the memory, changes no share.
        """
        left = self._kernel(real, self.real_) @ self.dual_coef_
        votes, count = np.zeros(len(left), dtype=np.int64), 0
        for rows in row_blocks(generated, block):
            decisions = left @ self._kernel(rows, self.generated_).T
            votes += np.count_nonzero(decisions > -self.intercept_, axis=1)
            count += len(rows)
        return np.asarray(votes / _at_least_one(count))

    def mean_decision(self, real: NDArray[Any], generated: GeneratedRows, *, block: int = 1024) -> Array:
        """Give the mean decision value per real row [n_real]; parameters as in :meth:`vote_share`."""
        total, count = np.zeros(len(self.generated_)), 0
        for rows in row_blocks(generated, block):
            total += self._kernel(rows, self.generated_).sum(axis=0)
            count += len(rows)
        return self.mean_decision_gram(self._kernel(real, self.real_), total / _at_least_one(count))

    def _kernel(self, rows: NDArray[Any], training: Array) -> Array:
        distances = squared_distances(rows, training)
        distances *= -self.gamma_
        return np.asarray(np.exp(distances, out=distances))


def _at_least_one(count: int) -> int:
    if not count:
        raise ValueError("there are no generated rows to average over")
    return count
