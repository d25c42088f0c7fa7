"""Figures with intervals: hand-made truths, edges without a crash or a NaN, and polarity."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprint.errors import InputError
from ganprint.evaluate.figures import PROPORTIONS
from ganprint.evaluate.intervals import exact_interval, resample
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable

RANKING = ("roc_auc", "average_precision", "tpr_at_fpr_10", "tpr_at_fpr_05", "tpr_at_fpr_01")
NAMES = {*PROPORTIONS, *RANKING, "f1", "kappa", "tp", "tn", "fp", "fn"}


def evaluated(used, scores, decisions=None, groups=None, resamples=200, seed=0):
    """Evaluate arrays; decisions are scores from 0.5 on when not given."""
    ids = np.array([f"real_{number:04d}" for number in range(len(used))])
    decisions = (np.asarray(scores) >= 0.5).astype(int) if decisions is None else decisions
    table = ScoreTable(ids, ids if groups is None else np.asarray(groups), np.asarray(scores), np.asarray(decisions))
    return metrics(table, dict(zip(ids.tolist(), used, strict=True)), 0.95, resamples, seed)


def assert_sound(evaluation):
    """No NaN or infinity, every figure there, limits in their order, undefined values explained."""
    assert set(evaluation.figures) == NAMES
    json.dumps([evaluation.plain(), evaluation.details()], allow_nan=False)
    for figure in evaluation.figures.values():
        assert (figure.low is None) == (figure.high is None)
        assert figure.value is not None or (figure.note and figure.low is None)
        assert figure.low is None or -1 <= figure.low <= figure.high <= 1
        if figure.method == "exact" and figure.value is not None:
            assert figure.low <= figure.value <= figure.high


def test_a_small_table_by_hand():
    """Four used and six not used images, worked out on paper."""
    used = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    scores = [0.9, 0.8, 0.6, 0.2, 0.7, 0.5, 0.4, 0.3, 0.1, 0.0]
    evaluation = evaluated(used, scores)
    assert_sound(evaluation)
    expected = {
        "tp": 3, "fn": 1, "fp": 2, "tn": 4, "accuracy": 0.7, "precision": 3 / 5, "recall": 3 / 4,
        "specificity": 4 / 6, "prevalence": 0.4, "f1": 6 / 9, "kappa": (0.7 - 0.5) / (1 - 0.5),
        "roc_auc": (6 + 6 + 5 + 2) / 24, "average_precision": (1 + 1 + 3 / 4 + 4 / 8) / 4,
        "tpr_at_fpr_10": 0.5, "tpr_at_fpr_05": 0.5, "tpr_at_fpr_01": 0.5,
    }  # fmt: skip
    assert evaluation.plain() == pytest.approx(expected)
    assert {name: evaluation.figures[name].n for name in PROPORTIONS} == {
        "accuracy": 10, "precision": 5, "specificity": 6, "recall": 4, "prevalence": 10
    }  # fmt: skip
    assert all(isinstance(evaluation.plain()[name], int) for name in ("tp", "tn", "fp", "fn"))


def test_exact_interval_is_the_published_one():
    """162 right of 200 and 0 right of 10 have the limits of Clopper and Pearson."""
    assert exact_interval(162, 200, 0.95) == pytest.approx((0.749, 0.862), abs=5e-4)
    assert exact_interval(0, 10, 0.95) == pytest.approx((0, 1 - 0.025 ** (1 / 10)))


def test_perfect_scores():
    """A perfect run has figures of 1, and is told that intervals without width are no certainty."""
    evaluation = evaluated([1] * 20 + [0] * 20, [1.0] * 20 + [0.0] * 20)
    assert_sound(evaluation)
    for name in NAMES - {"tp", "tn", "fp", "fn", "prevalence"}:
        assert evaluation.figures[name].value == 1
    assert evaluation.figures["accuracy"].low == pytest.approx(0.025 ** (1 / 40))
    assert "no width" in evaluation.figures["roc_auc"].note


def test_inverted_scores():
    """A run that is always wrong has figures of 0, kappa -1: polarity is not silently mended."""
    evaluation = evaluated([0] * 20 + [1] * 20, [1.0] * 20 + [0.0] * 20)
    assert_sound(evaluation)
    plain = evaluation.plain()
    assert plain["kappa"] == pytest.approx(-1)
    assert [plain[name] for name in ("accuracy", "f1", "roc_auc", "tpr_at_fpr_10")] == [0, 0, 0, 0]


def test_constant_scores():
    """Scores that say nothing rank at chance, and resolve no low false positive rate."""
    evaluation = evaluated([0, 1] * 10, [0.7] * 20)
    assert_sound(evaluation)
    plain = evaluation.plain()
    assert (plain["roc_auc"], plain["average_precision"], plain["tpr_at_fpr_10"]) == (0.5, 0.5, 0)
    assert (plain["f1"], plain["kappa"]) == (pytest.approx(2 / 3), 0)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("decision", [0, 1])
@pytest.mark.parametrize("n", [1, 5])
def test_one_class(label, decision, n):
    """One class alone, or a single image, leaves figures undefined with a reason, and the others defined."""
    evaluation = evaluated([label] * n, [float(decision)] * n)
    assert_sound(evaluation)
    plain = evaluation.plain()
    assert plain["accuracy"] == (label == decision)
    assert all(plain[name] is None for name in RANKING)
    assert plain["recall"] == (decision if label else None)
    assert plain["specificity"] == (None if label else 1 - decision)
    assert plain["precision"] == (label if decision else None)
    assert plain["kappa"] == (None if label == decision else 0)
    assert plain["f1"] == (None if label == decision == 0 else float(label and decision))


def test_no_image_called_used():
    """Precision without a decision for used is undefined, F1 is 0."""
    evaluation = evaluated([0, 1] * 5, np.arange(10) / 10, decisions=[0] * 10)
    assert_sound(evaluation)
    assert evaluation.plain()["precision"] is None
    assert "no image was called used" in evaluation.figures["precision"].note
    assert evaluation.plain()["f1"] == 0


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(-2, 2), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=12
    )
)
def test_no_table_crashes(rows):
    """Whatever classes, ties, decisions and groups: no crash, no NaN, reasons for what is undefined."""
    used, scores, decisions, groups = zip(*rows, strict=True)
    evaluation = evaluated(
        used, np.array(scores, dtype=float), decisions, [f"g{group}" for group in groups], resamples=20
    )
    assert_sound(evaluation)
    assert evaluation.n == len(rows)
    assert evaluation.groups == len(set(groups))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=2, max_size=20), st.integers(-3, 3))
def test_flipped_scores_give_one_minus_auc(rows, shift):
    """Higher means used: turning all scores round turns the ranking round, ties included."""
    used, scores = (np.array(column) for column in zip(*[(0, shift), (1, 0), *rows], strict=True))
    auc = evaluated(used, scores.astype(float), resamples=2).plain()["roc_auc"]
    assert evaluated(used, -scores.astype(float), resamples=2).plain()["roc_auc"] == pytest.approx(1 - auc)


def test_low_rates_that_can_not_be_resolved_are_named():
    """50 not-used images resolve 10 and 5 % but not 1 %; 100 resolve all three."""
    rng = np.random.default_rng(0)
    few = evaluated([0] * 50 + [1] * 50, rng.random(100)).figures
    assert "50 not-used images resolve no rate under 2 %" in few["tpr_at_fpr_01"].note
    assert few["tpr_at_fpr_05"].note == few["tpr_at_fpr_10"].note == ""
    assert evaluated([0] * 100 + [1] * 100, rng.random(200)).figures["tpr_at_fpr_01"].note == ""


def test_shared_groups_are_named_and_widen_the_bootstrap():
    """Copies of one image are no evidence: by group the interval is that of the distinct ones, and stands beside."""
    rng = np.random.default_rng(1)
    used, scores = np.arange(40) % 2, rng.random(40)
    groups = [f"p{number}" for number in range(40)]
    alone = evaluated(used, scores, groups=groups, resamples=2000)
    copied = evaluated(np.tile(used, 5), np.tile(scores, 5), groups=groups * 5, resamples=2000)
    assert_sound(copied)
    assert alone.figures["accuracy"].note == ""
    assert alone.figures["accuracy"].group_low is None
    accuracy = copied.figures["accuracy"]
    assert "200 images of 40 groups" in accuracy.note
    assert accuracy.group_high - accuracy.group_low > 1.5 * (accuracy.high - accuracy.low)
    for name in ("roc_auc", "f1"):
        widths = [run.figures[name].high - run.figures[name].low for run in (alone, copied)]
        assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_one_group_has_no_bootstrap():
    """A single patient can not be resampled: the figures stand, their intervals do not."""
    evaluation = evaluated([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], groups=["p"] * 4)
    assert_sound(evaluation)
    assert (evaluation.resamples, evaluation.groups) == (0, 1)
    assert evaluation.figures["roc_auc"].low is None
    assert "single group" in evaluation.figures["roc_auc"].note
    assert evaluation.figures["accuracy"].low is not None


def test_degenerate_resamples_are_counted():
    """Of two groups of one class each, half of the resamples have one class: they are left out and counted."""
    evaluation = evaluated([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], groups=["a", "a", "b", "b"], resamples=1000)
    assert_sound(evaluation)
    assert 400 < evaluation.degenerate < 600
    assert f"{evaluation.degenerate} of 1000 resamples leave it undefined" in evaluation.figures["roc_auc"].note


def test_seed_alone_decides():
    """The same seed gives the same intervals, whatever the order of the rows; another seed gives others."""
    rng = np.random.default_rng(2)
    ids = np.array([f"real_{number:03d}" for number in range(60)])
    used = dict(zip(ids.tolist(), (np.arange(60) % 2).tolist(), strict=True))
    groups, scores = np.array([f"p{number // 3}" for number in range(60)]), rng.random(60)
    decisions = (scores > 0.5).astype(int)
    order = rng.permutation(60)
    first = metrics(ScoreTable(ids, groups, scores, decisions), used, 0.95, 300, 7)
    shuffled = ScoreTable(ids[order], groups[order], scores[order], decisions[order])
    assert metrics(shuffled, used, 0.95, 300, 7) == first
    assert metrics(shuffled, used, 0.95, 300, 8) != first


def test_blocks_of_resamples_are_without_effect(monkeypatch):
    """The memory at hand does not change an interval."""
    rng = np.random.default_rng(3)
    used, scores = (np.arange(30) % 2).astype(np.int8), rng.random(30)
    decisions, groups = (scores > 0.5).astype(np.int8), np.arange(30).astype(np.str_)

    def drawn():
        return resample(used, scores, decisions, groups, resamples=100, rng=np.random.default_rng(0)).figures

    whole = drawn()
    monkeypatch.setattr("ganprint.evaluate.intervals._BLOCK", 30 * 7)
    parts = drawn()
    assert all(np.array_equal(whole[name], parts[name], equal_nan=True) for name in whole)


def test_truth_must_be_about_the_same_images():
    """Figures on a part of the images are refused: the number of images is counted, not assumed."""
    table = ScoreTable(np.array(["a", "b"]), np.array(["a", "b"]), np.array([0.1, 0.2]), np.array([0, 1]))
    with pytest.raises(InputError, match="1 scored images have no truth and 2 images of the truth have no score"):
        metrics(table, {"a": 1, "c": 0, "d": 0}, 0.95, 10, 0)
    with pytest.raises(InputError, match="allowed are 1"):
        metrics(table, {"a": 1, "b": 2}, 0.95, 10, 0)
