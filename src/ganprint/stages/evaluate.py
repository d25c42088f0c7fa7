"""Stage ``evaluate``: figures of one run on both splits, and of the trivial answers beside them.

With its sibling over all runs (:mod:`ganprint.stages.inference`) and :mod:`ganprint.stages.memorisation` it alone reads
the truth of the test split.
"""

from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd

from ganprint.corpus.store import read_index
from ganprint.corpus.truth import read_truth
from ganprint.errors import InputError
from ganprint.evaluate.bands import BAND_COLUMNS, roc_band
from ganprint.evaluate.calibration import CALIBRATION_COLUMNS, Probabilities, probabilities, reliability
from ganprint.evaluate.curves import confusion_counts, roc_points, score_histogram
from ganprint.evaluate.figures import Evaluation
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.evaluate.trivial import trivial_answers
from ganprint.files import write_json, write_text
from ganprint.params import Params
from ganprint.seeds import derive_seed
from ganprint.stages.places import Places
from ganprint.stages.scores import OWN_READING, Compared, read_compared

__all__ = ["evaluate_run", "evaluate_trivial", "read_truths"]

Split = Literal["development", "test"]
Truths = dict[Split, dict[str, int]]

_BINS = 20
_CALIBRATION_BINS = 8

_TABLES: dict[str, tuple[str, ...]] = {
    "roc": ("fpr", "tpr", "threshold"),
    "roc_band": BAND_COLUMNS,
    "histogram": ("low", "high", "used", "not_used"),
    "confusion": ("actual", "predicted", "count"),
    "calibration": (*CALIBRATION_COLUMNS, "mapping"),
}


def read_truths(places: Places) -> Truths:
    """Give the truth of each split for which it is known: id to 1 (used) or 0 (not used)."""
    index = read_index(places.corpus)
    real = index[index["role"] == "real"]
    development = real[real["split"] == "development"]
    truths: Truths = {
        "development": dict(zip(development["id"], (development["membership"] == "used").astype(int), strict=True))
    }
    test = read_truth(places.truth, list(real.loc[real["split"] == "test", "id"]))
    if test:
        truths["test"] = test
    return truths


def evaluate_run(places: Places, params: Params, run: str) -> dict[str, Any]:
    """Write results/evaluate/RUN.json (plain figures) and results/evaluate/RUN/ (intervals, curves).

    Returns
    -------
    The content of RUN.json.

    Raises
    ------
    InputError
        When params.yaml has no such run, or its scores or the truth are missing or bad.
    """
    if run not in params.runs:
        raise InputError(f"{places.params}: no run '{run}'; allowed: {', '.join(params.runs)}")
    compared = read_compared(places, run)
    truths = read_truths(places)
    evaluations = {
        reading: {
            split: _evaluation(compared.tables[reading, split], truth, params, split) for split, truth in truths.items()
        }
        for reading in compared.readings()
    }
    folder = places.evaluated(run)
    details = {
        "run": run,
        "refusal": compared.refusal,
        "thresholds": compared.thresholds,
        "readings": {
            reading: {split: evaluation.details() for split, evaluation in splits.items()}
            for reading, splits in evaluations.items()
        },
    }
    write_json(folder / "figures.json", details)
    for name, table in _curves(compared, truths, params).items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    plain: dict[str, Any] = {"refused": compared.refusal} if compared.refusal is not None else {}
    plain |= {split: evaluation.plain() for split, evaluation in evaluations.get(OWN_READING, {}).items()}
    write_json(places.metrics(run), plain)
    return plain


def evaluate_trivial(places: Places, params: Params) -> dict[str, dict[str, Evaluation]]:
    """Write results/evaluate/trivial.json: the figures of answers that look at no image, by split and answer.

    Raises
    ------
    InputError
        When the corpus or the truth is missing or bad.
    """
    index = read_index(places.corpus)
    found: dict[str, dict[str, Evaluation]] = {}
    truths = read_truths(places)
    known = list(truths["development"].values())
    majority = int(2 * sum(known) >= len(known))
    for split, truth in truths.items():
        real = index[(index["role"] == "real") & (index["split"] == split)]
        ids, groups = (real[name].to_numpy().astype(str) for name in ("id", "group"))
        blank = ScoreTable(ids, groups, np.zeros(len(ids)), np.zeros(len(ids), dtype=np.int8))
        seed = derive_seed(params.seed, "evaluate", split)
        found[split] = trivial_answers(
            blank, truth, params.evaluate.confidence, params.evaluate.resamples, seed, majority=majority
        )
    write_json(
        places.trivial,
        {split: {name: answer.details() for name, answer in answers.items()} for split, answers in found.items()},
    )
    return found


def _evaluation(table: ScoreTable, truth: dict[str, int], params: Params, split: Split) -> Evaluation:
    # One seed per split for all runs: their resamples are the same, so differences between runs are paired.
    seed = derive_seed(params.seed, "evaluate", split)
    return metrics(table, truth, params.evaluate.confidence, params.evaluate.resamples, seed)


def _curves(compared: Compared, truths: Truths, params: Params) -> dict[str, pd.DataFrame]:
    """Tables for plots, all readings and splits below one another; empty, with their columns, for a refused run."""
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in _TABLES}
    for reading, (split, truth) in product(compared.readings(), truths.items()):
        table = compared.tables[reading, split]
        seed = derive_seed(params.seed, "evaluate", split, "band")
        parts = {
            "roc": roc_points(table, truth),
            "roc_band": roc_band(table, truth, params.evaluate.confidence, params.evaluate.resamples, seed),
            "histogram": score_histogram(table, truth, _BINS),
            "confusion": confusion_counts(table, truth),
            "calibration": _calibration(compared, reading, split, truths, params.evaluate.confidence),
        }
        for name, part in parts.items():
            made[name].append(part.assign(split=split, reading=reading))
    return {
        name: pd.concat(parts) if parts else pd.DataFrame(columns=[*_TABLES[name], "split", "reading"])
        for name, parts in made.items()
    }


def _calibration(compared: Compared, reading: str, split: Split, truths: Truths, confidence: float) -> pd.DataFrame:
    """Reliability of one reading on one split; no rows where its scores can not be made probabilities."""
    development, test = (compared.tables[reading, name] for name in ("development", "test"))
    made: Probabilities = probabilities(development, truths["development"], test)
    probability = made.development if split == "development" else made.test
    if probability is None:
        return pd.DataFrame(columns=list(_TABLES["calibration"]))
    table = reliability(compared.tables[reading, split], probability, truths[split], _CALIBRATION_BINS, confidence)
    return table.assign(mapping=made.mapping)
