"""Figures of several panels: one per reading and split of a run, or one per run."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprint.audit.plots.style import WIDTH, new_figure, printable
from ganprint.audit.summary import OWN_READING

__all__ = ["label_outer", "legend_below", "panel_title", "panels_of_run", "panels_of_runs", "parts_of"]

_SINGLE_WIDTH = 4.0


def parts_of(*tables: pd.DataFrame) -> list[tuple[str, str]]:
    """Give the (reading, split) pairs of tables, in order of appearance."""
    pairs: dict[tuple[str, str], None] = {}
    for table in tables:
        pairs |= dict.fromkeys(zip(table["reading"].astype(str), table["split"].astype(str), strict=True))
    return list(pairs)


def panel_title(reading: str, split: str) -> str:
    """Name a panel: the split, and the reading where it is not the run's own."""
    return split if reading == OWN_READING else f"{printable(reading)}: {split}"


def panels_of_run(
    title: str, parts: list[tuple[str, str]], height: float
) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """Give a figure with a panel per reading (rows) and split (columns); ``height`` is a row's, in inches."""
    readings, splits = (list(dict.fromkeys(part[axis] for part in parts)) for axis in (0, 1))
    rows, columns = max(len(readings), 1), max(len(splits), 1)
    figure = new_figure(title, height * rows + 0.5, WIDTH if columns > 1 else _SINGLE_WIDTH)
    grid = figure.subplots(rows, columns, squeeze=False)
    panels = {}
    for row, reading in enumerate(readings):
        for column, split in enumerate(splits):
            axes = grid[row, column]
            axes.set_title(panel_title(reading, split))
            panels[reading, split] = axes
    if not parts:
        panels["", ""] = grid[0, 0]
    return figure, panels


def panels_of_runs(title: str, runs: list[str], height: float, columns: int = 3) -> tuple[Figure, Iterator[Axes]]:
    """Give a figure with a small panel per run, titled with its name; ``height`` is a row's, in inches."""
    columns = max(min(columns, len(runs)), 1)
    rows = max(math.ceil(len(runs) / columns), 1)
    figure = new_figure(title, height * rows + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, run in zip(grid, runs, strict=False):
        axes.set_title(printable(run, 30))
    for axes in grid[len(runs) :]:
        axes.set_axis_off()
    return figure, iter(grid)


def legend_below(figure: Figure) -> None:
    """Put one legend below all panels, with each entry once."""
    entries: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=min(len(entries), 4))


def label_outer(figure: Figure, below: str, left: str) -> None:
    """Label the panels of the last row and of the first column alone."""
    for axes in figure.axes:
        place = axes.get_subplotspec()
        if place is None or not axes.axison:
            continue
        if place.is_last_row():
            axes.set_xlabel(below)
        if place.is_first_col():
            axes.set_ylabel(left)
