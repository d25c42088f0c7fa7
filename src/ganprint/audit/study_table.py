"""A selection study as a table in Markdown: a row per embedding, a column per comparator."""

from collections.abc import Iterable

import pandas as pd

__all__ = ["features_rows", "features_table"]


def features_rows(table: pd.DataFrame, level: float) -> tuple[list[str], list[list[str]]]:
    """Give heads and rows of "which features see what", the embedding that sees most on top.

    A figure is the ROC AUC, bold (between two asterisks) where its p, corrected for all candidates, is at most
    ``level``. ``·``: not tried; ``refused``: could not run.

    Parameters
    ----------
    table
        Columns ``family, embedding, pooling, comparator, auc, p_corrected, refused, place``.
    level
        Of the test.
    """
    comparators = list(table.sort_values("place")["comparator"].unique())
    best = table.groupby(["family", "embedding", "pooling"], sort=False)["auc"].max()
    order = best.sort_values(ascending=False, kind="stable", na_position="last").index
    rows = []
    for family, embedding, pooling in order:
        mine = table[(table["embedding"] == embedding) & (table["pooling"] == pooling)]
        cells = {str(row["comparator"]): _cell(row, level) for row in mine.to_dict("records")}
        name = f"{embedding}, {pooling}" if pooling in {"average", "max", "grid"} else str(embedding)
        rows.append([name, str(family), *(cells.get(comparator, "·") for comparator in comparators)])
    return ["embedding", "kind", *comparators], rows


def features_table(table: pd.DataFrame, level: float) -> list[str]:
    """Give the lines of the table; parameters as of :func:`features_rows`."""
    heads, rows = features_rows(table, level)
    return [_line(heads), "| --- | --- |" + " ---: |" * (len(heads) - 2), *(_line(row) for row in rows)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: dict[str, object], level: float) -> str:
    if row["refused"]:
        return "refused"
    shown = f"{row['auc']:.2f}"
    corrected = row["p_corrected"]
    return f"**{shown}**" if isinstance(corrected, float) and corrected <= level + 1e-12 else shown
