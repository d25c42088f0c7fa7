"""Threshold rules: optimal, deterministic, blind to anything but the development scores that they are given."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.metrics import f1_score, recall_score

from ganprint.compare.threshold import (
    Threshold,
    choose_threshold,
    decide,
    not_used_threshold,
    outlier_threshold,
    p_values,
)
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


LEVELS = st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.29, 0.3, 0.5, 0.9])
SCORES = st.lists(st.one_of(FINITE, GRID), min_size=0, max_size=60)


@settings(max_examples=150, deadline=None)
@given(known=SCORES, new=st.lists(st.one_of(FINITE, GRID), max_size=10), level=LEVELS)
@example(known=[1.7976931348623157e308] * 30, new=[1.7976931348623157e308], level=0.1)
@example(known=[float(i) for i in range(99)], new=[70.0, 70.5, 71.0], level=0.29)  # 0.29 x 100 is 28.999...
def test_not_used_calls_used_what_has_a_small_p_value(known, new, level):
    """Threshold and p value are one rule; it is refused exactly where no p value can be as small."""
    if 1 / (len(known) + 1) > level + 1e-12:
        with pytest.raises(InputError, match=f"{len(known)} not used images are too few for level"):
            not_used_threshold(known, level)
        return
    threshold = not_used_threshold(known, level)
    values = [*new, *known]
    if not values or max(values) == np.finfo(np.float64).max:
        assert np.isfinite(threshold)
        return
    small = (p_values(values, known) <= level + 1e-12).astype(int)
    assert decide(values, threshold).tolist() == small.tolist()


@settings(max_examples=60, deadline=None)
@given(scores=st.lists(st.one_of(FINITE, GRID), min_size=4, max_size=40), level=LEVELS)
def test_not_used_holds_its_level_to_the_last_image(scores, level):
    """Each image in turn taken for the new one: of all of them, at most the level's share is called used."""
    try:
        wrong = [
            decide([score], not_used_threshold(scores[:i] + scores[i + 1 :], level))[0]
            for i, score in enumerate(scores)
        ]
    except InputError:
        assert 1 / len(scores) > level
        return
    if max(scores) < np.finfo(np.float64).max:
        assert np.mean(wrong) <= level + 1e-12


def test_not_used_is_as_low_as_the_level_allows():
    """Without ties the bound is reached: 5 of 100 draws."""
    scores = np.random.default_rng(1).permutation(100).astype(float)
    wrong = [decide([score], not_used_threshold(np.delete(scores, i), 0.05))[0] for i, score in enumerate(scores)]
    assert np.mean(wrong) == 0.05


def test_not_used_looks_at_no_used_image():
    """Scores of used images may be anything; the record says how many were looked at and what share is above."""
    rule = ThresholdParameters(rule="not_used", level=0.25)
    used = np.array([0, 1, 0, 1, 0, 1])
    first = choose_threshold(rule, [1, 9, 2, 8, 3, 7], used)
    assert first == choose_threshold(rule, [1, -9, 2, -8, 3, -7], used)
    assert first == Threshold(np.nextafter(3.0, np.inf), "not_used", 3, 0.0)


@pytest.mark.parametrize(
    ("count", "level", "message"),
    [
        (18, 0.05, "18 not used images are too few for level 0.05; give at least 19, or a level of at least 0.0526"),
        (0, 0.5, "0 not used images are too few for level 0.5; give at least 1, or"),
        (5, 0.0, "level 0.0; it has to lie between 0 and 1"),
        (5, 1.0, "level 1.0; it has to lie between 0 and 1"),
    ],
)
def test_not_used_says_why_it_can_not_be_applied(count, level, message):
    """One line, with what to do."""
    with pytest.raises(InputError, match=message):
        not_used_threshold(np.arange(count), level)


def test_p_values_by_hand():
    """Ties count as as high; the smallest is 1 / (1 + r); without reference nothing is rare."""
    assert p_values([3.0, 2.0, 0.0], [1.0, 2.0, 2.0, 2.5]).tolist() == [1 / 5, 4 / 5, 1.0]
    assert p_values([3.0], []).tolist() == [1.0]
    with pytest.raises(InputError, match="1 development scores are not finite"):
        p_values([np.nan], [1.0])


def test_outlier_is_three_robust_deviations_above_the_median():
    """The formula, on normal scores with a tenth of copies: those stand out, and next to nothing else."""
    rng = np.random.default_rng(2)
    scores = np.concatenate([rng.normal(size=900), rng.normal(10, 1, 100)])
    threshold = outlier_threshold(scores)
    middle = np.median(scores)
    assert threshold == pytest.approx(middle + 3 * 1.4826 * np.median(np.abs(scores - middle)))
    decisions = decide(scores, threshold)
    assert decisions[900:].mean() > 0.98
    assert decisions[:900].mean() < 0.01


def test_outlier_can_not_see_that_most_are_copies():
    """The stated limit: with more than half of them copies, none is called used."""
    assert decide([*[0.0] * 4, *[9.0] * 6], outlier_threshold([*[0.0] * 4, *[9.0] * 6])).sum() == 0


@settings(max_examples=60, deadline=None)
@given(scores=st.lists(st.one_of(FINITE, GRID), min_size=1, max_size=20), labels=st.randoms())
def test_outlier_reads_no_label(scores, labels):
    """Whatever the labels, one threshold; finite, and above the median."""
    rule = ThresholdParameters(rule="outlier")
    used = [labels.randint(0, 1) for _ in scores]
    threshold = choose_threshold(rule, scores, used)
    assert threshold == choose_threshold(rule, scores, [1] * len(scores))
    assert np.isfinite(threshold.value)
    assert threshold.value == np.finfo(np.float64).max or decide(scores, threshold).mean() < 0.5 or len(scores) == 1
    assert (threshold.rule, threshold.n) == ("outlier", len(scores))
    assert threshold.figure == decide(scores, threshold).mean()


def test_outlier_on_equal_scores_calls_none_used():
    """No spread: what is above the others is an outlier, and nothing is."""
    assert decide([1.0] * 5, outlier_threshold([1.0] * 5)).sum() == 0
    assert decide([1.0] * 5 + [1.1], outlier_threshold([1.0] * 5 + [1.1])).tolist() == [0, 0, 0, 0, 0, 1]
    for scores, message in (([], "there is no score"), ([np.inf], "not finite"), ([[1.0]], "one number per image")):
        with pytest.raises(InputError, match=message):
            outlier_threshold(scores)


def test_parameters_of_rules_belong_to_their_rule():
    """A level without its rule, or the rule without a level, is a mistake of the writer's."""
    assert not ThresholdParameters(rule="outlier").reads_labels
    assert ThresholdParameters(rule="not_used", level=0.05).reads_labels
    for wrong in ({"rule": "not_used"}, {"rule": "youden", "level": 0.1}, {"rule": "not_used", "level": 1.0}):
        with pytest.raises(ValidationError, match="level"):
            ThresholdParameters(**wrong)
    with pytest.raises(ValidationError, match="'at' belongs to rule 'fixed'"):
        ThresholdParameters(rule="outlier", at=1.0)
