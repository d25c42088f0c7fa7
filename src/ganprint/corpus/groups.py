"""groups.csv: which patient or volume a real image comes from."""

import csv
from collections.abc import Collection
from pathlib import Path

from ganprint.corpus.index import Split
from ganprint.errors import InputError

__all__ = ["GROUPS_FILE", "read_groups"]

GROUPS_FILE = "groups.csv"
_HEADER = ["id", "split", "group"]


def read_groups(
    path: Path, real: Collection[tuple[Split, str]], split: Split | None = None
) -> dict[tuple[str, str], str]:
    """Read groups.csv (header ``id,split,group``).

    Parameters
    ----------
    path
        The file.
    real
        (split, id) of every real image; an image without a line stays its own group.
    split
        The only split that is known here: lines of the other one are checked for their form alone, and left out.

    Returns
    -------
    (split, id) -> group.

    Raises
    ------
    InputError
        For another header, a malformed or repeated line, or ids of no real image.
    """
    groups: dict[tuple[str, str], str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can not be read as CSV: {' '.join(str(error).split())}") from None
    if not rows or rows[0] != _HEADER:
        raise InputError(f"{path}: header is {','.join(rows[0]) if rows else 'missing'!r}, wanted is id,split,group")
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != 3 or not row[2].strip() or not row[2].isprintable():
            raise InputError(f"{path} line {line}: received {','.join(row)!r}, wanted is id,split,group, none empty")
        key = (row[1], row[0])
        if key in groups:
            raise InputError(f"{path} line {line}: id {row[0]} of split {row[1]} is there twice; leave one line")
        groups[key] = row[2]
    if split is not None:
        other = "test" if split == "development" else "development"
        groups = {key: group for key, group in groups.items() if key[0] != other}
    strangers = [f"{where}/{name}" for where, name in groups if (where, name) not in real]
    if strangers:
        first = ", ".join(strangers[:5])
        raise InputError(f"{path}: {len(strangers)} lines name no real image of the corpus, first {first}; remove them")
    return groups
