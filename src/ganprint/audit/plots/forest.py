"""Forest plot: the figures of all runs with their intervals, beside chance and the answer "all used"."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ganprint.audit.plots.style import BLACK, GREY, NOT_USED, USED, look, new_figure, printable, say
from ganprint.audit.summary import Row

__all__ = ["ALL_USED", "CHANCE", "forest_plot", "forest_table"]

CHANCE, ALL_USED = "coin-expected", "all-used"
"""Names of the trivial answers that lines are drawn of."""

_FIGURES = {"roc_auc": "ROC AUC", "f1": "F1", "accuracy": "accuracy"}
_COLUMNS = ("name", "kind", "split", "figure", "value", "low", "high")

_Line = Literal[":", "--"]
_LINES: tuple[tuple[str, _Line, str], ...] = ((CHANCE, ":", "chance"), (ALL_USED, "--", "all used"))


class _Mark(NamedTuple):
    marker: str
    colour: str
    title: str


_MARKS = {
    "run": _Mark("o", NOT_USED, "run"),
    "reading": _Mark("D", NOT_USED, "other reading of a run"),
    "baseline": _Mark("s", USED, "baseline"),
    "trivial": _Mark("X", BLACK, "trivial answer"),
}


def forest_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Give rows of the summary as the table of a forest plot: ``name, kind, split, figure, value, low, high``.

    Values that are undefined, and intervals that there are none of, are missing; a refused run has one row without
    split and figure.
    """
    table: list[tuple[object, ...]] = []
    for row in rows:
        if row.kind == "refused":
            table.append((row.name, row.kind, "", "", None, None, None))
        for split, figures in row.figures.items():
            table += [(row.name, row.kind, split, name, *figures[name]) for name in _FIGURES if name in figures]
    numbers = dict.fromkeys(("value", "low", "high"), np.float64)
    return pd.DataFrame(table, columns=list(_COLUMNS)).astype(numbers)


def forest_plot(title: str, table: pd.DataFrame) -> Figure:
    """Draw all figures of a table with their intervals.

    The shape of a mark tells runs, other readings, baselines and trivial answers apart, a filled mark is the test split
    and an open one the development split. The lines are the rows :data:`CHANCE` and :data:`ALL_USED` on the test split,
    or on development where nothing is known of the test split.

    Parameters
    ----------
    title
        Of the figure.
    table
        Of :func:`forest_table`; ``kind`` is ``run``, ``reading``, ``baseline``, ``trivial`` or ``refused``.
    """
    kinds = dict(zip(table["name"].astype(str), table["kind"].astype(str), strict=True))
    places = {name: float(-row) for row, name in enumerate(kinds)}
    with look():
        figure = new_figure(title, 0.25 * max(len(kinds), 2) + 1.5)
        grid = figure.subplots(1, len(_FIGURES), sharey=True)
        if table.empty:
            for axes in grid:
                say(axes, "no figures", 12)
            return figure
        for axes, (name, heading) in zip(grid, _FIGURES.items(), strict=True):
            _draw_lines(axes, table[table["figure"] == name])
            _draw_marks(axes, table[table["figure"] == name], places)
            axes.set(title=heading, xlim=(-0.03, 1.03), ylim=(min(places.values()) - 0.6, 0.6))
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
            axes.grid(axis="x", linewidth=0.4, color="#dddddd")
            axes.set_axisbelow(True)
            axes.tick_params(axis="y", length=0)
            _separate(axes, kinds, places)
        for name in (name for name, kind in kinds.items() if kind == "refused"):
            grid[0].text(0.5, places[name], "refused", ha="center", va="center", style="italic")
        grid[0].set_yticks(list(places.values()), [printable(name) for name in places])
        figure.legend(handles=_handles(table), loc="outside lower center", ncols=4)
    return figure


def _draw_lines(axes: Axes, table: pd.DataFrame) -> None:
    for name, line, _ in _LINES:
        rows = table[(table["name"] == name) & (table["kind"] == "trivial")].dropna(subset="value")
        if len(rows):
            axes.axvline(float(rows.iloc[-1]["value"]), color=GREY, linestyle=line, linewidth=1.1, zorder=1)


def _draw_marks(axes: Axes, table: pd.DataFrame, places: Mapping[str, float]) -> None:
    both = len(set(table["split"])) > 1
    for row in table.dropna(subset="value").to_dict("records"):
        mark, test = _MARKS[str(row["kind"])], row["split"] == "test"
        place = places[str(row["name"])] + (0.17 if test else -0.17) * both
        low, high = float(row["low"]), float(row["high"])
        if not np.isnan(low + high):
            axes.plot([low, high], [place, place], color=mark.colour, linewidth=1.4 if test else 0.8, zorder=2)
        axes.plot(
            [row["value"]],
            [place],
            mark.marker,
            color=mark.colour,
            markerfacecolor=mark.colour if test else "white",
            markersize=4.5,
            markeredgewidth=0.8,
            zorder=3,
            label=f"{row['name']}|{row['split']}",
        )


def _separate(axes: Axes, kinds: Mapping[str, str], places: Mapping[str, float]) -> None:
    """A thin line where runs end and baselines or trivial answers begin."""
    of_runs = {"run", "reading", "refused"}
    for before, after in pairwise(kinds):
        if kinds[before] != kinds[after] and not {kinds[before], kinds[after]} <= of_runs:
            axes.axhline(places[after] + 0.5, color=GREY, linewidth=0.5, zorder=0.5)


def _handles(table: pd.DataFrame) -> list[Line2D]:
    shown = [mark for kind, mark in _MARKS.items() if (table["kind"] == kind).any()]
    handles = [Line2D([], [], marker=mark.marker, color=mark.colour, linestyle="", label=mark.title) for mark in shown]
    for split, fill in (("test", BLACK), ("development", "white")):
        if (table["split"] == split).any():
            handles.append(
                Line2D([], [], marker="o", color=BLACK, markerfacecolor=fill, linestyle="", label=f"{split} split")
            )
    for name, line, title in _LINES:
        if (table["name"] == name).any():
            handles.append(Line2D([], [], color=GREY, linestyle=line, label=title))
    return handles
