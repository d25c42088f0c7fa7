"""Figures of quality and variety for context, on a bounded sample of the generated rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.memorisation.distances import close_squares
from ganprint.audit.memorisation.frechet import frechet_distance
from ganprint.audit.memorisation.kernel import kernel_distance
from ganprint.audit.memorisation.manifolds import manifold_figures

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """Inner products and squared distances of real and sampled generated rows, so that subsets cost no features.

    Attributes
    ----------
    inner
        [R + m, R + m], of rows as they are.
    squares
        [R + m, R + m], infinite on the diagonal.
    features
        d.
    neighbours
        k of the balls.
    """

    inner: NDArray[np.float64]
    squares: NDArray[np.float64]
    features: int
    neighbours: int

    @classmethod
    def of(cls, real: NDArray[Any], generated: NDArray[Any], neighbours: int) -> "Context":
        """Make it from real rows [R, d] and generated ones [m, d]."""
        rows = np.concatenate([np.asarray(part, dtype=np.float64) for part in (real, generated)])
        centred = rows - rows.mean(axis=0)
        squares = close_squares(centred, centred)
        np.fill_diagonal(squares, np.inf)
        return cls(rows @ rows.T, squares, rows.shape[1], neighbours)

    def figures(self, real: NDArray[np.intp], generated: NDArray[np.intp]) -> dict[str, float]:
        """Give all figures of some real rows and generated rows, by position."""
        pairs = ((real, real), (generated, generated), (real, generated))
        inner, squares = ([matrix[np.ix_(*pair)] for pair in pairs] for matrix in (self.inner, self.squares))
        return {
            **manifold_figures(squares[0], squares[1], squares[2], self.neighbours),
            "fid": frechet_distance(inner[0], inner[1], inner[2]),
            "kid": kernel_distance(inner[0], inner[1], inner[2], self.features),
        }
