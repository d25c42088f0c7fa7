"""Claims of other papers: what their rates imply, against direct algebra, enumeration and random answers."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ganprint.errors import InputError
from ganprint.evaluate.claims.claim import check_claim
from ganprint.evaluate.claims.counts import CLAIMED, Counts, PrintedRate
from ganprint.evaluate.claims.tables import MOST_IMAGES, count_tables

small = st.integers(0, 8)


def test_a_claim_below_a_trivial_answer():
    """Protects the worked example (Sci Rep 2026, 10.1038/s41598-026-57331-6): rates that imply a rare class."""
    accuracy, f1, precision = 0.883, 0.540, 0.461
    claim = check_claim({"accuracy": ".883", "f1": ".540", "precision": ".461"})
    recall = f1 * precision / (2 * precision - f1)
    tp = (1 - accuracy) / ((1 - precision) / precision + (1 - recall) / recall)
    assert claim.implied["recall"].value == pytest.approx(recall, abs=1e-6)
    assert claim.implied["prevalence"].value == pytest.approx(tp / recall, abs=1e-6)
    assert round(claim.implied["recall"].value, 2) == 0.65
    assert round(claim.implied["prevalence"].value, 3) == 0.105
    assert round(claim.implied["none used: accuracy"].value, 3) == 0.895
    assert claim.implied["lead of none used in accuracy"].low > 0
    assert claim.implied["prevalence"].low < tp / recall < claim.implied["prevalence"].high
    assert claim.implied["all used: F1"].high < 0.2 < f1


def test_a_claim_that_no_count_gives():
    """Protects the verdict on accuracy 0.810 with F1 0.801: 162 right of 200 give 0.800 or 0.802, never 0.801."""
    for prevalence in ({}, {"prevalence": "0.5"}):
        claim = check_claim({"accuracy": "0.810", "f1": "0.801", **prevalence}, 200)
        assert (claim.tables.rounded.number, claim.tables.only_cut.number) == (0, 0)
    alone = check_claim({"accuracy": "0.810", "prevalence": "0.5"}, 200)
    assert alone.tables.rounded.number == len([tp for tp in range(101) if 62 <= tp <= 100])
    assert alone.tables.only_cut.number == 0
    assert check_claim({"accuracy": "0.810", "f1": "0.802"}, 200).tables.rounded.number > 0


def test_truncated_prints_are_found_where_nothing_rounds():
    """Protects published Table 1, run 1: its F1 61.4 is cut off, so its counts are found as such."""
    rates = {
        "accuracy": "50.5",
        "precision": "50.3",
        "specificity": "22",
        "recall": "79",
        "f1": "61.4",
        "prevalence": ".5",
    }
    tables = check_claim(rates, 200).tables
    assert tables.rounded.number == 0
    assert (79, 22, 78, 21) in tables.only_cut.examples


def test_truncated_prints_are_found_beside_rounded_ones():
    """Protects the paper's own counts: other counts round to the same F1, recall and precision, its own are cut off."""
    tables = check_claim({"f1": "61.4", "recall": "79", "precision": "50.3"}, 200).tables
    assert tables.rounded.number == 7
    assert tables.only_cut.examples == [(79, 22, 78, 21), (83, 13, 82, 22)]
    assert tables.only_cut.prevalences == (100, 105)


def printed_of(counts, names, digits):
    figures = counts.figures()
    return {name: f"{float(figures[name]):.{digits}f}" for name in names if figures[name] is not None}


@given(
    counts=st.tuples(small, small, small, small).filter(any),
    names=st.sets(st.sampled_from(CLAIMED), min_size=1),
    digits=st.integers(1, 3),
)
@settings(deadline=None, max_examples=25)
def test_true_counts_are_within_what_their_print_implies(counts, names, digits):
    """Protects the linear programs: whatever was printed, the decisions that it was printed from are not ruled out."""
    counts = Counts(*counts)
    printed = printed_of(counts, sorted(names), digits)
    assume(printed)
    claim = check_claim(printed, counts.n)
    for name, value in counts.figures().items():
        if value is not None and name in claim.implied:
            assert claim.implied[name].low - 1e-6 <= value <= claim.implied[name].high + 1e-6, name
    assert claim.tables.rounded.number >= 1
    low, high = claim.tables.rounded.prevalences
    assert low <= counts.positives <= high


