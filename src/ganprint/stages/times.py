"""How long each command of the pipeline took here and how much memory it had at most: no part of any result."""

import csv
import resource
import sys
from pathlib import Path

from ganprint.files import write_text
from ganprint.stages.places import Places

__all__ = ["TIMED", "read_times", "record_time"]

TIMED = frozenset({"corpus", "pretrain", "embed", "compare", "submit", "evaluate", "evidence", "audit-paper", "audit"})
"""Commands that are recorded: those that compute results."""

_COLUMNS = ["command", "seconds", "peak_mib"]


def record_time(places: Places, command: str, seconds: float) -> None:
    """Put a command that ended well into results/times.csv, in the place of its last run.

    The file lies outside the pipeline's outputs: times differ from run to run, and results must not.
    """
    times = {**read_times(places), command: (round(seconds, 2), round(_peak_mib(), 1))}
    lines = [",".join(_COLUMNS), *(f"{name},{took},{peak}" for name, (took, peak) in times.items())]
    write_text(_path(places), "\n".join(lines) + "\n")


def read_times(places: Places) -> dict[str, tuple[float, float]]:
    """Give seconds and peak memory (MiB) by command; what can not be read is left out."""
    try:
        rows = list(csv.DictReader(_path(places).read_text(encoding="utf-8").splitlines()))
        return {row["command"]: (float(row["seconds"]), float(row["peak_mib"])) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _path(places: Places) -> Path:
    return places.root / "results" / "times.csv"


def _peak_mib() -> float:
    # macOS counts bytes, Linux kibibytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
