"""What the published counts alone say: figures to the digit, tests, and pairs of runs, each checked another way."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from ganprint.errors import InputError
from ganprint.evaluate.claims.counts import Counts, PrintedRate, printing_of
from ganprint.evaluate.claims.pairs import paired_ranges
from ganprint.evaluate.claims.tests import all_used_tests, chance_of_f1, chance_tests
from ganprint.evaluate.published import published

small = st.integers(0, 6)
some_counts = st.tuples(small, small, small, small).filter(any).map(lambda counts: Counts(*counts))


def test_table_1_to_the_digit():
    """Protects the recomputed table: the exact fractions, and which printed figure was cut off instead of rounded."""
    figures = {run.run: run.counts.figures() for run in published()}
    assert [f"{float(figures[run]['f1']) * 100:.3f}" for run in (1, 2, 3)] == ["61.479", "52.133", "43.114"]
    assert [f"{float(figures[run]['kappa']):.2f}" for run in (1, 2, 3)] == ["0.01", "-0.01", "0.05"]
    assert figures[1]["precision"] == Fraction(79, 157)
    printing = {
        (run.run, name): printing_of(figures[run.run][name], rate)
        for run in published()
        for name, rate in run.printed().items()
    }
    assert [key for key, how in printing.items() if how == "truncated"] == [(1, "f1")]
    assert {how for key, how in printing.items() if key != (1, "f1")} == {"exact", "rounded or truncated"}
    assert {run.printed()["f1"].digits for run in published()} == {1}
    assert {run.printed()["recall"].digits for run in published()} == {0}


def test_published_p_values():
    """Protects the one-sided tests against chance, and checks them and Fisher's against SciPy's own tests."""
    tests = [chance_tests(run.counts) for run in published()]
    assert [f"{test.p_coin:.3f}" for test in tests] == ["0.472", "0.584", "0.262"]
    for run, test in zip(published(), tests, strict=True):
        assert test.p_coin == pytest.approx(binomtest(run.tp + run.tn, 200, alternative="greater").pvalue)
        table = [[run.tp, run.fn], [run.fp, run.tn]]
        assert test.p_fisher == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
        assert test.p_majority == pytest.approx(test.p_coin), "classes are equal in size"


def test_intervals_are_those_of_statsmodels():
    """Protects the exact intervals, the one of F1 included, which is carried over from a proportion."""
    counts = published()[0].counts
    parts = {"accuracy": (101, 200), "precision": (79, 157), "specificity": (22, 100), "recall": (79, 100)}
    for name, (hits, n) in parts.items():
        assert counts.interval(name, 0.95) == pytest.approx(proportion_confint(hits, n, 0.05, "beta")), name
    low, high = proportion_confint(79, 79 + 78 + 21, 0.05, "beta")
    assert counts.interval("f1", 0.95) == pytest.approx((2 / (1 / low + 1), 2 / (1 / high + 1)))
    assert counts.interval("kappa", 0.95) is None
    assert Counts(0, 3, 0, 2).interval("precision", 0.95) is None


def test_interval_of_f1_covers():
    """Protects the claim that the interval of F1 is exact: 95 % or more of simulated tables are covered."""
    rng = np.random.default_rng(3)
    shares = np.array([0.35, 0.25, 0.2, 0.2])
    truth = 2 * shares[0] / (2 * shares[0] + shares[2] + shares[3])
    draws = rng.multinomial(60, shares, size=500)
    limits = [Counts(*map(int, draw)).interval("f1", 0.95) for draw in draws]
    assert np.mean([low <= truth <= high for low, high in limits]) >= 0.94


@pytest.mark.parametrize("at_least", [Fraction(0), Fraction(1, 2), Fraction(2, 3), Fraction(1)])
@pytest.mark.parametrize("above", [False, True])
def test_chance_of_f1_against_all_throws(at_least, above):
    """Protects the exact distribution of F1: every set of answers of 3 used and 4 not used images is written down."""
    recall, false_rate = 0.7, 0.2
    total = 0.0
    for throw in product([0, 1], repeat=7):
        tp, fp = sum(throw[:3]), sum(throw[3:])
        f1 = Fraction(2 * tp, tp + fp + 3)
        if f1 > at_least or (f1 == at_least and not above):
            total += recall**tp * (1 - recall) ** (3 - tp) * false_rate**fp * (1 - false_rate) ** (4 - fp)
    assert chance_of_f1(3, 4, recall, false_rate, at_least, above=above) == pytest.approx(total)


def test_all_used_beats_the_table():
    """Protects the comparison with "all used": F1 66.67, and how rarely chance alone reaches it."""
    for run in published():
        beside = all_used_tests(run.counts)
        assert beside.f1 == pytest.approx(2 / 3)
        assert beside.run_f1 < beside.f1
        assert (beside.right_where_they_differ, beside.wrong_where_they_differ) == (run.tn, run.fn)
        assert beside.p_mcnemar == pytest.approx(mcnemar([[0, run.tn], [run.fn, 0]], exact=True).pvalue)
        assert beside.p_coin < 1e-4
        assert beside.p_repeated < 0.5
    rng = np.random.default_rng(0)
    first = all_used_tests(published()[0].counts)
    own = 157 / 200
    tp, fp = rng.binomial(100, own, 400_000), rng.binomial(100, own, 400_000)
    assert first.p_own_rate == pytest.approx(np.mean(3 * 2 * tp >= 2 * (tp + fp + 100)), abs=0.002)
    assert all_used_tests(Counts(3, 0, 0, 2)) is None


def test_largest_chance_is_over_the_line_of_equal_f1():
    """Protects the test of "true F1 below all used": no rates on or above the line give a larger probability."""
    counts = Counts(3, 7, 3, 5)
    largest = all_used_tests(counts).p_as_good
    observed = Fraction(6, 14)
    inside = [
        1 - chance_of_f1(8, 10, recall, rate, observed, above=True)
        for recall, rate in product(np.linspace(0, 1, 41), np.linspace(0, 1, 41))
        if 2 * 8 * recall * (2 * 8 + 10) >= 2 * 8 * (8 * recall + 10 * rate + 8)
    ]
    assert max(inside) <= largest + 1e-9
    assert max(inside) >= largest - 0.02


def test_mcnemar_range_against_every_pair_of_answers():
    """Protects the range of McNemar's p: all pairs of answers of 3 used and 4 not used images with the given counts."""
    truth = np.array([1] * 3 + [0] * 4)

    def answers(tp, tn):
        for hits in combinations(range(3), tp):
            for rights in combinations(range(3, 7), tn):
                right = np.zeros(7, dtype=bool)
                right[[*hits, *rights]] = True
                yield right

    for (a, b), (c, d) in [((2, 1), (1, 3)), ((3, 4), (0, 0)), ((1, 1), (1, 1)), ((2, 4), (3, 2))]:
        first, second = Counts(a, b, 4 - b, 3 - a), Counts(c, d, 4 - d, 3 - c)
        for part, chosen in zip(paired_ranges(first, second), (truth >= 0, truth == 1, truth == 0), strict=True):
            found = set()
            for one, other in product(answers(a, b), answers(c, d)):
                only = int((one & ~other & chosen).sum()), int((other & ~one & chosen).sum())
                p = 1.0 if not sum(only) else binomtest(only[0], sum(only)).pvalue
                found.add((round(p, 12), sum(only)))
            assert part.p_smallest == pytest.approx(min(p for p, _ in found))
            assert part.p_largest == pytest.approx(max(p for p, _ in found))
            assert (part.differ_least, part.differ_most) == (min(n for _, n in found), max(n for _, n in found))


