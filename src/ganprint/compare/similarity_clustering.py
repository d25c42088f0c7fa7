"""VCMI's clustering: an image that is unusually like any other image, real or generated."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.attack import Attack, AttackParameters, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import Floats, best_dissimilarities, dissimilarities
from ganprint.pairs import pair_distances
from ganprint.pairs.blocks import row_blocks
from ganprint.params import FrozenModel

__all__ = ["SimilarityClustering", "SimilarityClusteringParameters"]

_DEVIATIONS = 3
Rows = NDArray[np.generic]


class SimilarityClusteringParameters(AttackParameters):
    """``sample``: generated images whose pairs stand for all pairs of generated images; all when there are no more."""

    sample: int = Field(default=2500, ge=2)


class _Moments:
    """Count, mean and sum of squared deviations of numbers that come piece by piece."""

    def __init__(self) -> None:
        self.count = self.mean = self.squares = 0.0

    def add(self, values: Floats) -> None:
        """Take numbers in."""
        if values.size:
            self._join(float(values.size), float(values.mean()), float(values.var()) * values.size)

    def merge(self, others: Self, count: int) -> None:
        """Take other moments in as those of ``count`` numbers."""
        if others.count:
            self._join(float(count), others.mean, others.squares * count / others.count)

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self.squares / self.count))

    def _join(self, count: float, mean: float, squares: float) -> None:
        total, difference = self.count + count, mean - self.mean
        self.squares += squares + difference**2 * self.count * count / total
        self.mean += difference * count / total
        self.count = total


@register
class SimilarityClustering(Attack):
    """The largest similarity to any other image, above mean + 3 standard deviations of all pairs'.

    score(x) = max_{a != x} S(x, a) - (mean + 3 sd of S(a, b), a != b), a and b among real and generated images: VCMI's
    ``clustering`` (2023 task), used from 0. S is the SSIM, or 1 - the mean squared error of two rows, by the metric; of
    a Euclidean distance it is the square that counts. There are no clusters in it. A real image with a near-duplicate
    among the *real* ones is called used as well, for instance a neighbouring slice of the same patient.

    The pairs of generated images are needed for mean and deviation alone (their code computes all m^2 of them). With
    more than ``sample`` generated images, so many stand for all, evenly along their order. The order of the scores, and
    so their ROC curve, does not depend on the sample at all: only the threshold does.
    Their code counts an image's mean similarity, itself included, as a pair; here own pairs are left out.

    Transductive: the real images are compared with each other.
    Cost: two passes of n m distances, n^2 and min(m, sample)^2 more; memory (n + sample) x block, the sample's rows.
    """

    comparator = "similarity-clustering"
    transductive = True
    used_from = 0.0
    Parameters: ClassVar[type[FrozenModel]] = SimilarityClusteringParameters
    parameters: SimilarityClusteringParameters

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the margin over mean + 3 standard deviations of all pairs."""
        del context
        between = dissimilarities(seen.real_distances(), seen.metric, seen.real.shape[1])
        others = ~np.eye(len(between), dtype=bool)
        moments = _Moments()
        moments.add(between[others])
        m = len(seen.neighbours().best_real)
        sample = _crossed(seen, moments, _evenly(m, self.parameters.sample))
        moments.merge(_moments_between(sample, seen), m * (m - 1))
        nearest = np.minimum(best_dissimilarities(seen), np.where(others, between, np.inf).min(axis=1))
        scores: Scores = moments.mean - _DEVIATIONS * moments.deviation - nearest
        return scores


def _evenly(m: int, size: int) -> NDArray[np.bool_]:
    """Choose ``size`` of ``m`` evenly, or all when there are no more."""
    chosen = np.ones(m, dtype=bool)
    if m > size:
        chosen[:] = False
        chosen[((np.arange(size) + 0.5) * (m / size)).astype(np.int64)] = True
    return chosen


def _crossed(seen: Seen, moments: _Moments, chosen: NDArray[np.bool_]) -> Rows:
    """Add the pairs of real with generated images, each in both directions; give the chosen generated rows."""
    kept, start = [], 0
    for rows in seen.blocks():
        pairs = dissimilarities(seen.measure.to(rows), seen.metric, seen.real.shape[1])
        found = _Moments()
        found.add(pairs)
        moments.merge(found, 2 * pairs.size)
        kept.append(rows[chosen[start : start + len(rows)]])
        start += len(rows)
    return np.concatenate(kept)


def _moments_between(sample: Rows, seen: Seen) -> _Moments:
    """Give the moments of D of all pairs of different sampled images, each in both directions."""
    moments, measure, start = _Moments(), pair_distances(sample, seen.metric), 0
    for rows in row_blocks(sample, seen.block):
        pairs = dissimilarities(measure.to(rows), seen.metric, sample.shape[1])
        own = np.arange(start, start + len(rows))
        others = np.ones(pairs.shape, dtype=bool)
        others[own, own - start] = False
        moments.add(pairs[others])
        start += len(rows)
    return moments
