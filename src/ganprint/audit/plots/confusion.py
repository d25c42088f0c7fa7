"""Confusion matrices: what was decided about used and about not-used images."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganprint.audit.plots.style import BLACK, WIDTH, look, new_figure, printable, say

__all__ = ["confusion_plot", "confusion_plot_of_runs"]

_WORDS = ("used", "not_used")


def confusion_plot(title: str, counts: pd.DataFrame) -> Figure:
    """Draw the four counts of each split, shaded by their share of the images of their truth.

    Parameters
    ----------
    title
        Of the figure.
    counts
        Columns ``actual, predicted, count, split`` (:func:`ganprint.evaluate.curves.confusion_counts`), of one reading.
    """
    splits = list(dict.fromkeys(counts["split"].astype(str)))
    with look():
        figure = new_figure(title, 2.6, max(2.7 * len(splits), 2.7))
        grid = figure.subplots(1, max(len(splits), 1), squeeze=False)[0]
        if not splits:
            say(grid[0], "no decisions")
        for axes, split in zip(grid, splits, strict=False):
            _cells(axes, [_square(counts[counts["split"] == split])], (2, 2))
            axes.set(title=split, xlabel="decision", ylabel="truth")
            axes.set_yticks([0, 1], ["used", "not used"])
            axes.set_xticks([0, 1], ["used", "not used"])
    return figure


def confusion_plot_of_runs(title: str, counts: pd.DataFrame) -> Figure:
    """Draw the four counts of many runs, a row per run, a block of four columns per split.

    Parameters
    ----------
    title
        Of the figure.
    counts
        Columns ``actual, predicted, count, split, run``, of one reading per run.
    """
    runs, splits = (list(dict.fromkeys(counts[name].astype(str))) for name in ("run", "split"))
    with look():
        figure = new_figure(title, 0.27 * max(len(runs), 2) + 1.3, WIDTH)
        grid = figure.subplots(1, max(len(splits), 1), squeeze=False, sharey=True)[0]
        if not splits:
            say(grid[0], "no decisions")
        for axes, split in zip(grid, splits, strict=False):
            part = counts[counts["split"] == split]
            _cells(axes, [_square(part[part["run"] == run]) for run in runs], (len(runs), 4))
            axes.set_aspect("auto")
            axes.set_title(split)
            axes.set_xticks(range(4), ["right", "missed", "false\nalarm", "right"])
            axes.axvline(1.5, color="white", linewidth=4)
            top = axes.secondary_xaxis("top")
            top.set_xticks([0.5, 2.5], ["truth: used", "truth: not used"])
            top.tick_params(length=0)
            top.spines["top"].set_visible(False)
        if splits:
            grid[0].set_yticks(range(len(runs)), [printable(run) for run in runs])
    return figure


def _square(part: pd.DataFrame) -> NDArray[np.int64]:
    """Counts by truth (rows) and decision (columns), used first; missing ones are 0."""
    found = part.groupby(["actual", "predicted"])["count"].sum()
    return np.array([[int(found.get((actual, said), 0)) for said in _WORDS] for actual in _WORDS], dtype=np.int64)


def _shares(square: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each count in the images of its truth; 0 where there are none."""
    of = square.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(square, of, out=np.zeros(square.shape), where=of > 0)
    return shares


def _cells(axes: Axes, squares: list[NDArray[np.int64]], shape: tuple[int, int]) -> None:
    """Draw the counts of squares as [rows, columns] cells, shaded by their share."""
    counts, shares = (
        np.concatenate([part.ravel() for part in parts]).reshape(shape)
        for parts in (squares, [_shares(square) for square in squares])
    )
    axes.imshow(shares, cmap=colormaps["Blues"], vmin=0, vmax=1.15)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.68 else BLACK
        axes.text(column, row, f"{count}", ha="center", va="center", color=colour)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
