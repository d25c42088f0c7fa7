"""Dendrograms: which images a clustering merged at which height, and where it was cut."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram

from ganprint.audit.plots.style import BLACK, NOT_USED, look, new_figure

__all__ = ["dendrogram_plot", "dendrogram_table"]

_LEAVES = 40
# Part to colour, width, line style and words.
_FORKS: dict[str, tuple[str, float, Any, str]] = {
    "above": (BLACK, 0.9, (0, (2, 1.2)), "merge undone by the cut"),
    "below": (NOT_USED, 1.5, "-", "merge kept"),
}


def dendrogram_table(tree: NDArray[np.float64], cut_height: float) -> pd.DataFrame:
    """Give the last merges of a hierarchical clustering as they are drawn.

    Parameters
    ----------
    tree
        SciPy linkage matrix, [n - 1, 4]; its last 39 merges are drawn.
    cut_height
        Merges above it were undone.

    Returns
    -------
    Columns ``part, left, right, left_height, right_height, height, images``: a row per merge (``above`` or ``below``
    the cut) with the places and heights of the two branches it joins, a row per ``leaf`` (a branch of so many images,
    at place ``left``), and one for the ``cut``.
    """
    drawn = dendrogram(tree, p=_LEAVES, truncate_mode="lastp", no_plot=True)
    rows: list[tuple[object, ...]] = []
    for across, up in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        part = "above" if up[1] > cut_height else "below"
        rows.append((part, across[0], across[2], up[0], up[3], up[1], None))
    n = len(tree) + 1
    for place, leaf in enumerate(drawn["leaves"] or []):
        images = 1 if leaf < n else int(tree[leaf - n, 3])
        # SciPy puts leaves 10 apart, the first at 5.
        rows.append(("leaf", 10.0 * place + 5, None, None, None, None, images))
    rows.append(("cut", None, None, None, None, cut_height, None))
    columns = ["part", "left", "right", "left_height", "right_height", "height", "images"]
    return pd.DataFrame(rows, columns=columns).astype({"images": "Int64"})


def dendrogram_plot(title: str, tree: NDArray[np.float64], cut_height: float) -> Figure:
    """Draw the last merges of a linkage matrix [n - 1, 4] and the height of the cut, see :func:`dendrogram_table`."""
    table = dendrogram_table(tree, cut_height)
    with look():
        figure = new_figure(title, 2.9)
        axes = figure.add_subplot()
        for part, (colour, width, line, label) in _FORKS.items():
            forks = _forks(table[table["part"] == part])
            if len(forks):
                axes.add_collection(
                    LineCollection(list(forks), colors=colour, linewidths=width, linestyles=[line], label=label)
                )
        axes.axhline(cut_height, color=BLACK, linestyle=":", linewidth=1, label=f"cut at {cut_height:.3g}")
        leaves = table[table["part"] == "leaf"]
        axes.set_xticks(leaves["left"].to_numpy(dtype=float), [str(images) for images in leaves["images"]])
        axes.tick_params(axis="x", rotation=90, labelsize=6.5, length=2)
        top = float(np.nanmax(table["height"].to_numpy(dtype=float)))
        axes.set(xlim=(0, 10 * len(leaves)), ylim=(0, top * 1.05 if top > 0 else 1))
        axes.set(xlabel="images in each branch", ylabel="height of the merge")
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def _forks(merges: pd.DataFrame) -> NDArray[np.float64]:
    """Corners of each fork, [merges, 4, 2]: up the left branch, across, and down the right one."""
    across = merges[["left", "left", "right", "right"]].to_numpy(dtype=float)
    up = merges[["left_height", "height", "height", "right_height"]].to_numpy(dtype=float)
    return np.stack([across, up], axis=-1)
