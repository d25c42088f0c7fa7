"""Tests, comparisons and bounds of all runs on one split, put together as JSON-able records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.comparison import compare_pairs, paired_difference
from ganprint.evaluate.fold_tests import attainable_p, fold_p_values
from ganprint.evaluate.intervals import Resampled, resample, resample_groups
from ganprint.evaluate.multiplicity import holm
from ganprint.evaluate.permutation import TESTED, Permuted, exchange_unit, permutation_test
from ganprint.evaluate.power import smallest_leak
from ganprint.evaluate.privacy_bound import privacy_bound
from ganprint.evaluate.set_level import compare_sets, set_comparison
from ganprint.evaluate.split_scores import SplitScores, stack
from ganprint.evaluate.tables import ScoreTable
from ganprint.evaluate.weighted import weighted_auc
from ganprint.params import EvaluateParameters
from ganprint.seeds import generator

__all__ = ["OutOfFold", "control_record", "noise_record", "permutation_records", "split_record"]

Record = dict[str, Any]
Floats = NDArray[np.float64]

PERMUTATION, BY_FOLD, NOT_TESTED = "permutation", "inside folds", "not tested: the threshold was chosen on these scores"
_OF_DECISIONS = ("f1", "accuracy")


@dataclass(frozen=True)
class OutOfFold:
    """How out-of-fold scores and decisions depend on the labels of their own split.

    Attributes
    ----------
    folds
        [n], in the order of the ids.
    learning
        Runs that learn from labels: each fold's scores depend on the other folds' labels.
    chosen
        Runs whose threshold was chosen on these scores and labels.
    """

    folds: NDArray[np.intp]
    learning: frozenset[str]
    chosen: frozenset[str]


def split_record(
    split: SplitScores,
    *,
    baselines: Collection[str],
    thresholds: Mapping[str, float] | None,
    out_of_fold: OutOfFold | None,
    parameters: EvaluateParameters,
    resample_seed: int,
    seed: int,
) -> Record:
    """Test all runs on one split.

    Parameters
    ----------
    split
        Scores, decisions and truth of all runs.
    baselines
        Runs that are no attack: tested, but no part of the families that p values are corrected for.
    thresholds
        Run to its threshold, fixed on other data; ``None`` when thresholds were chosen on this split.
    out_of_fold
        How the scores depend on the labels; ``None`` when they were fixed before any label of the split was looked at.
    parameters
        Section ``evaluate`` of params.yaml.
    resample_seed
        Of the bootstrap: that of the figures of the same split, so that the intervals are about the same resamples.
    seed
        Of everything else; already derived for the split.

    Returns
    -------
    ``n``, ``groups``, ``positives``, ``unit`` (what exchanges labels), ``runs`` (run to ``permutation``, ``privacy``,
    ``power`` and ``set_level``) and ``comparisons`` (pairs of runs, and of a run and a baseline; two families).
    """
    drawn = [
        resample(split.used, scores, decisions, split.groups, resamples=parameters.resamples,
                 rng=np.random.default_rng(resample_seed))
        for scores, decisions in zip(split.scores, split.decisions, strict=True)
    ]  # fmt: skip
    permuted = permutation_test(split, parameters.permutations, generator(seed, "permutation"))
    family = np.array([name not in baselines for name in split.names])
    replaced = None if out_of_fold is None else _replaced(split, out_of_fold, permuted, parameters, seed)
    tested = permutation_records(permuted, family, replaced)
    runs_in_family = max(1, int(family.sum()))
    runs = {}
    for number, name in enumerate(split.names):
        threshold = None if thresholds is None else thresholds[name]
        p = tested[number]["roc_auc"]["p"]
        level = _set_level(split, number, drawn[number], p, parameters.confidence)
        runs[name] = {"permutation": tested[number], "set_level": level}
        folds = out_of_fold.folds if out_of_fold is not None and name in out_of_fold.learning else None
        attainable = attainable_p(split.used, split.groups, parameters.permutations, folds)
        runs[name] |= _bounds(
            split,
            number,
            threshold=threshold,
            parameters=parameters,
            runs=runs_in_family,
            attainable=attainable,
            rng=generator(seed, "ties", name),
        )
    return {
        "n": len(split.ids),
        "groups": len(np.unique(split.groups)),
        "positives": int(split.used.sum()),
        "unit": exchange_unit(split.used, split.groups),
        "runs": runs,
        "comparisons": _comparisons(split, baselines, drawn, parameters.confidence),
    }


def _replaced(
    split: SplitScores, out_of_fold: OutOfFold, permuted: Permuted, parameters: EvaluateParameters, seed: int
) -> dict[str, tuple[Floats, list[str]]]:
    """Give valid p values of out-of-fold scores by figure, [R], and how each was tested."""
    by_fold = fold_p_values(split, out_of_fold.folds, parameters.permutations, generator(seed, "folds"))
    learning = np.array([name in out_of_fold.learning for name in split.names])
    chosen = np.array([name in out_of_fold.chosen for name in split.names])
    found = {}
    for name in TESTED:
        p = np.where(learning, by_fold[name], permuted.p(name))
        how = np.where(learning, BY_FOLD, PERMUTATION)
        if name in _OF_DECISIONS:
            p, how = np.where(chosen, np.nan, p), np.where(chosen, NOT_TESTED, how)
        found[name] = (p, [str(said) for said in how])
    return found


def permutation_records(
    permuted: Permuted,
    family: NDArray[np.bool_],
    replaced: Mapping[str, tuple[Floats, list[str]]] | None = None,
) -> list[dict[str, Record]]:
    """Give, per run, every tested figure's value, p, and p corrected over the runs of the family (Holm; max-T).

    ``replaced`` has other p values by figure, and how they were found; there is no max-T then, which needs one common
    relabelling of all runs.
    """
    records: list[dict[str, Record]] = [{} for _ in family]
    for name in TESTED:
        p, how = (permuted.p(name), [PERMUTATION] * len(family)) if replaced is None else replaced[name]
        p_max = permuted.p_max(name, family) if replaced is None else np.full(len(family), np.nan)
        p_holm = holm([_plain(value) if member else None for value, member in zip(p, family, strict=True)])
        for number, record in enumerate(records):
            record[name] = {
                "value": _plain(permuted.observed[name][number]),
                "p": _plain(p[number]),
                "p_holm": p_holm[number],
                "p_max": _plain(p_max[number]),
                "how": how[number],
            }
    return records


def control_record(
    scores: Floats,
    labels: NDArray[np.int8],
    groups: NDArray[np.str_],
    *,
    folds: NDArray[np.intp],
    parameters: EvaluateParameters,
    seed: int,
) -> Record | None:
    """Test out-of-fold scores of a control whose two labels should not differ; ``None`` when a label is missing.

    Returns
    -------
    ``auc`` with ``low`` and ``high``, one-sided ``p``, ``n``, ``groups`` and ``note``.
    """
    found = compare_sets(
        scores, labels, groups, side="higher", confidence=parameters.confidence, resamples=parameters.resamples,
        permutations=parameters.permutations, rng=generator(seed, "control"),
    )  # fmt: skip
    if found is None:
        return None
    ids = np.arange(len(scores)).astype(np.str_)
    alone = SplitScores(("control",), ids, groups, labels, scores[None], np.zeros((1, len(scores)), dtype=np.int8))
    p = fold_p_values(alone, folds, parameters.permutations, generator(seed, "folds"))["roc_auc"][0]
    return {
        "auc": found.effect, "low": found.low, "high": found.high, "p": float(p), "n": len(scores),
        "groups": len(np.unique(groups)), "note": found.note,
    }  # fmt: skip


def _set_level(split: SplitScores, number: int, drawn: Resampled, p: float | None, confidence: float) -> Record | None:
    """Used against not-used images: the ROC AUC and its test, read as a statement about two sets."""
    if p is None:
        return None
    return set_comparison(
        drawn, p, split.scores[number], split.used, split.groups, side="higher", confidence=confidence
    ).as_dict()


def noise_record(
    own: ScoreTable, noise: ScoreTable, truth: Mapping[str, int], parameters: EvaluateParameters, resample_seed: int
) -> Record:
    """Compare a run with itself beside noise in place of generated images: the paired difference in ROC AUC."""
    split = stack({"own": own, "noise": noise}, truth)
    drawn = [_drawn_auc(split, scores, parameters.resamples, resample_seed) for scores in split.scores]
    difference, low, high, _ = paired_difference(drawn[0].minus(drawn[1]), "roc_auc", parameters.confidence)
    return {"auc_difference": difference, "low": low, "high": high}


def _drawn_auc(split: SplitScores, scores: NDArray[np.float64], resamples: int, seed: int) -> Resampled:
    # The other figures cost most of a resample, and nothing asks for them here.
    return resample_groups(
        split.groups,
        lambda weights: weighted_auc(weights, split.used, scores),
        resamples=resamples,
        rng=np.random.default_rng(seed),
    )


def _bounds(
    split: SplitScores,
    number: int,
    *,
    threshold: float | None,
    parameters: EvaluateParameters,
    runs: int,
    attainable: float,
    rng: np.random.Generator,
) -> Record:
    scores, decisions = split.scores[number], split.decisions[number]
    bound = privacy_bound(
        split.used, scores, split.groups, threshold=threshold, confidence=parameters.confidence, rng=rng
    )
    leak = smallest_leak(
        split.used,
        scores,
        decisions,
        split.groups,
        # As Holm asks of the strongest of several runs.
        confidence=1 - (1 - parameters.confidence) / runs,
        power=parameters.power,
        attainable=attainable,
    )
    return {"privacy": bound.as_dict(), "power": leak.as_dict()}


def _comparisons(
    split: SplitScores, baselines: Collection[str], drawn: Sequence[Resampled], confidence: float
) -> list[Record]:
    attacks = [name for name in split.names if name not in baselines]
    beside = [name for name in split.names if name in baselines]
    families = [list(combinations(attacks, 2)), [(run, baseline) for run in attacks for baseline in beside]]
    return [pair.as_dict() for family in families for pair in compare_pairs(split, family, drawn, confidence)]


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
