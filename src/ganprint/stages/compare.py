"""Stage ``compare``: fit one run's comparator, score both splits, choose its threshold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Comparator, Context, create
from ganprint.compare.threshold import choose_threshold, decide
from ganprint.errors import InputError
from ganprint.files import atomic_directory, write_json
from ganprint.params import Params, RunParameters
from ganprint.provenance import provenance
from ganprint.seeds import derive_seed
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places
from ganprint.stages.progress import step_bars
from ganprint.stages.views import read_views

__all__ = ["OWN_READING", "REFUSAL_FILE", "SCORES_FILE", "compare_run"]

SCORES_FILE = "scores.csv"
REFUSAL_FILE = "refusal.json"
OWN_READING = ""
"""Name of a run's own scores in the column ``reading``; other readings of the same fit have a name."""


def compare_run(places: Places, params: Params, name: str) -> str | None:
    """Write results/compare/RUN; give the reason when the comparator refuses to run.

    Development scores are out of fold: every fold's images are scored by a comparator fitted on the other folds, beside
    the development generated images. Test scores come from a fit on the whole development split.

    Raises
    ------
    InputError
        When params.yaml has no such run or its inputs are missing or bad.
    """
    if name not in params.runs:
        raise InputError(f"{places.params}: no run '{name}'; allowed: {', '.join(params.runs)}")
    run = params.runs[name]
    comparator = create(run.comparator, run.variant, run.parameters)
    if comparator.pixels != (run.pooling == "none"):
        wanted = "pixels (pooling none)" if comparator.pixels else "features (pooling max or average)"
        raise InputError(f"{places.params}: run '{name}': {run.comparator} {run.variant} looks at {wanted}")
    computer = prepare(params.compute)
    development, test, test_groups, metadata = read_views(places, run)
    record = {
        "run": name,
        "parameters": run.model_dump(mode="json") | {"parameters": comparator.parameters.model_dump(mode="json")},
        "seed": params.seed,
        "folds": params.folds.model_dump(),
        "embedding": metadata,
        "provenance": provenance(places.root, computer.name, computer.threads),
    }
    reason = comparator.applicable(development, test)
    with atomic_directory(places.compared(name)) as folder:
        write_json(folder / "run.json", record)
        if reason is not None:
            write_json(folder / REFUSAL_FILE, {"run": name, "reason": reason})
        else:
            _compare(folder, name, params, computer, development, test, test_groups)
    return reason


def _compare(
    folder: Path,
    name: str,
    params: Params,
    computer: Computer,
    development: Development,
    test: Test,
    test_groups: NDArray[np.str_],
) -> None:
    run = params.runs[name]
    folds = fold_numbers(development.used, development.groups, params.folds.count, derive_seed(params.seed, "folds"))
    fold_count = int(folds.max()) + 1
    with step_bars(f"compare {name}") as advance:

        def context(step: str, *axes: str | int) -> Context:
            seed = derive_seed(params.seed, "compare", name, *axes)
            return Context(seed, computer.device, lambda done, total, unit: advance(f"{step}, {unit}s", done, total))

        held_out: list[tuple[NDArray[np.intp], dict[str, NDArray[np.float64]]]] = []
        for fold in range(fold_count):
            rows = np.flatnonzero(folds == fold)
            step = f"fold {fold + 1} of {fold_count}"
            part = Test(development.real.take(rows), development.generated)
            fitted, readings = _fit_and_read(
                run, development.take(np.flatnonzero(folds != fold)), part, context(step, "fold", fold)
            )
            held_out.append((rows, readings))
        fitted, test_readings = _fit_and_read(run, development, test, context("whole split", "whole"))
    development_readings = {reading: _joined(held_out, reading, len(development.real)) for reading in test_readings}
    thresholds = {
        reading: choose_threshold(run.threshold, scores, development.used)
        for reading, scores in development_readings.items()
    }
    tables = []
    for reading, threshold in thresholds.items():
        for split, images, groups, scores, fold_column in (
            ("development", development.real, development.groups, development_readings[reading], folds),
            ("test", test.real, test_groups, test_readings[reading], np.full(len(test.real), -1)),
        ):
            columns = {"id": images.ids, "group": groups, "score": scores, "decision": decide(scores, threshold)}
            tables.append(pd.DataFrame({"reading": reading, "split": split} | columns | {"fold": fold_column}))
    pd.concat(tables).to_csv(folder / SCORES_FILE, index=False, lineterminator="\n")
    write_json(
        folder / "threshold.json",
        {reading: vars(threshold) for reading, threshold in thresholds.items()},
    )
    _save_fit(folder, fitted)


def _fit_and_read(
    run: RunParameters, development: Development, test: Test, context: Context
) -> tuple[Comparator, dict[str, NDArray[np.float64]]]:
    comparator = create(run.comparator, run.variant, run.parameters).fit(development, context)
    readings = {OWN_READING: comparator.score(test, context), **comparator.other_readings(test, context)}
    for reading, scores in readings.items():
        if scores.shape != (len(test.real),) or not np.isfinite(scores).all():
            raise ValueError(
                f"{run.comparator} {run.variant}, reading '{reading}': scores are not one finite number per image"
            )
    return comparator, readings


def _joined(
    held_out: list[tuple[NDArray[np.intp], dict[str, NDArray[np.float64]]]], reading: str, count: int
) -> NDArray[np.float64]:
    scores = np.empty(count)
    for rows, readings in held_out:
        scores[rows] = readings[reading]
    return scores


def _save_fit(folder: Path, fitted: Comparator) -> None:
    figures = fitted.figures()
    drawn: dict[str, Any] = {"numbers": dict(figures.numbers), "curves": dict(figures.curves or {})}
    if figures.linkage is not None:
        tree, cut = figures.linkage
        np.save(folder / "dendrogram.npy", tree)
        drawn["cut_height"] = cut
    write_json(folder / "figures.json", drawn)
    state = {name: np.ascontiguousarray(value) for name, value in fitted.state().items()}
    save_file(
        state, folder / "model.safetensors", {"parameters": json.dumps(fitted.parameters.model_dump(mode="json"))}
    )
