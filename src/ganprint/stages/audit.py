"""Stage ``audit``: the summary of all runs, and its printing beside what git has of the submissions."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganprint.audit.summary import Row, rows_of_run, rows_of_trivial, table_lines
from ganprint.errors import InputError
from ganprint.files import atomic_directory, write_json, write_text
from ganprint.params import Params
from ganprint.stages.places import Places

__all__ = ["print_lines", "write_summary"]

NOT_THE_PAPER = "This is not the paper's setting: see 'ganprint profile paper'."


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run 'dvc repro' first") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({error}); run 'dvc repro'") from None


def write_summary(places: Places, params: Params) -> None:
    """Write results/audit/summary.json and summary.md.

    Raises
    ------
    InputError
        When a run of params.yaml has not been evaluated.
    """
    details = [_read(places.evaluated(run) / "figures.json") for run in params.runs]
    rows = [row for detail in details for row in rows_of_run(detail)] + rows_of_trivial(_read(places.trivial))
    corpus = _read(places.corpus / "corpus.json")
    content = {
        "profile": params.profile,
        "corpus": {key: corpus[key] for key in ("kind", "hash", "counts")},
        "backbones": _backbones(places, params),
        "rows": [row.as_dict() for row in rows],
    }
    with atomic_directory(places.audit) as folder:
        write_json(folder / "summary.json", content)
        write_text(folder / "summary.md", "\n".join(["# Summary", "", *_head(content), "", *_table(rows)]) + "\n")


def _backbones(places: Places, params: Params) -> dict[str, str]:
    """Say for every embedding in use what it is made with."""
    said = {}
    for name in dict.fromkeys(run.embedding for run in params.runs.values()):
        record = _read(places.embedding_record(name))
        if record["backbone"] == "pixels":
            said[name] = f"grey values at {record['parameters']['size']} pixels"
            continue
        weights = record["weights"]
        said[name] = (
            f"{record['backbone']}, weights {weights['source']} ({weights['origin']}, "
            f"sha256 {weights['sha256'][:12]}), preprocessing {record['parameters']['preprocessing']}"
        )
    return said


def _head(content: Mapping[str, Any]) -> list[str]:
    corpus = content["corpus"]
    counts = ", ".join(f"{count} {part}" for part, count in corpus["counts"].items())
    lines = [f"Profile {content['profile']}; corpus {corpus['kind']} ({corpus['hash'][:12]}): {counts}."]
    lines += [f"Embedding {name}: {what}." for name, what in content["backbones"].items()]
    return lines if content["profile"] == "paper" else [*lines, NOT_THE_PAPER]


def _table(rows: list[Row]) -> list[str]:
    splits = [split for split in ("development", "test") if any(split in row.figures for row in rows)]
    lines = table_lines(rows, splits)
    lines += ["", "Development figures are out of fold; intervals are by group."]
    if "test" not in splits:
        lines += ["The truth of the test split is unknown, so there are no test figures."]
    lines += [f"{row.name} was refused: {row.note}." for row in rows if row.kind == "refused"]
    return lines


def print_lines(places: Places, params: Params) -> list[str]:
    """Give the summary for a terminal: the table, submissions beside those in git, and where to look next.

    Raises
    ------
    InputError
        When there is no summary yet.
    """
    content = _read(places.audit / "summary.json")
    rows = [Row(**row) for row in content["rows"]]
    lines = [*_head(content), "", *_table(rows), "", *_submissions(places, params), ""]
    shown = {
        "submissions": places.submissions,
        "summary": places.audit / "summary.md",
        "figures and intervals": places.root / "results" / "evaluate",
    }
    lines += [f"{title + ':':<24}{path.relative_to(places.root)}" for title, path in shown.items()]
    return [*lines, f"{'MLflow UI:':<24}make ui"]


def _submissions(places: Places, params: Params) -> list[str]:
    lines = ["Submissions beside those of the last commit (git HEAD):"]
    for run in params.runs:
        path = places.submissions / f"{run}.csv"
        if path.is_file():
            lines.append(f"  {run:<24}{_against_git(places.root, path)}")
    return lines


def _against_git(root: Path, path: Path) -> str:
    command = ["git", "show", f"HEAD:./{path.relative_to(root).as_posix()}"]
    try:
        done = subprocess.run(command, cwd=root, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "not in git"
    content = path.read_bytes()
    if done.stdout == content:
        return "identical"
    old, new = (dict(line.split(",", 1) for line in text.decode().split()) for text in (done.stdout, content))
    if old.keys() != new.keys():
        return "of other images"
    differ = sum(old[name] != new[name] for name in new)
    return f"{differ} of {len(new)} answers differ"
