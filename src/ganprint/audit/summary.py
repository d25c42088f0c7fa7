"""The summary table: every run, every other reading, every refusal and every trivial answer as a row."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["FIGURES", "OWN_READING", "SWAPPED_READING", "Row", "rows_of_run", "rows_of_trivial", "table_lines"]

FIGURES = ("f1", "accuracy", "roc_auc")
"""Figures of the short table; the metrics files have all of them."""

OWN_READING = "own"
"""Name of a run's own scores among its readings."""

SWAPPED_READING = "swapped"
"""Name of the same fit's scores beside noise in place of generated images: a control, and no row of the table."""

_TITLES = {"f1": "F1", "accuracy": "accuracy", "roc_auc": "ROC AUC"}
_SPLITS = {"development": "dev", "test": "test"}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    name
        Run, reading or trivial answer.
    kind
        ``run``, ``reading``, ``baseline``, ``trivial`` or ``refused``.
    figures
        Split to figure name to (value, low, high), None where undefined; a split without truth is absent.
    note
        Why a run was refused; empty otherwise.
    """

    name: str
    kind: str
    figures: Mapping[str, Mapping[str, tuple[float | None, float | None, float | None]]]
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)


def rows_of_run(details: Mapping[str, Any], *, baseline: bool) -> list[Row]:
    """Give the rows of one run from the content of its figures.json: the run, then its other readings."""
    name = str(details["run"])
    if details["refusal"] is not None:
        return [Row(name, "refused", {}, str(details["refusal"]))]
    rows = []
    readings = dict(details["readings"])
    own = readings.pop(OWN_READING)
    readings.pop(SWAPPED_READING, None)
    for reading, splits in [(OWN_READING, own), *readings.items()]:
        other = reading != OWN_READING
        title = f"{name}, {reading}" if other else name
        figures = {split: _figures(evaluation) for split, evaluation in splits.items()}
        rows.append(Row(title, "reading" if other else "baseline" if baseline else "run", figures))
    return rows


def rows_of_trivial(details: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Give the rows of the trivial answers from the content of trivial.json."""
    answers = list(next(iter(details.values()), {}))
    return [
        Row(answer, "trivial", {split: _figures(by_answer[answer]) for split, by_answer in details.items()})
        for answer in answers
    ]


def _figures(evaluation: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None, float | None]]:
    found = {}
    for name in FIGURES:
        figure = evaluation["figures"][name]
        # Where images share groups, the interval by group is the honest one.
        by_group = figure.get("group_low") is not None
        low, high = (figure["group_low"], figure["group_high"]) if by_group else (figure["low"], figure["high"])
        found[name] = (figure["value"], low, high)
    return found


def table_lines(rows: Iterable[Row], splits: Iterable[str]) -> list[str]:
    """Give the table as lines of GitHub-flavoured Markdown, padded so that it reads in a terminal as well."""
    columns = [(split, name) for split in splits for name in FIGURES]
    head = ["run", *(f"{_SPLITS[split]} {_TITLES[name]}" for split, name in columns)]
    body = []
    for row in rows:
        if row.kind == "refused":
            body.append([row.name, "refused", *("" for _ in columns[1:])])
            continue
        body.append([row.name, *(_cell(row.figures.get(split, {}).get(name)) for split, name in columns)])
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *body]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]


def _cell(figure: tuple[float | None, float | None, float | None] | None) -> str:
    if figure is None or figure[0] is None:
        return "-"
    value, low, high = figure
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.2f}, {high:.2f}]"
