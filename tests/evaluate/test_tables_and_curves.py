"""Score tables refuse what can not be evaluated; trivial answers, published figures and curves are what they claim."""

import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nhypergeom
from sklearn.metrics import auc

from ganprint.errors import InputError
from ganprint.evaluate.curves import confusion_counts, roc_points, score_histogram
from ganprint.evaluate.published import published
from ganprint.evaluate.tables import SCORE_COLUMNS, ScoreTable
from ganprint.evaluate.trivial import coin_expectation, trivial_answers

IDS = np.array([f"real_{number:03d}" for number in range(200)])
TRUTH = dict(zip(IDS.tolist(), (np.arange(200) % 2).tolist(), strict=True))


def table(scores, decisions=None):
    """A table of the first images, each its own group."""
    scores = np.asarray(scores, dtype=float)
    ids = IDS[: len(scores)]
    return ScoreTable(ids, ids, scores, (scores >= 0.5).astype(int) if decisions is None else np.asarray(decisions))


def truth_of(scores):
    """The truth of the same images."""
    return {image_id: TRUTH[image_id] for image_id in IDS[: len(scores)].tolist()}


@pytest.mark.parametrize(
    ("ids", "scores", "decisions", "message"),
    [
        (["a", "a"], [0.0, 1.0], [0, 1], "a stands 2 times"),
        (["a", "b"], [0.0, np.nan], [0, 1], "the score of b is not finite"),
        (["a", "b"], [np.inf, 0.0], [0, 1], "the score of a is not finite"),
        (["a", "b"], [0.0, 1.0], [0, 2], "allowed are 0 and 1"),
        (["a", "b"], [0.0, 1.0], [0, 0.5], "allowed are 0 and 1"),
        (["a", "b"], [0.0], [0, 1], "one id, group, score and decision per image"),
        ([], [], [], "one id, group, score and decision per image"),
    ],
)
def test_unsound_tables_are_refused(ids, scores, decisions, message):
    """A table that can not be evaluated is refused when it is made, not when a figure turns out odd."""
    with pytest.raises(InputError, match=message):
        ScoreTable(np.array(ids, dtype=str), np.array(ids, dtype=str), np.array(scores), np.array(decisions))


def test_tables_can_not_be_changed():
    """A table is a copy that nobody can change behind its back."""
    scores = np.array([0.25, 0.75])
    made = table(scores)
    scores[0] = np.nan
    assert made.scores[0] == 0.25
    with pytest.raises(ValueError, match="read-only"):
        made.scores[0] = 1.0


def test_tables_survive_a_csv_file(tmp_path):
    """Ids that look like numbers, and the last bit of a score, are as before."""
    made = ScoreTable(
        np.array(["001", "1"]), np.array(["07", "7"]), np.array([0.1 + 0.2, 1e-300]), np.array([0, 1], dtype=np.int8)
    )
    made.to_frame().to_csv(tmp_path / "scores.csv", index=False)
    read = ScoreTable.from_frame(
        pd.read_csv(tmp_path / "scores.csv", dtype={"id": str, "group": str}),
        "scores.csv",
    )
    for name in ("ids", "groups", "scores", "decisions"):
        assert getattr(read, name).tolist() == getattr(made, name).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="group"), "scores.csv: no column group"),
        (lambda frame: frame.assign(score=[0.1, None]), "scores.csv: a value is missing"),
        (lambda frame: frame.assign(score=["x", "y"]), "scores.csv: could not convert"),
        (lambda frame: frame.assign(id=["a", "a"]), "scores.csv: score table: a stands 2 times"),
    ],
)
def test_faulty_frames_are_refused_by_name(change, message):
    """What was read from a file is refused with the name of the file."""
    frame = pd.DataFrame(dict(zip(SCORE_COLUMNS, (["a", "b"], ["a", "b"], [0.1, 0.2], [0, 1]), strict=True)))
    with pytest.raises(InputError, match=message):
        ScoreTable.from_frame(change(frame), "scores.csv")


