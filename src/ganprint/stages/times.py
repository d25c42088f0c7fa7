"""How long each command of the pipeline took here and how much memory it had at most: no part of any result."""

import csv
import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ganprint.files import write_text
from ganprint.stages.places import Places

__all__ = ["TIMED", "read_span", "read_times", "record_time"]

TIMED = frozenset(
    ("corpus", "pretrain", "embed", "compare", "submit", "evaluate", "evidence", "memorisation", "audit-paper", "audit")
    + ("strength", "study")
)
"""Commands that are recorded: those that compute results."""

_COLUMNS = ["command", "seconds", "peak_mib", "ended"]

_Row = tuple[float, float, str]


def record_time(places: Places, command: str, seconds: float) -> None:
    """Put a command that ended well into results/times.csv, in the place of its last run, with the time of day (UTC).

    The file lies outside the pipeline's outputs: times differ from run to run, and results must not.
    """
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    times = {**_rows(places), command: (round(seconds, 2), round(_peak_mib(), 1), ended)}
    lines = [",".join(_COLUMNS), *(f"{name},{took},{peak},{when}" for name, (took, peak, when) in times.items())]
    write_text(_path(places), "\n".join(lines) + "\n")


def read_times(places: Places) -> dict[str, tuple[float, float]]:
    """Give seconds and peak memory (MiB) by command; what can not be read is left out."""
    return {name: (took, peak) for name, (took, peak, _) in _rows(places).items()}


def read_span(places: Places) -> tuple[datetime, datetime] | None:
    """Give when the first of the recorded commands started and the last one ended, each in its last run.

    None where one has no time of day: kits before November 2026 recorded none.
    """
    try:
        ends = [(datetime.fromisoformat(when), took) for took, _, when in _rows(places).values()]
        return min(end - timedelta(seconds=took) for end, took in ends), max(end for end, _ in ends)
    except (ValueError, OverflowError, TypeError):
        return None


def _rows(places: Places) -> dict[str, _Row]:
    try:
        rows = list(csv.DictReader(_path(places).read_text(encoding="utf-8").splitlines()))
        return {row["command"]: (float(row["seconds"]), float(row["peak_mib"]), row.get("ended") or "") for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _path(places: Places) -> Path:
    return places.root / "results" / "times.csv"


def _peak_mib() -> float:
    # macOS counts bytes, Linux kibibytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
