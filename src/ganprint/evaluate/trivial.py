"""Answers that look at no image: what any comparator must beat before its figures mean anything."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ganprint.evaluate.figures import Evaluation, Figure, Method
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable, labels_of
from ganprint.evaluate.weighted import count_figures, ranking_figures

__all__ = ["coin_expectation", "trivial_answers"]

Floats = NDArray[np.float64]

# Counts of a coin that are less likely than this, on either side, are left out of its exact distribution.
_NEGLIGIBLE = 1e-12


def trivial_answers(
    table: ScoreTable, truth: Mapping[str, int], confidence: float, resamples: int, seed: int, *, majority: int
) -> dict[str, Evaluation]:
    """Evaluate the trivial answers on the images of a table, whose scores and decisions are not looked at.

    Parameters
    ----------
    table
        Gives the images and their groups.
    truth, confidence, resamples, seed
        As for :func:`ganprint.evaluate.metrics.metrics`; the seed is that of the coin, too.
    majority
        The class of most development images, 1 or 0: on a balanced split it is one of the two constant answers.

    Returns
    -------
    ``all-used``, ``none-used`` and ``majority`` (the same score for every image), ``coin`` (a uniform score per image,
    used from 0.5 on), and ``coin-expected`` (see :func:`coin_expectation`).
    """
    n = len(table)
    thrown = np.random.default_rng([seed, 1]).random(n)
    # Thrown in the order of the ids, so that the coin of an image does not depend on the order of the rows.
    coin = np.empty(n)
    coin[np.argsort(table.ids, kind="stable")] = thrown
    evaluations = {}
    constant = {"all-used": np.ones(n), "none-used": np.zeros(n), "majority": np.full(n, float(majority))}
    for name, scores in {**constant, "coin": coin}.items():
        answer = ScoreTable(table.ids, table.groups, scores, (scores >= 0.5).astype(np.int8))
        evaluations[name] = metrics(answer, truth, confidence, resamples, seed)
    used = labels_of(table, truth)
    expected = coin_expectation(used, len(np.unique(table.groups)), confidence, resamples, seed)
    return evaluations | {"coin-expected": expected}


def coin_expectation(used: NDArray[np.int8], groups: int, confidence: float, resamples: int, seed: int) -> Evaluation:
    """Give mean and central range of every figure of answers that are chance alone.

    Figures of decisions are exact: true and false positives of a fair coin per image are independent binomial counts.
    Figures of rankings come from random rankings, each together with its reverse, so that the mean ROC AUC is 0.5.

    Parameters
    ----------
    used
        [n], 1 for used, 0 for not used.
    groups
        Number of groups among the images, for the record: chance is per image.
    confidence
        Probability of the central range.
    resamples
        Number of random rankings; an odd one is raised by one.
    seed
        Of the rankings.
    """
    positives = int(used.sum())
    tp, fp, chance = (values.ravel() for values in _throws(positives, len(used) - positives))
    tn, fn = len(used) - positives - fp, positives - tp
    figures = {}
    for name, values in (count_figures(tp, tn, fp, fn) | {"tp": tp, "tn": tn, "fp": fp, "fn": fn}).items():
        figures[name] = _summary(values, chance, "fair coins", len(used), confidence)
    shuffled = np.tile(used.astype(np.float64), ((resamples + 1) // 2, 1))
    shuffled = np.random.default_rng([seed, 2]).permuted(shuffled, axis=1)
    rankings = np.concatenate([shuffled, shuffled[:, ::-1]])
    for name, values in ranking_figures(rankings, 1 - rankings).items():
        figures[name] = _summary(values, np.ones(len(values)), "random rankings", len(used), confidence)
    return Evaluation(figures, len(used), groups, confidence, len(rankings), 0)


def _throws(used: int, not_used: int) -> tuple[Floats, Floats, Floats]:
    """All pairs of true and false positives that matter, and their probabilities."""
    counts = [
        np.arange(binom.ppf(_NEGLIGIBLE, n, 0.5), binom.isf(_NEGLIGIBLE, n, 0.5) + 1) if n else np.zeros(1)
        for n in (used, not_used)
    ]
    tp, fp = np.meshgrid(*counts)
    chance = np.multiply(binom.pmf(tp, used, 0.5), binom.pmf(fp, not_used, 0.5))
    return tp, fp, chance


def _summary(values: Floats, chance: Floats, method: Method, n: int, confidence: float) -> Figure:
    defined = ~np.isnan(values)
    if not defined.any():
        return Figure(None, None, None, method, n, "undefined for every answer")
    values, chance = values[defined], chance[defined]
    limits = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(values, limits, weights=chance, method="inverted_cdf")
    note = "" if defined.all() else "over the answers for which it is defined"
    return Figure(float(np.average(values, weights=chance)), float(low), float(high), method, n, note)