def test_trivial_answers():
    """All used has F1 2/3 on a balanced set, none used 0; a coin is near chance, its expectation at chance."""
    answers = trivial_answers(table(np.zeros(200)), TRUTH, 0.95, 1000, 3, majority=1)
    assert list(answers) == ["all-used", "none-used", "majority", "coin", "coin-expected"]
    plain = {name: answer.plain() for name, answer in answers.items()}
    assert plain["all-used"]["f1"] == pytest.approx(2 / 3)
    assert plain["none-used"]["f1"] == 0
    assert plain["none-used"]["precision"] is None
    for name in ("accuracy", "precision", "recall", "specificity", "roc_auc", "prevalence"):
        assert plain["coin-expected"][name] == pytest.approx(0.5), name
    assert plain["coin-expected"]["kappa"] == pytest.approx(0, abs=1e-12)
    expected = answers["coin-expected"].figures
    for name, figure in answers["coin"].figures.items():
        assert expected[name].low - 0.1 <= figure.value <= expected[name].high + 0.1 or name in {"tp", "tn", "fp", "fn"}
    assert trivial_answers(table(np.zeros(200)), TRUTH, 0.95, 1000, 3, majority=1) == answers
    assert trivial_answers(table(np.zeros(200)), TRUTH, 0.95, 1000, 4, majority=1)["coin"] != answers["coin"]
    json.dumps([answer.details() for answer in answers.values()], allow_nan=False)


def test_majority_is_the_constant_answer_of_the_development_split():
    """The class is given from development, not looked up in the split at hand: it may be the rarer one there."""
    for label, constant in ((1, "all-used"), (0, "none-used")):
        answers = trivial_answers(table(np.zeros(200)), TRUTH, 0.95, 100, 3, majority=label)
        assert answers["majority"].plain() == answers[constant].plain()


def test_trivial_answers_do_not_look_at_the_run():
    """Scores, decisions and row order of the run at hand change nothing."""
    rng = np.random.default_rng(0)
    order = rng.permutation(200)
    other = ScoreTable(IDS[order], IDS[order], rng.random(200), rng.integers(0, 2, 200))
    first = trivial_answers(table(np.zeros(200)), TRUTH, 0.95, 100, 3, majority=1)
    second = trivial_answers(other, TRUTH, 0.95, 100, 3, majority=1)
    for name in ("all-used", "none-used", "coin"):
        assert first[name] == second[name]
    assert first["coin-expected"].figures["f1"] == second["coin-expected"].figures["f1"]


def test_coin_expectation_against_enumeration():
    """On five images every throw of the coin can be written down."""
    used = np.array([1, 1, 0, 0, 0], dtype=np.int8)
    throws = np.array([[code >> bit & 1 for bit in range(5)] for code in range(32)])
    tp, called = throws[:, :2].sum(axis=1), throws.sum(axis=1)
    expected = coin_expectation(used, 5, 0.9, 4000, 0).figures
    assert expected["f1"].value == pytest.approx(np.mean(2 * tp / (2 + called)))
    assert expected["precision"].value == pytest.approx(np.mean(tp[called > 0] / called[called > 0]))
    assert "for which it is defined" in expected["precision"].note
    assert expected["accuracy"].value == pytest.approx(0.5)


def test_random_rankings_against_the_exact_distribution():
    """The share of used images above the k-th highest not-used one has a negative hypergeometric distribution."""
    used = (np.arange(200) % 2).astype(np.int8)
    figures = coin_expectation(used, 200, 0.95, 4000, 0).figures
    for name, allowed in (("tpr_at_fpr_10", 10), ("tpr_at_fpr_05", 5), ("tpr_at_fpr_01", 1)):
        exact = nhypergeom(200, 100, allowed + 1)
        assert figures[name].value == pytest.approx(exact.mean() / 100, abs=0.005)
        assert (figures[name].low, figures[name].high) == pytest.approx(exact.ppf([0.025, 0.975]) / 100, abs=0.0151)


