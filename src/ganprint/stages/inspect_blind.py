"""A baseline that tells real from reference images without looking at any generated one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.blind import Blind, BlindParameters
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context
from ganprint.evaluate.fold_tests import fold_p_values
from ganprint.evaluate.split_scores import SplitScores
from ganprint.seeds import derive_seed, generator

__all__ = ["blind_scores"]

_FOLDS = 3
_LEAST = 4
"""Groups of either kind without which nothing is fitted."""


def blind_scores(
    rows: NDArray[Any], real: NDArray[np.int8], groups: NDArray[np.str_], permutations: int, seed: int
) -> tuple[NDArray[np.float64], float] | None:
    """Give out-of-fold scores [n] of the blind baseline and the p of its ROC AUC; None with too few groups.

    Parameters
    ----------
    rows, real, groups
        Of the scored images [n]: features or grey values, 1 for real and 0 for reference images, groups.
    permutations
        Draws of the test per fold.
    seed
        Base of all seeds.
    """
    if min(len(np.unique(groups[real == label])) for label in (0, 1)) < _LEAST:
        return None
    folds = fold_numbers(real, groups, _FOLDS, derive_seed(seed, "inspect", "blind folds"))
    ids = np.array([f"{number:07d}" for number in range(len(real))])
    nothing = Images(ids[:0], rows[:0])
    scores = np.empty(len(real))
    for fold in np.unique(folds):
        kept, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        context = Context(derive_seed(seed, "inspect", "blind", int(fold)))
        development = Development(Images(ids[kept], rows[kept]), real[kept], groups[kept], nothing)
        blind = Blind(BlindParameters(c=[1e-3, 1e-2], folds=2)).fit(development, context)
        scores[held_out] = blind.score(Test(Images(ids[held_out], rows[held_out]), nothing), context)
    decisions = np.zeros((1, len(real)), dtype=np.int8)
    split = SplitScores(("blind",), ids, groups, real, scores[np.newaxis], decisions)
    p = fold_p_values(split, folds, permutations, generator(seed, "inspect", "blind p"))["roc_auc"][0]
    return scores, float(p)
