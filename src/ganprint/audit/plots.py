"""Plots of one run, drawn from tables."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram

__all__ = ["confusion_plot", "dendrogram_plot", "histogram_plot", "roc_plot"]

# Okabe and Ito's palette: told apart by colour-blind readers.
_USED, _NOT_USED, _GREY = "#D55E00", "#0072B2", "#777777"
_SPLIT_LINES = {"development": "--", "test": "-"}


def roc_plot(title: str, points: pd.DataFrame) -> Figure:
    """Draw the ROC of each split (columns fpr, tpr, split)."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot()
    for split, part in points.groupby("split", sort=False):
        axes.plot(part["fpr"], part["tpr"], _SPLIT_LINES[str(split)], color=_NOT_USED, label=split)
    axes.plot([0, 1], [0, 1], ":", color=_GREY, label="chance")
    axes.set(title=title, xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    axes.legend(loc="lower right")
    return figure


def histogram_plot(title: str, bins: pd.DataFrame, thresholds: Mapping[str, float]) -> Figure:
    """Draw the scores of used and not used images of each split (columns low, high, used, not_used, split)."""
    splits = list(dict.fromkeys(bins["split"]))
    figure = Figure(figsize=(6, 2.6 * len(splits)), layout="constrained")
    for number, split in enumerate(splits):
        axes = figure.add_subplot(len(splits), 1, number + 1)
        part = bins[bins["split"] == split]
        edges = [*part["low"], part["high"].iloc[-1]]
        for label, colour in (("used", _USED), ("not_used", _NOT_USED)):
            axes.stairs(part[label], edges, color=colour, label=label.replace("_", " "), linewidth=1.5)
        for name, value in thresholds.items():
            axes.axvline(value, color=_GREY, linestyle=":", label=f"threshold ({name})")
        axes.set(title=f"{title}, {split}", xlabel="score (higher = more likely used)", ylabel="images")
        axes.legend()
    return figure


def confusion_plot(title: str, counts: pd.DataFrame) -> Figure:
    """Draw the four counts of each split (columns actual, predicted, count, split)."""
    splits = list(dict.fromkeys(counts["split"]))
    figure = Figure(figsize=(3.4 * len(splits), 3.4), layout="constrained")
    for number, split in enumerate(splits):
        axes = figure.add_subplot(1, len(splits), number + 1)
        part = counts[counts["split"] == split].pivot_table(index="actual", columns="predicted", values="count")
        words = ["used", "not_used"]
        square: NDArray[np.float64] = part.loc[words, words].to_numpy()
        axes.imshow(square, cmap="Blues", vmin=0)
        for (row, column), count in np.ndenumerate(square):
            dark = count > square.max() / 2
            axes.text(column, row, f"{count:.0f}", ha="center", va="center", color="white" if dark else "black")
        labels = ["used", "not used"]
        axes.set(title=f"{title}\n{split}", xlabel="decision", ylabel="truth")
        axes.set_xticks([0, 1], labels)
        axes.set_yticks([0, 1], labels)
    return figure


def dendrogram_plot(title: str, tree: NDArray[np.float64], cut_height: float) -> Figure:
    """Draw the last merges of a linkage matrix [n - 1, 4] and the height of the cut."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.add_subplot()
    dendrogram(tree, p=40, truncate_mode="lastp", ax=axes, color_threshold=cut_height, above_threshold_color=_GREY)
    axes.axhline(cut_height, color=_GREY, linestyle=":")
    axes.set(
        title=f"{title} (last 40 merges, cut at {cut_height:.3g})", xlabel="images in branch", ylabel="Ward height"
    )
    axes.tick_params(axis="x", rotation=90)
    return figure
