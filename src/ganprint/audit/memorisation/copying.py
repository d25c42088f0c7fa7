"""Data-copying test C_T (Meehan, Chaudhuri and Dasgupta 2020, "A non-parametric test to detect data-copying", AISTATS).

Space is cut into cells by k-means of the used rows. In each cell the distances to the nearest used row *of the cell* of
generated and of held-out rows are compared: U counts the pairs in which the generated one is farther, and
Z = (U - n m / 2) / sqrt(n m (n + m + 1) / 12), with n held-out and m generated rows. C_T is the mean of Z weighted by
the held-out share of each cell, over cells with enough generated rows. Far below 0: copying. Far above: poor fit.

The authors' code adds one half to every U as a continuity correction, and stops at a cell without held-out rows, which
has weight zero here. The code of dgm-eval uses three cells, wants more than 20 generated rows in each, and looks at 64
principal components; here whole rows are looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from ganprint.audit.memorisation.distances import SAME
from ganprint.audit.memorisation.neighbours import Neighbours
from ganprint.audit.memorisation.sets import HELD_OUT, USED

__all__ = ["Cells", "coordinates", "copying_score", "cut", "farther_pairs", "make_cells"]


def coordinates(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give coordinates [R, <= R] of the real rows with the same distances: k-means then costs R, not d, a row."""
    inner = squares.copy()
    np.fill_diagonal(inner, 0)
    inner = inner - inner.mean(axis=0) - inner.mean(axis=1)[:, None] + inner.mean()
    values, vectors = np.linalg.eigh(-inner / 2)
    # The last one stays whatever it is, so that equal rows have a coordinate too.
    keep = (values > 1e-12 * values[-1]) | (np.arange(len(values)) == len(values) - 1)
    return np.asarray(vectors[:, keep] * np.sqrt(np.maximum(values[keep], 0)))


@dataclass(frozen=True)
class Cells:
    """Cells of one labelling.

    Attributes
    ----------
    of_used
        [R], cell of each used row, -1 for others.
    means
        [R, k], columns that average over a cell's used rows.
    spread
        [k], mean squared distance of a cell's used rows to its centre.
    held_out
        Per cell the held-out rows' distances to the nearest used row of the cell, ascending.
    """

    of_used: NDArray[np.intp]
    means: NDArray[np.float64]
    spread: NDArray[np.float64]
    held_out: list[NDArray[np.float64]]

    def assign(self, squares: NDArray[np.float64]) -> NDArray[np.intp]:
        """Give the cell, [b], with the nearest centre, from squared distances [b, R] to the real rows.

        ||x - c||^2 is the mean of ||x - t||^2 over the cell's used rows t, less the spread.
        """
        return np.asarray(np.argmin(squares @ self.means - self.spread, axis=1))


def cut(rows: NDArray[np.float64], codes: NDArray[np.int8], count: int, seed: int) -> NDArray[np.intp]:
    """Give the cell of each used row, [R], by k-means of the used rows; -1 for others.

    Parameters
    ----------
    rows
        [R, e], of :func:`coordinates`.
    codes
        [R], labels.
    count
        Number of cells; fewer where there are fewer distinct used rows.
    seed
        Of k-means.
    """
    used = np.flatnonzero(codes == USED)
    distinct = len(np.unique(rows[used].round(12), axis=0))
    of_used = np.full(len(codes), -1)
    of_used[used] = KMeans(max(1, min(count, distinct)), n_init=1, random_state=seed).fit(rows[used]).labels_
    return of_used


def make_cells(of_used: NDArray[np.intp], squares: NDArray[np.float64], codes: NDArray[np.int8]) -> Cells:
    """Make the cells of one labelling.

    Parameters
    ----------
    of_used
        [R], of :func:`cut`; rows that are not used in this labelling do not count.
    squares
        [R, R], infinite on the diagonal.
    codes
        [R], labels.
    """
    used, held = np.flatnonzero(codes == USED), np.flatnonzero(codes == HELD_OUT)
    own = np.full(len(codes), -1)
    own[used] = np.unique(of_used[used], return_inverse=True)[1]
    inside = (own[:, None] == np.arange(own.max() + 1)).astype(np.float64)
    means, among = inside / inside.sum(axis=0), np.where(np.isinf(squares), 0, squares)
    cells = Cells(own, means, np.einsum("ik,ij,jk->k", means, among, means, optimize=True) / 2, [])
    held_own = cells.assign(among[held])
    away = Neighbours.of(squares[held]).within(own, held_own)
    cells.held_out.extend(np.sort(away[held_own == cell]) for cell in range(means.shape[1]))
    return cells


def farther_pairs(
    cells: Cells, own: NDArray[np.intp], away: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give U and the number of rows, [k] each, of generated rows; both are sums over these rows.

    Parameters
    ----------
    cells
        Of the labelling.
    own, away
        [b], cell of each row and its distance to the nearest used row of it.
    """
    sums, counts = np.zeros(len(cells.held_out)), np.zeros(len(cells.held_out))
    for cell, limits in enumerate(cells.held_out):
        found = away[own == cell]
        below = np.searchsorted(limits, found * (1 - SAME), side="left")
        sums[cell] = (below + np.searchsorted(limits, found * (1 + SAME), side="right")).sum() / 2
        counts[cell] = len(found)
    return sums, counts


def copying_score(
    farther: NDArray[np.float64], generated: NDArray[np.float64], held_out: NDArray[np.float64], least: int
) -> float:
    """Give C_T from U, generated and held-out rows per cell [k]; NaN when no cell counts.

    Parameters
    ----------
    farther, generated, held_out
        [k].
    least
        Generated rows that a cell must have.
    """
    counts = (generated >= max(1, least)) & (held_out > 0)
    if not counts.any():
        return float("nan")
    u, m, n = farther[counts], generated[counts], held_out[counts]
    z = (u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)
    return float((n * z).sum() / n.sum())
