"""Scores become probabilities without peeking, and reliability counts what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from statsmodels.stats.proportion import proportion_confint

from ganprint.errors import InputError
from ganprint.evaluate.calibration import CALIBRATION_COLUMNS, probabilities, reliability
from ganprint.evaluate.tables import ScoreTable


def table_of(scores, groups=None, name="real"):
    """A table of images; each its own group unless groups are given."""
    ids = np.array([f"{name}_{number:04d}" for number in range(len(scores))])
    groups = ids if groups is None else np.asarray(groups).astype(str)
    return ScoreTable(ids, groups, np.asarray(scores, dtype=float), np.zeros(len(ids), dtype=np.int8))


def truth_of(table, used):
    return dict(zip(table.ids.tolist(), np.asarray(used).tolist(), strict=True))


def plain_platt(scores, used, others):
    """Platt's sigmoid of mid-ranks by plain minimisation of his cross-entropy."""

    def ranks(values):
        return np.array([(np.sum(scores < v) + np.sum(scores <= v)) / (2 * len(scores)) for v in values])

    positives, negatives = used.sum(), (1 - used).sum()
    targets = np.where(used == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(line):
        z = line[0] * ranks(scores) + line[1]
        return np.sum(np.logaddexp(0, z) - targets * z)

    slope, constant = minimize(loss, [0, 0], tol=1e-12, bounds=[(0, None), (None, None)]).x
    return 1 / (1 + np.exp(-(slope * ranks(others) + constant)))


def test_scores_between_0_and_1_are_taken_at_their_word():
    """Protects runs that give probabilities: nothing is fitted when all scores of both splits lie in [0, 1]."""
    development, test = table_of([0.0, 0.3, 1.0, 0.2]), table_of([0.9, 0.1], name="test")
    made = probabilities(development, truth_of(development, [0, 1, 1, 0]), test)
    assert made.mapping == "none"
    assert made.development.tolist() == development.scores.tolist()
    assert made.test.tolist() == test.scores.tolist()


def test_other_scores_are_mapped_by_platts_sigmoid_of_ranks():
    """Protects the mapping: scikit-learn's weighted regression finds the minimum of Platt's own loss."""
    rng = np.random.default_rng(0)
    used = rng.integers(0, 2, 60)
    development = table_of(rng.normal(2 * used, 1).round(1))
    test = table_of(rng.normal(size=20), name="test")
    made = probabilities(development, truth_of(development, used), test)
    assert made.mapping == "platt"
    np.testing.assert_allclose(made.test, plain_platt(development.scores, used, test.scores), atol=1e-4)
    order = np.argsort(test.scores)
    assert (np.diff(made.test[order]) >= 0).all()


def test_mapping_never_turns_a_run_round():
    """Protects honesty: a run whose higher scores went with not used is given no skill by its calibration."""
    rng = np.random.default_rng(5)
    used = np.arange(40) % 4 // 3
    development, test = table_of(rng.normal(-2 * used, 1)), table_of(rng.normal(size=9), name="test")
    made = probabilities(development, truth_of(development, used), test)
    np.testing.assert_allclose(made.test, plain_platt(development.scores, used, test.scores), atol=1e-4)
    assert len(set(made.test.tolist())) == 1
    assert made.test[0] == pytest.approx((10 * 11 / 12 + 30 / 32) / 40)


def test_mapping_sees_ranks_alone():
    """Protects against scale: outliers and growing transformations change no probability."""
    rng = np.random.default_rng(1)
    used = rng.integers(0, 2, 40)
    scores, others = rng.normal(size=40), rng.normal(size=10)
    made = []
    for change in (lambda x: x, lambda x: np.exp(9 * x), lambda x: x * 1e200):
        development, test = table_of(change(scores)), table_of(change(others), name="test")
        made.append(probabilities(development, truth_of(development, used), test))
    for other in made[1:]:
        np.testing.assert_array_equal(made[0].test, other.test)
        np.testing.assert_array_equal(made[0].development, other.development)


def test_development_images_are_mapped_without_their_own_group():
    """Protects honesty: turning a patient's labels round leaves that patient's own probabilities as they were."""
    rng = np.random.default_rng(2)
    groups, used = np.repeat(np.arange(4), 8), np.tile([0, 1], 16)
    development, test = table_of(rng.normal(used, 1), groups), table_of([5.0], name="test")
    turned = np.where(groups == 2, 1 - used, used)
    one, two = (probabilities(development, truth_of(development, labels), test) for labels in (used, turned))
    own = groups == 2
    np.testing.assert_array_equal(one.development[own], two.development[own])
    assert (one.development[~own] != two.development[~own]).any()
    assert one.test[0] != two.test[0]


def test_single_group_has_no_honest_mapping_of_itself():
    """Protects single-volume corpora: test images are mapped, development images are not."""
    development, test = table_of([-1.0, 0.0, 1.0, 2.0], ["a"] * 4), table_of([5.0, -2.0], name="test")
    made = probabilities(development, truth_of(development, [0, 0, 1, 1]), test)
    assert made.development is None
    assert made.test[0] > made.test[1]


def test_constant_and_perfect_scores_give_finite_probabilities():
    """Protects the fit: no separation and no constant score makes it diverge or warn."""
    used = np.array([0, 1] * 10)
    for scores in (np.full(20, 7.0), 10.0 * used):
        development, test = table_of(scores), table_of([7.0, -3.0], name="test")
        made = probabilities(development, truth_of(development, used), test)
        for values in (made.development, made.test):
            assert np.isfinite(values).all()
            assert ((values > 0) & (values < 1)).all()
    constant = probabilities(table_of(np.full(20, 7.0)), truth_of(table_of(np.zeros(20)), used), table_of([7.0]))
    assert constant.test == pytest.approx([0.5])


def test_reliability_by_hand():
    """Protects every column on an example that can be counted on one's fingers."""
    probability = np.array([0.1, 0.2, 0.9, 0.8])
    table = table_of(np.zeros(4))
    rows = reliability(table, probability, truth_of(table, [0, 1, 1, 1]), 2, 0.95)
    assert tuple(rows.columns) == CALIBRATION_COLUMNS
    assert rows["lowest"].tolist() == [0.1, 0.8]
    assert rows["highest"].tolist() == [0.2, 0.9]
    assert rows["probability"].tolist() == pytest.approx([0.15, 0.85])
    assert rows["images"].tolist() == [2, 2]
    assert rows["used"].tolist() == [1, 2]
    assert rows["observed"].tolist() == [0.5, 1.0]
    assert rows["expected_calibration_error"].tolist() == pytest.approx([(0.35 + 0.15) / 2] * 2)
    assert rows["brier"].tolist() == pytest.approx([(0.01 + 0.64 + 0.01 + 0.04) / 4] * 2)
    assert rows["brier_constant"].tolist() == pytest.approx([0.75 * 0.25] * 2)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0]), st.integers(0, 1)), min_size=1, max_size=40),
    st.integers(1, 9),
)
def test_bins_hold_every_image_once_and_part_no_equals(images, bins):
    """Protects the bins: sums are those of all images, bins do not overlap, and intervals are Clopper and Pearson's."""
    probability, used = (np.array(column) for column in zip(*images, strict=True))
    table = table_of(np.zeros(len(images)))
    rows = reliability(table, probability, truth_of(table, used), bins, 0.9)
    assert 1 <= len(rows) <= bins
    assert rows["images"].sum() == len(images)
    assert rows["used"].sum() == used.sum()
    assert (rows["lowest"].to_numpy()[1:] > rows["highest"].to_numpy()[:-1]).all()
    assert rows["brier"].iloc[0] == pytest.approx(np.mean((probability - used) ** 2))
    errors = [
        abs(used[(probability >= row.lowest) & (probability <= row.highest)].mean() - row.probability) * row.images
        for row in rows.itertuples()
    ]
    assert rows["expected_calibration_error"].iloc[0] == pytest.approx(sum(errors) / len(images))
    for row in rows.itertuples():
        low, high = proportion_confint(row.used, row.images, 0.1, "beta")
        assert (row.low, row.high) == pytest.approx((np.nan_to_num(low), high if row.used < row.images else 1))


def test_bins_are_of_about_equal_size():
    """Protects the choice of bins: without ties each of 8 bins holds an eighth of the images."""
    probability = np.random.default_rng(3).random(160) ** 4
    table = table_of(np.zeros(160))
    rows = reliability(table, probability, truth_of(table, np.arange(160) % 2), 8, 0.95)
    assert rows["images"].tolist() == [20] * 8


def test_what_is_no_probability_is_refused():
    """Protects callers: a score outside [0, 1], or truth of other images, is no silent number."""
    table = table_of([0.0, 0.0])
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        reliability(table, np.array([0.1, 1.1]), truth_of(table, [0, 1]), 2, 0.95)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        reliability(table, np.array([0.1, np.nan]), truth_of(table, [0, 1]), 2, 0.95)
    with pytest.raises(InputError, match="no truth"):
        reliability(table, np.array([0.1, 0.1]), {"other": 1}, 2, 0.95)
    with pytest.raises(InputError, match="no truth"):
        probabilities(table, {"other": 1}, table)
