"""Answers about sets, and answers about images that may abstain: right on average, by group, at the level asked for."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from ganprint.evaluate.conformal import ANSWERS, Calibration, answer, coverage
from ganprint.evaluate.set_level import compare_sets
from ganprint.evaluate.shift import shift_p


def compared(scores, in_set, groups, side="higher", seed=0):
    """Compare with few draws."""
    return compare_sets(
        np.asarray(scores, dtype=float), np.asarray(in_set, dtype=np.int8), np.asarray(groups).astype(np.str_),
        side=side, confidence=0.95, resamples=300, permutations=199, rng=np.random.default_rng(seed),
    )  # fmt: skip


def test_effect_is_the_share_of_pairs():
    """Protects the effect: a random image of the set outscores a reference image, ties half; and the mean ranks."""
    scores, in_set = [3, 1, 2, 2, 0], [1, 1, 0, 0, 0]
    found = compared(scores, in_set, range(5))
    assert found.effect == pytest.approx((3 + 1) / 6)
    ranks = np.array([5, 2, 3.5, 3.5, 1])
    assert np.mean(ranks[:2]) - np.mean(ranks[2:]) == pytest.approx(5 * (found.effect - 0.5))
    assert (found.set_images, found.set_groups, found.reference_images, found.reference_groups) == (2, 2, 3, 3)


def test_sides():
    """Protects the direction of the test, and None for an empty set."""
    rng = np.random.default_rng(0)
    in_set = np.repeat([1, 0], 40)
    scores = rng.normal(size=80) + 1.5 * in_set
    high, low = compared(scores, in_set, range(80)), compared(scores, in_set, range(80), side="lower")
    assert high.p == 0.005
    assert low.p > 0.9
    assert high.effect == low.effect
    assert 0.5 < high.low < high.effect < high.high
    assert compared(scores, np.ones(80), range(80)) is None


def test_sets_find_what_images_do_not_show():
    """Protects the point of the set: a shift that no single image betrays is plain for 100 patients together."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(200), 2)
    in_set = (groups < 100).astype(int)
    scores = rng.normal(size=400) + 0.4 * in_set
    assert compared(scores, in_set, groups).p <= 0.01


def test_sets_hold_their_level_by_group():
    """Protects against patients counted as images: equal sets of correlated images alarm at 5 % or less."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(40), 5)
    in_set = (groups < 15).astype(int)
    alarms = 0
    for _ in range(200):
        scores = rng.normal(size=40)[groups] + 0.3 * rng.normal(size=200)
        alarms += compared(scores, in_set, groups, seed=rng).p <= 0.05
    assert alarms / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def plain_p(calibration, label, score, group):
    """P value of one image by a loop over groups: its own group counts as wholly as strange as itself."""
    shares = []
    for name in sorted(set(calibration.groups[calibration.used == label].tolist()) - {group}):
        values = calibration.scores[(calibration.groups == name) & (calibration.used == label)]
        shares.append(np.mean(values <= score if label else values >= score))
    return (1 + sum(shares)) / (1 + len(shares))


def test_p_values_by_a_plain_loop():
    """Protects the weights: every calibration group counts once, the image's own not at all; mixed groups included."""
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 8, 40).astype(np.str_)
    calibration = Calibration(np.round(rng.normal(size=40), 1), rng.integers(0, 2, 40).astype(np.int8), groups)
    scores, asked = np.r_[calibration.scores[:10], rng.normal(size=5)], np.r_[groups[:10], ["new"] * 5]
    found = answer(calibration, scores, asked, 0.2)
    for place, (score, group) in enumerate(zip(scores, asked.tolist(), strict=True)):
        assert found.p_used[place] == pytest.approx(plain_p(calibration, 1, score, group))
        assert found.p_not_used[place] == pytest.approx(plain_p(calibration, 0, score, group))


def test_answers_follow_from_the_p_values():
    """Protects the words: high scores are used, low ones not used, the middle is not told, nor is a gap."""
    known = Calibration(
        np.r_[np.linspace(5, 9, 20), np.linspace(0, 4, 20)], np.repeat([1, 0], 20).astype(np.int8),
        np.arange(40).astype(np.str_),
    )  # fmt: skip
    scores, names = np.array([8.0, 1.0, 4.5]), np.array(["x", "y", "z"])
    found = answer(known, scores, names, 0.1)
    assert found.answers.tolist() == ["used", "not used", "can not say"]
    assert found.counts() == dict.fromkeys(ANSWERS, 1)
    assert max(found.p_used[2], found.p_not_used[2]) <= 0.1
    assert answer(known, scores, names, 0.04).counts()["can not say"] == 3  # 1 / 21 is the smallest p
    nothing = Calibration(known.scores, np.ones(40, dtype=np.int8), known.groups)
    assert (answer(nothing, scores, names, 0.1).p_not_used == 1).all()


