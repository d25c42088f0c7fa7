"""All counts of n images that print like a claim, found without building them one by one.

For a given number of used images P and of true positives, each printed rate allows a run of whole numbers of false
positives; the runs are intersected, so n images take O(n^2) steps for O(n^3) tables. All bounds are whole-number
arithmetic on the printed digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ganprint.errors import InputError
from ganprint.evaluate.claims.counts import PrintedRate

__all__ = ["MOST_IMAGES", "CountGroup", "CountTables", "count_tables"]

Ints = NDArray[np.int64]

MOST_IMAGES = 10_000
"""Largest n for which tables are enumerated."""

_SHOWN = 5


@dataclass(frozen=True)
class CountGroup:
    """Counts that print like a claim by one rule.

    Attributes
    ----------
    number
        How many tables there are.
    prevalences
        Smallest and largest number of used images among them; ``None`` when there is none.
    examples
        The first few as (TP, TN, FP, FN).
    """

    number: int
    prevalences: tuple[int, int] | None
    examples: list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class CountTables:
    """The counts that print like a claim, by the rule that makes them so; a printed digit does not say which it was.

    Attributes
    ----------
    n
        Number of images.
    rounded
        Counts whose rates all round to the claim; some may be cut off to it as well.
    only_cut
        Counts whose rates are all cut off to the claim, and do not all round to it.
    """

    n: int
    rounded: CountGroup
    only_cut: CountGroup


def count_tables(rates: Mapping[str, PrintedRate], n: int) -> CountTables:
    """Find all counts of n images that print like these rates.

    Raises
    ------
    InputError
        When n is below 1 or above :data:`MOST_IMAGES`.
    """
    if not 1 <= n <= MOST_IMAGES:
        raise InputError(f"n: received {n}; give 1 to {MOST_IMAGES} images, or leave n out to use the rates alone")
    rounded, only_cut = CountGroup(0, None, []), CountGroup(0, None, [])
    for positives in _positives(rates, n):
        rounds = _runs(rates, n, positives, cut=False)
        rounded = _with(rounded, _filled(rounds), n, positives)
        only_cut = _with(only_cut, _less(_runs(rates, n, positives, cut=True), rounds), n, positives)
    return CountTables(n, rounded, only_cut)


def _with(group: CountGroup, runs: Ints, n: int, positives: int) -> CountGroup:
    """Add the counts of one number of used images; numbers come in ascending order."""
    if not len(runs):
        return group
    number = group.number + int((runs[:, 2] - runs[:, 1] + 1).sum())
    least = group.prevalences[0] if group.prevalences else positives
    more = _examples(runs, n, positives) if len(group.examples) < _SHOWN else []
    return CountGroup(number, (least, positives), [*group.examples, *more][:_SHOWN])


def _filled(runs: Ints) -> Ints:
    return runs[runs[:, 1] <= runs[:, 2]]


def _less(runs: Ints, others: Ints) -> Ints:
    """Give what of these runs lies outside the others, row by row: a part below them and a part above."""
    tp, low, high = runs.T
    _, other_low, other_high = others.T
    below = np.stack([tp, low, np.minimum(high, other_low - 1)], axis=1)
    above = np.stack([tp, np.maximum(low, other_high + 1), high], axis=1)
    return _filled(np.concatenate([below, above]))


def _positives(rates: Mapping[str, PrintedRate], n: int) -> range:
    """Numbers of used images that a stated prevalence allows."""
    if "prevalence" not in rates:
        return range(n + 1)
    stated = rates["prevalence"]
    whole = stated.value * n
    low, high = (whole, whole) if whole.denominator == 1 else (bound * n for bound in stated.rounded())
    return range(-(-low.numerator // low.denominator), high.numerator // high.denominator + 1)


def _runs(rates: Mapping[str, PrintedRate], n: int, positives: int, *, cut: bool) -> Ints:
    """Give TP, least FP and most FP, [positives + 1, 3], for one number of used images; none is n + 1 to n."""
    negatives = n - positives
    tp: Ints = np.arange(positives + 1)
    low, high = np.zeros_like(tp), np.full_like(tp, negatives)
    possible = np.ones(len(tp), dtype=bool)
    for name, rate in rates.items():
        if name == "recall":
            least, most = _within(rate, tp * 0 + positives, cut=cut)
            possible &= (tp >= least) & (tp <= most) & (positives > 0)
        elif name == "accuracy":
            least, most = _within(rate, tp * 0 + n, cut=cut)
            low, high = np.maximum(low, tp + negatives - most), np.minimum(high, tp + negatives - least)
        elif name == "specificity":
            least, most = _within(rate, tp * 0 + negatives, cut=cut)
            low, high = np.maximum(low, negatives - most), np.minimum(high, negatives - least)
            possible &= negatives > 0
        elif name in ("precision", "f1"):
            # The denominator grows with FP: tp + FP for precision, tp + FP + P, halved above the line, for F1.
            above, fixed = (tp, tp) if name == "precision" else (2 * tp, tp + positives)
            least, most = _denominators(rate, above, fixed + negatives, cut=cut)
            low = np.maximum(low, np.maximum(least, 1) - fixed)
            high = np.minimum(high, most - fixed)
    possible &= low <= high
    return np.stack([tp, np.where(possible, low, n + 1), np.where(possible, high, n)], axis=1)


def _bounds(rate: PrintedRate, *, cut: bool) -> tuple[Fraction, Fraction]:
    return (rate.value, rate.value + rate.step) if cut else rate.rounded()


def _within(rate: PrintedRate, total: Ints, *, cut: bool) -> tuple[Ints, Ints]:
    """Give the least and the most whole numbers whose share of ``total`` prints like the rate."""
    low, high = _bounds(rate, cut=cut)
    least = -((-low.numerator * total) // low.denominator)
    # Cut off: the upper bound itself prints differently.
    most = -((-high.numerator * total) // high.denominator) - 1 if cut else high.numerator * total // high.denominator
    return least, most


def _denominators(rate: PrintedRate, above: Ints, largest: Ints, *, cut: bool) -> tuple[Ints, Ints]:
    """Give the least and the most whole numbers below the line for which the quotient prints like the rate."""
    low, high = _bounds(rate, cut=cut)
    most = above * low.denominator // low.numerator if low > 0 else largest
    quotient = above * high.denominator
    least = quotient // high.numerator + 1 if cut else -((-quotient) // high.numerator)
    return least, most


def _examples(runs: Ints, n: int, positives: int) -> list[tuple[int, int, int, int]]:
    return [
        (tp, n - positives - fp, fp, positives - tp)
        for tp, low, high in runs[:_SHOWN].tolist()
        for fp in range(low, high + 1)[:_SHOWN]
    ]
