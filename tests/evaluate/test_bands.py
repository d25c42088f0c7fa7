"""The band around a ROC curve is the central range of honest resamples, drawn by group."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from ganprint.evaluate.bands import BAND_COLUMNS, band_steps, roc_band
from ganprint.evaluate.curves import roc_points
from ganprint.evaluate.tables import ScoreTable


def table_of(scores, groups=None):
    """A table of images; each its own group unless groups are given."""
    ids = np.array([f"real_{number:04d}" for number in range(len(scores))])
    groups = ids if groups is None else np.asarray(groups).astype(str)
    return ScoreTable(ids, groups, np.asarray(scores, dtype=float), np.zeros(len(ids), dtype=np.int8))


def truth_of(table, used):
    return dict(zip(table.ids.tolist(), np.asarray(used).tolist(), strict=True))


def plain_rates(used, scores, times, steps, of):
    """The true positive rate at every step by trying each threshold; None where a class was not drawn."""
    positives, negatives = sum(times[used == 1]), sum(times[used == 0])
    if not positives or not negatives:
        return None
    rates = []
    for step in steps:
        best = 0
        for threshold in [*scores, np.inf]:
            called = scores >= threshold
            if Fraction(int(sum(times[called & (used == 0)])), int(negatives)) <= Fraction(int(step), of):
                best = max(best, sum(times[called & (used == 1)]))
        rates.append(best / positives)
    return rates


def test_band_against_plain_loops():
    """Protects the vectorised search: the same resamples, counted one threshold at a time, give the same limits."""
    rng = np.random.default_rng(0)
    used = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1])
    scores = rng.integers(0, 5, 12).astype(float)
    groups = np.repeat([0, 1, 2], [3, 6, 3])
    table = table_of(scores, groups)
    band = roc_band(table, truth_of(table, used), 0.8, 60, 7)
    drawn = np.random.default_rng(7).integers(3, size=(60, 3))
    rates = []
    for row in drawn:
        times = np.array([int((row == group).sum()) for group in groups])
        found = plain_rates(used, scores, times, range(6), 5)
        if found is not None:
            rates.append(found)
    assert len(rates) < 60, "the example is to hold resamples without a class"
    low, high = np.quantile(rates, [0.1, 0.9], axis=0)
    np.testing.assert_allclose(band["low"], low)
    np.testing.assert_allclose(band["high"], high)
    np.testing.assert_allclose(band["tpr"], plain_rates(used, scores, np.ones(12, dtype=int), range(6), 5))
    assert band["fpr"].tolist() == [step / 5 for step in range(6)]


def test_middle_of_the_band_is_the_curve():
    """Protects the definition: the rate at a false positive rate is the highest point of the curve not right of it."""
    rng = np.random.default_rng(1)
    used = rng.integers(0, 2, 60)
    table = table_of(rng.normal(used, 1).round(1))
    truth = truth_of(table, used)
    points, band = roc_points(table, truth), roc_band(table, truth, 0.95, 200, 0)
    for row in band.itertuples():
        assert row.tpr == points.loc[points["fpr"] <= row.fpr + 1e-12, "tpr"].max()
    assert (band["low"] <= band["high"]).all()
    assert band[["tpr", "low", "high"]].apply(lambda column: column.is_monotonic_increasing).all()
    assert band.iloc[-1][["tpr", "low", "high"]].tolist() == [1, 1, 1]


def test_band_depends_on_images_alone():
    """Protects reproducibility: neither the order of rows nor a growing transformation of scores changes a digit."""
    rng = np.random.default_rng(2)
    used, scores = rng.integers(0, 2, 40), rng.normal(size=40)
    table = table_of(scores, rng.integers(0, 9, 40))
    order = rng.permutation(40)
    turned = ScoreTable(table.ids[order], table.groups[order], np.exp(table.scores[order]), np.ones(40, dtype=np.int8))
    truth = truth_of(table, used)
    one, two = (roc_band(made, truth, 0.95, 100, 3) for made in (table, turned))
    assert one.equals(two)
    assert not one.equals(roc_band(table, truth, 0.95, 100, 4))


def test_groups_widen_the_band():
    """Protects the resampling by group: with eight images per patient, images as independent would look too certain."""
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(40), 8)
    used = np.repeat(rng.permutation(np.arange(40) % 2), 8)
    scores = np.repeat(rng.normal(size=40), 8) + used + rng.normal(scale=0.1, size=320)
    alone, together = table_of(scores), table_of(scores, patients)
    widths = [
        float((band["high"] - band["low"]).mean())
        for band in (roc_band(table, truth_of(table, used), 0.95, 500, 0) for table in (alone, together))
    ]
    assert widths[1] > 1.8 * widths[0]


@pytest.mark.parametrize(
    ("used", "groups"),
    [([1, 1, 1], ["a", "b", "c"]), ([0, 0, 0], ["a", "b", "c"]), ([0, 1, 1], ["a", "a", "a"]), ([1], ["a"])],
)
def test_no_band_without_two_groups_and_classes(used, groups):
    """Protects the tables of odd corpora: no rows, but the columns, where there is no band."""
    table = table_of(np.arange(len(used)), groups)
    band = roc_band(table, truth_of(table, used), 0.95, 50, 0)
    assert tuple(band.columns) == BAND_COLUMNS
    assert band.empty


def test_constant_scores_have_a_band_at_chance_corners():
    """Protects runs that score all images alike: nothing is found until everything is a false alarm."""
    table = table_of([0.5] * 10)
    band = roc_band(table, truth_of(table, [0, 1] * 5), 0.95, 50, 0)
    assert band["high"].tolist() == [0] * 5 + [1]
    assert band["low"].tolist() == [0] * 5 + [1]


@pytest.mark.parametrize("negatives", [1, 2, 100, 101, 150, 5000, 1_000_000])
def test_steps(negatives):
    """Protects the grid: from none to all, every whole number in the low region, and no more than needed to draw."""
    steps = band_steps(negatives)
    assert steps[0] == 0
    assert steps[-1] == negatives
    assert (np.diff(steps) > 0).all()
    assert steps[: min(negatives, 100) + 1].tolist() == list(range(min(negatives, 100) + 1))
    assert len(steps) <= 201


def test_coverage_of_the_true_curve():
    """Protects the meaning of the band: at a false positive rate fixed beforehand it holds the truth about 95 times."""
    rng = np.random.default_rng(4)
    used = np.repeat([1, 0], 100)
    true = norm.sf(norm.isf(0.2) - 1)
    held = 0
    for trial in range(200):
        table = table_of(rng.normal(used, 1))
        band = roc_band(table, truth_of(table, used), 0.95, 400, trial)
        row = band.iloc[20]
        assert row["fpr"] == pytest.approx(0.2)
        held += row["low"] <= true <= row["high"]
    # Three standard errors of 200 trials at 95 % are 4.6 %.
    assert 0.90 <= held / 200 <= 0.997
