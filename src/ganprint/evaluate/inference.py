"""Tests, comparisons and bounds of all runs on one split, put together as JSON-able records."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.comparison import compare_pairs
from ganprint.evaluate.intervals import Resampled, resample
from ganprint.evaluate.multiplicity import holm
from ganprint.evaluate.permutation import TESTED, Permuted, exchange_unit, permutation_test
from ganprint.evaluate.power import smallest_leak
from ganprint.evaluate.privacy_bound import privacy_bound
from ganprint.evaluate.set_level import compare_sets, set_comparison
from ganprint.evaluate.split_scores import SplitScores
from ganprint.params import EvaluateParameters
from ganprint.seeds import generator

__all__ = ["control_record", "permutation_records", "split_record"]

Record = dict[str, Any]
Floats = NDArray[np.float64]


def split_record(
    split: SplitScores,
    *,
    baselines: Collection[str],
    thresholds: Mapping[str, float] | None,
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
    tested = permutation_records(permuted, np.array([name not in baselines for name in split.names]))
    runs = {}
    for number, name in enumerate(split.names):
        threshold = None if thresholds is None else thresholds[name]
        p = tested[number]["roc_auc"]["p"]
        level = _set_level(split, number, drawn[number], p, parameters.confidence)
        runs[name] = {"permutation": tested[number], "set_level": level}
        runs[name] |= _bounds(split, number, threshold, parameters, generator(seed, "ties", name))
    return {
        "n": len(split.ids),
        "groups": len(np.unique(split.groups)),
        "positives": int(split.used.sum()),
        "unit": exchange_unit(split.used, split.groups),
        "runs": runs,
        "comparisons": _comparisons(split, baselines, drawn, parameters.confidence),
    }


def permutation_records(permuted: Permuted, family: NDArray[np.bool_]) -> list[dict[str, Record]]:
    """Give, per run, every tested figure's value, p, and p corrected over the runs of the family (Holm; max-T)."""
    records: list[dict[str, Record]] = [{} for _ in family]
    for name in TESTED:
        p, p_max = permuted.p(name), permuted.p_max(name, family)
        p_holm = holm([_plain(value) if member else None for value, member in zip(p, family, strict=True)])
        for number, record in enumerate(records):
            record[name] = {
                "value": _plain(permuted.observed[name][number]),
                "p": _plain(p[number]),
                "p_holm": p_holm[number],
                "p_max": _plain(p_max[number]),
            }
    return records


def control_record(
    scores: Floats, labels: NDArray[np.int8], groups: NDArray[np.str_], parameters: EvaluateParameters, seed: int
) -> Record | None:
    """Test a control score for which the two labels should not differ; ``None`` when a label is missing.

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
    return {
        "auc": found.effect, "low": found.low, "high": found.high, "p": found.p, "n": len(scores),
        "groups": len(np.unique(groups)), "note": found.note,
    }  # fmt: skip


def _set_level(split: SplitScores, number: int, drawn: Resampled, p: float | None, confidence: float) -> Record | None:
    """Used against not-used images: the ROC AUC and its test, read as a statement about two sets."""
    if p is None:
        return None
    return set_comparison(
        drawn, p, split.scores[number], split.used, split.groups, side="higher", confidence=confidence
    ).as_dict()


def _bounds(
    split: SplitScores, number: int, threshold: float | None, parameters: EvaluateParameters, rng: np.random.Generator
) -> Record:
    scores, decisions = split.scores[number], split.decisions[number]
    bound = privacy_bound(
        split.used, scores, split.groups, threshold=threshold, confidence=parameters.confidence, rng=rng
    )
    leak = smallest_leak(
        split.used, scores, decisions, split.groups, confidence=parameters.confidence, power=parameters.power
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
