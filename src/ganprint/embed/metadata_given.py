"""Metadata that the user gave as numbers: a column per number, one per category, one per gap.

Numbers stay as they are. A text becomes a column of 0 and 1 for each of its categories, and is all 0 where it is
unknown. A number that is unknown is filled with the median of the known ones. Whatever is unknown of any image gets a
column that says where.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.corpus.metadata_values import numbers_of

__all__ = ["GivenRows", "given_rows"]

_KEYS = ["split", "role", "id"]


@dataclass(frozen=True)
class GivenRows:
    """The user's metadata, ready to stand beside other columns.

    Attributes
    ----------
    columns
        ``given:NAME`` of a number, ``given:NAME=CATEGORY`` of a category, ``given:NAME?`` of its gaps.
    rows
        [n_images, d] float32, finite.
    """

    columns: tuple[str, ...]
    rows: NDArray[np.float32]


def given_rows(given: pd.DataFrame, images: pd.DataFrame) -> GivenRows:
    """Join metadata to the images and turn it into numbers.

    The median that fills a gap is that of the development real images, so that no test image decides on another's
    values; of all images where none of the former is known. Categories are those of all images; no membership is read.

    Parameters
    ----------
    given
        Of :func:`ganprint.corpus.metadata.stored`: columns split, role, id and the metadata as text.
    images
        Columns split, role, id; one row per image.
    """
    joined = images[_KEYS].merge(given, how="left", on=_KEYS, validate="one_to_one").fillna("")
    reference = ((images["split"] == "development") & (images["role"] == "real")).to_numpy()
    columns: dict[str, NDArray[np.float64]] = {}
    for name in given.columns:
        if name in _KEYS:
            continue
        cells = joined[name].to_numpy().astype(np.str_)
        known = cells != ""
        numbers = numbers_of(list(cells[known]))
        if numbers is None:
            columns |= {f"given:{name}={text}": (cells == text).astype(float) for text in sorted(set(cells[known]))}
        else:
            columns[f"given:{name}"] = _filled(np.array(numbers), known, reference)
        if not known.all():
            columns[f"given:{name}?"] = (~known).astype(float)
    rows = np.column_stack(list(columns.values())) if columns else np.empty((len(images), 0))
    return GivenRows(tuple(columns), rows.astype(np.float32))


def _filled(
    numbers: NDArray[np.float64], known: NDArray[np.bool_], reference: NDArray[np.bool_]
) -> NDArray[np.float64]:
    values = np.full(len(known), np.nan)
    values[known] = numbers
    source = values[known & reference] if (known & reference).any() else numbers
    return np.where(known, values, np.median(source))
