"""A study's selection: figures of all candidates, the rule, what "select, then use" is worth, and the search corrected.

Three figures answer three questions.

- The largest AUC of the candidates is what a search *shows*; it is optimistic, the more so the more was tried.
- The nested AUC is what "select by this rule, then use it on patients that had no part in it" *gives*: within every
  outer fold the rule sees the inner folds of the other patients alone, and the winner scores the fold (Varma and Simon
  2006, "Bias in error estimation when using cross-validation for model selection").
- The corrected p value is about the *claim* that the selected candidate sees membership at all: how often would the
  best of all candidates look this good if membership had been handed out at random (max-T of Westfall and Young 1993)?
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.intervals import bootstrap_interval, resample_groups
from ganprint.evaluate.selection_pairs import GroupPairs, group_pairs
from ganprint.evaluate.selection_rule import select

__all__ = [
    "Candidate",
    "Nested",
    "StudyTruth",
    "corrected_p",
    "interval",
    "nested_selection",
    "plain_p",
    "whole_selection",
]

Floats = NDArray[np.float64]
Folds = NDArray[np.intp]

# Figures closer than this are equal but for rounding.
_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class StudyTruth:
    """The development images, and the folds that are the same for all candidates.

    Attributes
    ----------
    used, groups
        [n].
    outer
        [R, n], number of the outer fold in every repetition.
    inner
        [R, K, n], number of the inner fold among the images outside outer fold k; -1 inside it.
    """

    used: NDArray[np.int8]
    groups: NDArray[np.str_]
    outer: Folds
    inner: Folds


@dataclass(frozen=True, eq=False)
class Candidate:
    """One candidate's out-of-fold scores.

    Attributes
    ----------
    name
        Of the candidate.
    place
        In the order of simplicity.
    learns
        True when its scores depend on labels.
    outer
        [R, n] out-of-fold scores; all rows equal when nothing is learned.
    inner
        [R, K, n] scores of the inner folds, NaN inside the outer fold; ``None`` when nothing is learned.
    """

    name: str
    place: int
    learns: bool
    outer: Floats
    inner: Floats | None

    def whole(self, truth: StudyTruth) -> GroupPairs:
        """Count the pairs of the whole split: all where nothing is learned, else those within an outer fold."""
        if self.learns:
            return group_pairs(truth.used, truth.groups, self.outer, truth.outer)
        return group_pairs(truth.used, truth.groups, self.outer[:1], np.zeros_like(truth.outer[:1]))

    def outside(self, truth: StudyTruth, repetition: int, fold: int) -> GroupPairs:
        """Count the pairs that the rule may look at when ``fold`` is held out."""
        parts = truth.inner[repetition, fold]
        if self.inner is None:
            parts, scores = np.where(parts >= 0, 0, -1), self.outer[0]
        else:
            scores = self.inner[repetition, fold]
        return group_pairs(truth.used, truth.groups, scores[None], parts[None])


@dataclass(frozen=True, eq=False)
class Nested:
    """Scores of "select, then use".

    Attributes
    ----------
    chosen
        [R, K], index of the candidate that the rule selected without the fold.
    scores
        [R, n], of the selected ones.
    pairs
        Of images within one outer fold.
    """

    chosen: NDArray[np.intp]
    scores: Floats
    pairs: GroupPairs

    def counts(self, names: Sequence[str]) -> dict[str, int]:
        """Give how often each candidate was selected, the most frequent first."""
        return dict(Counter(names[number] for number in self.chosen.ravel().tolist()).most_common())


def nested_selection(candidates: Sequence[Candidate], truth: StudyTruth, tolerance: float) -> Nested:
    """Apply the rule inside every outer fold, and join the scores that the selected candidates give the fold."""
    repetitions, folds = truth.inner.shape[:2]
    chosen = np.zeros((repetitions, folds), dtype=np.intp)
    scores = np.zeros(truth.outer.shape)
    places = [candidate.place for candidate in candidates]
    for repetition, fold in np.ndindex(repetitions, folds):
        counted = [candidate.outside(truth, repetition, fold) for candidate in candidates]
        number = select(counted, places, tolerance)
        chosen[repetition, fold] = number
        held_out = truth.outer[repetition] == fold
        scores[repetition, held_out] = candidates[number].outer[repetition, held_out]
    return Nested(chosen, scores, group_pairs(truth.used, truth.groups, scores, truth.outer))


def whole_selection(counted: Sequence[GroupPairs], candidates: Sequence[Candidate], tolerance: float) -> int:
    """Apply the rule to the whole development split: the candidate that the study recommends."""
    return select(counted, [candidate.place for candidate in candidates], tolerance)


def interval(pairs: GroupPairs, *, confidence: float, resamples: int, rng: np.random.Generator) -> tuple[float, float]:
    """Give the limits of an AUC by resampled groups (BCa); 0 and 1 when nothing could be resampled."""
    every = np.arange(len(pairs.pairs)).astype(np.str_)
    drawn = resample_groups(every, lambda weights: {"roc_auc": pairs.weighted(weights)}, resamples=resamples, rng=rng)
    limits = bootstrap_interval(drawn, "roc_auc", confidence)
    return (0.0, 1.0) if limits is None else (limits.low, limits.high)


def plain_p(observed: Floats, drawn: Floats) -> Floats:
    """Give every candidate's p value, [C], as if it alone had been tried (Phipson and Smyth 2010).

    Parameters
    ----------
    observed
        [C].
    drawn
        [C, draws], under relabelled truths.
    """
    reached = (~(drawn < observed[:, None] - _SAME)).sum(axis=1)
    p: Floats = (1 + reached) / (1 + drawn.shape[1])
    return p


def corrected_p(observed: Floats, drawn: Floats) -> Floats:
    """Give p values, [C], corrected for all candidates of the search: whichever is selected, its own is valid.

    Step-down max-T (Westfall and Young 1993, algorithm 4.1) of the AUCs themselves: a candidate is held against the
    largest AUC, in each draw, of all candidates that look no better than it. They are not standardised first: they have
    one scale and one chance level, and a learner that nearly always gives 0.5 would count for more by its rare swings
    than the study means by "best".

    Parameters
    ----------
    observed, drawn
        As of :func:`plain_p`; the same relabelled truth must lie behind a draw of all candidates.
    """
    order = np.argsort(-observed, kind="stable")
    # Maximum over a candidate and all that look no better than it.
    highest = np.maximum.accumulate(drawn[order][::-1], axis=0)[::-1]
    corrected = np.empty(len(observed))
    corrected[order] = np.maximum.accumulate(plain_p(observed[order], highest))
    return corrected
