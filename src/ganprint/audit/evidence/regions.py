"""The region that makes a pair unusual: a patch that fits here better than in generated images at random.

Chest wall and spine of any two slices correlate well, so the patch with the highest correlation says little. The one
that is chosen has the highest surprise: its correlation here, less its mean over random generated images, in units of
their standard deviation.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.patches import RealPatches, SearchedImage, match_patches, region_of

__all__ = ["RegionFinder", "reference_surprises", "surprises"]

_LEAST_SPREAD = 0.02
"""Correlations of a patch that never varies must not make a tiny difference a large surprise."""


def surprises(correlations: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Set the correlations [c] of patches against those in random images [r, c]: standard scores [c]."""
    spread = np.maximum(reference.std(axis=0, ddof=1), _LEAST_SPREAD)
    return np.asarray((correlations - reference.mean(axis=0)) / spread)


def reference_surprises(reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give [r], the highest surprise of every random image when it is set against the others."""
    others = (np.delete(reference, i, axis=0) for i in range(len(reference)))
    return np.array([surprises(row, rest).max() for row, rest in zip(reference, others, strict=True)])


class RegionFinder:
    """Finds regions in generated images of one split, which share random images as their reference.

    Parameters
    ----------
    load
        Gives image i as grey [h, w].
    patch
        Side in pixels, see :func:`ganprint.audit.evidence.patches.patch_side`.
    drawn
        Positions of random generated images.
    references
        How many of them serve a real image: the first that are not among its own neighbours.
    """

    def __init__(
        self, load: Callable[[int], NDArray[np.uint8]], patch: int, drawn: NDArray[np.intp], references: int
    ) -> None:
        self._load, self._patch, self._references = load, patch, references
        self._drawn = [(int(row), SearchedImage(load(int(row)), patch)) for row in drawn]

    def find(self, real: int, generated: Sequence[int]) -> dict[int, dict[str, Any] | None]:
        """Give the region that a real image shares with each of the generated ones, as plain values.

        None where the real image is flat, or there are fewer than three random images to compare with.
        """
        patches = RealPatches(self._load(real), self._patch)
        others = [image for row, image in self._drawn if row not in generated][: self._references]
        if not len(patches.corners) or len(others) < 3:
            return dict.fromkeys(generated)
        reference = np.stack([match_patches(patches, image).correlations for image in others])
        usual = reference_surprises(reference)
        return {row: self._region(patches, row, reference, usual) for row in generated}

    def _region(
        self, patches: RealPatches, row: int, reference: NDArray[np.float64], usual: NDArray[np.float64]
    ) -> dict[str, Any]:
        searched = SearchedImage(self._load(row), self._patch)
        matches = match_patches(patches, searched)
        scores = surprises(matches.correlations, reference)
        best = int(scores.argmax())
        return region_of(patches, searched, matches, best).as_dict() | {
            "surprise": float(scores[best]),
            "reference": {
                "images": len(usual),
                "below": float((usual < scores[best]).mean()),
                "largest_surprise": float(usual.max()),
                "correlation_mean": float(reference[:, best].mean()),
                "correlation_largest": float(reference[:, best].max()),
            },
        }
