"""Precision and recall (Kynkäänniemi et al. 2019, NeurIPS), density and coverage (Naeem et al. 2020, ICML).

A row's ball reaches to its k-th nearest neighbour of its own set, the border belonging to it. Precision: share of
generated rows in a real row's ball. Recall: share of real rows in a generated row's ball. Density: real balls that
hold a generated row, on average, over k. Coverage: share of real balls that hold a generated row.
"""

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.memorisation.distances import SAME

__all__ = ["manifold_figures", "radii"]


def radii(squares: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """Give each row's squared distance to its k-th nearest other row, from [n, n] with an infinite diagonal."""
    return np.asarray(np.partition(squares, neighbours - 1, axis=1)[:, neighbours - 1])


def manifold_figures(
    real: NDArray[np.float64], generated: NDArray[np.float64], across: NDArray[np.float64], neighbours: int
) -> dict[str, float]:
    """Give precision, recall, density and coverage; none where a set has no k-th neighbour.

    Parameters
    ----------
    real, generated
        Squared distances within each set, [n, n] and [m, m], infinite on the diagonal.
    across
        Squared distances [n, m].
    neighbours
        k.
    """
    if min(len(real), len(generated)) <= neighbours:
        return {}
    in_real = across <= (radii(real, neighbours) * (1 + SAME))[:, None]
    in_generated = across <= (radii(generated, neighbours) * (1 + SAME))[None]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float(in_generated.any(axis=1).mean()),
        "density": float(in_real.sum(axis=0).mean() / neighbours),
        "coverage": float(in_real.any(axis=1).mean()),
    }
