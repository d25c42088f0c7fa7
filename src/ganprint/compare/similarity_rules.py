"""What VCMI's similarity rules have in common: pure functions of what an attack sees.

The rules are those of the team VCMI in the 2023 task (repository helenaMontenegro/imageclef23-medical-gans, whose
formulas are re-told here). They look at similarities S of pairs, 1 or less: the SSIM, or 1 - the mean squared error of
two feature rows. Everything here is told in D = 1 - S: rounding would lose the differences between near-duplicates in
S. The real images that a rule compares with each other are those that are scored: their memberships are unknown, and
no label is read.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ganprint.compare.attack import Seen
from ganprint.pairs import Metric

__all__ = [
    "ABOVE_ZERO",
    "Floats",
    "best_dissimilarities",
    "dissimilarities",
    "own_left_out",
    "rank_margins",
    "retrievals",
    "shared_by_equals",
]

Floats = NDArray[np.float64]

ABOVE_ZERO = float(np.nextafter(0.0, 1.0))
"""The smallest score above 0: where a rule says 'more than', 0 itself is not used."""


def dissimilarities(distances: Floats, metric: Metric, width: int) -> Floats:
    """Give D = 1 - S of pairs from their distances.

    The rules with mean and standard deviation depend on the scale: VCMI's features are compared by the mean squared
    error, so a Euclidean distance is squared and divided by the number of features. A chord of the angle, of the rows
    or of one of their bands, becomes 1 - cosine. What is 1 - similarity already stays as it is.

    Parameters
    ----------
    distances
        Of any shape, by ``metric``.
    metric
        As in :class:`ganprint.compare.attack.AttackParameters`.
    width
        Number of features of a row.

    Examples
    --------
    >>> dissimilarities(np.array([0.0, 2.0]), "euclidean", 4).tolist()
    [0.0, 1.0]
    """
    if metric in {"ssim", "shifted"}:
        return distances
    return distances**2 / (width if metric == "euclidean" else 2)


def best_dissimilarities(seen: Seen) -> Floats:
    """Give min_g D(x, g) of every real image x [n]: 1 - its largest similarity to a generated image.

    Cost: the pass of :meth:`Seen.neighbours`.
    """
    return dissimilarities(seen.neighbours().distances[:, 0], seen.metric, seen.real.shape[1])


def own_left_out(seen: Seen) -> Floats:
    """Give D of all pairs of different real images, each in both directions [n (n - 1)].

    An image's similarity to itself says nothing. VCMI's code replaces it by the mean of its row, in which the image's
    likeness to itself is counted, and takes that for a pair: with few images it can be the largest of all. Here it is
    left out. One image alone has no other to compare with: its D to itself, 0, is given then (which is what their code
    comes to), nothing is more alike, and nothing is called used.

    Cost: n^2 distances.
    """
    between = dissimilarities(seen.real_distances(), seen.metric, seen.real.shape[1])
    pairs: Floats = between[~np.eye(len(between), dtype=bool)]
    return pairs if len(pairs) else np.zeros(1)


def retrievals(seen: Seen) -> NDArray[np.int64]:
    """Count the generated images whose most similar real image is x, for every x [n].

    Equal real images are retrieved together: a generated image counts once for each of them. (An ``argmax`` gives all
    to the first of them in the order of the files and calls the other ones not used.)

    Cost: the pass of :meth:`Seen.neighbours`.
    """
    counts = np.bincount(seen.neighbours().best_real, minlength=len(seen.real))
    kind, _ = _equal_rows(seen.real)
    together: NDArray[np.int64] = np.bincount(kind, weights=counts)[kind].astype(np.int64)
    return together


def rank_margins(seen: Seen) -> Floats:
    """Give how far the mean rank of every real image [n] is above the middle, in shares of n.

    Every generated image ranks the n real ones, 1 = the most similar, equals sharing the mean of their ranks;
    margin(x) = ((n + 1) / 2 - mean_g rank_g(x)) / n, between -1/2 and 1/2.

    Cost: one pass of n m distances, n log n comparisons per generated image; memory n x block.
    """
    n, count = len(seen.real), 0
    sums = np.zeros(n)  # of halves: exact
    for rows in seen.blocks():
        sums += rankdata(seen.measure.to(rows), axis=0).sum(axis=1)
        count += len(rows)
    margins: Floats = (count * (n + 1) / 2 - shared_by_equals(sums, seen.real)) / (count * n)
    return margins


def shared_by_equals(values: Floats, real: NDArray[np.generic]) -> Floats:
    """Give equal rows of ``real`` [n, d] the mean of their ``values`` [n].

    Distances of equal rows may differ in the last bit, by their place in a matrix product: ranks must not.
    """
    kind, counts = _equal_rows(real)
    means: Floats = (np.bincount(kind, weights=values) / counts)[kind]
    return np.where(counts[kind] == 1, values, means)


def _equal_rows(rows: NDArray[np.generic]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the number of every row's kind [n], equal rows being of one kind, and the size of each kind."""
    _, kind, counts = np.unique(np.ascontiguousarray(rows), axis=0, return_inverse=True, return_counts=True)
    return kind.reshape(-1), counts
