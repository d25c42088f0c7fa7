"""Threshold rules: optimal, deterministic, blind to anything but the development scores that they are given."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, recall_score

from ganprint.compare.threshold import Threshold, choose_threshold, decide
from ganprint.errors import InputError
from ganprint.params import ThresholdParameters

YOUDEN, F1 = ThresholdParameters(rule="youden"), ThresholdParameters(rule="f1")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
GRID = st.integers(-3, 3).map(float)


@st.composite
def development(draw):
    """Scores and labels of both classes, with ties."""
    n = draw(st.integers(2, 12))
    scores = draw(st.lists(st.one_of(FINITE, GRID), min_size=n, max_size=n))
    used = draw(
        st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda labels: 0 < sum(labels) < len(labels))
    )
    return np.array(scores), np.array(used, dtype=np.int8)


def reached(rule, used, decisions):
    """The rule's figure by scikit-learn."""
    if rule is F1:
        return f1_score(used, decisions, zero_division=0)
    return recall_score(used, decisions) + recall_score(used, decisions, pos_label=0) - 1


@pytest.mark.parametrize("rule", [YOUDEN, F1], ids=["youden", "f1"])
@settings(max_examples=40, deadline=None)
@given(split=development())
@example(split=(np.array([0.0, 5e-324]), np.array([0, 1])))
@example(split=(np.array([-1.7e308, 1.7e308]), np.array([0, 1])))
@example(split=(np.array([1.7976931348623157e308, 0.0]), np.array([0, 1])))
@example(split=(np.array([1.0, np.nextafter(1.0, 2)]), np.array([0, 1])))
def test_no_threshold_is_better(rule, split):
    """The figure is reached by the decisions, and no cut of the scores reaches more."""
    scores, used = split
    threshold = choose_threshold(rule, scores, used)
    assert threshold.n == len(scores)
    assert threshold.figure == pytest.approx(reached(rule, used, decide(scores, threshold)), abs=1e-12)
    cuts = [*np.unique(scores), np.inf]
    assert threshold.figure >= max(reached(rule, used, decide(scores, cut)) for cut in cuts) - 1e-12


@settings(deadline=None)
@given(split=development(), data=st.data())
def test_row_order_is_without_effect(split, data):
    """Equally good thresholds are told apart by the scores, never by the order of the rows."""
    scores, used = split
    order = data.draw(st.permutations(range(len(scores))))
    for rule in (YOUDEN, F1):
        assert choose_threshold(rule, scores, used) == choose_threshold(rule, scores[order], used[order])


@pytest.mark.parametrize(
    ("scores", "used", "value"),
    [
        ([0.0, 1.0], [0, 1], 0.5),
        ([0.0, 1.0, 5.0, 6.0], [0, 1, 0, 1], 0.5),  # 0.5 and 5.5 are as good and as wide
        ([0.0, 3.0, 5.0, 6.0], [0, 1, 0, 1], 1.5),  # the wider gap
    ],
)
def test_youden_takes_the_widest_then_the_lowest_gap(scores, used, value):
    """Ties follow the documented order."""
    assert choose_threshold(YOUDEN, scores, used).value == value


def test_f1_takes_all_used_only_when_strictly_better():
    """Calling everything used is no division of the scores; a division as good is preferred."""
    assert choose_threshold(F1, [0.0, 1.0, 2.0, 3.0], [1, 0, 1, 1]).value == 0.0
    # Used at 0 and 3 only: all used gives 2/3, so does the cut above 2 (one right of one).
    assert choose_threshold(F1, [0.0, 1.0, 2.0, 3.0], [1, 0, 0, 1]).value == 2.5


@pytest.mark.parametrize(("rule", "figure"), [(YOUDEN, 0.0), (F1, 2 / 3)])
def test_constant_scores_call_all_used(rule, figure):
    """A comparator that says nothing gets a threshold all the same, and a figure that shows it."""
    threshold = choose_threshold(rule, [0.3] * 4, [0, 1, 0, 1])
    assert threshold == Threshold(0.3, rule.rule, 4, pytest.approx(figure))
    assert decide([0.3] * 4, threshold).tolist() == [1, 1, 1, 1]


def test_youden_calls_none_or_all_used_on_inverted_scores():
    """Scores that point the wrong way are not turned round: no division is better than none."""
    threshold = choose_threshold(YOUDEN, [1.0, 2.0], [1, 0])
    assert threshold.figure == 0.0
    assert len(set(decide([1.0, 2.0], threshold).tolist())) == 1


def test_fixed_takes_no_notice_of_scores():
    """A fixed threshold looks at no development image and says so."""
    rule = ThresholdParameters(rule="fixed", at=0.5)
    assert choose_threshold(rule, [], []) == Threshold(0.5, "fixed", 0, None)
    assert choose_threshold(rule, [np.nan], [1]) == Threshold(0.5, "fixed", 0, None)


def test_decisions_include_the_threshold():
    """A score that equals the threshold means used; the type is small and whole."""
    decisions = decide(np.array([0.4, 0.5, 0.6]), Threshold(0.5, "fixed", 0, None))
    assert decisions.tolist() == [0, 1, 1]
    assert decisions.dtype == np.int8


@pytest.mark.parametrize(
    ("scores", "used", "message"),
    [
        ([0.1, 0.2], [1, 1], "received 2 used and 0 not used"),
        ([0.1, 0.2], [0, 0], "received 0 used and 2 not used"),
        ([], [], "received 0 used and 0 not used"),
        ([0.1, np.nan], [0, 1], "1 development scores are not finite"),
        ([0.1, np.inf], [0, 1], "1 development scores are not finite"),
        ([0.1], [0, 1], "one label per score"),
        ([0.1, 0.2], [0, 2], "labels \\[0, 2\\]; allowed are 0 and 1"),
    ],
)
@pytest.mark.parametrize("rule", [YOUDEN, F1], ids=["youden", "f1"])
def test_unusable_development_scores_are_refused(rule, scores, used, message):
    """A rule that can not be applied says why, rather than give some threshold."""
    with pytest.raises(InputError, match=message):
        choose_threshold(rule, scores, used)