@pytest.mark.parametrize("level_of_patient", [0.0, 1.0, 10.0])
def test_wrong_answers_are_bounded(level_of_patient):
    """Protects the guarantee: with slices of a patient independent or nearly copies, at most 10 % are wrong."""
    rng = np.random.default_rng(4)
    repetitions, level = 300, 0.1
    wrong = {0: [], 1: []}
    for _ in range(repetitions):
        sizes = rng.integers(1, 7, 44)
        groups = np.repeat(np.arange(44), sizes)
        used = (groups % 2).astype(np.int8)
        scores = level_of_patient * rng.normal(size=44)[groups] + rng.normal(size=len(groups))
        scores += 2 * (1 + level_of_patient) * used
        known = groups < 42  # the last two patients, one of each class, are asked about
        calibration = Calibration(scores[known], used[known], groups[known].astype(np.str_))
        found = answer(calibration, scores[~known], groups[~known].astype(np.str_), level)
        for label, mistaken in ((1, "not used"), (0, "used")):
            # One image of the patient: images of a larger patient are no further patients.
            first = np.flatnonzero(used[~known] == label)[0]
            wrong[label].append(found.answers[first] == mistaken)
    noise = 3 * np.sqrt(level * (1 - level) / repetitions)
    assert all(np.mean(mistakes) <= level + noise for mistakes in wrong.values())
    assert np.mean(wrong[0] + wrong[1]) > 0.02


def test_images_for_groups_would_be_wrong_too_often():
    """Protects the test above: calibrated on a few patients' many slices as if independent, the bound is broken."""
    rng = np.random.default_rng(5)
    wrong = []
    for _ in range(400):
        groups = np.repeat(np.arange(10), 30)
        used = (groups % 2).astype(np.int8)
        scores = 10 * rng.normal(size=10)[groups] + rng.normal(size=300) + 30 * used
        calibration = Calibration(scores, used, np.arange(300).astype(np.str_))
        found = answer(calibration, np.array([10 * rng.normal() + rng.normal()]), np.array(["new"]), 0.1)
        wrong.append(found.p_not_used[0] <= 0.1)
    assert np.mean(wrong) > 0.15


def test_coverage_by_class():
    """Protects the record: shares by class, silent images not wrong, intervals of as many trials as groups."""
    found = answer(
        Calibration(np.r_[np.linspace(5, 9, 20), np.linspace(0, 4, 20)], np.repeat([1, 0], 20).astype(np.int8),
                    np.arange(40).astype(np.str_)),
        np.array([8.0, 1.0, 4.5, 8.0]), np.array(["x", "y", "z", "w"]), 0.1,
    )  # fmt: skip
    record = coverage(found, np.array([1, 1, 1, 1], dtype=np.int8), np.array(["p", "p", "q", "q"]), 0.95)
    assert record["not used"] is None
    used = record["used"]
    assert (used["share"], used["images"], used["groups"], used["can_not_say"]) == (0.75, 4, 2, 0.25)
    assert used["low"] < 0.75 < used["high"]
    whole = coverage(found, np.array([1, 0, 1, 1], dtype=np.int8), np.array(["p", "r", "q", "q"]), 0.95)
    assert whole["used"]["high"] == whole["not used"]["high"] == 1
    assert whole["used"]["low"] == pytest.approx(0.025 ** (1 / 2))


def test_shift_is_the_test_of_kolmogorov_and_smirnov():
    """Protects the test of the calibration: without groups its p is SciPy's exact one, ties aside."""
    rng = np.random.default_rng(6)
    scores, second = rng.normal(size=50), np.repeat([0, 1], [20, 30]).astype(np.int8)
    scores[20:] += 0.6
    found = shift_p(scores, second, np.arange(50).astype(np.str_), 5000, rng)
    exact = ks_2samp(scores[:20], scores[20:], method="exact").pvalue
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 5000))
    assert shift_p(np.zeros(50), second, np.arange(50).astype(np.str_), 99, rng) == 1


def test_shift_holds_its_level_by_group_and_sees_any_change():
    """Protects against patients counted as images, and against changes that leave the mean where it was."""
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(60), 4)
    second = (groups >= 25).astype(np.int8)
    alarms = [
        shift_p(rng.normal(size=60)[groups] + 0.2 * rng.normal(size=240), second, groups.astype(np.str_), 99, rng)
        <= 0.05
        for _ in range(300)
    ]
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
    wider = rng.normal(size=60)[groups] * np.where(second == 1, 6.0, 1.0)
    assert shift_p(wider, second, groups.astype(np.str_), 199, rng) <= 0.05
