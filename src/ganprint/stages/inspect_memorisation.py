"""The generator as a whole, in an inspection: real images stand for used ones, reference images for held-out ones."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.memorisation.sets import Sets
from ganprint.audit.memorisation.table import Settings, memorisation_rows, with_readings
from ganprint.files import write_text
from ganprint.seeds import generator
from ganprint.stages.inspect_options import InspectOptions
from ganprint.stages.inspect_people import People
from ganprint.stages.inspect_rows import KeptRows, key_of, source_hash

__all__ = ["memorisation_of"]

Rows = dict[str, dict[str, KeptRows]]


class _Sliced:
    """Kept rows that are asked for by slice or by number, as float32; grey values as 0 to 1."""

    def __init__(self, rows: KeptRows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, which: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        wanted = range(*which.indices(len(self))) if isinstance(which, slice) else which.tolist()
        return _as_float(self._rows.take(wanted))


def memorisation_of(
    people: People, rows: Rows, options: InspectOptions, work: Path, advance: Callable[[str, int, int], object]
) -> dict[str, list[dict[str, Any]]]:
    """Give the table of :mod:`ganprint.audit.memorisation.table` by view; empty without reference images.

    All reference images serve, those that attacks look at as well: no attack is scored here. A finished view is kept.

    Parameters
    ----------
    people, rows
        Who is inspected, and rows by role and view.
    options
        Of the inspection.
    work
        Folder of kept work.
    advance
        Told (what goes on, done, total).
    """
    if "reference" not in rows:
        return {}
    tables, done = {}, 0

    def told(step: int) -> None:
        nonlocal done
        done += step
        advance("generator as a whole", done, len(options.views) * len(people.galleries["generated"]))

    for name in options.views:
        tables[name] = _table(people, {role: of[name] for role, of in rows.items()}, options, work, told)
    return with_readings(tables, options.level)


def _table(
    people: People, rows: Mapping[str, KeptRows], options: InspectOptions, work: Path, told: Callable[[int], object]
) -> list[dict[str, Any]]:
    groups = np.concatenate([people.real_groups, people.reference_groups])
    of = [{role: kept.folder.name for role, kept in rows.items()}, groups.tolist(), options.seed, options.level]
    path = work / f"memorisation-{key_of([of, source_hash('audit/memorisation', 'pairs', 'evaluate')])}.json"
    if path.is_file():
        kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    sets = Sets(
        _as_float(np.concatenate([rows["real"].all(), rows["reference"].all()])),
        np.repeat([True, False], [len(people.real_groups), len(people.reference_groups)]),
        groups,
        cast("NDArray[Any]", _Sliced(rows["generated"])),
    )
    settings = Settings(confidence=1 - options.level)
    # The same exchanges of membership in every view, so that p can be corrected over all of them.
    found = memorisation_rows(sets, settings, generator(options.seed, "inspect", "memorisation"), told)
    write_text(path, json.dumps(found, default=np.ndarray.tolist, allow_nan=False))
    # What is kept and what was just found must be the same.
    again: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return again


def _as_float(rows: NDArray[Any]) -> NDArray[np.float32]:
    scale = np.float32(255) if rows.dtype == np.uint8 else np.float32(1)
    return np.asarray(rows.astype(np.float32) / scale, dtype=np.float32)
