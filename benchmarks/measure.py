"""What every benchmark needs: paired timings, peak memory of a child process, and one row of the table."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Row", "alone", "in_child", "paired"]


@dataclass(frozen=True)
class Row:
    """One line of docs/benchmarks.md.

    Attributes
    ----------
    what
        The task and its size.
    seconds
        Median seconds of the kit.
    plain
        Median seconds of the plain way on the same input in the same run; None when it was not run.
    ratio
        Median of the paired ratios plain / kit.
    repeats
        Number of (paired) measurements.
    note
        What the plain way is, or the further figure that matters.
    """

    what: str
    seconds: float
    plain: float | None
    ratio: float | None
    repeats: int
    note: str


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(what: str, ours: Callable[[], object], plain: Callable[[], object], *, repeats: int, note: str) -> Row:
    """Time both ways in turn, after one unmeasured call of ours, so that both see the same load of the machine."""
    ours()
    times = [(_seconds(ours), _seconds(plain)) for _ in range(repeats)]
    mine, theirs = ([pair[side] for pair in times] for side in (0, 1))
    return Row(what, median(mine), median(theirs), median(b / a for a, b in times), repeats, note)


def alone(what: str, ours: Callable[[], object], *, repeats: int, note: Callable[[], str]) -> Row:
    """Time the kit alone, where the plain way does not end in reasonable time; ``note`` is asked afterwards."""
    return Row(what, median(_seconds(ours) for _ in range(repeats)), None, None, repeats, note())


def in_child(script: str, *arguments: str) -> dict[str, float]:
    """Run a script beside this file in a process of its own; it prints one JSON object of figures as its last line."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures
