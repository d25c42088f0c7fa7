"""The truth of the test split: a file of its own, which what judges reads, and nothing that is judged."""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path

from ganprint.corpus.index import natural_key
from ganprint.errors import InputError
from ganprint.files import write_text

__all__ = ["read_truth", "write_truth"]

_VALUES = {"used": 1, "1": 1, "not_used": 0, "0": 0}


def read_truth(path: Path, test_ids: Collection[str]) -> dict[str, int]:
    """Read the membership of the real test images.

    Parameters
    ----------
    path
        CSV with header ``id,membership`` (``used`` or ``1``, ``not_used`` or ``0``), or the lines alone as in a
        submission. The header alone says that the truth is unknown.
    test_ids
        Ids of the real test images.

    Returns
    -------
    id -> 1 (used) or 0 (not used) in natural order of ids; empty when unknown.

    Raises
    ------
    InputError
        When the file can not be read, is empty, a line is malformed, or the ids are not exactly ``test_ids``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can not be read as CSV: {' '.join(str(error).split())}") from None
    if not rows:
        raise InputError(f"{path}: empty; a truth that is unknown is written as the header id,membership alone")
    body = rows[1:] if rows[0] == ["id", "membership"] else rows
    truth: dict[str, int] = {}
    for row in body:
        if len(row) != 2 or row[1] not in _VALUES:
            raise InputError(f"{path}: received {','.join(row)!r}, wanted is id,used or id,not_used (or 1, 0)")
        if row[0] in truth:
            raise InputError(f"{path}: id {row[0]} is there twice; leave one line")
        truth[row[0]] = _VALUES[row[1]]
    if body:
        _refuse_other_ids(path, truth, test_ids)
    return {name: truth[name] for name in sorted(truth, key=natural_key)}


def write_truth(path: Path, truth: Mapping[str, int]) -> None:
    """Write the truth in natural order of ids, atomically; an empty mapping gives the header alone.

    Parameters
    ----------
    path
        Where to.
    truth
        id -> 1 (used) or 0 (not used).
    """
    words = {1: "used", 0: "not_used"}
    lines = [f"{name},{words[truth[name]]}\n" for name in sorted(truth, key=natural_key)]
    write_text(path, "id,membership\n" + "".join(lines))


def _refuse_other_ids(path: Path, truth: Mapping[str, int], test_ids: Collection[str]) -> None:
    wanted = set(test_ids)
    strangers = sorted(truth.keys() - wanted, key=natural_key)
    if strangers:
        raise InputError(f"{path}: {len(strangers)} ids are no real test image, first {strangers[0]}; remove them")
    missing = sorted(wanted - truth.keys(), key=natural_key)
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of {len(wanted)} real test images have no truth, first {missing[0]}; "
            "give all of them, or the header alone"
        )
