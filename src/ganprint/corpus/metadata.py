"""Metadata that the user gives: a CSV by id, checked against the corpus and searched for leaks before it is stored."""

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ganprint.corpus.index import natural_key
from ganprint.corpus.metadata_form import MAX_BYTES, MetadataTable, parse_table
from ganprint.corpus.metadata_leaks import Leak, find_label_leak, find_leak
from ganprint.corpus.metadata_names import name_reason, names_date
from ganprint.corpus.metadata_values import as_days, dates_among, numbers_of
from ganprint.errors import InputError
from ganprint.files import write_text

__all__ = ["METADATA_FILE", "ImageKey", "check_metadata", "metadata_facts", "read_metadata", "stored", "write_metadata"]

METADATA_FILE = "metadata.csv"
_KEYS = ("split", "role", "id")
_LARGEST = 1e30  # features are stored with single precision
_OPEN = "; name it under corpus.metadata_allow if you know that it tells nothing of the membership, or remove it"


class ImageKey(NamedTuple):
    """What an image of the corpus is called, and what the leaks are looked for with."""

    split: str
    role: str
    id: str
    membership: str
    group: str


def read_metadata(path: Path) -> MetadataTable:
    """Read a metadata file and check its form and the names of its columns; the corpus is not needed for that.

    Raises
    ------
    InputError
        When it can not be read, is too large, its form is bad (see
        :func:`ganprint.corpus.metadata_form.parse_table`), or a column's name says that it leaks.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path}: can not be read ({error.strerror}); no metadata is written as the header id alone"
        ) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: larger than the {MAX_BYTES >> 20} MiB allowed; give numbers and categories alone")
    table = parse_table(path, data)
    for name in table.columns:
        if reason := name_reason(name):
            raise InputError(f"{path}: column {name!r} is refused: {reason}; remove it")
    return table


def check_metadata(table: MetadataTable, images: Iterable[ImageKey], allow: Collection[str]) -> pd.DataFrame:
    """Join a table to the images of a corpus, and refuse what leaks.

    Parameters
    ----------
    table
        Of :func:`read_metadata`.
    images
        Every image of the corpus.
    allow
        Columns that the user lets through, although they look like a leak. Dates among them become days since
        1970-01-01.

    Returns
    -------
    Columns split, role, id and those of the table, as text; a row per image that the table names, sorted by split,
    role and natural order of ids. Empty text is an unknown value.

    Raises
    ------
    InputError
        When an id is no image's or that of several, a column knows no value, looks like a leak and is not allowed, or
        ``allow`` names no column. The message names file, column and reason.
    """
    if strangers := sorted(set(allow) - set(table.columns)):
        raise InputError(f"{table.path}: has no column {strangers[0]!r}, which corpus.metadata_allow names; correct it")
    ordered = sorted(images, key=lambda image: (image.split, image.role, natural_key(image.id)))
    all_images = pd.DataFrame(ordered, columns=list(ImageKey._fields), dtype=str)
    rows = _joined(table, ordered)
    joined: dict[str, list[str]] = {}
    for number, name in enumerate(table.columns):
        cells = [rows[image[:3]][number] if image[:3] in rows else "" for image in ordered]
        joined[name] = _admitted(table.path, name, cells, all_images, name in allow)
    named = [number for number, image in enumerate(ordered) if image[:3] in rows]
    frame = pd.concat([all_images[list(_KEYS)], pd.DataFrame(joined, index=all_images.index, dtype=str)], axis=1)
    return frame.iloc[named].reset_index(drop=True)


def _joined(table: MetadataTable, images: Sequence[ImageKey]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Give the rows by (split, role, id)."""
    by_key: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
    for image in images:
        by_key[(image.id,) if table.keys == ("id",) else (image.id, image.split, image.role)].append(image[:3])
    strangers = [key for key in table.rows if key not in by_key]
    if strangers:
        first = f"line {table.lines[strangers[0]]}: {','.join(strangers[0])}"
        advice = "remove them" if len(strangers) < len(table.rows) else "write ids as in data/corpus/image_ids.txt"
        raise InputError(f"{table.path}: {len(strangers)} ids are no image of the corpus, first {first}; {advice}")
    for key in table.rows:
        if len(by_key[key]) > 1:
            places = " and ".join("/".join(image[:2]) for image in by_key[key])
            raise InputError(
                f"{table.path} line {table.lines[key]}: id {key[0]} is in {places}; "
                "begin the header with id,split,role and say which"
            )
    return {by_key[key][0]: cells for key, cells in table.rows.items()}


