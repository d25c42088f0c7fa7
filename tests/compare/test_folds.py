"""Folds by group: whole groups, and both classes in what is left, also where patients hold both."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from ganprint.compare.folds import fold_numbers, inner_fold_numbers
from ganprint.errors import InputError

GROUP = st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(any)


def images(groups):
    """Labels and group names of groups given as (not used, used)."""
    used = np.concatenate([[0] * no + [1] * yes for no, yes in groups]).astype(np.int8)
    return used, np.repeat([f"g{place}" for place in range(len(groups))], [sum(group) for group in groups])


@given(groups=st.lists(GROUP, min_size=3, max_size=8), count=st.integers(2, 5), seed=st.integers(0, 2**40))
def test_what_is_left_has_both_classes_and_groups_are_whole(groups, count, seed):
    """Protects fits: a fold whose complement holds one class alone would stop them, or make them learn nothing."""
    used, names = images(groups)
    assume(min(len(set(names[used == label])) for label in (0, 1)) >= 2)
    folds = fold_numbers(used, names, count, seed)
    assert 2 <= folds.max() + 1 <= count
    for fold in range(folds.max() + 1):
        assert set(used[folds != fold]) == {0, 1}
    for name in set(names):
        assert len(set(folds[names == name])) == 1


def test_the_patients_of_the_review_can_be_divided():
    """Protects a corpus that lost a class: one patient of both classes, one of each alone."""
    used, names = images([(1, 4), (4, 0), (0, 4)])
    for seed in range(30):
        folds = fold_numbers(used, names, 5, seed)
        assert all(set(used[folds != fold]) == {0, 1} for fold in range(folds.max() + 1))


def test_pure_groups_have_the_first_division():
    """Protects published figures: where nothing was wrong the folds are scikit-learn's for the seed itself."""
    used, names = images([(4, 0), (0, 4)] * 5)
    folds = fold_numbers(used, names, 5, 7)
    order = np.lexsort((np.arange(len(names)), names))
    splits = StratifiedGroupKFold(5, shuffle=True, random_state=7).split(order, used[order], names[order])
    for fold, (_, held_out) in enumerate(splits):
        assert set(order[held_out]) == set(np.flatnonzero(folds == fold))


def test_a_class_of_one_patient_can_not_be_held_out():
    """Protects the promise: the fold that holds it takes the class away; choices inside a fit take images."""
    used, names = images([(5, 1), (1, 0), (3, 0)])
    with pytest.raises(InputError, match="two groups of used and two of not used"):
        fold_numbers(used, names, 3, 1)
    used, names = images([(5, 2), (1, 0), (3, 0)])
    folds = inner_fold_numbers(used, names, 2, 1)
    assert all(set(used[folds != fold]) == {0, 1} for fold in range(2))
