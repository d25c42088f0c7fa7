"""Bootstrap intervals are BCa's, say when they are not, and cover what they should."""

import math

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from sklearn import metrics as sk

from ganprint.evaluate.intervals import Resampled, bootstrap_interval, resample, resample_groups
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable


def two_classes(n, shift, rng, per_group=1):
    """Memberships by fair coins, normal scores that differ by ``shift``, and groups of equal size with an own level."""
    groups = np.repeat(np.arange(n // per_group), per_group)
    used = rng.integers(0, 2, n // per_group)[groups].astype(np.int8)
    level = rng.normal(size=n // per_group)[groups] if per_group > 1 else 0
    scores = rng.normal(size=n) + level + shift * used
    return used, scores, groups.astype(np.str_)


def test_limits_are_those_of_scipy():
    """Protects the formula: where SciPy's BCa is defined, the same draws give the same limits."""
    x = np.random.default_rng(0).exponential(size=40)
    names = np.array([f"{number:02d}" for number in range(40)])
    drawn = resample_groups(
        names, lambda weights: {"mean": weights @ x / weights.sum(axis=1)}, resamples=999, rng=np.random.default_rng(1)
    )
    ours = bootstrap_interval(drawn, "mean", 0.9)
    theirs = bootstrap(
        (x,), np.mean, n_resamples=999, confidence_level=0.9, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=1e-9)
    assert ours.percentiles_because == ""
    plain = np.quantile(drawn.figures["mean"], [0.05, 0.95])
    assert ours.high > plain[1]  # the mean of skewed numbers: the correction must be at work


@pytest.mark.parametrize("name", ["f1", "kappa", "roc_auc", "average_precision", "tpr_at_fpr_10"])
def test_limits_by_a_plain_loop_over_groups(name):
    """Protects bias correction (ties count half) and jackknife by group, for figures that take few values."""
    rng = np.random.default_rng(3)
    used, scores, groups = two_classes(48, 1.0, rng, per_group=3)
    scores = np.round(scores, 1)
    decisions = (scores > 0.5).astype(np.int8)
    drawn = resample(used, scores, decisions, groups, resamples=400, rng=rng)

    def figure(kept):
        truth, score, called = used[kept], scores[kept], decisions[kept]
        fpr, tpr, _ = sk.roc_curve(truth, score, drop_intermediate=False)
        return {
            "f1": sk.f1_score(truth, called), "kappa": sk.cohen_kappa_score(truth, called),
            "roc_auc": sk.roc_auc_score(truth, score), "average_precision": sk.average_precision_score(truth, score),
            "tpr_at_fpr_10": tpr[fpr <= 0.1].max(),
        }[name]  # fmt: skip

    value = figure(np.ones(48, dtype=bool))
    values = drawn.figures[name][~np.isnan(drawn.figures[name])]
    below, equal = sum(v < value - 1e-9 for v in values), sum(abs(v - value) <= 1e-9 for v in values)
    z0 = norm.ppf((below + equal / 2) / len(values))
    left_out = np.array([figure(groups != group) for group in np.unique(groups)])
    influence = left_out.mean() - left_out
    a = sum(influence**3) / (6 * sum(influence**2) ** 1.5)
    levels = [norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in norm.ppf([0.025, 0.975])]
    interval = bootstrap_interval(drawn, name, 0.95)
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(values, levels)), abs=1e-9)
    assert drawn.estimates[name] == pytest.approx(value)


def resampled(values, estimate, jackknife):
    """Resamples put together by hand."""
    return Resampled({"f1": np.array(values)}, {"f1": estimate}, {"f1": np.array(jackknife)}, len(values))


@pytest.mark.parametrize(
    ("drawn", "reason"),
    [
        (resampled([0.5, 0.5, np.nan], 0.5, [0.4, 0.6]), "all resamples agree"),
        (resampled([0.4, 0.5, 0.6], 0.5, [0.4, np.nan]), "without one of the groups it is undefined"),
        (resampled([0.4, 0.5, 0.6], 0.7, [0.4, 0.6]), "all resamples lie on one side of it"),
        (resampled([0.4, 0.5, 0.6], 0.5, [0.5, 0.5]), "no single group changes it"),
    ],
)
def test_percentiles_stand_in_and_say_so(drawn, reason):
    """Protects against limits that are undefined, or that pass for BCa and are not."""
    interval = bootstrap_interval(drawn, "f1", 0.5)
    assert interval.percentiles_because == reason
    defined = drawn.figures["f1"][~np.isnan(drawn.figures["f1"])]
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(defined, [0.25, 0.75])))