def _admitted(path: Path, name: str, cells: list[str], images: pd.DataFrame, allowed: bool) -> list[str]:
    """Give the cells of a column that may be used, dates as days; refuse another."""
    if not any(cells):
        raise InputError(f"{path}: column {name!r} knows no value of any image; remove it")
    numbers = numbers_of([cell for cell in cells if cell])
    if numbers is not None and max(map(abs, numbers)) > _LARGEST:
        raise InputError(
            f"{path}: column {name!r} has a number beyond {_LARGEST:g}; correct it, or choose another unit"
        )
    column = pd.Series(cells, dtype=str)
    # First: an allowance for another reason must not hide the answer itself.
    if told := find_label_leak(images, column):
        raise InputError(f"{path}: column {name!r} is refused: {told.reason}; remove it")
    leak = find_leak(images, column)
    if leak is None and names_date(name):
        leak = Leak("its name says that it holds dates or times", True)
    if leak is None:
        return cells
    if not (allowed and leak.may_be_allowed):
        rest = _OPEN if leak.may_be_allowed else "; remove it"
        raise InputError(f"{path}: column {name!r} is refused: {leak.reason}{rest}")
    days = _days(path, name, cells)
    if told := find_label_leak(images, pd.Series(days, dtype=str)):
        raise InputError(f"{path}: column {name!r} is refused: as days, {told.reason}; remove it")
    return days


def _days(path: Path, name: str, cells: list[str]) -> list[str]:
    """Turn dates into days; leave numbers and categories as they are."""
    if not dates_among(cells):
        return cells
    days = {cell: as_days(cell) for cell in cells if cell}
    if bad := [cell for cell, day in days.items() if day is None]:
        raise InputError(f"{path}: column {name!r} has {bad[0]!r} among its dates; write all as YYYY-MM-DD")
    return [repr(days[cell]) if cell else "" for cell in cells]


def write_metadata(path: Path, given: pd.DataFrame) -> None:
    """Write checked metadata, atomically; without columns the header ``id`` alone.

    Parameters
    ----------
    path
        Where to.
    given
        Of :func:`check_metadata`.
    """
    columns = [name for name in given.columns if name not in _KEYS]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "split", "role", *columns] if columns else ["id"])
    if columns:
        writer.writerows(given[["id", "split", "role", *columns]].itertuples(index=False))
    write_text(path, stream.getvalue())


def stored(root: Path) -> pd.DataFrame:
    """Read the metadata of a corpus folder; a corpus without the file has none.

    Returns
    -------
    As :func:`check_metadata` gives it.

    Raises
    ------
    InputError
        When the file is not what :func:`write_metadata` writes.
    """
    path = root / METADATA_FILE
    if not path.is_file():
        return pd.DataFrame(columns=list(_KEYS), dtype=str)
    table = parse_table(path, path.read_bytes())
    if table.rows and table.keys == ("id",):
        raise InputError(f"{path}: has no columns split and role; run ganprint corpus again")
    rows = [(key[1], key[2], key[0], *cells) for key, cells in table.rows.items()]
    return pd.DataFrame(rows, columns=[*_KEYS, *table.columns], dtype=str)


def metadata_facts(given: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Say of every column whether it is a number or a category, and of how many images it is known."""
    facts: dict[str, dict[str, Any]] = {}
    for name in given.columns:
        if name in _KEYS:
            continue
        known = [cell for cell in given[name] if cell]
        kind = "category" if numbers_of(known) is None else "number"
        facts[str(name)] = {"kind": kind, "known": len(known), "different": len(set(known))}
    return facts
