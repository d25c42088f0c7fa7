"""ROC curves with a logarithmic axis, on which the low false positive rates that matter to privacy can be seen."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ganprint.audit.plots.panels import label_outer, legend_below, panels_of_run, panels_of_runs, parts_of
from ganprint.audit.plots.style import BLACK, GREY, NOT_USED, SPLIT_LINES, look, say

__all__ = ["roc_plot", "roc_plot_of_runs"]

_NO_CURVE = "no curve: all images of this split are of one class"


def roc_plot(title: str, points: pd.DataFrame, band: pd.DataFrame | None = None) -> Figure:
    """Draw the ROC of each reading and split of one run.

    Curve and band are steps: the largest true positive rate of all thresholds whose false positive rate is not above
    the one on the axis. The left edge of the axis stands for a false positive rate of 0.

    Parameters
    ----------
    title
        Of the figure.
    points
        Columns ``fpr, tpr, split, reading`` (:func:`ganprint.evaluate.curves.roc_points`), in the order of the curve.
    band
        Columns ``fpr, low, high, split, reading`` (:func:`ganprint.evaluate.bands.roc_band`).
    """
    band = points.iloc[:0].assign(low=[], high=[]) if band is None else band
    with look():
        figure, panels = panels_of_run(title, parts_of(points, band), 2.75)
        edge = _edge(points, band)
        for (reading, split), axes in panels.items():
            curve, around = (_part(table, reading=reading, split=split) for table in (points, band))
            if curve.empty:
                say(axes, _NO_CURVE)
                continue
            _draw_band(axes, around, edge)
            _draw_curve(axes, curve, edge, split)
            _finish(axes, edge, labelled=True)
        legend_below(figure)
    return figure


def roc_plot_of_runs(title: str, points: pd.DataFrame, band: pd.DataFrame) -> Figure:
    """Draw the ROC of many runs as small panels, the band around the test curve, or around the only one there is.

    Parameters
    ----------
    title
        Of the figure.
    points, band
        As for :func:`roc_plot`, with a further column ``run``, and of one reading per run.
    """
    runs = list(dict.fromkeys(points["run"].astype(str)))
    with look():
        figure, grid = panels_of_runs(title, runs, 1.95)
        edge = _edge(points, band)
        for run, axes in zip(runs, grid, strict=False):
            curves = _part(points, run=run)
            splits = list(dict.fromkeys(curves["split"].astype(str)))
            _draw_band(axes, _part(band, run=run, split=splits[-1]), edge)
            for split in splits:
                _draw_curve(axes, _part(curves, split=split), edge, split)
            _finish(axes, edge, labelled=False)
        label_outer(figure, "false positive rate", "true positive rate")
        legend_below(figure)
    return figure


def _part(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def _edge(points: pd.DataFrame, band: pd.DataFrame) -> float:
    """Left edge of the axis: half of the smallest false positive rate that was observed, and 0.05 at most."""
    rates = np.concatenate([points["fpr"].to_numpy(dtype=float), band["fpr"].to_numpy(dtype=float)])
    return float(min(rates[rates > 0].min(initial=0.1) / 2, 0.05))


def _draw_curve(axes: Axes, curve: pd.DataFrame, edge: float, split: str) -> None:
    axes.step(
        np.maximum(curve["fpr"].to_numpy(dtype=float), edge),
        curve["tpr"].to_numpy(dtype=float),
        where="post",
        linestyle=SPLIT_LINES.get(split, "-."),
        color=NOT_USED if split == "test" else BLACK,
        label=split,
    )


def _draw_band(axes: Axes, band: pd.DataFrame, edge: float) -> None:
    if band.empty:
        return
    rates, low, high = (band[name].to_numpy(dtype=float) for name in ("fpr", "low", "high"))
    axes.fill_between(np.maximum(rates, edge), low, high, step="post", color="#B9D7EA", linewidth=0, label="band")


def _finish(axes: Axes, edge: float, *, labelled: bool) -> None:
    rates = np.geomspace(edge, 1, 100)
    axes.plot(rates, rates, linestyle=":", linewidth=1.1, color=GREY, label="chance")
    axes.set(xscale="log", xlim=(edge, 1), ylim=(-0.02, 1.02), yticks=[0, 0.25, 0.5, 0.75, 1])
    decades = [rate for rate in (1e-4, 1e-3, 0.01, 0.1, 1.0) if rate > edge * 1.5]
    axes.xaxis.set_major_locator(FixedLocator([edge, *decades]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(["0", *(f"{100 * rate:g} %" for rate in decades)])
    if labelled:
        axes.set(xlabel="false positive rate (left edge: none)", ylabel="true positive rate")
