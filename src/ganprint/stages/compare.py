"""Stage ``compare``: fit one run's comparator, score both splits, choose its threshold."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ganprint.compare.controls import members_alone, noise_like
from ganprint.compare.data import Development, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Comparator, Context, create
from ganprint.compare.threshold import choose_threshold, decide
from ganprint.errors import InputError, said_of
from ganprint.files import atomic_directory, write_json, write_text
from ganprint.params import Params, RunParameters
from ganprint.provenance import provenance
from ganprint.seeds import derive_seed
from ganprint.stages.checkpoints import RunCheckpoints, sources_sha256
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places
from ganprint.stages.progress import step_bars
from ganprint.stages.scores import CONTROL_FILE, OWN_READING, REFUSAL_FILE, SCORES_FILE, SWAPPED_READING, THRESHOLD_FILE
from ganprint.stages.views import Views, read_views

__all__ = ["compare_run"]

_NOISE_IMAGES = 200
"""Images of noise in place of the generated ones, or fewer where there are fewer: more of the same tell nothing."""

_SOURCES = ("ganprint.compare", "ganprint.pairs", "ganprint.embed", "ganprint.seeds", "ganprint.stages.compare")
"""Whose code decides what a fit does."""

Folds = NDArray[np.intp]
Live = Callable[[str, int, float], None]
Readings = dict[str, NDArray[np.float64]]


def compare_run(places: Places, params: Params, name: str) -> str | None:
    """Write results/compare/RUN; give the reason when the comparator refuses to run.

    Development scores are out of fold: every fold's images are scored by a comparator fitted on the other folds, beside
    the development generated images. Test scores come from a fit on the whole development split. The reading "swapped"
    has the same fits' scores beside noise in place of generated images (:func:`ganprint.compare.controls.noise_like`).
    Until the results are complete, fits may keep what they have done in results/checkpoints/RUN; the next call with the
    same parameters, images, code, libraries and machine goes on from there.

    Raises
    ------
    InputError
        When params.yaml has no such run or its inputs are missing or bad.
    """
    if name not in params.runs:
        raise InputError(f"{places.params}: no run '{name}'; allowed: {', '.join(params.runs)}")
    run = params.runs[name]
    with said_of(f"{places.params}: run '{name}'"):
        comparator = create(run.comparator, run.variant, run.parameters)
        _check_views(run, comparator)
    threads = params.compute.threads
    computer = prepare(params.compute) if comparator.accelerated else Computer("cpu", "cpu", threads)
    views = read_views(places, run)
    record = {
        "run": name,
        "parameters": run.model_dump(mode="json") | {"parameters": comparator.parameters.model_dump(mode="json")},
        "learns": comparator.learns,
        "seed": params.seed,
        "folds": params.folds.model_dump(),
        "embedding": views.metadata,
        **({"further_embeddings": views.further_metadata} if views.further_metadata else {}),
        "provenance": provenance(places.root, computer.name, computer.threads),
    }
    with said_of(f"{places.params}: run '{name}'"):
        reason = comparator.applicable(views.development, views.test)
    checkpoints = RunCheckpoints.open(places.checkpoints(name), _made_from(record))
    with atomic_directory(places.compared(name)) as folder:
        write_json(folder / "run.json", record)
        if reason is not None:
            write_json(folder / REFUSAL_FILE, {"run": name, "reason": reason})
        else:
            with step_bars(f"compare {name}") as advance, _curves(places, params, name, checkpoints) as live:
                work = _Work(name, run, params, computer, advance, checkpoints, live)
                with said_of(f"{places.params}: run '{name}'"):
                    scored, fitted = work.scored(views)
                    controlled = run.member_control and comparator.learns
                    control = work.member_control(views.development) if controlled else None
            with said_of(f"{places.params}: run '{name}'"):
                _write_scores(folder, views, scored, run)
            if control is not None:
                write_text(folder / CONTROL_FILE, control.to_csv(index=False, lineterminator="\n"))
            _write_fit(folder, fitted)
    checkpoints.remove()
    return reason


def _check_views(run: RunParameters, comparator: Comparator) -> None:
    subject = f"{run.comparator} {run.variant} looks at"
    if comparator.pixels is not None and comparator.pixels != (run.pooling == "none"):
        wanted = "pixels (pooling none)" if comparator.pixels else "features (pooling max, average, grid or values)"
        raise InputError(f"{subject} {wanted}")
    if run.further_views and not comparator.several:
        raise InputError(f"{subject} one view; remove its further_views")


@contextmanager
def _curves(places: Places, params: Params, name: str, checkpoints: RunCheckpoints) -> Iterator[Live | None]:
    if not params.track.live:
        yield None
        return
    from ganprint.tracking import live_curves  # noqa: PLC0415  (seconds, which runs without live curves do not need)

    with live_curves(name, checkpoints.mark, params.track.experiment, places.tracking_store) as live:
        yield live


def _made_from(record: dict[str, Any]) -> dict[str, Any]:
    # The revision changes with every commit; what matters of it are these sources. How scores are computed does not
    # void a training: what is kept of a scoring has its own name for every way.
    machine = {name: value for name, value in record["provenance"].items() if name != "code_revision"}
    parameters = record["parameters"]["parameters"]
    trained = {name: value for name, value in parameters.items() if not name.startswith("score_")}
    chosen = record["parameters"] | {"parameters": trained}
    return record | {"parameters": chosen, "provenance": machine, "sources": sources_sha256(_SOURCES)}


@dataclass(frozen=True)
class _Scored:
    """Scores by reading: development ones out of fold, test ones of the fit on the whole development split."""

    folds: Folds
    development: Readings
    test: Readings


@dataclass(frozen=True)
class _Work:
    name: str
    run: RunParameters
    params: Params
    computer: Computer
    advance: Callable[[str, int, int], None]
    checkpoints: RunCheckpoints
    live: Live | None

    def _context(self, step: str, *axes: str | int) -> Context:
        seed = derive_seed(self.params.seed, "compare", self.name, *axes)
        return Context(
            seed,
            self.computer.device,
            lambda done, total, unit: self.advance(f"{step}, {unit}s", done, total),
            self.checkpoints.of(*axes),
            self._told(*axes),
        )

    def _told(self, *axes: str | int) -> Live | None:
        live, fit = self.live, "-".join(map(str, axes))
        return None if live is None else lambda name, step, value: live(f"{fit}.{name}", step, value)

    def scored(self, views: Views) -> tuple[_Scored, Comparator]:
        folds, joined = self._out_of_fold(views.development)
        fitted, test = _fit_and_read(
            self.run, views.development, views.test, self._context("whole split", "whole"), readings=True
        )
        return _Scored(folds, joined, test), fitted

    def _out_of_fold(self, development: Development, *axes: str, readings: bool = True) -> tuple[Folds, Readings]:
        """Give fold numbers, and scores of every real image by a fit on the other folds.

        What depends on the images scored together and looks at no label is asked for all of them at once.
        """
        seed = derive_seed(self.params.seed, "folds", *axes)
        folds = fold_numbers(development.used, development.groups, self.params.folds.count, seed)
        if create(self.run.comparator, self.run.variant, self.run.parameters).transductive:
            everything, context = (
                Test(development.real, development.generated),
                self._context("development", *axes, "all"),
            )
            return folds, _fit_and_read(self.run, development, everything, context, readings=readings)[1]
        parts = []
        for fold in range(int(folds.max()) + 1):
            held_out = Test(development.real.take(np.flatnonzero(folds == fold)), development.generated)
            step = " ".join([*axes, f"fold {fold + 1} of {folds.max() + 1}"])
            context = self._context(step, *axes, "fold", fold)
            kept = development.take(np.flatnonzero(folds != fold))
            parts.append(_fit_and_read(self.run, kept, held_out, context, readings=readings)[1])
        order = np.argsort(np.concatenate([np.flatnonzero(folds == fold) for fold in range(len(parts))]))
        return folds, {reading: np.concatenate([part[reading] for part in parts])[order] for reading in parts[0]}

    def member_control(self, development: Development) -> pd.DataFrame | None:
        """Put the whole procedure through used images alone; None when there are too few groups of them."""
        alone = members_alone(development, derive_seed(self.params.seed, "members"))
        if alone is None:
            return None
        folds, joined = self._out_of_fold(alone, "members", readings=False)
        columns = {"id": alone.real.ids, "group": alone.groups, "score": joined[OWN_READING], "label": alone.used}
        columns |= {"fold": folds}
        return pd.DataFrame(columns)


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
    run: RunParameters, development: Development, test: Test, context: Context, *, readings: bool
) -> tuple[Comparator, Readings]:
    comparator = create(run.comparator, run.variant, run.parameters).fit(development, context)
    found = {OWN_READING: comparator.score(test, context)}
    if readings:
        found |= comparator.other_readings(test, context)
        replaced = np.sort(test.generated.ids)[:_NOISE_IMAGES]
        noise = noise_like(development.real, replaced, derive_seed(context.seed, "swapped"))
        found[SWAPPED_READING] = comparator.score(Test(test.real, noise), context)
    for reading, scores in found.items():
        if scores.shape != (len(test.real),) or not np.isfinite(scores).all():
            raise ValueError(
                f"{run.comparator} {run.variant}, reading '{reading}': scores are not one finite number per image"
            )
    return comparator, found


def _write_fit(folder: Path, fitted: Comparator) -> None:
    figures = fitted.figures()
    drawn: dict[str, Any] = {"numbers": dict(figures.numbers), "curves": dict(figures.curves or {})}
    if figures.details is not None:
        drawn["details"] = dict(figures.details)
    if figures.linkage is not None:
        tree, cut = figures.linkage
        np.save(folder / "dendrogram.npy", tree)
        drawn["cut_height"] = cut
    write_json(folder / "figures.json", drawn)
    state = {name: np.asarray(value, order="C") for name, value in fitted.state().items()}
    save_file(
        state, folder / "model.safetensors", {"parameters": json.dumps(fitted.parameters.model_dump(mode="json"))}
    )
