"""Paired comparisons agree with the plain formulas, and respect groups."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from ganprint.evaluate.comparison import compare_pairs, delong, delong_p, mcnemar_p
from ganprint.evaluate.intervals import resample
from ganprint.evaluate.split_scores import SplitScores


def kernel(high, low):
    """1 when in the right order, 1/2 when equal."""
    return 1.0 if high > low else 0.5 if high == low else 0.0


def plain_delong(scores, used, groups):
    """Components by all pairs and Obuchowski's sums by group, loop by loop."""
    positives, negatives = np.flatnonzero(used == 1), np.flatnonzero(used == 0)
    m, n, names = len(positives), len(negatives), np.unique(groups)
    areas, above, below = [], [], []
    for row in scores:
        psi = np.array([[kernel(row[i], row[j]) for j in negatives] for i in positives])
        areas.append(psi.mean())
        above.append(psi.mean(axis=1))
        below.append(psi.mean(axis=0))
    x = [[sum(v - area for v, i in zip(a, positives, strict=True) if groups[i] == g) for g in names]
         for a, area in zip(above, areas, strict=True)]  # fmt: skip
    y = [[sum(v - area for v, j in zip(b, negatives, strict=True) if groups[j] == g) for g in names]
         for b, area in zip(below, areas, strict=True)]  # fmt: skip
    i10, i01 = len(set(groups[positives])), len(set(groups[negatives]))
    covariance = np.zeros((len(scores), len(scores)))
    for r, s in product(range(len(scores)), repeat=2):
        s10 = i10 / ((i10 - 1) * m) * np.dot(x[r], x[s])
        s01 = i01 / ((i01 - 1) * n) * np.dot(y[r], y[s])
        s11 = len(names) / (len(names) - 1) * (np.dot(x[r], y[s]) + np.dot(x[s], y[r]))
        covariance[r, s] = s10 / m + s01 / n + s11 / (m * n)
    return np.array(areas), covariance