@pytest.mark.parametrize("label", [0, 1])
def test_coin_expectation_of_one_class(label):
    """One class, even a single image, leaves a ranking undefined and breaks nothing."""
    figures = coin_expectation(np.array([label], dtype=np.int8), 1, 0.95, 10, 0).figures
    assert figures["accuracy"].value == pytest.approx(0.5)
    assert figures["roc_auc"].value is None
    assert figures["roc_auc"].note


@pytest.mark.parametrize("run", published(), ids=lambda run: run.method)
def test_published_figures_follow_from_the_counts(run):
    """Every printed figure is that of the printed counts, truncated after one digit."""
    assert run.tp + run.fn == run.tn + run.fp == 100
    exact = {
        "accuracy": Fraction(run.tp + run.tn, 200),
        "precision": Fraction(run.tp, run.tp + run.fp),
        "specificity": Fraction(run.tn, 100),
        "recall": Fraction(run.tp, 100),
        "f1": Fraction(2 * run.tp, 2 * run.tp + run.fp + run.fn),
    }
    for name, value in exact.items():
        assert math.floor(value * 1000) / 10 == getattr(run, name), name
    evaluation = run.evaluation(0.95, 100, 0)
    for name, value in exact.items():
        assert evaluation.plain()[name] == pytest.approx(float(value)), name
    assert [evaluation.plain()[name] for name in ("tp", "tn", "fp", "fn")] == [run.tp, run.tn, run.fp, run.fn]
    assert evaluation.figures["roc_auc"].value is None
    assert "no scores were published" in evaluation.figures["roc_auc"].note


def test_published_kappas():
    """Chance-corrected agreement of the three runs, and that all used would have beaten their F1."""
    kappas = [round(run.evaluation(0.95, 100, 0).plain()["kappa"], 2) for run in published()]
    assert kappas == [0.01, -0.01, 0.05]
    assert max(run.f1 for run in published()) < 66.6


def test_roc_points_hold_the_area():
    """The curve runs from corner to corner, has a point per distinct score, and finite thresholds."""
    scores = [0.1, 0.4, 0.4, 0.8, 0.6, 0.9]
    points = roc_points(table(scores), truth_of(scores))
    assert points.iloc[0, :2].tolist() == [0, 0]
    assert points.iloc[-1, :2].tolist() == [1, 1]
    assert len(points) == 1 + len(set(scores))
    assert np.isfinite(points.to_numpy()).all()
    # Pairs in order, ties half: used .4 .8 .9 against not used .1 .4 .6.
    assert auc(points["fpr"], points["tpr"]) == pytest.approx((1.5 + 3 + 3) / 9)
    assert roc_points(table([0.5]), {"real_000": 1}).empty


def test_histogram_counts_every_image_once():
    """Bins hold all images of both classes, constant and nearly constant scores included."""
    nearly = [1.0, np.nextafter(1.0, 2), 1.0, 1.0]
    for scores in ([0.0, 0.1, 0.9, 1.0, 1.0], [0.3] * 4, nearly, [0.0] * 4, [1e300, 1e300], [-1e17, -1e17 + 16]):
        bars = score_histogram(table(scores), truth_of(scores), 4)
        assert len(bars) == 4
        assert bars["used"].sum() == sum(truth_of(scores).values())
        assert bars["used"].sum() + bars["not_used"].sum() == len(scores)
        assert (bars["low"] < bars["high"]).all()


def test_confusion_counts():
    """Actual and predicted are not mixed up."""
    counts = confusion_counts(table([0.0] * 5, decisions=[1, 1, 1, 0, 0]), truth_of([0.0] * 5))
    assert counts.to_numpy().tolist() == [
        ["used", "used", 1],
        ["used", "not_used", 1],
        ["not_used", "used", 2],
        ["not_used", "not_used", 1],
    ]
