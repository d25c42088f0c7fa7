"""Distributions of scores: how far used and not-used images lie apart, and where the threshold cuts."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ganprint.audit.plots.panels import label_outer, legend_below, panels_of_run, panels_of_runs, parts_of
from ganprint.audit.plots.style import BLACK, NOT_USED, USED, look, printable, say

__all__ = ["histogram_plot", "score_plot", "score_plot_of_runs"]

_THRESHOLD = "threshold: used from here on"


def histogram_plot(title: str, bins: pd.DataFrame, thresholds: Mapping[str, float]) -> Figure:
    """Draw the scores of a run, with the same thresholds for all of its readings.

    Parameters
    ----------
    title
        Of the figure.
    bins
        As for :func:`score_plot`.
    thresholds
        Name of the rule to threshold.
    """
    readings = dict.fromkeys(reading for reading, _ in parts_of(bins))
    rows = [(reading, rule, value) for reading in readings for rule, value in thresholds.items()]
    return score_plot(title, bins, pd.DataFrame(rows, columns=["reading", "rule", "threshold"]))


def score_plot(title: str, bins: pd.DataFrame, thresholds: pd.DataFrame) -> Figure:
    """Draw how many used and not-used images have which score, for each reading and split of one run.

    Parameters
    ----------
    title
        Of the figure.
    bins
        Columns ``low, high, used, not_used, split, reading`` (:func:`ganprint.evaluate.curves.score_histogram`).
    thresholds
        Columns ``reading, rule, threshold``.
    """
    with look():
        figure, panels = panels_of_run(title, parts_of(bins), 2.2)
        for (reading, split), axes in panels.items():
            part = bins[(bins["reading"] == reading) & (bins["split"] == split)]
            if part.empty:
                say(axes, "no scores")
                continue
            _draw(axes, part)
            for _, row in thresholds[thresholds["reading"] == reading].iterrows():
                _draw_threshold(axes, part, float(row["threshold"]), str(row["rule"]))
            axes.set(xlabel="score (higher = more likely used)", ylabel="images")
        legend_below(figure)
    return figure


def score_plot_of_runs(title: str, bins: pd.DataFrame, thresholds: pd.DataFrame) -> Figure:
    """Draw the scores of many runs as small panels, one reading and split each.

    Parameters
    ----------
    title
        Of the figure.
    bins
        Columns ``low, high, used, not_used, run``.
    thresholds
        Columns ``run, rule, threshold``.
    """
    runs = list(dict.fromkeys(bins["run"].astype(str)))
    with look():
        figure, grid = panels_of_runs(title, runs, 1.6)
        for run, axes in zip(runs, grid, strict=False):
            part = bins[bins["run"] == run]
            _draw(axes, part)
            for _, row in thresholds[thresholds["run"] == run].iterrows():
                _draw_threshold(axes, part, float(row["threshold"]), "")
            axes.xaxis.set_major_locator(MaxNLocator(4))
        label_outer(figure, "score", "images")
        legend_below(figure)
    return figure


def _draw(axes: Axes, part: pd.DataFrame) -> None:
    edges = [*part["low"], part["high"].iloc[-1]]
    # A filled, hatched area and a dashed outline: told apart without colour.
    axes.stairs(part["used"], edges, fill=True, facecolor="#F6CDB0", edgecolor=USED, hatch="////", label="used")
    axes.stairs(part["not_used"], edges, color=NOT_USED, linestyle=(0, (4, 1.5)), linewidth=1.6, label="not used")
    axes.set_ylim(0, max(float(part[["used", "not_used"]].to_numpy().max()), 1) * 1.18)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _draw_threshold(axes: Axes, part: pd.DataFrame, threshold: float, rule: str) -> None:
    low, high = float(part["low"].min()), float(part["high"].max())
    reach = high / 2 - low / 2  # half a span, halved before the difference, which may overflow
    if low - reach <= threshold <= high + reach:
        axes.axvline(threshold, color=BLACK, linestyle=":", linewidth=1.2, label=_THRESHOLD)
        note, side = printable(rule), "left"
        place, where = threshold, axes.get_xaxis_transform()
    else:
        # A line far outside would squeeze the distribution into nothing.
        right = threshold > high
        note = f"threshold {threshold:.3g} {'→' if right else '←'}"
        place, where, side = float(right), axes.transAxes, "right" if right else "left"
    axes.text(place, 0.99, f" {note} ", transform=where, ha=side, va="top", fontsize=7)
