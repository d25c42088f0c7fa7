"""One pass over the generated rows for the measures that need a label: their sums under every labelling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ganprint.audit.memorisation.authenticity import authentic, own_nearest
from ganprint.audit.memorisation.closer import closer_to_used, nearest_units
from ganprint.audit.memorisation.copying import Cells, coordinates, copying_score, cut, farther_pairs, make_cells
from ganprint.audit.memorisation.distances import generated_blocks, real_squares
from ganprint.audit.memorisation.neighbours import Neighbours
from ganprint.audit.memorisation.ratio import BINS, distance_ratio, histogram, median
from ganprint.audit.memorisation.sets import HELD_OUT, USED, Labellings, Sets

__all__ = ["PARTS", "Sums", "held_out_figures", "labelled_sums"]

PARTS = 10
"""Parts that the generated rows are dealt into, to see how far the figures depend on them."""


@dataclass(frozen=True)
class Sums:
    """Sums over generated rows by part and labelling, from which every figure follows.

    Attributes
    ----------
    rows
        [parts].
    authentic, closer, below
        [parts, Q]: authentic rows, chances to be closer to a used row, ratios below the limit.
    ratios
        [parts, Q, BINS].
    farther, in_cell
        [parts, Q, k]: U and rows per cell.
    held_out
        [Q, k]: held-out rows per cell.
    least
        Generated rows that a cell must have.
    """

    rows: NDArray[np.float64]
    authentic: NDArray[np.float64]
    closer: NDArray[np.float64]
    below: NDArray[np.float64]
    ratios: NDArray[np.float64]
    farther: NDArray[np.float64]
    in_cell: NDArray[np.float64]
    held_out: NDArray[np.float64]
    least: int

    def figures(self, labelling: int, without: int | None = None) -> dict[str, float]:
        """Give the figures of a labelling, with one part of the generated rows left out if asked."""
        keep = np.arange(len(self.rows)) != without
        rows = self.rows[keep].sum()
        if not rows:
            return {}
        sums = {name: getattr(self, name)[keep, labelling].sum(axis=0) for name in _SUMMED}
        return {
            "authenticity": float(sums["authentic"] / rows),
            "ct": copying_score(sums["farther"], sums["in_cell"], self.held_out[labelling], self.least),
            "closer_to_used": float(sums["closer"] / rows),
            "ratio_median": median(sums["ratios"]),
            "ratio_below": float(sums["below"] / rows),
        }


_SUMMED = ("authentic", "closer", "below", "ratios", "farther", "in_cell")


def labelled_sums(
    sets: Sets, labels: Labellings, *, cells: int, least: int, limit: float, seed: int, advance: Callable[[int], object]
) -> Sums:
    """Look at every generated row once, in blocks.

    Parameters
    ----------
    sets, labels
        Rows and labellings.
    cells, least
        Of C_T: number of cells, and generated rows that one must have.
    limit
        Ratio below which a nearest row is called distinct.
    seed
        Of k-means.
    advance
        Told the number of rows done.
    """
    squares = real_squares(sets.real)
    shaped = _cells(squares, labels, cells, seed)
    among = np.sqrt(squares)
    own = [own_nearest(among, codes == USED) for codes in labels.codes]
    count = len(labels.codes)
    by_labelling, by_cell = (PARTS, count), (PARTS, count, cells)
    sums = Sums(
        rows=np.zeros(PARTS),
        authentic=np.zeros(by_labelling),
        closer=np.zeros(by_labelling),
        below=np.zeros(by_labelling),
        ratios=np.zeros((*by_labelling, BINS)),
        farther=np.zeros(by_cell),
        in_cell=np.zeros(by_cell),
        held_out=np.zeros((count, cells)),
        least=least,
    )
    for number, found in enumerate(shaped):
        sums.held_out[number, : len(found.held_out)] = [len(inside) for inside in found.held_out]
    for start, block in generated_blocks(sets.real, sets.generated):
        part_of = np.arange(start, start + len(block)) % PARTS
        for part in np.unique(part_of):
            _add(sums, int(part), block[part_of == part], labels, cells=shaped, own=own, limit=limit)
        advance(len(block))
    return sums


def _cells(squares: NDArray[np.float64], labels: Labellings, count: int, seed: int) -> list[Cells]:
    """Cut space anew for every exchange of membership; where a fold is left out, the true cells stay without it."""
    points, codes = coordinates(squares), labels.codes
    # Of so few rows k-means is quicker on one thread.
    with threadpool_limits(1, user_api="openmp"):
        owners = [cut(points, labelling, count, seed) for labelling in codes[: 1 + labels.permutations]]
    owners += [owners[0]] * labels.folds
    return [make_cells(of_used, squares, labelling) for of_used, labelling in zip(owners, codes, strict=True)]


def _add(
    sums: Sums,
    part: int,
    squares: NDArray[np.float64],
    labels: Labellings,
    *,
    cells: list[Cells],
    own: list[NDArray[np.float64]],
    limit: float,
) -> None:
    neighbours = Neighbours.of(squares)
    by_unit = nearest_units(neighbours.distances, labels.units)
    first_of_unit = np.unique(labels.units, return_index=True)[1]
    sums.rows[part] += len(squares)
    for q, codes in enumerate(labels.codes):
        away, rows = neighbours.nearest(codes == USED, 2)
        held_out, _ = neighbours.nearest(codes == HELD_OUT, 1)
        ratios = distance_ratio(away)
        sums.authentic[part, q] += authentic(away[:, 0], rows[:, 0], own[q]).sum()
        sums.closer[part, q] += closer_to_used(by_unit, codes[first_of_unit], away[:, 0], held_out[:, 0]).sum()
        sums.below[part, q] += (ratios < limit).sum()
        sums.ratios[part, q] += histogram(ratios)
        cell = cells[q].assign(squares)
        u, inside = farther_pairs(cells[q], cell, neighbours.within(cells[q].of_used, cell))
        sums.farther[part, q, : len(u)] += u
        sums.in_cell[part, q, : len(u)] += inside


def held_out_figures(sets: Sets, limit: float) -> dict[str, float]:
    """Give what held-out images have in place of generated ones: figures of images that can not be copies."""
    squares = real_squares(sets.real)
    neighbours = Neighbours.of(squares[~sets.used])
    away, rows = neighbours.nearest(sets.used, 2)
    ratios = distance_ratio(away)
    own = own_nearest(np.sqrt(squares), sets.used)
    return {
        "authenticity": float(authentic(away[:, 0], rows[:, 0], own).mean()),
        "ratio_median": median(histogram(ratios)),
        "ratio_below": float((ratios < limit).mean()),
    }
