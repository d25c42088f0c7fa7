"""The rows that are compared, and the labellings of the real ones under which every measure is computed.

A labelling says of each real row whether it counts as used (1), as held out (0) or is left out (-1). The first is the
truth. The next exchange membership between groups: what the measures would be if membership meant nothing. The last
leave one fold of groups out each: how far the measures depend on which patients there happen to be. Rows are never
drawn twice, as a bootstrap would: a doubled row lies at distance zero from itself and ruins nearest neighbours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.permutation import exchange_unit, permuted_labels

__all__ = ["HELD_OUT", "LEFT_OUT", "USED", "Labellings", "Sets", "make_labellings"]

USED, HELD_OUT, LEFT_OUT = 1, 0, -1


@dataclass(frozen=True)
class Sets:
    """Rows of one embedding and split.

    Attributes
    ----------
    real
        [R, d], used and held-out images.
    used
        [R].
    groups
        [R], patient or volume of each.
    generated
        [G, d]; it may be memory-mapped, since it is read in blocks.
    """

    real: NDArray[Any]
    used: NDArray[np.bool_]
    groups: NDArray[np.str_]
    generated: NDArray[Any]


@dataclass(frozen=True)
class Labellings:
    """Labels of the real rows, and the units that carry them.

    Attributes
    ----------
    codes
        [1 + permutations + folds, R] in :data:`USED`, :data:`HELD_OUT`, :data:`LEFT_OUT`.
    permutations, folds
        How many of each; no folds where a class has a single group.
    units
        [R], number of the unit of each row: its group, or the image where used and held-out images share groups.
    """

    codes: NDArray[np.int8]
    permutations: int
    folds: int
    units: NDArray[np.intp]


def make_labellings(
    used: NDArray[np.bool_], groups: NDArray[np.str_], permutations: int, folds: int, rng: np.random.Generator
) -> Labellings:
    """Make the labellings.

    Parameters
    ----------
    used, groups
        [R] each.
    permutations
        Labellings that exchange membership as :mod:`ganprint.evaluate.permutation` does.
    folds
        Largest number of folds of groups to leave out.
    rng
        Source of chance.
    """
    truth = used.astype(np.int8)
    mixed = exchange_unit(truth, groups) == "image within group"
    units = np.arange(len(used)) if mixed else np.unique(groups, return_inverse=True)[1]
    left_out = _folds([groups] if mixed else [groups[used], groups[~used]], groups, folds, rng)
    dropped = np.where(left_out, LEFT_OUT, truth).astype(np.int8)
    exchanged = permuted_labels(truth, groups, permutations, rng)
    return Labellings(np.vstack([truth[None], exchanged, dropped]), permutations, len(left_out), units)


def _folds(
    classes: list[NDArray[np.str_]], groups: NDArray[np.str_], folds: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark, [folds, R], the rows of each fold; every class loses about equally many groups."""
    names = [np.unique(members) for members in classes]
    count = min(folds, *(len(members) for members in names))
    if count < 2:
        return np.zeros((0, len(groups)), dtype=np.bool_)
    fold_of = {name: i % count for members in names for i, name in enumerate(rng.permutation(members).tolist())}
    member_of = np.array([fold_of[name] for name in groups.tolist()])
    return np.asarray(member_of[None] == np.arange(count)[:, None])
