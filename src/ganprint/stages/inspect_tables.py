"""The table that an inspection leaves: one line per image, one column per attack and view."""

import csv
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["scores_csv"]


def scores_csv(ids: NDArray[np.str_], columns: Mapping[str, NDArray[np.float64]], part: slice) -> str:
    """Give a CSV with header ``id`` and the names of the columns; numbers are written so that they read back exactly.

    Parameters
    ----------
    ids
        [n], of the lines.
    columns
        Name to scores of all images.
    part
        Which of them the lines are.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", *columns])
    values = [scores[part].tolist() for scores in columns.values()]
    writer.writerows([str(name), *map(repr, line)] for name, *line in zip(ids, *values, strict=True))
    return stream.getvalue()
