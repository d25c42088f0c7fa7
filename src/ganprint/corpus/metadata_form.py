"""The form of a metadata table: one CSV in UTF-8, a header, a line per image, nothing twice."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganprint.corpus.metadata_values import is_missing
from ganprint.errors import InputError

__all__ = ["MAX_BYTES", "MAX_CELL", "MAX_COLUMNS", "MetadataTable", "no_metadata", "parse_table"]

MAX_BYTES = 64 << 20
"""Largest metadata file in bytes."""

MAX_COLUMNS = 64
"""Most columns beside those that name the image."""

MAX_CELL = 200
"""Longest cell in characters."""

_LONG_KEY = ("id", "split", "role")


@dataclass(frozen=True)
class MetadataTable:
    """A table as given, its form checked and nothing more.

    Attributes
    ----------
    path
        Where it came from, for messages.
    keys
        ``("id",)`` or ``("id", "split", "role")``: the columns that name the image.
    columns
        Names of the others.
    rows
        Key -> cells in the order of ``columns``, stripped; an unknown value is the empty text.
    lines
        Key -> its line in the file.
    """

    path: Path
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    rows: dict[tuple[str, ...], tuple[str, ...]]
    lines: dict[tuple[str, ...], int]


def no_metadata(path: Path) -> MetadataTable:
    """Give the table that says nothing of any image."""
    return MetadataTable(path, ("id",), (), {}, {})


def parse_table(path: Path, data: bytes) -> MetadataTable:
    """Parse a metadata file and check its form.

    Parameters
    ----------
    path
        For messages.
    data
        The file's bytes. The header ``id`` alone says that there is no metadata.

    Raises
    ------
    InputError
        When it is not UTF-8, not one table of comma-separated values with a key ``id`` (or ``id,split,role``), has too
        many columns, a bad or repeated name, an unprintable or overlong cell, an id twice, or ids without columns.
    """
    lines = _lines(path, data)
    _, header = next(lines, (0, []))
    if not header:
        raise InputError(f"{path}: empty; no metadata is written as the header id alone")
    keys = _LONG_KEY if tuple(header[:3]) == _LONG_KEY else ("id",)
    if header[0] != "id":
        raise InputError(
            f"{path}: header begins {header[0]!r}, wanted is comma-separated id,COLUMN,... (or id,split,role); "
            f"{_correction(header[0])}"
        )
    if tuple(header[1:2]) == _LONG_KEY[1:2] and keys != _LONG_KEY:
        raise InputError(
            f"{path}: header has split and no role behind it; begin it with id,split,role, or with id alone"
        )
    columns = tuple(header[len(keys) :])
    _refuse_names(path, columns)
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}
    where: dict[tuple[str, ...], int] = {}
    for line, row in lines:
        if len(row) != len(header):
            raise InputError(f"{path} line {line}: {len(row)} cells under {len(header)} columns; one table is wanted")
        key = tuple(row[: len(keys)])
        if key in rows:
            raise InputError(f"{path} line {line}: id {key[0]} is there since line {where[key]}; leave one line")
        where[key] = line
        rows[key] = tuple(_cell(path, line, cell) for cell in row[len(keys) :])
    if rows and not columns:
        raise InputError(f"{path}: has ids and no column beside them; add columns, or leave the header id alone")
    return MetadataTable(path, keys, columns, rows, where)


def _correction(first: str) -> str:
    """Say how a header whose first name is not id comes right."""
    if first.strip().casefold() == "id":
        return "write id in small letters and without blanks"
    for name, mark in (("semicolons", ";"), ("tabs", "\t")):
        if mark in first:
            return f"it has {name}: save the table with commas, and decimal points in numbers"
    return "put the column with the images' ids first and call it id"


def _lines(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of every line that is not empty."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}); save it as comma-separated text in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from ((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num}: can not be read as CSV: {error}") from None


def _refuse_names(path: Path, columns: tuple[str, ...]) -> None:
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"{path}: {len(columns)} columns, at most {MAX_COLUMNS} are read; leave those that matter")
    seen: set[str] = set()
    for number, name in enumerate(columns, start=1):
        if not name or name != name.strip() or not name.isprintable() or len(name) > MAX_CELL:
            raise InputError(
                f"{path}: name of column {number} after the ids is {name[:40]!r}; give a printable one without "
                f"blanks around it"
            )
        if set(name) & set("=?"):
            raise InputError(f"{path}: column {name!r}: '=' and '?' mark categories and gaps; take another name")
        if name.casefold() in seen:
            raise InputError(f"{path}: column {name!r} is there twice (case aside); leave one of them")
        seen.add(name.casefold())


def _cell(path: Path, line: int, cell: str) -> str:
    if len(cell) > MAX_CELL or not cell.isprintable():
        raise InputError(f"{path} line {line}: a cell is longer than {MAX_CELL} characters or not printable; remove it")
    return "" if is_missing(cell) else cell.strip()
