"""All pairs of images, a block at a time: memory is bounded by the block, whatever the number of pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.fingerprints import bits_between
from ganprint.audit.evidence.images import AuditImages
from ganprint.pairs.distances import squared_distances

__all__ = ["PairBlock", "distance_blocks", "exact_distance", "pair_blocks"]

BLOCK = 512


@dataclass(frozen=True)
class PairBlock:
    """Pairs of a images with b images.

    Attributes
    ----------
    rows, columns
        [a] and [b], positions of the images.
    pairs
        [a, b], which of them count: all, or those above the diagonal where an image meets its own kind.
    exact
        [a, b], equal size and pixels.
    bits, mirrored
        [a, b], differing bits of the perceptual hashes, and whether they are those of the mirror image.
    distances
        By view: [a, b], Euclidean.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    pairs: NDArray[np.bool_]
    exact: NDArray[np.bool_]
    bits: NDArray[np.uint8]
    mirrored: NDArray[np.bool_]
    distances: Mapping[str, NDArray[np.float64]]


def pair_blocks(
    images: AuditImages, left: NDArray[np.intp], right: NDArray[np.intp] | None = None, *, block: int = BLOCK
) -> Iterator[PairBlock]:
    """Yield every pair of ``left`` with ``right``, or every unordered pair of ``left`` when ``right`` is None.

    Parameters
    ----------
    images
        Of which the pairs are.
    left, right
        Positions of images.
    block
        Images of a side looked at together.
    """
    pixels = images.fingerprints.pixels
    for rows, columns, pairs in _squares(left, right, block):
        bits, mirrored = bits_between(images.fingerprints, rows, columns)
        distances = {name: np.sqrt(squared_distances(view[rows], view[columns])) for name, view in images.views.items()}
        exact = pixels[rows][:, np.newaxis] == pixels[columns][np.newaxis, :]
        yield PairBlock(rows, columns, pairs, exact, bits, mirrored, distances)


def distance_blocks(
    view: NDArray[Any], left: NDArray[np.intp], right: NDArray[np.intp] | None = None, *, block: int = BLOCK
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]]:
    """Yield the same pairs as :func:`pair_blocks` with the distances [a, b] of one view alone.

    Yields
    ------
    Positions [a] and [b], which pairs count [a, b], and distances [a, b].
    """
    for rows, columns, pairs in _squares(left, right, block):
        yield rows, columns, pairs, np.sqrt(squared_distances(view[rows], view[columns]))


def exact_distance(view: NDArray[Any], left: int, right: int) -> float:
    """Give the distance of one pair computed directly: 0 for equal rows, and no matter of the block it was found in."""
    difference = view[left].astype(np.float64) - view[right].astype(np.float64)
    return float(np.sqrt(difference @ difference))


def _squares(
    left: NDArray[np.intp], right: NDArray[np.intp] | None, block: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]]:
    other = left if right is None else right
    for top in range(0, len(left), block):
        rows = left[top : top + block]
        for start in range(top if right is None else 0, len(other), block):
            columns = other[start : start + block]
            pairs = np.ones((len(rows), len(columns)), dtype=np.bool_)
            if right is None and start == top:
                pairs = np.triu(pairs, k=1)
            yield rows, columns, pairs
