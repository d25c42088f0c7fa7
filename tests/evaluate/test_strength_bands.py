"""Bands over phantoms, and the level from which on a run sees the leak."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from sklearn.metrics import roc_auc_score

from ganprint.evaluate.strength import BAND_COLUMNS, POINT_COLUMNS, auc_with_interval, bands, seen_from
from ganprint.evaluate.tables import ScoreTable


def points(aucs, run="a", split="test"):
    """Rows of one run: level to the AUCs of its phantoms."""
    rows = [
        (run, split, level, phantom, auc, auc - 0.1, auc + 0.1, 40, 10)
        for level, values in aucs.items()
        for phantom, auc in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS))


def test_the_band_over_phantoms_is_students():
    """Protects the band: SciPy's own t interval of the mean, at the confidence asked for."""
    values = [0.61, 0.72, 0.66]
    (row,) = bands(points({0.5: values}), 0.9).to_dict("records")
    wanted = ttest_1samp(values, 0).confidence_interval(0.9)
    assert (row["low"], row["high"]) == pytest.approx((wanted.low, wanted.high))
    assert (row["auc"], row["least"], row["most"]) == pytest.approx((np.mean(values), 0.61, 0.72))
    assert (row["phantoms"], row["band"]) == (3, "t over phantoms")


def test_a_single_phantom_keeps_its_own_bootstrap():
    """Protects studies of one repeat: no t interval of one number, and the table says which band it is."""
    (row,) = bands(points({0.5: [0.7]}), 0.95).to_dict("records")
    assert (row["low"], row["high"]) == pytest.approx((0.6, 0.8))
    assert row["band"] == "bootstrap by group"


def test_bands_stay_within_what_an_auc_can_be():
    """A wide t interval of two phantoms is cut off at 0 and 1; equal phantoms have a band without width."""
    wide, equal = bands(points({0.1: [0.1, 0.99], 0.2: [0.7, 0.7]}), 0.95).to_dict("records")
    assert (wide["low"], wide["high"]) == (0, 1)
    assert equal["low"] == pytest.approx(equal["high"])


def test_rows_may_come_in_any_order():
    """Protects resumed studies: whichever phantom was finished first, the table is the same."""
    table = pd.concat([points({1.0: [0.9, 0.8], 0.0: [0.5, 0.4]}, "b"), points({0.0: [0.5], 1.0: [0.6]}, "a")])
    found = bands(table, 0.95)
    levels_first = table.sort_values(["level", "phantom"], kind="stable")
    backwards = pd.concat([table[table["run"] == "b"].iloc[::-1], table[table["run"] == "a"].iloc[::-1]])
    assert list(found.columns) == list(BAND_COLUMNS)
    assert list(found["run"]) == ["b", "b", "a", "a"]
    assert list(found["level"]) == [0, 1, 0, 1]
    for other in (levels_first, backwards):
        pd.testing.assert_frame_equal(bands(other, 0.95), found)


@pytest.mark.parametrize(
    ("lows", "first", "onwards"),
    [
        ([0.4, 0.55, 0.45, 0.6], 0.1, 0.5),
        ([0.4, 0.5, 0.5, 0.6], 0.5, 0.5),
        ([0.4, 0.4, 0.6, 0.4], 0.2, np.nan),
        ([0.4, 0.4, 0.4, 0.4], np.nan, np.nan),
        ([0.6, 0.6, 0.6, 0.6], 0.0, 0.0),
    ],
)
def test_the_level_from_which_on_a_leak_is_seen(lows, first, onwards):
    """A band that touches 0.5 does not lie above it; one lucky level below a blind one does not count as onwards."""
    table = pd.DataFrame({"run": "a", "split": "test", "level": [0.0, 0.1, 0.2, 0.5], "low": lows})
    (row,) = seen_from(table).to_dict("records")
    np.testing.assert_equal([row["first"], row["onwards"]], [first, onwards])


def test_the_auc_of_a_phantom_and_its_interval():
    """The AUC is scikit-learn's; groups are resampled, so copies of one patient's images narrow nothing."""
    rng = np.random.default_rng(0)
    used = np.repeat([1, 0], 12)
    scores = rng.normal(used, 1.0)
    ids = np.array([f"i{number}" for number in range(24)])

    def found(copies):
        many = [f"{name}-{copy}" for name in ids for copy in range(copies)]
        table = ScoreTable(many, np.repeat(ids, copies), np.repeat(scores, copies), np.zeros(24 * copies, int))
        truth = dict(zip(many, np.repeat(used, copies).tolist(), strict=True))
        return auc_with_interval(table, truth, confidence=0.95, resamples=400, rng=np.random.default_rng(1))

    once, thrice = found(1), found(3)
    assert once["auc"] == pytest.approx(roc_auc_score(used, scores))
    assert once["low"] < once["auc"] < once["high"]
    assert (once["images"], thrice["images"], thrice["groups"]) == (24, 72, 24)
    assert [thrice[name] for name in ("auc", "low", "high")] == pytest.approx(
        [once[name] for name in ("auc", "low", "high")], abs=0.02
    )
