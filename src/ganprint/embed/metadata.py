"""Embedding ``metadata``: what each image tells of itself, and what the user tells of it, side by side."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.metadata_columns import COLUMNS
from ganprint.embed.metadata_given import GivenRows
from ganprint.embed.metadata_image import image_values
from ganprint.embed.store import Features

__all__ = ["METADATA", "extract_metadata", "metadata_columns"]

METADATA = "metadata"
"""Name of this backbone."""


def metadata_columns(given: GivenRows) -> list[str]:
    """Give the names of the columns: the kit's own, then the user's."""
    return [*(column.name for column in COLUMNS), *given.columns]


def extract_metadata(
    load: Callable[[int], NDArray[np.uint8]], given: GivenRows, *, batch: int, threads: int
) -> Iterator[Features]:
    """Compute the metadata of all images, a batch at a time.

    Parameters
    ----------
    load
        Gives image i as grey uint8 [h, w] in its own size; called from several threads.
    given
        Of :func:`ganprint.embed.metadata_given.given_rows`: a row per image.
    batch
        Images per batch.
    threads
        Images at a time.

    Yields
    ------
    ``{"values": [b, d]}`` in float32, in the order of the images.
    """
    count = len(given.rows)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, count, batch):
            rows = range(start, min(start + batch, count))
            own = np.stack(list(pool.map(lambda row: image_values(load(row)), rows)))
            yield {"values": np.hstack([own, given.rows[rows.start : rows.stop]])}
