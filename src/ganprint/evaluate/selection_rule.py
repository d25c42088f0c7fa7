"""The rule by which a study selects: the largest AUC, and among those within a standard error of it the simplest.

After the one-standard-error rule of Breiman, Friedman, Olshen and Stone (1984, "Classification and regression trees",
section 3.4.3), but with the standard error of the *difference* to the best: candidates look at the same patients, and
what these have in common says nothing about which candidate is better.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.selection_pairs import GroupPairs

__all__ = ["RULE", "select"]

RULE = (
    "Among the candidates whose ROC AUC is not further below the largest one than {tolerance:g} standard errors of the "
    "difference (jackknife over patients), the first in the order of simplicity: what learns from no label before what "
    "does, then the order of the embeddings, of the comparators and of the poolings in the study's block."
)
"""The rule in words; ``tolerance`` is the study's."""

_SAME = 1e-12


def select(counted: Sequence[GroupPairs], places: Sequence[int], tolerance: float) -> int:
    """Give the number of the selected candidate.

    Parameters
    ----------
    counted
        Pairs of every candidate; the groups must be the same.
    places
        Place of every candidate in the order of simplicity: the smallest is preferred.
    tolerance
        Standard errors that may be given up for simplicity; 0 leaves the largest AUC and breaks ties alone.

    Returns
    -------
    Index into ``counted``. A candidate without any pair is never selected, unless none has one.
    """
    aucs = np.nan_to_num(np.array([one.auc for one in counted]), nan=-1.0)
    order = np.argsort(np.asarray(places), kind="stable")
    best = int(order[np.argmax(aucs[order] >= aucs.max() - _SAME)])
    within = [
        place
        for place, one in enumerate(counted)
        if aucs[best] - aucs[place] <= tolerance * _error(counted[best], one) + _SAME
    ]
    return min(within, key=lambda place: places[place])


def _error(best: GroupPairs, other: GroupPairs) -> float:
    """Jackknife standard error of the difference of two AUCs (Efron and Tibshirani 1993, equation 11.5)."""
    left_out: NDArray[np.float64] = best.without_each() - other.without_each()
    left_out = left_out[np.isfinite(left_out)]
    if len(left_out) < 2:
        return 0.0
    groups = len(left_out)
    return float(np.sqrt((groups - 1) / groups * ((left_out - left_out.mean()) ** 2).sum()))
