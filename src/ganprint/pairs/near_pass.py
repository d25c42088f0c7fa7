"""Who is nearest to whom on a grid of real and generated rows: one streamed pass, any metric."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.blocks import GeneratedRows, row_blocks
from ganprint.pairs.measures import PairDistances

__all__ = ["Neighbourhood", "counts_within", "neighbourhood"]


@dataclass(frozen=True)
class Neighbourhood:
    """The nearest of both sides.

    Attributes
    ----------
    distances
        [n, k] of every real row to its k nearest generated rows, nearest first, float64.
    positions
        [n, k] of these among the generated rows.
    best_real
        [m], the nearest real row of every generated one; the first among equals.
    best_distance
        [m], its distance.
    """

    distances: NDArray[np.float64]
    positions: NDArray[np.int64]
    best_real: NDArray[np.int64]
    best_distance: NDArray[np.float64]

    @property
    def k(self) -> int:
        """Give the number of neighbours that are known of every real row."""
        return int(self.distances.shape[1])


def neighbourhood(measure: PairDistances, generated: GeneratedRows, k: int, *, block: int = 1024) -> Neighbourhood:
    """Find the k nearest generated rows of every real row, and the nearest real row of every generated one.

    Cost: one distance per pair. Memory: n (k + block), and two numbers per generated row. Distances do not depend on
    the block size beyond the rounding of the metric; among rows at equal distance the earlier one comes first.

    Parameters
    ----------
    measure
        Of n real rows.
    generated
        Rows [m, d], or an iterable of arrays [m_b, d].
    k
        Neighbours wanted, at least 1; as many as there are, when there are fewer.
    block
        Generated rows looked at together.

    Raises
    ------
    ValueError
        When ``k`` is less than 1 or there is no generated row.

    Examples
    --------
    >>> from ganprint.pairs import EuclideanDistances
    >>> found = neighbourhood(EuclideanDistances(np.array([[0.0], [5.0]])), np.array([[4.0], [1.0], [6.0]]), 2)
    >>> found.distances.tolist(), found.positions.tolist(), found.best_real.tolist()
    ([[1.0, 4.0], [1.0, 1.0]], [[1, 0], [0, 2]], [1, 0, 1])
    """
    if k < 1:
        raise ValueError(f"k is {k}; it has to be at least 1")
    best = np.empty((len(measure), 0))
    positions = np.empty((len(measure), 0), dtype=np.int64)
    real, distance = [], []
    seen = 0
    for rows in row_blocks(generated, block):
        distances = measure.to(rows)
        nearest = distances.argmin(axis=0)
        real.append(nearest)
        distance.append(distances[nearest, np.arange(len(rows))])
        places = np.broadcast_to(np.arange(seen, seen + len(rows)), distances.shape)
        best, positions = _k_best(np.hstack([best, distances]), np.hstack([positions, places]), k)
        seen += len(rows)
    if not seen:
        raise ValueError("there is no generated row")
    return Neighbourhood(best, positions, np.concatenate(real).astype(np.int64), np.concatenate(distance))


def counts_within(
    measure: PairDistances, generated: GeneratedRows, radii: NDArray[np.float64], *, block: int = 1024
) -> NDArray[np.int64]:
    """Count, for every real row, the generated rows nearer than its radius.

    Parameters
    ----------
    measure
        Of n real rows.
    generated
        Rows [m, d], or an iterable of arrays [m_b, d].
    radii
        [n], or one number for all.
    block
        Generated rows looked at together.

    Examples
    --------
    >>> from ganprint.pairs import EuclideanDistances
    >>> measure = EuclideanDistances(np.array([[0.0], [5.0]]))
    >>> counts_within(measure, np.array([[4.0], [1.0], [6.0]]), np.array([1.5, 1.5])).tolist()
    [1, 2]
    """
    counts = np.zeros(len(measure), dtype=np.int64)
    limits = np.broadcast_to(np.asarray(radii, dtype=np.float64), counts.shape)
    for rows in row_blocks(generated, block):
        counts += (measure.to(rows) < limits[:, np.newaxis]).sum(axis=1)
    return counts


def _k_best(
    distances: NDArray[np.float64], positions: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the k smallest of every row, ascending, ties by position."""
    if distances.shape[1] > k:
        # All that may be among the k best, ties at the end included, then in order: a partition alone would leave it
        # to the size of the block which of equals stays.
        limit = np.partition(distances, k - 1, axis=1)[:, k - 1 : k]
        width = int((distances <= limit).sum(axis=1).max(initial=k))
        kept = np.argpartition(distances, min(width, distances.shape[1]) - 1, axis=1)[:, :width]
        distances = np.take_along_axis(distances, kept, axis=1)
        positions = np.take_along_axis(positions, kept, axis=1)
    order = np.lexsort((positions, distances))[:, :k]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(positions, order, axis=1)
