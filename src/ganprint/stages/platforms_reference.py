"""Files that the judging side of a platform is given: truth, ids and groups; and the one CSV of a submission."""

import csv
from pathlib import Path

from ganprint.corpus.groups import GROUPS_FILE, read_groups
from ganprint.corpus.store import read_index
from ganprint.corpus.truth import read_truth
from ganprint.errors import InputError
from ganprint.platforms.judged import Reference
from ganprint.stages.places import Places
from ganprint.stages.platforms_run import IDS_FILE
from ganprint.submit.ids import check_ids, read_ids

__all__ = ["TRUTH_FILE", "find_submission", "read_reference", "reference_of_project"]

TRUTH_FILE = "truth.csv"


def read_reference(path: Path) -> Reference:
    """Read the truth from a file, or from a folder with ``truth.csv`` (or a single CSV) in it.

    ``image_ids.txt`` beside it, where there is one, says which images the truth must know and the order of ids;
    ``groups.csv`` beside it which patient or volume they are of; it may be the corpus' own, with lines of both splits.

    Raises
    ------
    InputError
        When there is no such file, it is malformed or unknown, or it lacks an id of the list or names another.
    """
    truth_path = path if path.is_file() else _truth_in(path)
    ids_path, groups_path = (truth_path.parent / name for name in (IDS_FILE, GROUPS_FILE))
    listed = ids_path.is_file() and path.is_dir()
    ids = read_ids(ids_path.read_bytes(), str(ids_path)) if listed else _ids_of(truth_path)
    truth = read_truth(truth_path, ids)
    if not truth:
        raise InputError(f"{truth_path}: holds the header alone, so the truth is unknown; give id,membership per image")
    grouped = path.is_dir() and groups_path.is_file()
    groups = read_groups(groups_path, {("test", name) for name in ids}, "test") if grouped else {}
    return Reference({name: truth[name] for name in ids}, {name: group for (_, name), group in groups.items()})


def reference_of_project(places: Places) -> Reference:
    """Give truth and groups of the test split of the project's corpus.

    Raises
    ------
    InputError
        When the corpus or its truth is missing, bad or unknown.
    """
    if not (places.corpus / "index.csv").is_file():
        raise InputError(f"{places.corpus}: no corpus there; give --truth FILE, or the folder of a project with -C")
    index = read_index(places.corpus)
    real = index[(index["split"] == "test") & (index["role"] == "real")]
    ids = real["id"].tolist()
    truth = read_truth(places.truth, ids)
    if not truth:
        raise InputError(f"{places.truth}: the truth of the test split is unknown; give --truth FILE")
    groups = {name: group for name, group in zip(ids, real["group"].tolist(), strict=True) if group != name}
    return Reference({name: truth[name] for name in ids}, groups)


def find_submission(path: Path) -> Path:
    """Give the submission: the path itself when it is a file, else the only CSV below it.

    Hidden files, and the folder that macOS puts into ZIP files, are passed over.

    Raises
    ------
    InputError
        When there is none, or more than one.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; the submission is looked for there")
    files = sorted(file for file in path.rglob("*") if file.is_file() and not _passed_over(file.relative_to(path)))
    found = [file for file in files if file.suffix.lower() == ".csv"]
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(file.relative_to(path)) for file in (found or files)[:5]) or "nothing"
    what = f"{len(found)} CSV files" if found else "no CSV file"
    raise InputError(f"{path}: {what} (found: {names}); hand in one CSV file with one line id,0 or id,1 per image")


def _truth_in(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such file or folder; the truth is looked for there")
    if (folder / TRUTH_FILE).is_file():
        return folder / TRUTH_FILE
    found = sorted(path for path in folder.glob("*.csv") if path.name != GROUPS_FILE)
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found) or "none"
    raise InputError(
        f"{folder}: no {TRUTH_FILE} and not exactly one other CSV file (found: {names}); put the truth there"
    )


def _ids_of(path: Path) -> list[str]:
    """Give the ids that a truth file names, in its order; what else is wrong with it is told where it is read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can not be read as CSV: {' '.join(str(error).split())}") from None
    ids = list(dict.fromkeys(row[0] for row in rows if row != ["id", "membership"]))
    if ids:
        check_ids(ids, str(path))
    return ids


def _passed_over(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
