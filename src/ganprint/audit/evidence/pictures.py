"""Images for a page that is one file: WebP at the best quality that the page's size allows."""

import io
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprint.errors import InputError

__all__ = ["BUDGET", "encode_pictures", "webp"]

BUDGET = 13 << 20
"""Bytes of all images together: base64 makes 17.4 MiB of them, and a page is to stay under 20 MiB."""

_QUALITIES = (90, 85, 80, 70, 60, 50, 40, 30, 20, 10)
_SAMPLE = 32


def webp(grey: NDArray[np.uint8], quality: int) -> bytes:
    """Encode one grey image [h, w] as WebP of a quality from 0 to 100, without metadata."""
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "WEBP", quality=quality, method=4)
    return stream.getvalue()


def encode_pictures(
    load: Callable[[int], NDArray[np.uint8]], rows: Sequence[int], budget: int = BUDGET
) -> tuple[dict[int, bytes], int]:
    """Encode images at the highest quality at which all of them fit into the budget.

    Parameters
    ----------
    load
        Gives image i as grey [h, w].
    rows
        Which images.
    budget
        Bytes of all together.

    Returns
    -------
    Bytes by image, and the quality.

    Raises
    ------
    InputError
        When they do not fit at the lowest quality.
    """
    sample = [load(row) for row in rows[:: max(1, len(rows) // _SAMPLE)]]
    for quality in _QUALITIES:
        # Most qualities are ruled out by a few images; what they promise is then checked with all.
        expected = sum(len(webp(grey, quality)) for grey in sample) / max(1, len(sample)) * len(rows)
        if expected > budget:
            continue
        pictures = {row: webp(load(row), quality) for row in rows}
        if sum(map(len, pictures.values())) <= budget:
            return pictures, quality
    raise InputError(
        f"audit: {len(rows)} images do not fit into a page of 20 MiB; "
        "lower audit.images or audit.evidences in params.yaml"
    )