def test_no_resample_no_interval():
    """Protects against limits out of nothing: every resample undefined, or a single group."""
    assert bootstrap_interval(resampled([np.nan, np.nan], 0.5, [0.4, 0.6]), "f1", 0.95) is None
    assert bootstrap_interval(Resampled({}, {}, {}, 0), "f1", 0.95) is None


def test_figures_name_the_percentiles():
    """Protects the reader: a figure whose limits are percentiles has the reason in its note, the others have none."""
    ids = np.array([f"i{number}" for number in range(40)])
    truth = dict(zip(ids.tolist(), [0, 1] * 20, strict=True))
    perfect = np.tile([0.0, 1.0], 20)
    noisy = perfect + np.random.default_rng(0).normal(size=40)
    for scores, said in ((perfect, "percentiles instead of BCa, since all resamples agree"), (noisy, "")):
        found = metrics(ScoreTable(ids, ids, scores, (scores > 0.5).astype(int)), truth, 0.95, 300, 0)
        assert found.figures["roc_auc"].method == "bootstrap by group"
        assert ("BCa" in found.figures["roc_auc"].note) == bool(said)
        assert said in found.figures["roc_auc"].note
    groups = np.repeat([f"g{number}" for number in range(20)], 2)
    same = metrics(ScoreTable(ids, groups, perfect, perfect.astype(int)), truth, 0.95, 300, 0).figures["accuracy"]
    assert "by group: percentiles instead of BCa" in same.note
    assert same.group_low == same.group_high == 1


def test_differences_are_paired():
    """Protects the pairing: the difference of a run and itself is 0, of two runs that of every resample."""
    rng = np.random.default_rng(5)
    used, scores, groups = two_classes(40, 1.0, rng)
    other = scores + rng.normal(size=40)
    a, b = (
        resample(used, s, (s > 0).astype(np.int8), groups, resamples=50, rng=np.random.default_rng(0))
        for s in (scores, other)
    )
    assert not np.any(a.minus(a).figures["f1"])
    assert np.array_equal(a.minus(b).figures["f1"], a.figures["f1"] - b.figures["f1"])
    assert a.minus(b).jackknife["f1"].shape == (40,)
    with pytest.raises(ValueError, match="can not be paired"):
        a.minus(Resampled({}, {}, {}, 0))


@pytest.mark.parametrize(("n", "per_group", "repetitions"), [(50, 1, 400), (200, 4, 200)])
def test_coverage(n, per_group, repetitions):
    """Protects the promise of 95 %: the true AUC and F1 are inside as often, within the noise of the repetitions."""
    rng = np.random.default_rng(n)
    spread = math.sqrt(2 if per_group > 1 else 1)
    shift, cut = 1.0, 0.5
    tpr, fpr = norm.sf((cut - shift) / spread), norm.sf(cut / spread)
    truths = {"roc_auc": norm.cdf(shift / (spread * math.sqrt(2))), "f1": 2 * tpr / (tpr + fpr + 1)}
    held = dict.fromkeys(truths, 0)
    for _ in range(repetitions):
        used, scores, groups = two_classes(n, shift, rng, per_group)
        drawn = resample(used, scores, (scores > cut).astype(np.int8), groups, resamples=400, rng=rng)
        for name, truth in truths.items():
            interval = bootstrap_interval(drawn, name, 0.95)
            held[name] += interval.low <= truth <= interval.high
    noise = 3 * math.sqrt(0.95 * 0.05 / repetitions)
    for name, count in held.items():
        assert 0.93 - noise <= count / repetitions <= 0.97 + noise, name
