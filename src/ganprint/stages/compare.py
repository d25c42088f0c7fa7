"""Stage ``compare``: fit one run's comparator, score both splits, choose its threshold."""

import json
from collections.abc import Callable
from dataclasses import dataclass
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
from ganprint.stages.scores import OWN_READING, REFUSAL_FILE, SCORES_FILE, THRESHOLD_FILE
from ganprint.stages.views import Views, read_views

__all__ = ["compare_run"]

Readings = dict[str, NDArray[np.float64]]


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
    threads = params.compute.threads
    computer = prepare(params.compute) if comparator.accelerated else Computer("cpu", "cpu", threads)
    views = read_views(places, run)
    record = {
        "run": name,
        "parameters": run.model_dump(mode="json") | {"parameters": comparator.parameters.model_dump(mode="json")},
        "seed": params.seed,
        "folds": params.folds.model_dump(),
        "embedding": views.metadata,
        "provenance": provenance(places.root, computer.name, computer.threads),
    }
    reason = comparator.applicable(views.development, views.test)
    with atomic_directory(places.compared(name)) as folder:
        write_json(folder / "run.json", record)
        if reason is not None:
            write_json(folder / REFUSAL_FILE, {"run": name, "reason": reason})
        else:
            with step_bars(f"compare {name}") as advance:
                work = _Work(name, run, params, computer, advance)
                scored, fitted = work.scored(views)
            _write_scores(folder, views, scored, run)
            _write_fit(folder, fitted)
    return reason


@dataclass(frozen=True)
class _Scored:
    """Scores by reading: development ones out of fold, test ones of the fit on the whole development split."""

    folds: NDArray[np.intp]
    development: Readings
    test: Readings


@dataclass(frozen=True)
class _Work:
    name: str
    run: RunParameters
    params: Params
    computer: Computer
    advance: Callable[[str, int, int], None]

    def _context(self, step: str, *axes: str | int) -> Context:
        seed = derive_seed(self.params.seed, "compare", self.name, *axes)
        return Context(
            seed, self.computer.device, lambda done, total, unit: self.advance(f"{step}, {unit}s", done, total)
        )

    def scored(self, views: Views) -> tuple[_Scored, Comparator]:
        development = views.development
        seed = derive_seed(self.params.seed, "folds")
        folds = fold_numbers(development.used, development.groups, self.params.folds.count, seed)
        parts = []
        for fold in range(int(folds.max()) + 1):
            held_out = Test(development.real.take(np.flatnonzero(folds == fold)), development.generated)
            context = self._context(f"fold {fold + 1} of {folds.max() + 1}", "fold", fold)
            parts.append(_fit_and_read(self.run, development.take(np.flatnonzero(folds != fold)), held_out, context)[1])
        fitted, test = _fit_and_read(self.run, development, views.test, self._context("whole split", "whole"))
        order = np.argsort(np.concatenate([np.flatnonzero(folds == fold) for fold in range(len(parts))]))
        joined = {reading: np.concatenate([part[reading] for part in parts])[order] for reading in test}
        return _Scored(folds, joined, test), fitted


def _write_scores(folder: Path, views: Views, scored: _Scored, run: RunParameters) -> None:
    development, tables, thresholds = views.development, [], {}
    for reading in scored.test:
        threshold = choose_threshold(run.threshold, scored.development[reading], development.used)
        thresholds[reading] = vars(threshold)
        for split, ids, groups, scores, folds in (
            ("development", development.real.ids, development.groups, scored.development[reading], scored.folds),
            ("test", views.test.real.ids, views.test_groups, scored.test[reading], np.full(len(views.test.real), -1)),
        ):
            columns = {"id": ids, "group": groups, "score": scores, "decision": decide(scores, threshold)}
            tables.append(pd.DataFrame({"reading": reading, "split": split, **columns, "fold": folds}))
    pd.concat(tables).to_csv(folder / SCORES_FILE, index=False, lineterminator="\n")
    write_json(folder / THRESHOLD_FILE, thresholds)


def _fit_and_read(
    run: RunParameters, development: Development, test: Test, context: Context
) -> tuple[Comparator, Readings]:
    comparator = create(run.comparator, run.variant, run.parameters).fit(development, context)
    readings = {OWN_READING: comparator.score(test, context), **comparator.other_readings(test, context)}
    for reading, scores in readings.items():
        if scores.shape != (len(test.real),) or not np.isfinite(scores).all():
            raise ValueError(
                f"{run.comparator} {run.variant}, reading '{reading}': scores are not one finite number per image"
            )
    return comparator, readings


def _write_fit(folder: Path, fitted: Comparator) -> None:
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
