"""Tests of out-of-fold scores of runs that learn: labels are exchanged inside one fold at a time.

An out-of-fold score depends on the labels of the other folds. Exchanging labels over all folds at once while the
scores stay as they are would forget that, and calls out too often (8 to 10 % at the 5 % level, see
docs/statistics.md). Given the labels of the other folds, though, a fold's scores are fixed and its labels are
exchangeable, so the test inside a fold is exact. The folds' p values depend on each other in ways nobody knows; twice
their mean is valid whatever these are (Rueschendorf 1982; Vovk and Wang 2020, "Combining p-values via averaging",
Biometrika, proposition 2).
"""

from math import comb

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.permutation import TESTED, exchange_unit, permutation_test
from ganprint.evaluate.split_scores import SplitScores

__all__ = ["attainable_p", "fold_p_values"]

Floats = NDArray[np.float64]


def fold_p_values(
    split: SplitScores, folds: NDArray[np.intp], permutations: int, rng: np.random.Generator
) -> dict[str, Floats]:
    """Give the combined p value of every run, [R], for each figure of :data:`ganprint.evaluate.permutation.TESTED`.

    Parameters
    ----------
    split
        Out-of-fold scores, decisions and truth.
    folds
        [n], the fold that held each image out.
    permutations
        Draws per fold.
    rng
        Source of chance.

    Returns
    -------
    Twice the mean of the folds' p values, at most 1. A fold in which a figure is undefined counts with p = 1.
    """
    parts: dict[str, list[Floats]] = {name: [] for name in TESTED}
    for fold in np.unique(folds):
        permuted = permutation_test(split.take(np.flatnonzero(folds == fold)), permutations, rng)
        for name in TESTED:
            parts[name].append(np.nan_to_num(permuted.p(name), nan=1.0))
    return {name: np.minimum(1.0, 2 * np.mean(found, axis=0)) for name, found in parts.items()}


def attainable_p(
    used: NDArray[np.int8], groups: NDArray[np.str_], permutations: int, folds: NDArray[np.intp] | None = None
) -> float:
    """Give the smallest p that a perfect ranking could have: no smaller one is possible, however strong the leak.

    Of units (images or groups) of which k are used there are C(units, k) relabellings, and no p is below one in that
    many, nor below one in the draws. With folds it is twice the mean of the folds' smallest.
    """
    if folds is not None:
        parts = [attainable_p(used[folds == fold], groups[folds == fold], permutations) for fold in np.unique(folds)]
        return min(1.0, 2 * float(np.mean(parts)))
    least = 1 / (1 + permutations)
    if exchange_unit(used, groups) == "image within group":
        return least
    _, first = np.unique(groups, return_index=True)
    return max(least, 1 / comb(len(first), int(used[first].sum())))
