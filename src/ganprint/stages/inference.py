"""Stage ``evaluate``, over all runs: tests against chance, comparisons, bounds, power, and answers that may abstain.

With its sibling for single runs it reads the truth of the test split; runs are finished by then.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.errors import InputError
from ganprint.evaluate.answers import abstention_record, unlabelled_record
from ganprint.evaluate.inference import OutOfFold, control_record, noise_record, permutation_records, split_record
from ganprint.evaluate.permutation import permutation_test
from ganprint.evaluate.split_scores import stack
from ganprint.evaluate.tables import ScoreTable
from ganprint.files import write_json
from ganprint.params import Params
from ganprint.params.runs import LABEL_FREE
from ganprint.seeds import derive_seed, generator
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.scores import CONTROL_FILE, OWN_READING, SWAPPED_READING, Compared, read_compared

__all__ = ["INFERENCE_VERSION", "write_inference"]

INFERENCE_VERSION = 1
"""Raised whenever a figure of the file changes its meaning."""

Record = dict[str, Any]
Truths = dict[str, dict[str, int]]


def write_inference(places: Places, params: Params) -> Record:
    """Write results/evaluate/inference.json.

    Returns
    -------
    Its content: ``splits`` (by split whose truth is known: tests, bounds and comparisons of all runs), ``abstention``
    and ``set_level_unlabelled`` (by run), ``refused`` (run to reason) and ``baselines`` (runs outside the families).

    Raises
    ------
    InputError
        When scores, the corpus or the truth are missing or bad.
    """
    compared = {run: read_compared(places, run) for run in params.runs}
    ran = {run: found for run, found in compared.items() if found.refusal is None}
    truths: Truths = dict(read_truths(places).items())
    baselines = [run for run in ran if params.runs[run].baseline]
    splits = {split: _split(params, ran, truths, split, baselines) for split in truths} if ran else {}
    for run in ran:
        control = _control(places, params, run)
        if control is not None:
            splits["development"]["runs"][run]["member_control"] = control
    tables = {run: {split: found.own(split) for split in ("development", "test")} for run, found in ran.items()}
    content = {
        "version": INFERENCE_VERSION,
        "confidence": params.evaluate.confidence,
        "resamples": params.evaluate.resamples,
        "permutations": params.evaluate.permutations,
        "refused": {run: found.refusal for run, found in compared.items() if found.refusal is not None},
        "baselines": baselines,
        "splits": splits,
        "abstention": {
            run: abstention_record(own, truths, params.evaluate, _seed(params, "abstention", run))
            for run, own in tables.items()
        },
        "set_level_unlabelled": {
            run: unlabelled_record(own, truths["development"], params.evaluate, _seed(params, "unlabelled", run))
            for run, own in tables.items()
        },
    }
    write_json(places.inference, content)
    return content


def _split(params: Params, ran: Mapping[str, Compared], truths: Truths, split: str, baselines: list[str]) -> Record:
    """All runs on one split, and the readings with other images in the place of the generated ones."""
    truth = truths[split]
    # Thresholds are chosen on the development split: there they were not fixed beforehand.
    thresholds = {run: float(found.thresholds[OWN_READING]["value"]) for run, found in ran.items()}
    own = {run: found.tables[OWN_READING, split] for run, found in ran.items()}
    stacked = stack(own, truth)
    resample_seed = derive_seed(params.seed, "evaluate", split)
    record = split_record(
        stacked,
        baselines=baselines,
        thresholds=thresholds if split == "test" else None,
        out_of_fold=_out_of_fold(params, ran, stacked.ids) if split == "development" else None,
        parameters=params.evaluate,
        resample_seed=resample_seed,
        seed=_seed(params, split),
    )
    swapped = {
        run: found.tables[SWAPPED_READING, split]
        for run, found in ran.items()
        if (SWAPPED_READING, split) in found.tables
    }
    for run, tests in _swapped_tests(params, swapped, truth, split).items():
        record["runs"][run][SWAPPED_READING] = tests
        record["runs"][run]["against_noise"] = noise_record(
            own[run], swapped[run], truth, params.evaluate, resample_seed
        )
    return record


def _swapped_tests(
    params: Params, tables: Mapping[str, ScoreTable], truth: Mapping[str, int], split: str
) -> dict[str, Record]:
    if not tables:
        return {}
    # The same relabellings as for the runs' own scores: equal scores have equal p values.
    rng = generator(_seed(params, split), "permutation")
    permuted = permutation_test(stack(tables, truth), params.evaluate.permutations, rng)
    found = permutation_records(permuted, np.zeros(len(tables), dtype=np.bool_))
    return {
        run: {name: {key: figure[key] for key in ("value", "p")} for name, figure in tests.items()}
        for run, tests in zip(tables, found, strict=True)
    }


def _out_of_fold(params: Params, ran: Mapping[str, Compared], ids: NDArray[np.str_]) -> OutOfFold:
    folds = next(iter(ran.values())).folds
    return OutOfFold(
        np.array([folds[image] for image in ids.tolist()]),
        frozenset(run for run, found in ran.items() if found.record["learns"]),
        frozenset(run for run in ran if params.runs[run].threshold.rule not in LABEL_FREE),
    )


def _control(places: Places, params: Params, run: str) -> Record | None:
    """The control of a run, members against members (id, group, score, label, fold); ``None`` when it has none."""
    path = places.compared(run) / CONTROL_FILE
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path, dtype={"id": str, "group": str}, keep_default_na=False)
        scores, labels = table["score"].to_numpy(dtype=np.float64), table["label"].to_numpy()
        groups, folds = table["group"].to_numpy(dtype=np.str_), table["fold"].to_numpy(dtype=np.intp)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: can not be read ({' '.join(str(error).split())}); run 'dvc repro'") from None
    if not np.isfinite(scores).all() or not np.isin(labels, (0, 1)).all():
        raise InputError(f"{path}: a score is not finite or a label not 0 or 1; run 'dvc repro'")
    seed = _seed(params, "control", run)
    return control_record(scores, labels.astype(np.int8), groups, folds=folds, parameters=params.evaluate, seed=seed)


def _seed(params: Params, *axes: str) -> int:
    return derive_seed(params.seed, "inference", *axes)