@pytest.mark.parametrize("per_group", [1, 3])
@pytest.mark.parametrize("mixed", [False, True])
def test_delong_by_all_pairs(per_group, mixed):
    """Protects the mid-rank formula, ties and groups of one or of both classes included."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), per_group)
    used = (np.arange(len(groups)) if mixed else groups) % 2
    scores = np.round(rng.normal(size=(3, len(groups))) + 0.5 * used, 1)
    areas, covariance = delong(scores, used.astype(np.int8), groups.astype(np.str_))
    expected = plain_delong(scores, used, groups)
    assert areas == pytest.approx(expected[0])
    assert covariance == pytest.approx(expected[1])


def test_delong_is_delongs_own_covariance():
    """Protects the case without groups: sample covariances of the components over m and n (DeLong 1988)."""
    rng = np.random.default_rng(1)
    used = (np.arange(24) % 3 == 0).astype(np.int8)
    scores = rng.normal(size=(2, 24)) + used
    psi = (scores[:, used == 1, None] > scores[:, None, used == 0]).astype(float)
    expected = np.cov(psi.mean(axis=2)) / used.sum() + np.cov(psi.mean(axis=1)) / (1 - used).sum()
    assert delong(scores, used, np.arange(24).astype(np.str_))[1] == pytest.approx(expected)


def test_delong_edges():
    """Protects the edges: one group of a class, equal runs, runs that differ without variance."""
    used, names = np.array([1, 1, 0, 0], dtype=np.int8), np.array(["a", "a", "b", "c"])
    assert delong(np.arange(4.0)[None], used, names) is None
    perfect = np.array([2.0, 3.0, 0.0, 1.0])
    areas, covariance = delong(np.stack([perfect, perfect, -perfect]), used, np.array(list("abcd")))
    assert delong_p(areas, covariance, 0, 1) == 1
    assert delong_p(areas, covariance, 0, 2) is None


def test_delong_holds_its_level_by_group():
    """Protects against patients counted as images: two equally good runs differ at 5 % in about 5 % of the splits."""
    rng = np.random.default_rng(2)
    groups = np.arange(120) // 4
    used = (groups % 2).astype(np.int8)
    found = {"groups": 0, "images": 0}
    for _ in range(400):
        scores = used + 1.5 * rng.normal(size=(2, 30))[:, groups] + rng.normal(size=(2, 120))
        for unit, names in (("groups", groups), ("images", np.arange(120))):
            found[unit] += delong_p(*delong(scores, used, names.astype(np.str_)), 0, 1) <= 0.05
    assert found["groups"] / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert found["images"] / 400 > 0.12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_that_of_statsmodels(rows):
    """Protects the exact test of independent images, equal runs included."""
    a, b = (np.array(column) for column in zip(*rows, strict=True))
    table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
    expected = mcnemar(table, exact=True).pvalue
    assert mcnemar_p(a, b, np.arange(len(a)).astype(np.str_)) == pytest.approx(min(1.0, expected))


def test_mcnemar_by_group_is_every_change_of_sign():
    """Protects the exact test by group: the distribution is that of all 2 ** groups changes of sign."""
    rng = np.random.default_rng(3)
    a, b, groups = rng.random(40) < 0.7, rng.random(40) < 0.4, np.arange(40) // 5
    balances = np.array([np.sum(a[groups == g]) - np.sum(b[groups == g]) for g in range(8)])
    sums = [abs(np.dot(signs, balances)) for signs in product([-1, 1], repeat=8)]
    expected = np.mean(np.array(sums) >= abs(balances.sum()))
    assert mcnemar_p(a, b, groups.astype(np.str_)) == pytest.approx(expected)
    assert expected > mcnemar_p(a, b, np.arange(40).astype(np.str_))


def test_pairs():
    """Protects the record: a better run, a copy of it, a constant one; Holm over the pairs; differences a minus b."""
    rng = np.random.default_rng(4)
    used = (np.arange(80) % 2).astype(np.int8)
    good = rng.normal(size=80) + 2 * used - 1
    scores = np.stack([good, good, np.zeros(80)])
    decisions = (scores > 0).astype(np.int8)
    ids = np.array([f"i{number:02d}" for number in range(80)])
    split = SplitScores(("good", "copy", "flat"), ids, ids, used, scores, decisions)
    drawn = [
        resample(used, s, d, ids, resamples=500, rng=np.random.default_rng(0))
        for s, d in zip(scores, decisions, strict=True)
    ]
    same, better = compare_pairs(split, [("good", "copy"), ("good", "flat")], drawn, 0.95)
    assert (same.mcnemar_p, same.delong_p, same.auc_difference, same.low, same.high) == (1, 1, 0, 0, 0)
    assert "percentiles instead of BCa, since all resamples agree" in same.note
    assert 0.2 < better.low < better.auc_difference < better.high
    assert better.f1_low < better.f1_difference < better.f1_high
    assert better.delong_p < 1e-6
    assert better.p_holm == pytest.approx(2 * better.delong_p)
    assert better.mcnemar_p_holm == pytest.approx(min(1, 2 * better.mcnemar_p))


def test_paired_interval_is_narrower_than_two():
    """Protects the pairing: runs that share their errors differ with less doubt than each of them has."""
    rng = np.random.default_rng(5)
    used = (np.arange(100) % 2).astype(np.int8)
    scores = (rng.normal(size=100) + used)[None] + 0.2 * rng.normal(size=(2, 100))
    ids = np.array([f"i{number:02d}" for number in range(100)])
    decisions = (scores > 0.5).astype(np.int8)
    drawn = [
        resample(used, s, d, ids, resamples=500, rng=np.random.default_rng(0))
        for s, d in zip(scores, decisions, strict=True)
    ]
    pair = compare_pairs(SplitScores(("a", "b"), ids, ids, used, scores, decisions), [("a", "b")], drawn, 0.95)[0]
    alone = np.diff(np.quantile(drawn[0].figures["roc_auc"], [0.025, 0.975]))[0]
    assert pair.high - pair.low < alone / 2
