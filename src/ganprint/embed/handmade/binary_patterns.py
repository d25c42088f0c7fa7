"""Local binary patterns: which neighbours are at least as bright as a pixel (Ojala, Pietikainen and Maenpaa 2002)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ganprint.embed.handmade.first_order import histograms
from ganprint.embed.handmade.scales import log_share

__all__ = ["BINARY_PATTERNS", "binary_patterns"]

_CIRCLES = ((8, 1.0), (16, 2.0))
BINARY_PATTERNS = tuple(
    f"pattern-{radius:.0f}-{kind}"
    for points, radius in _CIRCLES
    for kind in [*(f"{ones}-bright" for ones in range(points + 1)), "mixed"]
)
"""Names of the columns."""


def binary_patterns(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Give the log shares [b, 28] of uniform patterns, on circles of 8 points 1 pixel and of 16 points 2 pixels away.

    scikit-image's ``uniform`` patterns: blind to rotation, by the number of bright points where they stand together,
    and ``mixed`` where they do not.
    """
    from skimage.feature import local_binary_pattern  # noqa: PLC0415  (loads slowly; other embeddings do without)

    # It has no types.
    pattern: Callable[[NDArray[np.uint8], int, float, str], NDArray[np.float64]] = local_binary_pattern
    found = []
    for points, radius in _CIRCLES:
        patterns = np.stack([pattern(image, points, radius, "uniform") for image in images])
        found.append(log_share(histograms(patterns.astype(np.intp), points + 2)))
    return np.concatenate(found, axis=1)
