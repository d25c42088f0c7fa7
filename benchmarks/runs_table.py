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

import yaml

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
    """Give figures by run, in the order of params.yaml, and the tests by split."""
    inference = read(project / "results" / "evaluate" / "inference.json")
    runs = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))["runs"]
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
    for run in dict.fromkeys(run for figures, _ in found.values() for run in figures):
        cells = [shown(found[title], run, split, reading) for title, split in heads]
        if any(one not in {"–", "refused"} for one in cells) or (reading == OWN and "refused" in cells):
            lines.append(line([run, *cells]))
    return lines


def shown(found: tuple[dict[str, Any], dict[str, Any]], run: str, split: str, reading: str) -> str:
    """Write one cell."""
    figures, splits = found
    if run not in figures:
        return "–"
    if figures[run]["refusal"] is not None:
        return "refused"
    parts = figures[run]["readings"].get(reading, {})
    auc = parts[split]["figures"]["roc_auc"] if split in parts else None
    test = splits[split]["runs"].get(run, {}).get("permutation", {}).get("roc_auc", {})
    return cell(auc, test.get("p_holm") if reading == OWN else None)


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
