"""Permutation tests hand out labels as membership was, and do not cry wolf."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ganprint.errors import InputError
from ganprint.evaluate.inference import permutation_records
from ganprint.evaluate.multiplicity import holm, step_down_max
from ganprint.evaluate.permutation import TESTED, Permuted, auc_p, exchange_unit, permutation_test, permuted_labels
from ganprint.evaluate.split_scores import SplitScores, stack
from ganprint.evaluate.tables import ScoreTable
from ganprint.evaluate.weighted import weighted_figures


def split_of(used, scores, groups=None, decisions=None):
    """Runs on images in order; decisions are scores above 0 when not given."""
    used, scores = np.asarray(used, dtype=np.int8), np.atleast_2d(np.asarray(scores, dtype=float))
    ids = np.array([f"i{number:04d}" for number in range(len(used))])
    groups = ids if groups is None else np.asarray(groups).astype(np.str_)
    called = (scores > 0).astype(np.int8) if decisions is None else np.atleast_2d(decisions)
    return SplitScores(tuple(f"run{number}" for number in range(len(scores))), ids, groups, used, scores, called)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-2, 2), st.integers(-2, 2)), min_size=2, max_size=14))
def test_figures_are_those_of_the_bootstrap(rows):
    """Protects the fast formulas: every figure is that of weighted_figures, ties and missing classes included."""
    used, *scores = (np.array(column) for column in zip(*rows, strict=True))
    split = split_of(used, scores)
    permuted = permutation_test(split, 3, np.random.default_rng(0))
    for run in range(2):
        expected = weighted_figures(np.ones((1, len(used))), split.used, split.scores[run], split.decisions[run])
        for name in TESTED:
            assert permuted.observed[name][run] == pytest.approx(expected[name][0], nan_ok=True), name


def test_p_is_the_exact_one():
    """Protects p: with every relabelling written down, the share that is as good agrees within the draws' noise."""
    used, scores = [1, 1, 1, 0, 0, 0, 0], [3.0, 0.5, 2.0, 0.5, -1.0, 1.0, -2.0]
    permuted = permutation_test(split_of(used, scores), 20_000, np.random.default_rng(0))
    truths = np.zeros((35, 7), dtype=np.int8)
    for row, chosen in enumerate(combinations(range(7), 3)):
        truths[row, list(chosen)] = 1
    for name in TESTED:
        every = [
            weighted_figures(np.ones((1, 7)), truth, np.array(scores), (np.array(scores) > 0).astype(np.int8))[name][0]
            for truth in truths
        ]
        exact = np.mean(np.array(every) >= permuted.observed[name][0] - 1e-9)
        assert permuted.p(name)[0] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4), name


def test_p_counts_the_truth_itself():
    """Protects (1 + k) / (1 + n): no p of 0, and a draw that leaves the figure undefined counts against the run."""
    permuted = Permuted({"f1": np.array([0.9, np.nan])}, {"f1": np.array([[0.1, 0.9, np.nan, 0.2], [0.1] * 4])})
    assert permuted.p("f1").tolist()[0] == (1 + 2) / (1 + 4)
    assert np.isnan(permuted.p("f1")[1])
    best = permutation_test(
        split_of([1] * 20 + [0] * 20, np.r_[np.ones(20), np.zeros(20)]), 99, np.random.default_rng(0)
    )
    assert best.p("roc_auc")[0] == 0.01


def test_whole_groups_exchange_labels():
    """Protects the unit: where groups are of one class, all images of a group get one label, whatever its size."""
    used = np.array([1, 1, 1, 0, 1, 0, 0], dtype=np.int8)
    groups = np.array(["a", "a", "a", "b", "c", "d", "d"])
    assert exchange_unit(used, groups) == "group"
    drawn = permuted_labels(used, groups, 4000, np.random.default_rng(0))
    patterns, counts = np.unique(drawn[:, [0, 3, 4, 5]], axis=0, return_counts=True)
    assert (drawn == drawn[:, [0, 0, 0, 3, 4, 5, 5]]).all()
    assert len(patterns) == 6
    assert (patterns.sum(axis=1) == 2).all()
    assert np.abs(counts / 4000 - 1 / 6).max() < 0.03


