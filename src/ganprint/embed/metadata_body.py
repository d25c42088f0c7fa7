"""Body and lungs of a chest slice by a threshold and connected components: approximate, alike for every image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Body", "find_body"]

_LEAST_LUNG = 0.005  # of the body's area; smaller dark parts are airways, bowel gas and noise

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Body:
    """What was found in one slice.

    Attributes
    ----------
    inside
        [h, w], the body with everything that it encloses; all false when nothing is brighter than the threshold.
    lungs
        [h, w], the large dark parts that the body encloses.
    lung_areas
        Pixels of each of these parts, the largest first.
    """

    inside: Mask
    lungs: Mask
    lung_areas: NDArray[np.int64]

    def box(self) -> tuple[int, int, int, int]:
        """Give top, bottom, left, right of the body in pixels, ends excluded; zeros when there is none."""
        rows, columns = (np.flatnonzero(self.inside.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return 0, 0, 0, 0
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def find_body(grey: NDArray[np.uint8]) -> Body:
    """Find the body and the lungs of a slice.

    The threshold is Otsu's (1979); the body is the largest 8-connected part above it, holes filled; the lungs are the
    4-connected parts below it that the body encloses and that have at least 0.5 % of its area. What touches the body
    (the table, an arm) is counted to it, and a lung that is open to the outside or to the edge is not found.

    Parameters
    ----------
    grey
        [h, w].
    """
    from skimage.filters import threshold_otsu  # noqa: PLC0415  (slow to import, needed for this embedding alone)

    threshold: float = threshold_otsu(grey)  # type: ignore[no-untyped-call]
    bright: Mask = grey > threshold
    labels, count = ndimage.label(bright, structure=np.ones((3, 3), dtype=bool))
    if not count:
        return Body(bright, bright, np.empty(0, dtype=np.int64))
    largest = 1 + int(np.bincount(labels.ravel(), minlength=count + 1)[1:].argmax())
    inside: Mask = ndimage.binary_fill_holes(labels == largest)
    parts, _ = ndimage.label(inside & ~bright)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    kept = np.flatnonzero(areas >= max(1.0, _LEAST_LUNG * float(inside.sum())))
    return Body(inside, np.isin(parts, kept), np.sort(areas[kept])[::-1].astype(np.int64))
