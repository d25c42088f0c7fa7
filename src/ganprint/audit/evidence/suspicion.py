"""Which real images look copied: an order that uses no label, so that it may be looked at for both splits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.pair_blocks import BLOCK, distance_blocks, exact_distance
from ganprint.corpus.index import Split
from ganprint.pairs.nearest_rows import nearest

__all__ = ["Neighbours", "Suspect", "find_neighbours", "rank_suspects"]


@dataclass(frozen=True)
class Neighbours:
    """Real images of a split and what is nearest to them in one view.

    Attributes
    ----------
    rows
        [n], positions of the real images.
    generated, distances
        [n, k], positions of the k nearest generated images of the split, and how far they are, nearest first.
    other
        [n], distance of the nearest real image of another group of the split; infinite when there is none.
    """

    rows: NDArray[np.intp]
    generated: NDArray[np.intp]
    distances: NDArray[np.float64]
    other: NDArray[np.float64]

    def ratios(self) -> NDArray[np.float64]:
        """Give [n], nearest generated over nearest real of another group.

        Small when suspicious, 0 for a copy, infinite where there is no real image of another group.
        """
        first = self.distances[:, 0]
        there = np.isfinite(self.other) & (self.other > 0)
        divided = np.divide(first, self.other, out=np.full(len(first), np.inf), where=there)
        return np.asarray(np.where(first == 0, 0.0, divided))


@dataclass(frozen=True)
class Suspect:
    """One real image: its place in the neighbours' rows, and the view with its smallest ratio."""

    place: int
    view: str
    ratio: float


def find_neighbours(
    images: AuditImages, view: NDArray[Any], split: Split, count: int, *, block: int = BLOCK
) -> Neighbours:
    """Find the nearest images of every real image of a split in one view.

    Parameters
    ----------
    images, view
        The corpus and the rows [n, d] to compare by.
    split
        To look at; neighbours are of the same split.
    count
        Generated neighbours wanted; fewer when there are fewer.
    block
        Images of a side looked at together; the result does not depend on it.
    """
    real, generated = images.rows("real", split), images.rows("generated", split)
    distances, positions = nearest(view[real], view[generated], min(count, len(generated)), block=2 * block)
    return Neighbours(real, generated[positions], distances, _other_group(images, view, real, block))


def rank_suspects(neighbours: Mapping[str, Neighbours], count: int) -> list[Suspect]:
    """Order the real images of a split by their smallest ratio over the views (see :meth:`Neighbours.ratios`).

    The ratio has no unit, and below 1 it says the same in every view: nearer to a generated image than to any real
    image of another group. Ties go by position, and to the earlier view.

    Parameters
    ----------
    neighbours
        By view, of the same real images.
    count
        Suspects wanted.
    """
    names = list(neighbours)
    ratios = np.stack([neighbours[name].ratios() for name in names])
    smallest, best = ratios.min(axis=0), ratios.argmin(axis=0)
    order = np.argsort(smallest, kind="stable")[:count]
    return [Suspect(int(place), names[best[place]], float(smallest[place])) for place in order]


def _other_group(images: AuditImages, view: NDArray[Any], real: NDArray[np.intp], block: int) -> NDArray[np.float64]:
    best, partner = np.full(len(real), np.inf), np.full(len(real), -1, dtype=np.intp)
    for rows, columns, _, distances in distance_blocks(view, real, real, block=block):
        same = images.groups[rows][:, np.newaxis] == images.groups[columns][np.newaxis, :]
        masked = np.where(same, np.inf, distances)
        found = masked.argmin(axis=1)
        closest = masked[np.arange(len(rows)), found]
        part = np.searchsorted(real, rows)  # positions ascend
        better = closest < best[part]
        best[part] = np.where(better, closest, best[part])
        partner[part] = np.where(better, columns[found], partner[part])
    exact = [exact_distance(view, int(a), int(b)) if b >= 0 else np.inf for a, b in zip(real, partner, strict=True)]
    return np.array(exact)