def test_mixed_groups_exchange_patterns_of_their_size():
    """Protects the unit: mixed groups swap patterns with groups of their size alone, and permute inside."""
    used = np.array([1, 0, 1, 1, 1, 0, 0], dtype=np.int8)
    groups = np.array(["a", "a", "b", "b", "c", "c", "c"])
    assert exchange_unit(used, groups) == "image within group"
    drawn = permuted_labels(used, groups, 6000, np.random.default_rng(0))
    pairs = {tuple(row) for row in drawn[:, :4].tolist()}
    assert pairs == {(1, 0, 1, 1), (0, 1, 1, 1), (1, 1, 1, 0), (1, 1, 0, 1)}
    assert (drawn[:, 4:].sum(axis=1) == 1).all()
    assert np.abs(drawn[:, 4:].mean(axis=0) - 1 / 3).max() < 0.03
    assert exchange_unit(used, np.arange(7).astype(np.str_)) == "image"


@pytest.mark.parametrize("kind", ["images, n = 50", "images, n = 200", "groups", "mixed groups"])
def test_false_alarms(kind):
    """Protects the level: scores that know nothing of membership, but much of the patient, alarm 5 % of the time."""
    rng = np.random.default_rng(1)
    n, runs, alarms = 50 if "50" in kind else 200, 100, []
    for _ in range(6):
        groups = np.arange(n) // (4 if "groups" in kind else 1)
        used = rng.permutation(np.arange(groups.max() + 1) % 2)[groups]
        if kind == "mixed groups":
            used = rng.permuted(rng.permutation(np.repeat([[1, 0, 0, 0], [1, 1, 1, 0]], 25, axis=0)), axis=1).ravel()
        scores = 3 * rng.normal(size=(runs, groups.max() + 1))[:, groups] + rng.normal(size=(runs, n))
        permuted = permutation_test(split_of(used, scores, groups), 399, rng)
        alarms.append({name: permuted.p(name) <= 0.05 for name in TESTED})
    noise = 3 * np.sqrt(0.05 * 0.95 / (6 * runs))
    for name in TESTED:
        share = np.mean([of_call[name] for of_call in alarms])
        assert share <= 0.05 + noise, name
        # Not idle either; figures of few values can not reach the level exactly.
        assert share >= 0.05 - noise or name != "roc_auc"


def test_images_for_groups_would_cry_wolf():
    """Protects the test above: the same scores with images exchanged one by one alarm far too often."""
    rng = np.random.default_rng(2)
    groups = np.arange(200) // 4
    used = rng.permutation(np.arange(50) % 2)[groups]
    scores = 3 * rng.normal(size=(200, 50))[:, groups] + rng.normal(size=(200, 200))
    permuted = permutation_test(split_of(used, scores), 199, rng)
    assert np.mean(permuted.p("roc_auc") <= 0.05) > 0.15


def test_an_effect_is_found():
    """Protects the direction: higher scores of used images give a small p, lower ones a large one."""
    rng = np.random.default_rng(3)
    used = np.arange(100) % 2
    better = rng.normal(size=100) + 1.5 * used
    permuted = permutation_test(split_of(used, [better - 0.75, 0.75 - better]), 999, rng)
    for name in TESTED:
        assert permuted.p(name)[0] <= 0.01, name
        assert permuted.p(name)[1] >= 0.5, name
    groups = np.arange(100).astype(np.str_)
    assert auc_p(used.astype(np.int8), better, groups, 999, rng) == 0.001


def test_constant_scores_and_missing_classes():
    """Protects the edges: a constant score has p = 1 for every figure, one class alone no p where undefined."""
    constant = permutation_test(split_of([0, 1] * 10, np.full(20, 0.3)), 99, np.random.default_rng(0))
    assert all(constant.p(name)[0] == 1 for name in TESTED)
    assert all(constant.p_max(name, np.array([True]))[0] == 1 for name in TESTED)
    single = permutation_test(split_of([1] * 5, np.arange(5)), 99, np.random.default_rng(0))
    assert np.isnan(single.p("roc_auc")[0])
    assert single.p("f1")[0] == 1
    assert np.isnan(single.p_max("roc_auc", np.array([True]))[0])
    assert (
        auc_p(np.ones(5, dtype=np.int8), np.arange(5.0), np.arange(5).astype(np.str_), 9, np.random.default_rng(0))
        is None
    )


def test_blocks_of_draws_are_without_effect(monkeypatch):
    """Protects against results that depend on the memory at hand."""
    split = split_of(np.arange(30) % 2, np.random.default_rng(0).normal(size=(2, 30)))
    whole = permutation_test(split, 100, np.random.default_rng(0))
    monkeypatch.setattr("ganprint.evaluate.permutation._BLOCK", 30 * 7)
    parts = permutation_test(split, 100, np.random.default_rng(0))
    assert all(np.array_equal(whole.drawn[name], parts.drawn[name]) for name in TESTED)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8))
