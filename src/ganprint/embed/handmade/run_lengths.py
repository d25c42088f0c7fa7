"""Grey-level run lengths: how far one goes in a line without a change of grey level (Galloway 1975)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.handmade.scales import log_odds

__all__ = ["RUN_LENGTHS", "run_counts", "run_features", "run_lengths"]

Floats = NDArray[np.float64]

RUN_LEVELS = 32
_FLOOR = 1e-3
RUN_LENGTHS = (
    "runs-short",
    "runs-long",
    "runs-level-nonuniformity",
    "runs-length-nonuniformity",
    "runs-share",
    "runs-low",
    "runs-high",
)
"""Names of the columns."""


@lru_cache(maxsize=8)
def _lines(side: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.bool_]], ...]:
    """Give, per direction, all pixels in the order of its lines, and where a line begins."""
    y, x = (place.ravel() for place in np.indices((side, side)))
    found = []
    for line in (y, x, y - x, y + x):
        # Within a line by row; in the horizontal one by column, since the sort is stable.
        order = np.argsort(line, kind="stable")
        found.append((order, np.diff(line[order], prepend=line.min() - 1) != 0))
    return tuple(found)


def run_counts(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the runs by grey level and length, all four directions together: [b, 32, side], lengths from 1.

    Together, the directions are blind to mirror images and quarter turns.
    """
    count, side = len(images), images.shape[1]
    levels = (images // (256 // RUN_LEVELS)).reshape(count, -1)
    counts = np.zeros(count * RUN_LEVELS * side, dtype=np.int64)
    for order, begins in _lines(side):
        values = levels[:, order]
        changes = np.empty(values.shape, dtype=np.bool_)
        np.not_equal(values[:, 1:], values[:, :-1], out=changes[:, 1:])
        changes |= begins
        starts = np.flatnonzero(changes)
        lengths = np.diff(starts, append=values.size)
        places = (starts // values.shape[1] * RUN_LEVELS + values.ravel()[starts]) * side + lengths - 1
        counts += np.bincount(places, minlength=len(counts))
    return counts.reshape(count, RUN_LEVELS, side)


def run_features(counts: NDArray[np.int64], pixels: int) -> Floats:
    """Give seven features of run-length matrices.

    Parameters
    ----------
    counts
        [b, levels, lengths].
    pixels
        Of an image, times the number of directions.

    Returns
    -------
    [b, 7]: short-run emphasis mean(1 / l^2), long-run emphasis mean(l^2), the normalised non-uniformities of levels and
    of lengths (sums of squared shares), runs per pixel, and the emphases of low levels mean(1 / g^2) and of high ones
    mean(g^2), over the runs, with lengths l and levels g from 1 (Galloway 1975; Chu, Sehgal and Greenleaf 1990).
    """
    total = counts.sum(axis=(1, 2)).astype(np.float64)
    by_level, by_length = counts.sum(axis=2), counts.sum(axis=1)
    level, length = (np.arange(1.0, size + 1) for size in counts.shape[1:])
    sums = [
        (by_length / length**2).sum(axis=1),
        (by_length * length**2).sum(axis=1),
        np.square(by_level / total[:, np.newaxis]).sum(axis=1) * total,
        np.square(by_length / total[:, np.newaxis]).sum(axis=1) * total,
        total**2 / pixels,
        (by_level / level**2).sum(axis=1),
        (by_level * level**2).sum(axis=1),
    ]
    means: Floats = np.stack(sums, axis=1) / total[:, np.newaxis]
    return means


def run_lengths(images: NDArray[np.uint8]) -> Floats:
    """Give the features [b, 7] named :data:`RUN_LENGTHS`: shares as log odds, the others as logs."""
    features = run_features(run_counts(images), 4 * images[0].size)
    shares = (0, 4)
    scaled = [log_odds(column, _FLOOR) if at in shares else np.log(column) for at, column in enumerate(features.T)]
    return np.stack(scaled, axis=1)
