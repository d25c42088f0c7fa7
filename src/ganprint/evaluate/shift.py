"""Do scores of two splits come from one distribution? What is calibrated on the one is else void on the other."""

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.permutation import label_blocks

__all__ = ["shift_p"]

Floats = NDArray[np.float64]

# Distances closer than this are equal but for rounding.
_SAME = 1e-12


def shift_p(
    scores: Floats, in_second: NDArray[np.int8], groups: NDArray[np.str_], permutations: int, rng: np.random.Generator
) -> float:
    """Test whether the scores of two sets have the same distribution, by group.

    The largest distance of the two empirical distribution functions (Kolmogorov and Smirnov), with the permutation
    distribution in which groups exchange their sets (:mod:`ganprint.evaluate.permutation`); p = (1 + k) / (1 + draws).

    Parameters
    ----------
    scores, groups
        [n] each.
    in_second
        [n], 1 for images of the second set; both sets have images.
    permutations
        Number of draws.
    rng
        Source of chance.
    """
    order = np.argsort(scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=np.inf))

    def distances(labels: NDArray[np.int8]) -> Floats:
        second = labels[:, order].cumsum(axis=1, dtype=np.int32)[:, ends]
        members = second[:, -1:]
        apart = second / members - (ends + 1 - second) / (len(scores) - members)
        return np.asarray(np.abs(apart).max(axis=1), dtype=np.float64)

    observed = distances(in_second[None])[0]
    reached = sum(
        int((distances(labels) >= observed - _SAME).sum())
        for labels in label_blocks(in_second, groups, permutations, rng)
    )
    return (1 + reached) / (1 + permutations)
