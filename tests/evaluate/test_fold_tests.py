"""Tests of out-of-fold scores: exact inside a fold, valid over folds, and no smaller than what is attainable."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ganprint.evaluate.fold_tests import attainable_p, fold_p_values
from ganprint.evaluate.permutation import permutation_test
from ganprint.evaluate.split_scores import SplitScores


def split_of(used, scores, groups=None):
    used, scores = np.asarray(used, dtype=np.int8), np.atleast_2d(scores)
    ids = np.array([f"i{number:04d}" for number in range(len(used))])
    decisions = (scores > np.median(scores)).astype(np.int8)
    return SplitScores(tuple("abc"[: len(scores)]), ids, ids if groups is None else groups, used, scores, decisions)


def test_it_is_twice_the_mean_of_the_folds_own_tests():
    """Protects the combination: each fold's permutation test on its own images, in the order of the folds."""
    rng = np.random.default_rng(0)
    split = split_of(rng.integers(0, 2, 60), rng.normal(size=(2, 60)))
    folds = np.arange(60) % 3
    found = fold_p_values(split, folds, 99, np.random.default_rng(5))
    again = np.random.default_rng(5)
    parts = [permutation_test(split.take(np.flatnonzero(folds == fold)), 99, again).p("roc_auc") for fold in range(3)]
    np.testing.assert_allclose(found["roc_auc"], np.minimum(1, 2 * np.mean(parts, axis=0)))


def test_out_of_fold_scores_that_learned_nothing_are_rarely_called_above_chance():
    """Protects every development verdict: p holds its level though scores were learned from the other folds' labels."""
    rng = np.random.default_rng(1)
    alarms, pooled, repetitions = 0, 0, 150
    for _ in range(repetitions):
        groups = np.repeat([f"g{number:02d}" for number in range(32)], 3)
        used = np.repeat(rng.permutation(32) % 2, 3).astype(np.int8)
        rows = np.repeat(rng.normal(size=(32, 30)), 3, axis=0) + rng.normal(0, 0.3, (96, 30))
        folds = np.repeat(np.arange(32) % 4, 3)
        scores = np.empty(96)
        for fold in range(4):
            fitted = LogisticRegression(C=0.1).fit(rows[folds != fold], used[folds != fold])
            scores[folds == fold] = fitted.decision_function(rows[folds == fold])
        split = split_of(used, scores, groups)
        alarms += fold_p_values(split, folds, 199, rng)["roc_auc"][0] <= 0.05
        pooled += permutation_test(split, 199, rng).p("roc_auc")[0] <= 0.05
    # Three standard errors of a share of 5 %; the pooled test, which forgets the dependence, exceeds its level.
    assert alarms <= 0.05 * repetitions + 3 * np.sqrt(repetitions * 0.05 * 0.95)
    assert alarms < pooled


@pytest.mark.parametrize("units", [6, 8, 12])
def test_a_perfect_ranking_reaches_the_attainable_p_and_no_less(units):
    """Protects "not assessable": where even perfection is not significant, nothing else can be."""
    used = np.arange(units) % 2
    split = split_of(used, used.astype(np.float64))
    draws = 20_000
    p = permutation_test(split, draws, np.random.default_rng(3)).p("roc_auc")[0]
    attainable = attainable_p(split.used, split.groups, draws)
    assert p == pytest.approx(attainable, rel=0.25)
    folds = np.repeat([0, 1], units // 2)
    both = fold_p_values(split, folds, draws, np.random.default_rng(4))["roc_auc"][0]
    assert both == pytest.approx(attainable_p(split.used, split.groups, draws, folds), rel=0.25)


def test_a_fold_of_one_class_counts_as_no_evidence():
    """Protects small corpora: a fold that can rank nothing adds p = 1 and no error."""
    split = split_of([0, 1, 0, 1, 1, 1], [0.0, 1, 0, 1, 1, 0])
    p = fold_p_values(split, np.array([0, 0, 0, 0, 1, 1]), 999, np.random.default_rng(0))["roc_auc"][0]
    assert p == 1.0
