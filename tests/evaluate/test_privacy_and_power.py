"""Bounds on epsilon and the power statement: published figures, closed forms, simulations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm, rankdata

from ganprint.evaluate.power import (
    auc_variance,
    design_effect,
    intraclass_correlation,
    smallest_accuracy,
    smallest_auc,
    smallest_leak,
)
from ganprint.evaluate.privacy_bound import SHARES, epsilon_lower_bound, privacy_bound
from ganprint.evaluate.weighted import weighted_auc


def names(count):
    """Every image its own group."""
    return np.array([f"i{number:04d}" for number in range(count)])


@pytest.mark.parametrize(
    ("right", "guesses", "epsilon"),
    [(101, 200, 0), (105, 200, 0), (162, 200, 1.145), (200, 200, 4.194), (0, 10, 0), (0, 0, 0)],
)
def test_epsilon_of_known_counts(right, guesses, epsilon):
    """Protects the bound against worked examples."""
    assert epsilon_lower_bound(right, guesses, 0.95) == pytest.approx(epsilon, abs=5e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.data())
def test_epsilon_is_the_largest_that_is_refuted(guesses, data):
    """Protects the definition: a little less is refuted by the binomial tail, a little more is not."""
    right = data.draw(st.integers(0, guesses))
    epsilon = epsilon_lower_bound(right, guesses, 0.95)

    def tail(value):
        return binom.sf(right - 1, guesses, np.exp(value) / (1 + np.exp(value)))

    assert tail(epsilon + 1e-6) >= 0.05
    assert epsilon == 0 or tail(epsilon - 1e-6) < 0.05


def test_impossible_counts_are_refused():
    """Protects against counts in the wrong order."""
    with pytest.raises(ValueError, match="11 right of 10"):
        epsilon_lower_bound(11, 10, 0.95)


def test_one_guess_per_patient():
    """Protects against counting one coin many times: four slices of a patient are one guess, by their mean score."""
    used = np.repeat([1, 0] * 20, 4).astype(np.int8)
    scores = np.where(used == 1, 1.0, 0.0)
    scores[::4] = 0.9 - scores[::4]  # one slice of each patient misleads
    found = privacy_bound(
        used, scores, np.repeat(names(40), 4), threshold=0.5, confidence=0.95, rng=np.random.default_rng(0)
    )
    assert (found.unit, found.guesses, found.right) == ("group", 40, 40)
    assert found.epsilon == pytest.approx(epsilon_lower_bound(40, 40, 0.95))
    assert found.fixed_beforehand
    mixed = privacy_bound(
        np.tile([1, 0], 80).astype(np.int8), scores, np.repeat(names(40), 4), threshold=0.5, confidence=0.95,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert (mixed.unit, mixed.guesses) == ("image", 160)
    assert "classes mix inside groups" in mixed.note


def test_threshold_chosen_on_the_data_gives_no_bound():
    """Protects against a threshold that has seen the truth: then the corrected bound stands alone, and says why."""
    used = (np.arange(100) % 2).astype(np.int8)
    found = privacy_bound(
        used, used.astype(float), names(100), threshold=None, confidence=0.95, rng=np.random.default_rng(0)
    )
    assert found.epsilon is found.guesses is found.right is None
    assert not found.fixed_beforehand
    assert "out of fold" in found.note
    best = found.simultaneous
    assert (best.guesses, best.right, best.ends, best.candidates) == (100, 100, "both", 2 * len(SHARES))
    assert best.epsilon == pytest.approx(epsilon_lower_bound(100, 100, 1 - 0.05 / best.candidates))


def test_few_sure_guesses_can_be_worth_more_than_many():
    """Protects abstention: when the top tenth alone is known, the bound comes from there."""
    rng = np.random.default_rng(0)
    used = rng.permutation(np.arange(400) % 2).astype(np.int8)
    scores = rng.random(400)
    scores[np.flatnonzero(used)[:40]] += 2
    best = privacy_bound(used, scores, names(400), threshold=None, confidence=0.95, rng=rng).simultaneous
    assert (best.guesses, best.right, best.ends, best.share) == (40, 40, "highest", 0.1)


def test_ties_do_not_follow_the_truth():
    """Protects against rows that are ordered by truth: equal scores bound nothing."""
    used = np.repeat([0, 1], 100).astype(np.int8)
    bounds = [
        privacy_bound(used, np.zeros(200), names(200), threshold=None, confidence=0.95, rng=np.random.default_rng(seed))
        for seed in range(60)
    ]
    assert np.mean([bound.simultaneous.epsilon > 0 for bound in bounds]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


def test_bounds_hold_for_a_private_mechanism():
    """Protects the level: randomised response with a known epsilon is overestimated in at most 5 % of the runs."""
    rng, epsilon = np.random.default_rng(1), 0.8
    over = {"fixed": 0, "simultaneous": 0}
    for _ in range(400):
        used = rng.integers(0, 2, 120).astype(np.int8)
        told = rng.random(120) < np.exp(epsilon) / (1 + np.exp(epsilon))
        scores = np.where(told, used, 1 - used) + rng.random(120) / 4
        found = privacy_bound(used, scores, names(120), threshold=0.6, confidence=0.95, rng=rng)
        if found.simultaneous is None:  # coins that fell unlike fair ones: there is no bound to be wrong
            continue
        over["fixed"] += found.epsilon > epsilon
        over["simultaneous"] += found.simultaneous.epsilon > epsilon
    noise = 3 * np.sqrt(0.05 * 0.95 / 400)
    assert all(count / 400 <= 0.05 + noise for count in over.values())
    assert over["fixed"] > 0


@pytest.mark.parametrize(("share", "bound"), [(0.5, True), (0.55, True), (0.65, False), (0.8, False), (0.2, False)])
def test_no_bound_where_memberships_are_no_fair_coins(share, bound):
    """Protects against a leak by prevalence alone: "all used" is right on 80 % of such images without any look."""
    used = (np.arange(200) < 200 * share).astype(np.int8)
    found = privacy_bound(used, np.ones(200), names(200), threshold=0.5, confidence=0.95, rng=np.random.default_rng(0))
    assert (found.epsilon is not None) == (found.simultaneous is not None) == bound
    assert ("no fair coins" in found.note) == (not bound)
    assert not found.epsilon


def test_variance_of_hanley_and_mcneil():
    """Protects the formula: at 0.5 it is that of Mann and Whitney, else that of exponential scores, by simulation."""
    assert auc_variance(0.5, 30, 50) == pytest.approx(81 / (12 * 1500))
    rng = np.random.default_rng(2)
    used = np.repeat([1, 0], [40, 30]).astype(np.int8)
    # A = rate / (1 + rate) for exponential scores with means rate and 1.
    areas = [
        weighted_auc(np.ones((1, 70)), used, rng.exponential(size=70) * np.where(used == 1, 3.0, 1.0))["roc_auc"][0]
        for _ in range(3000)
    ]
    assert np.mean(areas) == pytest.approx(0.75, abs=0.005)
    assert np.var(areas) == pytest.approx(auc_variance(0.75, 40, 30), rel=0.1)


@pytest.mark.parametrize(("patients", "slices", "level"), [(50, 1, 0.0), (200, 1, 0.0), (50, 4, 1.0)])
def test_power_is_the_one_promised(patients, slices, level):
    """Protects the statement: at the smallest AUC named, the test shows the leak about as often as promised."""
    rng = np.random.default_rng(patients + slices)
    groups = np.repeat(np.arange(patients), slices)
    used = (groups % 2).astype(np.int8)
    group_names = groups.astype(np.str_)

    def scores(auc, count):
        latent = level * rng.normal(size=(count, patients))[:, groups] + rng.normal(size=(count, len(groups)))
        return latent + norm.ppf(auc) * np.sqrt(2 * (1 + level**2)) * used

    correlation = np.mean([intraclass_correlation(rankdata(row), used, group_names) for row in scores(0.7, 50)])
    assert (correlation > 0.3) == (level > 0)
    effect = design_effect(correlation, used, group_names)
    m = int(used.sum())
    auc = smallest_auc(m, m, effect, 0.95, 0.8)
    drawn = scores(auc, 1500)
    areas = np.array([weighted_auc(np.ones((1, len(used))), used, row)["roc_auc"][0] for row in drawn])
    shown = areas - 0.5 >= norm.ppf(0.95) * np.sqrt(effect * auc_variance(0.5, m, m))
    assert shown.mean() == pytest.approx(0.8, abs=0.05)


def test_smallest_auc_is_monotone():
    """Protects the direction: more images or less correlation show less; too few images show nothing at all."""
    base = smallest_auc(50, 50, 1.0, 0.95, 0.8)
    assert smallest_auc(100, 100, 1.0, 0.95, 0.8) < base < smallest_auc(50, 50, 2.0, 0.95, 0.8)
    assert 0.6 < base < 0.7
    assert smallest_auc(3, 3, 10.0, 0.95, 0.8) is None
    assert smallest_auc(0, 10, 1.0, 0.95, 0.8) is None


@pytest.mark.parametrize("n", [1, 4, 5, 20, 200])
def test_smallest_accuracy_by_binomial_tails(n):
    """Protects the exact test: the level is kept, one less would break it, and the power is reached exactly."""
    found = smallest_accuracy(n, 0.5, 0.95, 0.8)
    count = next((c for c in range(n + 1) if binom.sf(c - 1, n, 0.5) <= 0.05), None)
    if count is None:
        assert found is None
    else:
        assert binom.sf(count - 1, n, found) == pytest.approx(0.8)


def test_correlation_within_groups():
    """Protects the estimate: known variances are found again, whatever the difference of the classes; and edges."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(600), rng.integers(1, 6, 600))
    used = (groups % 2).astype(np.int8)
    values = rng.normal(size=600)[groups] + rng.normal(size=len(groups)) * np.sqrt(3) + 10 * used
    assert intraclass_correlation(values, used, groups.astype(np.str_)) == pytest.approx(0.25, abs=0.05)
    assert intraclass_correlation(values, used, names(len(groups))) == 0
    assert intraclass_correlation(np.zeros(len(groups)), used, groups.astype(np.str_)) == 0
    alternating = np.tile([0.0, 1.0], 20)
    assert intraclass_correlation(alternating, np.repeat([0, 1], 20).astype(np.int8), np.repeat(names(20), 2)) == 0
    two = np.array(["a"] * 5 + ["b"] * 5)
    assert intraclass_correlation(np.arange(10.0), np.repeat([0, 1], 5).astype(np.int8), two) == 1
    assert design_effect(1.0, np.repeat([0, 1], 5).astype(np.int8), two) == 5
    assert design_effect(0.5, used, names(len(groups))) == 1


