"""VCMI's clustering: an image that is unusually like any other image, real or generated."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.attack import Attack, AttackParameters, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import Floats, best_dissimilarities, dissimilarities
from ganprint.pairs import pair_distances
from ganprint.params import FrozenModel

__all__ = ["SimilarityClustering", "SimilarityClusteringParameters"]

_DEVIATIONS = 3
Rows = NDArray[np.generic]


class SimilarityClusteringParameters(AttackParameters):
    """``sample``: generated images whose pairs stand for all pairs of generated images; all when there are no more."""

    sample: int = Field(default=1000, ge=2)


class _Moments:
    """Count, mean and sum of squared deviations of numbers that come piece by piece, each with a weight of its own."""

    def __init__(self) -> None:
        self.count = self.mean = self.squares = 0.0

    def add(self, values: Floats, count: float | None = None) -> None:
        """Take ``values`` in, as if there were ``count`` numbers of their mean and variance."""
        if not values.size:
            return
        count = float(values.size if count is None else count)
        total, difference = self.count + count, float(values.mean()) - self.mean
        self.squares += float(values.var()) * count + difference**2 * self.count * count / total
        self.mean += difference * count / total
        self.count = total

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self.squares / self.count))


@register
class SimilarityClustering(Attack):
    """The largest similarity to any other image, above mean + 3 standard deviations of all pairs'.

    score(x) = max_{a != x} S(x, a) - (mean + 3 sd of S(a, b), a != b), a and b among real and generated images: VCMI's
    ``clustering`` (2023 task), used from 0. S is the SSIM, or 1 - the mean squared error of two rows, by the metric; of
    a Euclidean distance it is the square that counts. There are no clusters in it. A real image with a near-duplicate
    among the *real* ones is called used as well, for instance a neighbouring slice of the same patient.

    The pairs of generated images are needed for mean and deviation alone (their code computes all m^2 of them). Here
    ``sample`` generated images, drawn by the run's seed, stand for all; with no more than that nothing is estimated.
    The order of the scores, and so their ROC curve, does not depend on the sample at all: only the threshold does.
    Their code counts an image's mean similarity, itself included, as a pair; here own pairs are left out.

    Transductive: the real images are compared with each other.
    Cost: two passes of n m distances, n^2 and sample^2 more; memory n x block and the sample's rows.
    """

    comparator = "similarity-clustering"
    transductive = True
    used_from = 0.0
    Parameters: ClassVar[type[FrozenModel]] = SimilarityClusteringParameters
    parameters: SimilarityClusteringParameters

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the margin over mean + 3 standard deviations of all pairs."""
        width = seen.real.shape[1]
        between = dissimilarities(seen.real_distances(), seen.metric, width)
        others = ~np.eye(len(between), dtype=bool)
        moments = _Moments()
        moments.add(between[others])
        sample = self._further_pairs(seen, moments, context.seed)
        m = len(seen.neighbours().best_real)
        moments.add(_between_sampled(sample, seen), m * (m - 1))
        nearest = np.minimum(best_dissimilarities(seen), np.where(others, between, np.inf).min(axis=1))
        scores: Scores = moments.mean - _DEVIATIONS * moments.deviation - nearest
        return scores

    def _further_pairs(self, seen: Seen, moments: _Moments, seed: int) -> Rows:
        """Add the pairs of real with generated images, twice as each stands for both directions; give the sample."""
        m = len(seen.neighbours().best_real)
        chosen = np.zeros(m, dtype=bool)
        size = min(m, self.parameters.sample)
        chosen[np.random.default_rng(seed).choice(m, size, replace=False)] = True
        kept, start = [], 0
        for rows in seen.blocks():
            pairs = dissimilarities(seen.measure.to(rows), seen.metric, seen.real.shape[1])
            moments.add(pairs, 2 * pairs.size)
            kept.append(rows[chosen[start : start + len(rows)]])
            start += len(rows)
        return np.concatenate(kept)


def _between_sampled(sample: Rows, seen: Seen) -> Floats:
    """Give D of all pairs of different sampled images, each in both directions."""
    distances = pair_distances(sample, seen.metric).to(sample)
    between = dissimilarities(distances, seen.metric, sample.shape[1])
    pairs: Floats = between[~np.eye(len(sample), dtype=bool)]
    return pairs
