"""Calibration: the share of used images beside the probability that a run gave them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprint.audit.plots.panels import legend_below, panels_of_run, parts_of
from ganprint.audit.plots.style import BLACK, GREY, NOT_USED, look, say

__all__ = ["calibration_plot"]

_AXIS = {"none": "score, read as a probability", "platt": "probability made from the score's rank"}


def calibration_plot(title: str, table: pd.DataFrame) -> Figure:
    """Draw the calibration of each reading and split of one run.

    Parameters
    ----------
    title
        Of the figure.
    table
        Columns of :func:`ganprint.evaluate.calibration.reliability`, and ``mapping`` (``none``: the scores are the
        probabilities; ``platt``: mapped, see :func:`ganprint.evaluate.calibration.probabilities`), ``split`` and
        ``reading``.
    """
    with look():
        figure, panels = panels_of_run(title, parts_of(table), 2.35)
        for (reading, split), axes in panels.items():
            part = table[(table["reading"] == reading) & (table["split"] == split)]
            if part.empty:
                say(axes, "no probabilities")
                continue
            _draw(axes, part, split)
        legend_below(figure)
    return figure


def _draw(axes: Axes, part: pd.DataFrame, split: str) -> None:
    axes.plot([0, 1], [0, 1], linestyle=":", color=GREY, label="perfect")
    observed, low, high = (part[name].to_numpy(dtype=float) for name in ("observed", "low", "high"))
    axes.errorbar(
        part["probability"].to_numpy(dtype=float),
        observed,
        # Rounding may put a limit beyond the share itself by a last digit.
        yerr=np.maximum([observed - low, high - observed], 0),
        fmt="o",
        markersize=4,
        capsize=2,
        linewidth=1.1,
        color=NOT_USED if split == "test" else BLACK,
        markerfacecolor=NOT_USED if split == "test" else "white",
        label=split,
    )
    first = part.iloc[0]
    least, most = int(part["images"].min()), int(part["images"].max())
    images = f"{least}" if least == most else f"{least} to {most}"
    said = (
        f"Brier score {first['brier']:.3f}\n(constant\nanswer {first['brier_constant']:.3f})\n\n"
        f"calibration\nerror {first['expected_calibration_error']:.3f}\n\n"
        f"{len(part)} bin{'s' * (len(part) > 1)} of\n{images} images"
    )
    axes.text(1.05, 1, said, transform=axes.transAxes, va="top", fontsize=7)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    axes.set(xlabel=_AXIS[str(first["mapping"])], ylabel="share of used images")
