"""Pairs of a used and a not used image in the right order, counted between groups: all that a ROC AUC rests on.

Scores of different fits do not compare, so only images that one fit scored make a pair. Counted by group once, the
AUC of any weighting of the groups (resamples, one left out) is a quadratic form.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["GroupPairs", "auc_of_labels", "group_pairs"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class GroupPairs:
    """Counts between G groups: rows hold the used image of a pair, columns the not used one.

    Attributes
    ----------
    right
        [G, G], pairs in which the used image has the higher score; equal scores count half.
    pairs
        [G, G], all pairs.
    """

    right: Floats
    pairs: Floats

    @property
    def auc(self) -> float:
        """Share of pairs in the right order; NaN when there is no pair."""
        return float(_ratio(self.right.sum(), self.pairs.sum()))

    def weighted(self, weights: Floats) -> Floats:
        """Give the AUC, [b], for every weighting [b, G] of the groups; NaN where no pair is left."""
        right, pairs = (((weights @ counts) * weights).sum(axis=1) for counts in (self.right, self.pairs))
        return _ratio(right, pairs)

    def without_each(self) -> Floats:
        """Give the AUC, [G], without each of the groups in turn; NaN where no pair is left."""
        return _ratio(*(_without(counts) for counts in (self.right, self.pairs)))


def group_pairs(used: Labels, groups: NDArray[np.str_], scores: Floats, parts: NDArray[np.intp]) -> GroupPairs:
    """Count the pairs of images that lie in the same part.

    Parameters
    ----------
    used, groups
        [n].
    scores
        [R, n], one row per repetition; higher = more likely used.
    parts
        [R, n], the fit that scored the image; below 0: the image is left out.

    Returns
    -------
    Counts over all repetitions; groups in the order of their names.
    """
    names, member_of = np.unique(groups, return_inverse=True)
    of_group = (member_of[:, None] == np.arange(len(names))).astype(np.float64)
    right, pairs = np.zeros((2, len(names), len(names)))
    for values, numbers in zip(scores, parts, strict=True):
        for part in np.unique(numbers[numbers >= 0]):
            higher = np.flatnonzero((numbers == part) & (used == 1))
            lower = np.flatnonzero((numbers == part) & (used == 0))
            difference = np.sign(values[higher][:, None] - values[lower])
            right += of_group[higher].T @ ((1 + difference) / 2) @ of_group[lower]
            pairs += np.outer(of_group[higher].sum(axis=0), of_group[lower].sum(axis=0))
    return GroupPairs(right, pairs)


def auc_of_labels(labels: Labels, scores: Floats) -> Floats:
    """Give the ROC AUC, [b], of scores [n] under relabelled truths [b, n], over all pairs (Mann and Whitney 1947)."""
    truths, ranks = labels.astype(np.float64), rankdata(scores)
    positives = truths.sum(axis=1)
    above = truths @ ranks - positives * (positives + 1) / 2
    return _ratio(above, positives * (truths.shape[1] - positives))


def _without(counts: Floats) -> Floats:
    left: Floats = counts.sum() - counts.sum(axis=0) - counts.sum(axis=1) + np.diag(counts)
    return left


def _ratio(right: Floats, pairs: Floats) -> Floats:
    shares: Floats = np.full(np.shape(pairs), np.nan)
    np.divide(right, pairs, out=shares, where=np.asarray(pairs) > 0)
    return shares
