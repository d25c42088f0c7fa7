"""What counts alone can test: decisions against chance, and against the answer "used" for every image.

Counts carry no patients, so images are taken as independent.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, hypergeom

from ganprint.evaluate.claims.counts import Counts

__all__ = ["AllUsedTests", "ChanceTests", "all_used_tests", "chance_of_f1", "chance_tests", "exact_mcnemar"]

Floats = NDArray[np.float64]

_RATES = 1001


@dataclass(frozen=True)
class ChanceTests:
    """One-sided exact tests: how probable so many right answers are without any knowledge.

    Attributes
    ----------
    p_coin
        P[Binomial(n, 1/2) >= right answers]: a fair coin per image.
    p_fisher
        P[Hypergeometric >= TP]: as many images called used as here, drawn blindly from images of which as many are used
        as here (Fisher 1935). It holds class sizes and the number of answers "used" fixed.
    p_majority
        P[Binomial(n, share of the larger class) >= right answers]: against the answer "the larger class".
    """

    p_coin: float
    p_fisher: float
    p_majority: float


def chance_tests(counts: Counts) -> ChanceTests:
    """Test the counts against chance."""
    majority = max(counts.positives, counts.negatives) / counts.n
    return ChanceTests(
        p_coin=float(binom.sf(counts.correct - 1, counts.n, 0.5)),
        p_fisher=float(hypergeom.sf(counts.tp - 1, counts.n, counts.positives, counts.called)),
        p_majority=float(binom.sf(counts.correct - 1, counts.n, majority)),
    )


@dataclass(frozen=True)
class AllUsedTests:
    """A set of decisions beside the answer "used" for every image of the same set.

    Attributes
    ----------
    f1
        F1 of "all used": 2 P / (2 P + N).
    run_f1
        F1 of the decisions.
    p_coin
        Probability that fair coins reach the F1 of "all used".
    p_own_rate
        The same for answers "used" at random at the decisions' own rate, (TP + FP) / n.
    p_repeated
        Probability that a repetition with the decisions' own recall and false positive rate reaches it.
    p_as_good
        Largest probability of an F1 as low as that of the decisions over all (recall, false positive rate) whose F1 is
        that of "all used": small means that their true F1 lies below it.
    right_where_they_differ, wrong_where_they_differ
        Images called not used, the only ones on which the two answers differ: TN, where the decisions are right, and
        FN, where "all used" is.
    p_mcnemar
        Exact two-sided p of these two counts (McNemar 1947): accuracy, paired by image.
    """

    f1: float
    run_f1: float
    p_coin: float
    p_own_rate: float
    p_repeated: float
    p_as_good: float
    right_where_they_differ: int
    wrong_where_they_differ: int
    p_mcnemar: float


def all_used_tests(counts: Counts) -> AllUsedTests | None:
    """Test the counts against "all used"; ``None`` when a class has no image."""
    positives, negatives = counts.positives, counts.negatives
    if not positives or not negatives:
        return None
    target = Fraction(2 * positives, 2 * positives + negatives)
    reached = Fraction(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)
    own = counts.called / counts.n
    return AllUsedTests(
        f1=float(target),
        run_f1=float(reached),
        p_coin=float(chance_of_f1(positives, negatives, 0.5, 0.5, target)),
        p_own_rate=float(chance_of_f1(positives, negatives, own, own, target)),
        p_repeated=float(chance_of_f1(positives, negatives, counts.tp / positives, counts.fp / negatives, target)),
        p_as_good=_largest_chance_of_less(positives, negatives, reached),
        right_where_they_differ=counts.tn,
        wrong_where_they_differ=counts.fn,
        p_mcnemar=float(exact_mcnemar(np.array(counts.tn), np.array(counts.fn))),
    )


def chance_of_f1(
    positives: int, negatives: int, recall: ArrayLike, false_rate: ArrayLike, at_least: Fraction, *, above: bool = False
) -> Floats:
    """Give the exact probability of an F1 of at least this much.

    TP and FP are independent binomial counts; F1 = 2 TP / (TP + FP + P) is at least a / b exactly when
    FP <= 2 TP b / a - TP - P, so one sum over TP is enough and no F1 is compared in floating point.

    Parameters
    ----------
    positives, negatives
        Images of each class; at least one positive.
    recall, false_rate
        Probability that a used, and a not used, image is called used: two numbers, or arrays [k] of as many cases.
    at_least
        The F1.
    above
        Leave out the F1 itself.

    Returns
    -------
    [] or [k].
    """
    tp: NDArray[np.int64] = np.arange(positives + 1)
    recalls, false_rates = np.asarray(recall, dtype=np.float64), np.asarray(false_rate, dtype=np.float64)
    if at_least == 0:
        none: Floats = np.asarray(binom.pmf(0, positives, recalls))
        return 1 - none if above else np.ones_like(recalls)
    a, b = at_least.numerator, at_least.denominator
    allowed = -((-2 * tp * b) // a) - 1 if above else (2 * tp * b) // a
    most = allowed - tp - positives
    hits: Floats = np.asarray(binom.pmf(tp, positives, recalls[..., np.newaxis]))
    total: Floats = (hits * binom.cdf(most, negatives, false_rates[..., np.newaxis])).sum(axis=-1)
    return total


def _largest_chance_of_less(positives: int, negatives: int, observed: Fraction) -> float:
    """Give the largest P[F1 <= observed] over the rates whose F1 is that of "all used".

    These rates lie on the line from (recall P / n, false positive rate 0) to (1, 1). Rates with a larger F1 need not be
    looked at: at the same false positive rate a larger recall only makes a low F1 less probable.
    """
    n = positives + negatives
    recalls = np.linspace(positives / n, 1, _RATES)
    false_rates = np.clip((recalls * n - positives) / negatives, 0, 1)
    chances = 1 - chance_of_f1(positives, negatives, recalls, false_rates, observed, above=True)
    return float(np.clip(chances.max(), 0, 1))


def exact_mcnemar(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.float64]:
    """Give the exact two-sided p of discordant counts: twice the smaller binomial tail, at most 1 (McNemar 1947)."""
    p: NDArray[np.float64] = np.minimum(1.0, 2 * binom.cdf(np.minimum(first, second), first + second, 0.5))
    return p