def test_holm_is_that_of_statsmodels(p):
    """Protects the correction, ties included, and that an undefined p is no test."""
    adjusted = holm(p)
    assert [value is None for value in adjusted] == [value is None for value in p]
    tested = [value for value in p if value is not None]
    if tested:
        expected = multipletests(tested, method="holm")[1]
        assert [value for value in adjusted if value is not None] == pytest.approx(expected)


def test_step_down_by_a_plain_loop():
    """Protects max-T: successive maxima over ever fewer runs, as in the book, on standardised figures."""
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(4, 200)) * np.array([[1], [5], [1], [2]])
    drawn[2] = drawn[0] + 0.1 * rng.normal(size=200)
    observed = np.array([1.9, 9.0, 2.5, -1.0])
    every = np.column_stack([observed, drawn])
    t = (every - every.mean(axis=1)[:, None]) / every.std(axis=1)[:, None]
    order = sorted(range(4), key=lambda run: -t[run, 0])
    expected, floor = {}, 0.0
    for place, run in enumerate(order):
        k = sum(max(t[other, draw] for other in order[place:]) >= t[run, 0] for draw in range(1, 201))
        floor = max(floor, (1 + k) / 201)
        expected[run] = floor
    assert step_down_max(observed, drawn) == pytest.approx([expected[run] for run in range(4)])


def test_families():
    """Protects the family: baselines are tested and left out of it, and copies of a run cost nothing under max-T."""
    rng = np.random.default_rng(5)
    used = np.arange(60) % 2
    score = rng.normal(size=60) + 0.7 * used - 0.35
    permuted = permutation_test(split_of(used, [score, score, score, rng.normal(size=60)]), 999, rng)
    records = permutation_records(permuted, np.array([True, True, True, False]))
    assert records[3]["f1"]["p_holm"] is records[3]["f1"]["p_max"] is None
    assert records[3]["f1"]["p"] is not None
    auc = records[0]["roc_auc"]
    assert auc["p_max"] == pytest.approx(auc["p"])
    assert auc["p_holm"] == pytest.approx(multipletests([auc["p"]] * 3, method="holm")[1][0])


def test_family_wise_error():
    """Protects the family's level: with 5 related runs that know nothing, one of them is below 5 % in 5 % of splits."""
    rng = np.random.default_rng(6)
    splits = 300
    alarms = {"p_max": 0, "p": 0}
    for _ in range(splits):
        used = rng.permutation(np.arange(40) % 2)
        scores = rng.normal(size=40) + rng.normal(size=(5, 40))
        permuted = permutation_test(split_of(used, scores), 99, rng)
        alarms["p_max"] += permuted.p_max("roc_auc", np.ones(5, dtype=bool)).min() <= 0.05
        alarms["p"] += permuted.p("roc_auc").min() <= 0.05
    assert alarms["p_max"] / splits <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / splits)
    assert alarms["p"] / splits > 0.08


def test_runs_are_stacked_by_id():
    """Protects the pairing of runs: rows in any order, the same images and groups or a refusal."""
    ids = np.array(["b", "a", "c"])
    truth = {"a": 1, "b": 0, "c": 1}
    first = ScoreTable(ids, ids, np.array([2.0, 1.0, 3.0]), np.array([0, 1, 1]))
    second = ScoreTable(ids[::-1], ids[::-1], np.array([6.0, 4.0, 5.0]), np.array([1, 0, 0]))
    both = stack({"x": first, "y": second}, truth)
    assert both.ids.tolist() == ["a", "b", "c"]
    assert both.used.tolist() == [1, 0, 1]
    assert both.scores.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert both.decisions.tolist() == [[1, 0, 1], [0, 0, 1]]
    with pytest.raises(InputError, match="run y: other groups than run x"):
        stack({"x": first, "y": ScoreTable(ids, np.array(["g"] * 3), first.scores, first.decisions)}, truth)


def test_every_exchange_is_reachable():
    """Protects exchangeability: inside one mixed group every order of the labels is drawn."""
    used, groups = np.array([1, 1, 0, 0], dtype=np.int8), np.array(["a"] * 4)
    drawn = {tuple(row) for row in permuted_labels(used, groups, 500, np.random.default_rng(0)).tolist()}
    assert drawn == set(permutations([1, 1, 0, 0])) == {row for row in product([0, 1], repeat=4) if sum(row) == 2}
