"""AUC against the strength of the leak: a panel per run with bands, and one map of all runs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprint.audit.plots.panels import label_outer, legend_below, panels_of_runs
from ganprint.audit.plots.style import BLACK, GREY, NOT_USED, SPLIT_LINES, look, new_figure, printable

__all__ = ["strength_map", "strength_plot"]

_COLUMNS = 4
_TITLE = 6.5
"""Font size of the panels' titles: runs have long names, and there are many of them."""
_WHITE_FROM = 0.8
"""AUC from which on the map's field is so dark that figures in it are white."""


def strength_plot(title: str, bands: pd.DataFrame) -> Figure:
    """Draw mean AUC and band against the level, a panel per run.

    Parameters
    ----------
    title
        Of the figure.
    bands
        Columns ``run, split, level, auc, low, high`` (:func:`ganprint.evaluate.strength.bands`).
    """
    with look():
        figure, panels = panels_of_runs(title, list(bands["run"].unique()), 1.15, _COLUMNS)
        for (_, part), axes in zip(bands.groupby("run", sort=False), panels, strict=False):
            axes.title.set_fontsize(_TITLE)
            _draw(axes, part)
        label_outer(figure, "memorisation", "ROC AUC")
        legend_below(figure)
    return figure


def _draw(axes: Axes, part: pd.DataFrame) -> None:
    axes.axhline(0.5, linestyle=":", linewidth=0.9, color=GREY, label="chance")
    for split, rows in part.groupby("split", sort=True):
        level, auc, low, high = (rows[name].to_numpy(dtype=float) for name in ("level", "auc", "low", "high"))
        test = split == "test"
        if test:
            axes.fill_between(level, low, high, color=NOT_USED, alpha=0.25, linewidth=0, label="band, test")
        axes.plot(
            level,
            auc,
            linestyle=SPLIT_LINES[str(split)],
            linewidth=1.1,
            marker="o" if test else "s",
            markersize=2.5,
            markerfacecolor=NOT_USED if test else "white",
            markeredgewidth=0.6,
            color=NOT_USED if test else BLACK,
            label=str(split),
        )
    axes.set(ylim=(0, 1.04), xlim=(-0.04, 1.04))


def strength_map(title: str, bands: pd.DataFrame, split: str) -> Figure:
    """Draw the mean AUC of every run at every level as a field, the runs that see most on top.

    A figure is bold where its band lies above 0.5; shading repeats the figure, white is 0.5 and below.

    Parameters
    ----------
    title
        Of the figure.
    bands
        As of :func:`strength_plot`.
    split
        Which part of them.
    """
    chosen = bands[bands["split"] == split]
    auc, low = (chosen.pivot_table(index="run", columns="level", values=name) for name in ("auc", "low"))
    order = auc.mean(axis=1).sort_values(ascending=False, kind="stable").index
    auc, low = auc.loc[order], low.loc[order]
    with look():
        figure = new_figure(title, 0.19 * max(len(order), 2) + 1.0)
        axes = figure.subplots()
        axes.imshow(np.maximum(auc.to_numpy(dtype=float), 0.5), cmap="Blues", vmin=0.5, vmax=1, aspect="auto")
        values, limits = auc.to_numpy(dtype=float), low.to_numpy(dtype=float)
        for row, column in np.argwhere(np.isfinite(values)):
            value = values[row, column]
            axes.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=7,
                fontweight="bold" if limits[row, column] > 0.5 else "normal",
                color="white" if value >= _WHITE_FROM else BLACK,
            )
        axes.set_xticks(range(auc.shape[1]), [f"{level:g}" for level in auc.columns])
        axes.set_yticks(range(len(order)), [printable(str(run)) for run in order])
        axes.tick_params(length=0)
        axes.set_xlabel("memorisation")
    return figure
