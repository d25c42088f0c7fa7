"""A selection study as a dot plot: every candidate's AUC with its interval, by family of embedding, best on top."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprint.audit.plots.style import BLACK, GREY, NOT_USED, UNKNOWN, USED, look, new_figure, printable

__all__ = ["study_plot"]

_LINE = 0.145
"""Height of a line in inches."""
_FONT = 6.5

_FAMILIES = {
    "grey values": (NOT_USED, "o"),
    "hand-made": (UNKNOWN, "D"),
    "metadata": (BLACK, "v"),
    "network": (USED, "s"),
}


def study_plot(title: str, table: pd.DataFrame, nested: dict[str, float], chosen: str) -> Figure:
    """Draw a study.

    A filled mark learns from no label, an open one does; colour and shape tell the family. The band across all lines is
    the interval of the nested AUC.

    Parameters
    ----------
    title
        Of the figure.
    table
        Columns ``candidate, family, learns, baseline, auc, low, high, p_corrected``; refused candidates have no AUC.
    nested
        ``auc``, ``low`` and ``high`` of "select, then use".
    chosen
        The selected candidate; its name is bold.
    """
    drawn = table.dropna(subset="auc")
    best = drawn.groupby("family", sort=False)["auc"].max().sort_values(ascending=False, kind="stable")
    lines = sum(1 + (drawn["family"] == family).sum() for family in best.index)
    with look():
        figure = new_figure(title, _LINE * max(lines, 6) + 1.2)
        axes = figure.subplots()
        axes.axvspan(nested["low"], nested["high"], color="#e4e4e4", linewidth=0, label="nested: interval", zorder=0)
        axes.axvline(nested["auc"], color=BLACK, linewidth=0.9, label="nested: select, then use", zorder=1)
        axes.axvline(0.5, color=GREY, linestyle=":", linewidth=0.9, label="chance", zorder=1)
        labels: list[tuple[str, bool]] = []
        for family in best.index:
            rows = drawn[drawn["family"] == family].sort_values("auc", ascending=False, kind="stable")
            for row in rows.to_dict("records"):
                _draw(axes, row, len(labels))
                labels.append((printable(str(row["candidate"]), 60), row["candidate"] == chosen))
            labels.append(("", False))
        places = range(len(labels) - 1)
        axes.set_yticks(places, [name for name, _ in labels[:-1]], fontsize=_FONT)
        for text, (_, bold) in zip(axes.get_yticklabels(), labels, strict=False):
            text.set_fontweight("bold" if bold else "normal")
        axes.set(ylim=(len(labels) - 1.4, -0.6), xlim=(0, 1.02), xlabel="ROC AUC")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.4, color="#dddddd")
        axes.set_axisbelow(True)
        handles, labelled = axes.get_legend_handles_labels()
        entries = dict(zip(labelled, handles, strict=True))
        figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=3)
    return figure


def _draw(axes: Axes, row: dict[str, object], place: int) -> None:
    colour, marker = _FAMILIES.get(str(row["family"]), (GREY, "x"))
    low, high, auc = (float(str(row[name])) for name in ("low", "high", "auc"))
    learns = bool(row["learns"])
    axes.plot([low, high], [place, place], color=colour, linewidth=0.9, zorder=2)
    axes.plot(
        [auc],
        [place],
        linestyle="none",
        marker="*" if row["baseline"] else marker,
        color=colour,
        markerfacecolor="white" if learns else colour,
        markersize=4,
        markeredgewidth=0.8,
        zorder=3,
        label=f"{row['family']}, {'learns' if learns else 'no label'}" + (", baseline" if row["baseline"] else ""),
    )