def test_correlation_is_that_of_the_analysis_of_variance():
    """Protects the formula on equal groups of one class: (MSB - MSW) / (MSB + (m - 1) MSW) by hand."""
    values = np.array([1.0, 2.0, 3.0, 5.0, 6.0, 4.0, 9.0, 8.0, 7.5])
    rows = values.reshape(3, 3)
    between = 3 * rows.mean(axis=1).var(ddof=1)
    within = rows.var(axis=1, ddof=1).mean()
    expected = (between - within) / (between + 2 * within)
    found = intraclass_correlation(values, np.ones(9, dtype=np.int8), np.repeat(names(3), 3))
    assert found == pytest.approx(expected)


def test_smallest_leak_of_constant_scores():
    """Protects the edges: constant scores and one class alone give a statement or None, never a crash."""
    used = (np.arange(40) // 4 % 2).astype(np.int8)
    found = smallest_leak(
        used, np.zeros(40), np.ones(40, dtype=np.int8), np.repeat(names(10), 4), confidence=0.95, power=0.8
    )
    assert found.design_effect == 1
    assert found.auc is None
    assert found.accuracy is not None
    single = smallest_leak(
        np.ones(8, np.int8), np.arange(8.0), np.ones(8, np.int8), names(8), confidence=0.95, power=0.8
    )
    assert single.auc is None
