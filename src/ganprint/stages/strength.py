"""Stage ``strength``: which comparator sees which leak, on phantoms of several strengths and repeats."""

import math
import multiprocessing
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import pandas as pd

from ganprint.audit.plots import strength_map, strength_plot, svg_bytes
from ganprint.audit.strength_table import strength_table
from ganprint.compare.protocol import create
from ganprint.errors import InputError, said_of
from ganprint.evaluate.strength import POINT_COLUMNS, bands, seen_from
from ganprint.files import atomic_directory, write_json, write_text
from ganprint.params import Params
from ganprint.provenance import provenance
from ganprint.stages.checkpoints import RunCheckpoints, sources_sha256
from ganprint.stages.compute import prepare
from ganprint.stages.places import Places
from ganprint.stages.progress import bar
from ganprint.stages.strength_point import SPLITS, Job, compute_phantoms, point_file, read_point

__all__ = ["write_strength"]

_SOURCES = (
    *("ganprint.compare", "ganprint.corpus", "ganprint.embed", "ganprint.evaluate", "ganprint.pairs", "ganprint.seeds"),
    *(
        f"ganprint.stages.{stage}"
        for stage in ("compare", "compute", "embed", "evaluate", "pretrain", "scores", "views")
    ),
    "ganprint.stages.strength_point",
)
"""Packages and modules whose code decides a phantom's figures."""

_SECONDS = 2.0
"""How often the progress of other processes is looked at."""

Point = tuple[int, float]


def write_strength(places: Places, params: Params, name: str) -> Path:
    """Write results/strength/NAME: phantoms.csv, strength.csv (bands), strength.json, a table per split and plots.

    As many phantoms are computed at a time as ``compute.threads`` says, each in a process of its own with one thread.
    A finished phantom is kept in results/checkpoints/strength/NAME and is good for as long as its parameters, the code,
    the libraries and the machine are the same: a killed study goes on, and one that is given further levels or repeats
    computes these alone.

    Raises
    ------
    InputError
        When params.yaml has no such study, or a run or embedding of it is bad.
    """
    if name not in params.strength:
        known = ", ".join(params.strength) or "none, section strength is empty"
        raise InputError(f"{places.params}: no study '{name}'; allowed: {known}")
    study = params.strength[name]
    params = params.model_copy(update={"runs": {run: params.runs[run] for run in (study.runs or params.runs)}})
    _check_runs(places, params)
    record = _record(places, params)
    folder = _kept(places, name, record)
    wanted = [(repeat, level) for repeat in range(1, study.repeats + 1) for level in study.levels]
    _compute(places, params, folder, wanted, f"strength {name}")
    points = {point: read_point(point_file(folder, *point)) or {} for point in wanted}
    _write(places.strength(name), points, params, record | {"study": study.model_dump(mode="json")})
    return places.strength(name)


def _check_runs(places: Places, params: Params) -> None:
    for run, block in params.runs.items():
        with said_of(f"{places.params}: run '{run}'"):
            create(block.comparator, block.variant, block.parameters)


def _record(places: Places, params: Params) -> dict[str, Any]:
    computer = prepare(params.compute)
    parts = ("seed", "folds", "evaluate")
    return {
        "parameters": {
            **{part: params.model_dump(mode="json")[part] for part in parts},
            "phantom": params.corpus.phantom.model_dump(mode="json", exclude={"memorisation"}),
            "embed": {name: block.model_dump(mode="json") for name, block in params.embed.items()},
            "pretrain": {name: block.model_dump(mode="json") for name, block in params.pretrain.items()},
            "runs": {name: block.model_dump(mode="json") for name, block in params.runs.items()},
        },
        "provenance": provenance(places.root, computer.name, 1),
    }


def _kept(places: Places, name: str, record: dict[str, Any]) -> Path:
    """Give the folder of the phantoms that are finished; those of other parameters, code or machine are removed."""
    machine = {key: value for key, value in record["provenance"].items() if key != "code_revision"}
    made_from = {"parameters": record["parameters"], "machine": machine, "sources": sources_sha256(_SOURCES)}
    kept = RunCheckpoints.open(places.strength_points(name), made_from)
    return kept.folder / kept.mark


def _compute(places: Places, params: Params, folder: Path, wanted: list[Point], title: str) -> None:
    """Compute what is missing."""

    def finished() -> int:
        return sum(read_point(point_file(folder, *point)) is not None for point in wanted)

    missing = [point for point in wanted if read_point(point_file(folder, *point)) is None]
    jobs = [
        Job(places.root, params, repeat, tuple(level for other, level in missing if other == repeat), folder)
        for repeat in dict.fromkeys(repeat for repeat, _ in missing)
    ]
    with bar(title, len(wanted), "phantom") as advance:
        advance(finished())
        if min(params.compute.threads, len(jobs)) < 2:
            for job in jobs:
                compute_phantoms(job, lambda: advance(1))
        else:
            _side_by_side(jobs, params.compute.threads, finished, advance)


def _side_by_side(
    jobs: list[Job], processes: int, finished: Callable[[], int], advance: Callable[[int], object]
) -> None:
    shown = finished()
    # Fresh processes: a forked one would inherit torch's threads in a state that may never end.
    with ProcessPoolExecutor(min(processes, len(jobs)), multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(compute_phantoms, job) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, _SECONDS, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                advance(finished() - shown)
                shown = finished()
        except BaseException:
            # What the others have under way takes minutes, and what they have finished is kept.
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _write(target: Path, points: dict[Point, dict[str, Any]], params: Params, record: dict[str, Any]) -> None:
    rows = [
        {"run": run, "split": split, "level": level, "phantom": repeat} | figures[run][split]
        for run in params.runs
        for split in SPLITS
        for (repeat, level), figures in points.items()
        if split in figures[run]
    ]
    refused = {
        f"{run}, level {level:g}, phantom {repeat}": figures[run]["refused"]
        for run in params.runs
        for (repeat, level), figures in points.items()
        if "refused" in figures[run]
    }
    if not rows:
        raise InputError(f"no run of the study gave scores; the first reason: {next(iter(refused.values()))}")
    table = pd.DataFrame(rows)[list(POINT_COLUMNS)]
    found = bands(table, params.evaluate.confidence)
    seen = seen_from(found)
    with atomic_directory(target) as folder:
        for name, frame in {"phantoms": table, "strength": found}.items():
            write_text(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
        content = record | {
            "confidence": params.evaluate.confidence,
            "bands": _plain(found),
            "seen": _plain(seen),
            "refused": refused,
        }
        write_json(folder / "strength.json", content)
        title = "ROC AUC against the strength of the leak"
        (folder / "strength.svg").write_bytes(svg_bytes(strength_plot(title, found)))
        for split in SPLITS:
            figure = strength_map(f"Mean ROC AUC at each strength of the leak, {split}", found, split)
            (folder / f"map-{split}.svg").write_bytes(svg_bytes(figure))
            write_text(folder / f"table-{split}.md", "\n".join(strength_table(found, seen, split)) + "\n")


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as JSON-able values, None where there is none."""
    return [
        {str(name): None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
