"""Map of an embedding: all images as points, alike ones near each other."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from ganprint.audit.plots.style import BLACK, GREY, NOT_USED, UNKNOWN, USED, look, new_figure, say

__all__ = ["map_plot", "map_table"]

# Part to its words in the legend, marker, size, face and edge; drawn in this order, so what is asked about lies on top.
_PARTS = {
    "generated": ("generated", ".", 9, "#999999", "#999999"),
    "unknown": ("real, not known (test)", "+", 22, UNKNOWN, UNKNOWN),
    "not_used": ("real, not used", "^", 20, "white", NOT_USED),
    "used": ("real, used", "o", 16, USED, BLACK),
}


def map_table(rows: NDArray[np.generic], keys: pd.DataFrame, seed: int, least: int = 100) -> pd.DataFrame:
    """Give the places of images on their two principal components.

    All real images are placed, and of the generated ones as many at random, so that they do not hide them. The
    components (scikit-learn's PCA: the two directions in which the images differ most) are those of the images placed.

    Parameters
    ----------
    rows
        [n, d], features or grey values.
    keys
        n rows with the columns ``split, role, id, membership``; membership is ``used``, ``not_used``, ``unknown`` or,
        for generated images, empty.
    seed
        Of the choice of generated images, and of the PCA.
    least
        Generated images are never thinned out below this number.

    Returns
    -------
    Columns ``id, split, part, first, second, first_share, second_share``: ``part`` is the membership or ``generated``,
    and the shares are those of the variance along either component. No rows when images differ in fewer than two ways.
    """
    rng = np.random.default_rng(seed)
    generated = np.flatnonzero(keys["role"] == "generated")
    real = np.flatnonzero(keys["role"] == "real")
    kept = min(len(generated), max(len(real), least))
    placed = np.sort(np.concatenate([real, rng.choice(generated, kept, replace=False)]))
    columns = ["id", "split", "part", "first", "second", "first_share", "second_share"]
    features = rows[placed].astype(np.float64)
    spread = features - features.mean(axis=0) if len(placed) else features
    if min(spread.shape) < 3 or np.linalg.norm(spread) == 0:
        return pd.DataFrame(columns=columns)
    model = PCA(2, svd_solver="randomized", random_state=seed % 2**32)
    places = model.fit_transform(features)
    chosen = keys.iloc[placed]
    part = chosen["membership"].where(chosen["role"] == "real", "generated")
    shares = dict(zip(("first_share", "second_share"), map(float, model.explained_variance_ratio_), strict=True))
    table = {"id": chosen["id"], "split": chosen["split"], "part": part, "first": places[:, 0], "second": places[:, 1]}
    return pd.DataFrame(table).assign(**shares).reset_index(drop=True)[columns]


def map_plot(title: str, table: pd.DataFrame, generated: int) -> Figure:
    """Draw a map of images.

    Parameters
    ----------
    title
        Of the figure.
    table
        Of :func:`map_table`.
    generated
        How many generated images there are in all, to be named beside the number drawn.
    """
    with look():
        figure = new_figure(title, 4.4, 5.6)
        axes = figure.add_subplot()
        if table.empty:
            say(axes, "no map: the images do not differ in two directions")
            return figure
        for part, (words, marker, size, face, edge) in _PARTS.items():
            points = table[table["part"] == part]
            if points.empty:
                continue
            count = f"{len(points)} of {generated}" if part == "generated" else f"{len(points)}"
            outline: dict[str, Any] = {} if marker in "+." else {"edgecolors": edge}
            axes.scatter(
                points["first"],
                points["second"],
                s=size,
                marker=marker,
                c=face,
                linewidths=0.8,
                label=f"{words} ({count})",
                **outline,
            )
        shares = table.iloc[0]
        axes.set_xlabel(f"first component ({100 * shares['first_share']:.1f} % of the variance)")
        axes.set_ylabel(f"second component ({100 * shares['second_share']:.1f} % of the variance)")
        axes.axhline(0, color=GREY, linewidth=0.4, zorder=0)
        axes.axvline(0, color=GREY, linewidth=0.4, zorder=0)
        figure.legend(loc="outside lower center", ncols=2)
    return figure
