"""All runs of several finished projects in one table: python benchmarks/runs_table.py TITLE=PROJECT ...

A project is a folder in which `dvc repro` has run with the same runs. Cells: ROC AUC with the interval of the report
(development: out of fold; resampled by group where images share groups), of the development and, where its truth is
known, the test split. A star: the permutation test by group, corrected for the number of the project's runs (Holm), is
at most 0.05. Controls follow in a table of their own: the same fits beside noise in place of the generated images.
"""

import argparse
import json
from pathlib import Path
from typing import Any

LEVEL = 0.05
OWN, SWAPPED = "own", "swapped"
TITLES = {"development": "dev.", "test": "test"}


def read(path: Path) -> dict[str, Any]:
    """Read what a stage wrote."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def cell(found: dict[str, Any] | None, corrected: float | None) -> str:
    """Write ROC AUC with its interval; a dash where there is none."""
    if found is None or found["value"] is None:
        return "–"
    group = found["group_low"] is not None
    low, high = (found["group_low"], found["group_high"]) if group else (found["low"], found["high"])
    star = "*" if corrected is not None and corrected <= LEVEL else ""
    return f"{found['value']:.3f}{star} [{low:.2f}, {high:.2f}]"


def columns(project: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give figures by run, and the tests by split."""
    inference = read(project / "results" / "evaluate" / "inference.json")
    runs = [name.stem for name in (project / "submissions").glob("*.csv")]
    folder = project / "results" / "evaluate"
    return {run: read(folder / run / "figures.json") for run in runs}, inference["splits"]


def line(cells: list[str]) -> str:
    """Write a row."""
    return f"| {' | '.join(cells)} |"


def table(projects: dict[str, Path], reading: str) -> list[str]:
    """Give the table of one reading."""
    found = {title: columns(project) for title, project in projects.items()}
    heads = [(title, split) for title, (_, splits) in found.items() for split in TITLES if split in splits]
    lines = [line(["run", *(f"{title}, {TITLES[split]}" for title, split in heads)])]
    lines.append("| --- |" + " ---: |" * len(heads))
    for run in sorted({run for figures, _ in found.values() for run in figures}):
        cells = []
        for title, split in heads:
            figures, splits = found[title]
            parts = figures[run]["readings"].get(reading, {}) if run in figures else {}
            auc = parts[split]["figures"]["roc_auc"] if split in parts else None
            test = splits[split]["runs"].get(run, {}).get("permutation", {}).get("roc_auc", {})
            cells.append(cell(auc, test.get("p_holm") if reading == OWN else None))
        if any(shown != "–" for shown in cells):
            lines.append(line([run, *cells]))
    return lines


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", nargs="+", metavar="TITLE=PROJECT")
    projects = {}
    for given in parser.parse_args().projects:
        title, _, folder = given.partition("=")
        projects[title] = Path(folder)
    for heading, reading in (("Runs", OWN), ("Beside noise in place of the generated images", SWAPPED)):
        print(f"### {heading}\n")
        print("\n".join(table(projects, reading)), end="\n\n")


if __name__ == "__main__":
    main()
