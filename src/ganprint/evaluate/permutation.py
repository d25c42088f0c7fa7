"""Permutation test against chance: labels handed out at random would have fitted the scores this well that often.

Labels are exchanged, scores and decisions stay. What may be exchanged depends on how membership was handed out:

- Where every image is its own group, or every group (patient) is of one class, whole groups exchange their labels,
  whatever their size. The null: which patients were used was decided regardless of their scores.
- Where used and not-used images mix inside a group, groups of equal size exchange their patterns of labels, and labels
  are exchanged inside every group. The null: within a group, and between groups of one size, any image might as well
  have had any other's label. A group of a size of its own is permuted inside alone.

Either way the exchanges form a mathematical group that contains the truth itself, so p = (1 + k) / (1 + draws), with k
draws at least as good as the truth, never rejects a true null too often (Phipson and Smyth 2010). Tests are one-sided.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ganprint.evaluate.multiplicity import step_down_max
from ganprint.evaluate.split_scores import SplitScores
from ganprint.evaluate.weighted import FALSE_POSITIVE_RATES, count_figures

__all__ = [
    "TESTED",
    "Permuted",
    "Unit",
    "auc_p",
    "exchange_unit",
    "label_blocks",
    "permutation_test",
    "permuted_labels",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
Unit = Literal["image", "group", "image within group"]

TESTED = ("f1", "accuracy", "roc_auc", *FALSE_POSITIVE_RATES)
"""Figures that are tested."""

# Labels held at once, in numbers: 2 million are 16 MB per intermediate array.
_BLOCK = 2_000_000
# Figures closer than this are equal but for rounding.
_SAME = 1e-12


@dataclass(frozen=True)
class Permuted:
    """Figures of R runs under the truth and under relabelled truths.

    Attributes
    ----------
    observed
        Name to [R]; NaN where undefined.
    drawn
        Name to [R, draws]; the same relabelled truth for all runs of a draw.
    """

    observed: dict[str, Floats]
    drawn: dict[str, Floats]

    def p(self, name: str) -> Floats:
        """Give the p value of every run, [R]; NaN where the figure is undefined."""
        observed, drawn = self.observed[name], self.drawn[name]
        # A draw that leaves the figure undefined counts against the run.
        reached = (~(drawn < observed[:, None] - _SAME)).sum(axis=1)
        return np.where(np.isnan(observed), np.nan, (1 + reached) / (1 + drawn.shape[1]))

    def p_max(self, name: str, family: NDArray[np.bool_]) -> Floats:
        """Give p values adjusted for all runs of a family (step-down max-T), [R]; NaN outside and where undefined."""
        adjusted = np.full(len(family), np.nan)
        tested = family & ~np.isnan(self.observed[name]) & ~np.isnan(self.drawn[name]).any(axis=1)
        if tested.any():
            adjusted[tested] = step_down_max(self.observed[name][tested], self.drawn[name][tested])
        return adjusted


def exchange_unit(used: Labels, groups: NDArray[np.str_]) -> Unit:
    """Say what exchanges labels: ``image``, ``group``, or ``image within group`` where classes mix inside groups."""
    names, member_of = np.unique(groups, return_inverse=True)
    if len(names) == len(groups):
        return "image"
    sizes, positives = np.bincount(member_of), np.bincount(member_of, used)
    pure = (positives == 0) | (positives == sizes)
    return "group" if pure.all() else "image within group"


def permuted_labels(used: Labels, groups: NDArray[np.str_], count: int, rng: np.random.Generator) -> Labels:
    """Give ``count`` relabelled truths, [count, n], as the module says."""
    _, member_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(member_of)
    if exchange_unit(used, groups) != "image within group":
        labels = np.zeros(len(sizes), dtype=np.int8)
        labels[member_of] = used
        drawn = rng.permuted(np.tile(labels, (count, 1)), axis=1)
        return drawn[:, member_of]
    permuted = np.empty((count, len(used)), dtype=np.int8)
    by_group = np.split(np.argsort(member_of, kind="stable"), np.cumsum(sizes)[:-1])
    for size in np.unique(sizes):
        members = np.stack([images for images in by_group if len(images) == size])
        which = rng.permuted(np.tile(np.arange(len(members)), (count, 1)), axis=1)
        permuted[:, members] = rng.permuted(used[members][which], axis=2)
    return permuted


def label_blocks(used: Labels, groups: NDArray[np.str_], count: int, rng: np.random.Generator) -> Iterator[Labels]:
    """Give ``count`` relabelled truths as :func:`permuted_labels` does, in blocks [b, n] of bounded memory."""
    rows = max(1, _BLOCK // len(used))
    for start in range(0, count, rows):
        yield permuted_labels(used, groups, min(rows, count - start), rng)


def permutation_test(split: SplitScores, permutations: int, rng: np.random.Generator) -> Permuted:
    """Compute the figures :data:`TESTED` of all runs under the truth and under ``permutations`` relabelled truths.

    Parameters
    ----------
    split
        Scores, decisions and truth.
    permutations
        Number of draws.
    rng
        Source of chance.
    """
    ranks, called = rankdata(split.scores, axis=1), split.decisions.astype(np.float64)
    parts = [_figures(labels, ranks, called) for labels in label_blocks(split.used, split.groups, permutations, rng)]
    observed = _figures(split.used[None], ranks, called)
    return Permuted(
        {name: values[:, 0] for name, values in observed.items()},
        {name: np.concatenate([part[name] for part in parts], axis=1) for name in TESTED},
    )


def auc_p(
    used: Labels, scores: Floats, groups: NDArray[np.str_], permutations: int, rng: np.random.Generator
) -> float | None:
    """Give the p value of the ROC AUC of one score, against chance; ``None`` when a class is missing.

    Parameters
    ----------
    used, scores, groups
        [n] each.
    permutations
        Number of draws.
    rng
        Source of chance.
    """
    ranks = rankdata(scores)[None]
    blocks = label_blocks(used, groups, permutations, rng)
    drawn = np.concatenate([_auc(labels.astype(np.float64), ranks) for labels in blocks], axis=1)
    observed = _auc(used[None].astype(np.float64), ranks)[:, 0]
    p = float(Permuted({"roc_auc": observed}, {"roc_auc": drawn}).p("roc_auc")[0])
    return None if np.isnan(p) else p


def _figures(labels: Labels, ranks: Floats, called: Floats) -> dict[str, Floats]:
    """Tested figures, [R, b], of R runs (ranks and decisions [R, n]) under b truths [b, n]."""
    truths = labels.astype(np.float64)
    positives = truths.sum(axis=1)
    tp = called @ truths.T
    fp, fn = called.sum(axis=1)[:, None] - tp, positives - tp
    tn = labels.shape[1] - tp - fp - fn
    counts = count_figures(tp, tn, fp, fn)
    at_rates = [_rates(labels, positives, of_run) for of_run in ranks]
    return {
        "f1": counts["f1"],
        "accuracy": counts["accuracy"],
        "roc_auc": _auc(truths, ranks),
        **{name: np.stack([rates[name] for rates in at_rates]) for name in FALSE_POSITIVE_RATES},
    }


def _auc(truths: Floats, ranks: Floats) -> Floats:
    """ROC AUC, [R, b], from mid-ranks: the Mann-Whitney statistic, whose sums of halves are exact."""
    positives = truths.sum(axis=1)
    pairs = positives * (truths.shape[1] - positives)
    above = ranks @ truths.T - positives * (positives + 1) / 2
    areas: Floats = np.full(above.shape, np.nan)
    np.divide(above, pairs, out=areas, where=pairs > 0)
    return areas


def _rates(labels: Labels, positives: Floats, ranks: Floats) -> dict[str, Floats]:
    """TPR at each FPR, [b], of one run: the largest recall of any threshold whose FPR does not exceed it."""
    order = np.argsort(-ranks, kind="stable")
    # The last place of every run of equal scores: between equal scores there is no threshold.
    ends = np.flatnonzero(np.diff(ranks[order], append=np.inf))
    tp = labels[:, order].cumsum(axis=1, dtype=np.int32)[:, ends]
    fp = ends + 1 - tp
    negatives = labels.shape[1] - positives
    both = (positives > 0) & (negatives > 0)
    found = {}
    for name, rate in FALSE_POSITIVE_RATES.items():
        # Both counts grow as the threshold falls, so the last allowed threshold has the largest recall.
        allowed = (fp <= (rate * negatives)[:, None]).sum(axis=1)
        reached = np.where(allowed > 0, tp[np.arange(len(tp)), np.maximum(allowed, 1) - 1], 0)
        found[name] = np.divide(reached, positives, out=np.full(len(tp), np.nan), where=both)
    return found
