"""The study of the leak's strength as a table in Markdown: a row per run, a column per level."""

import math

import pandas as pd

__all__ = ["strength_table"]


def strength_table(bands: pd.DataFrame, seen: pd.DataFrame, split: str) -> list[str]:
    """Give the lines of a table of mean AUCs, the runs that see most on top.

    Figures whose band lies above 0.5 are bold. The last two columns are the smallest level with such a band, and the
    smallest one from which on all are.

    Parameters
    ----------
    bands
        Columns ``run, split, level, auc, low`` (:func:`ganprint.evaluate.strength.bands`).
    seen
        Columns ``run, split, first, onwards`` (:func:`ganprint.evaluate.strength.seen_from`).
    split
        Which part of them.
    """
    chosen = bands[bands["split"] == split]
    levels = sorted(chosen["level"].unique())
    heads = ["run", *(f"{level:g}" for level in levels), "first seen at", "seen from"]
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1)]
    from_level = seen[seen["split"] == split].set_index("run")
    order = chosen.groupby("run", sort=False)["auc"].mean().sort_values(ascending=False, kind="stable").index
    for run in order:
        rows = chosen[chosen["run"] == run]
        values = {
            level: (auc, low)
            for level, auc, low in zip(*(rows[name].astype(float) for name in ("level", "auc", "low")), strict=True)
        }
        cells = [_cell(values.get(level)) for level in levels]
        cells += [_level(float(level)) for level in from_level.loc[run, ["first", "onwards"]].to_list()]
        lines.append(f"| {run} | {' | '.join(cells)} |")
    return lines


def _cell(value: tuple[float, float] | None) -> str:
    if value is None:
        return "refused"
    auc, low = value
    return f"**{auc:.2f}**" if low > 0.5 else f"{auc:.2f}"


def _level(level: float) -> str:
    return "never" if math.isnan(level) else f"{level:g}"