@given(
    rates=st.dictionaries(st.sampled_from(CLAIMED), st.integers(0, 20).map(lambda k: f"{k / 20:.2f}"), min_size=1),
    n=st.integers(1, 9),
)
@settings(deadline=None, max_examples=60)
def test_tables_against_plain_loops(rates, n):
    """Protects the count of tables: every TP, TN, FP, FN of n images is tried one by one."""
    parsed = {name: PrintedRate.parse(text, name) for name, text in rates.items()}

    def like(inside):
        found = set()
        for tp, tn, fp in product(range(n + 1), repeat=3):
            if tp + tn + fp <= n:
                counts = (tp, tn, fp, n - tp - tn - fp)
                figures = Counts(*counts).figures()
                if all(figures[name] is not None and inside(figures[name], rate) for name, rate in parsed.items()):
                    found.add(counts)
        return found

    rounded = like(lambda value, rate: abs(value - rate.value) <= rate.step / 2)
    cut = like(lambda value, rate: rate.value <= value < rate.value + rate.step)
    found = count_tables(parsed, n)
    for group, wanted in ((found.rounded, rounded), (found.only_cut, cut - rounded)):
        used = [tp + fn for tp, _, _, fn in wanted]
        assert group.number == len(wanted)
        assert group.prevalences == ((min(used), max(used)) if used else None)
        assert set(group.examples) <= wanted
        assert len(set(group.examples)) == len(group.examples) == min(5, len(wanted))


@pytest.mark.parametrize("names", [("accuracy", "f1"), ("precision",), ("recall", "specificity", "accuracy")])
def test_ranges_are_reached(names):
    """Protects the ranges from being too wide: random answers that print alike come close to both ends."""
    rng = np.random.default_rng(1)
    shares = rng.dirichlet([1, 1, 1, 1], 400_000)
    tp, tn, fp, fn = shares.T
    values = {
        "accuracy": tp + tn,
        "precision": tp / (tp + fp),
        "specificity": tn / (tn + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "prevalence": tp + fn,
    }
    printed = {"accuracy": "0.7", "precision": "0.5", "specificity": "0.6", "recall": "0.8", "f1": "0.6"}
    like = np.all([np.abs(values[name] - float(printed[name])) <= 0.05 for name in names], axis=0)
    implied = check_claim({name: printed[name] for name in names}).implied
    for name, value in values.items():
        assert implied[name].low - 1e-6 <= value[like].min() <= implied[name].low + 0.12, name
        assert implied[name].high - 0.12 <= value[like].max() <= implied[name].high + 1e-6, name


@pytest.mark.parametrize(
    ("printed", "n", "text"),
    [
        (
            {"precision": "0.5", "recall": "0.5", "f1": "0.9"},
            None,
            "no decisions have precision 0.5, recall 0.5, f1 0.9",
        ),
        ({"accuracy": "0.90", "f1": "0.99", "prevalence": "0.5"}, None, "at once, on any number of images"),
        ({"accuracy": "nan"}, None, "accuracy: received 'nan'"),
        ({"accuracy": "-0.1"}, None, "accuracy: received '-0.1'"),
        ({"accuracy": "1.5", "f1": "0.9", "recall": "0.01"}, None, r"have accuracy 1.5 \(read as per cent\), f1 0.9,"),
        ({"accuracy": "101%"}, None, "accuracy: received '101%'"),
        ({"kappa": "0.1"}, None, "claim: received kappa; known rates are accuracy"),
        ({"prevalence": "0.1"}, None, "claim: no rate to check"),
        ({"accuracy": "0.5"}, 0, "n: received 0"),
        ({"accuracy": "0.5"}, MOST_IMAGES + 1, "leave n out"),
    ],
)
def test_bad_claims_are_one_line(printed, n, text):
    """Protects the messages: inconsistent or malformed rates are named, on one line."""
    with pytest.raises(InputError, match=text) as caught:
        check_claim(printed, n)
    assert "\n" not in str(caught.value)


def test_digits_and_per_cent_are_read():
    """Protects the reading of prints: a trailing zero narrows the range, per cent and shares are the same."""
    assert PrintedRate.parse(".540").rounded() == (Fraction(5395, 10000), Fraction(5405, 10000))
    assert PrintedRate.parse(".54").step == 10 * PrintedRate.parse(".540").step
    assert PrintedRate.parse("88.3%").rounded() == PrintedRate.parse("0.883").rounded()
    assert PrintedRate.parse("88.3").value == PrintedRate.parse("88.3 %").value
    assert PrintedRate.parse("1").value == 1


def test_a_rate_above_one_is_said_to_be_per_cent():
    """Protects from a silent reading: 1.5 is taken as per cent, as in a table, and the claim says so."""
    claim = check_claim({"accuracy": "1.5", "recall": "0.5", "f1": "2.9%"})
    assert claim.taken_as_percent == ("accuracy",)
    assert claim.implied["accuracy"].low == pytest.approx(0.0145)
    assert not PrintedRate.parse("50", percent=True).taken_as_percent