def test_published_pairs():
    """Protects the published comparison: no table that the counts allow tells the runs' accuracies apart."""
    runs = [run.counts for run in published()]
    everything, used, not_used = paired_ranges(runs[0], runs[2])
    assert everything.smallest_table == (43, 47)
    assert everything.p_smallest == pytest.approx(binomtest(43, 90).pvalue)
    assert everything.p_largest > everything.p_smallest > 0.05
    assert used.p_largest < 0.05
    assert not_used.p_largest < 0.05, "the two say used at quite different rates, which counts alone show"
    with pytest.raises(InputError, match="can not be compared"):
        paired_ranges(runs[0], Counts(1, 1, 1, 1))


@given(counts=some_counts)
@settings(deadline=None)
def test_figures_of_any_counts(counts):
    """Protects the fractions against plain loops over images, undefined cases included."""
    truth = [1] * counts.tp + [0] * counts.tn + [0] * counts.fp + [1] * counts.fn
    answer = [1] * counts.tp + [0] * counts.tn + [1] * counts.fp + [0] * counts.fn
    right = sum(a == b for a, b in zip(truth, answer, strict=True))
    assert counts.figures()["accuracy"] == Fraction(right, len(truth))
    assert counts.figures()["recall"] == (Fraction(counts.tp, sum(truth)) if sum(truth) else None)
    both = sum(truth) + sum(answer)
    assert counts.figures()["f1"] == (Fraction(2 * counts.tp, both) if both else None)
    tests = chance_tests(counts)
    assert all(0 <= p <= 1 + 1e-12 for p in (tests.p_coin, tests.p_fisher, tests.p_majority))


@given(value=st.fractions(0, 1), digits=st.integers(0, 4))
def test_rounded_and_truncated_prints_are_recognised(value, digits):
    """Protects the naming of a print: what was rounded or cut off is called so, one unit further off it is neither."""
    cut = Fraction(int(value * 10**digits), 10**digits)
    rounded = Fraction(int(value * 10**digits + Fraction(1, 2)), 10**digits)
    for made, name in ((cut, "truncated"), (rounded, "rounded")):
        text = f"{float(made):.{digits}f}"
        how = printing_of(value, PrintedRate.parse(text, percent=False))
        assert name in how or how == "exact"
        if made + Fraction(2, 10**digits) <= 1:
            off = f"{float(made + Fraction(2, 10**digits)):.{digits}f}"
            assert printing_of(value, PrintedRate.parse(off, percent=False)) == "neither"


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1,2,-3,4", "a,b,c,d", "0,0,0,0", "1.5,2,3,4"])
def test_bad_counts_are_one_line(text):
    """Protects the message for counts that are none."""
    with pytest.raises(InputError, match="counts: received") as caught:
        Counts.parse(text)
    assert "\n" not in str(caught.value)
