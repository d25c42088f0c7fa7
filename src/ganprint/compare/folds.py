"""Folds by group: no patient is on both sides of a split, and every run sees the same folds."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from ganprint.errors import InputError

__all__ = ["fold_numbers", "inner_fold_numbers"]

_ATTEMPTS = 40
"""Shuffles that are tried before there is a fold less."""


def fold_numbers(used: NDArray[np.int8], groups: NDArray[np.str_], count: int, seed: int) -> NDArray[np.intp]:
    """Give every image the number of the fold that holds it out.

    Groups stay whole and the folds' shares of used images are kept as even as that allows (scikit-learn's
    StratifiedGroupKFold). With fewer groups than folds in a class there are as many folds as its groups allow. Where
    groups hold both classes, a fold may leave a class out of the others: then the next seeds are tried, after some of
    them fewer folds, and in the end groups are dealt out by chance.

    Parameters
    ----------
    used
        [n], 1 or 0.
    groups
        [n].
    count
        Number of folds wanted, at least 2.
    seed
        Of the shuffle.

    Returns
    -------
    [n], from 0 to the number of folds - 1. Every fold's complement holds both classes.

    Raises
    ------
    InputError
        When a class has fewer than two groups: no fold could be held out without losing the class.
    """
    available = min(len(np.unique(groups[used == label])) for label in (0, 1))
    if available < 2:
        raise InputError(
            "corpus: out-of-fold scores need at least two groups of used and two of not used development images; "
            "check groups.csv or leave it away"
        )
    for divide in (_stratified, _shuffled):
        for folds_of in range(min(count, available), 1, -1):
            for attempt in range(_ATTEMPTS):
                folds = divide(used, groups, folds_of, seed + attempt)
                if all(len(np.unique(used[folds != fold])) == 2 for fold in range(folds_of)):
                    return folds
    raise InputError(
        "corpus: no division of the groups was found that leaves used and not used development images beside every "
        "fold; check groups.csv"
    )


def _stratified(used: NDArray[np.int8], groups: NDArray[np.str_], count: int, seed: int) -> NDArray[np.intp]:
    order = np.lexsort((np.arange(len(groups)), groups))
    folds = np.empty(len(used), dtype=np.intp)
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed % 2**32)
    for number, (_, held_out) in enumerate(splitter.split(order, used[order], groups[order])):
        folds[order[held_out]] = number
    return folds


def _shuffled(used: NDArray[np.int8], groups: NDArray[np.str_], count: int, seed: int) -> NDArray[np.intp]:
    """Deal whole groups out by chance: where few groups hold both classes, stratifying always finds the same."""
    del used
    names, places = np.unique(groups, return_inverse=True)
    dealt = np.empty(len(names), dtype=np.intp)
    dealt[np.random.default_rng(seed % 2**32).permutation(len(names))] = np.arange(len(names)) % count
    folds: NDArray[np.intp] = dealt[places]
    return folds


def inner_fold_numbers(used: NDArray[np.int8], groups: NDArray[np.str_], count: int, seed: int) -> NDArray[np.intp]:
    """Give fold numbers for a choice inside a fit, where a class may be left with a single group.

    As :func:`fold_numbers`; when a class has one group alone, its images stand for groups: the choice is then
    optimistic, but no held-out score is, since the outer folds keep groups whole.
    """
    single = min(len(np.unique(groups[used == label])) for label in (0, 1)) < 2
    return fold_numbers(used, np.arange(len(used)).astype(np.str_) if single else groups, count, seed)
