"""Run every benchmark beside this file and write docs/benchmarks.md.

A benchmark is a file ``bench_<room>.py`` with a function ``rows(quick)`` that yields :class:`measure.Row`; nothing else
has to be edited to add one. ``--quick`` shrinks the sizes to see that everything runs; ``--only ROOM`` runs one file;
``--output PATH`` writes elsewhere.
"""

import argparse
import datetime as dt
import importlib
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from measure import Row

HERE = Path(__file__).parent
PACKAGES = ("ganprint", "numpy", "scipy", "scikit-learn", "torch", "torchvision")


def processor() -> str:
    """Give the processor's model as the system names it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def seconds(value: float | None) -> str:
    """Give three significant figures."""
    return "" if value is None else f"{value:.3g}"


def table(rows: Iterable[Row]) -> str:
    """Give the rows as a Markdown table."""
    lines = [
        "| Task | ganprint (s) | plain (s) | plain / ganprint | repeats | Remark |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        cells = [row.what, seconds(row.seconds), seconds(row.plain), ratio, str(row.repeats), row.note]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def document(rows: Iterable[Row]) -> str:
    """Give the whole page."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`; figures depend on the machine and its load, and no test asserts them. Times are "
        "medians; the ratio is the median of paired ratios, both ways being timed in turn on the same input.\n\n"
        f"- Machine: {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}\n"
        f"- Date: {today}; load average at the end (1, 5, 15 minutes): {load}\n"
        f"- Versions: Python {platform.python_version()}, {versions}\n\n"
        f"{table(rows)}\n"
    )


def main() -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything runs")
    parser.add_argument("--only", help="run bench_ONLY.py alone")
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs" / "benchmarks.md")
    options = parser.parse_args()
    rows: list[Row] = []
    for path in sorted(HERE.glob(f"bench_{options.only or '*'}.py")):
        for row in importlib.import_module(path.stem).rows(options.quick):
            print(f"{row.what}: {seconds(row.seconds)} s, ratio {seconds(row.ratio) or '-'}; {row.note}", flush=True)
            rows.append(row)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(document(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
