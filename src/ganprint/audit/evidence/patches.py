"""The region that a real and a generated image share most: flipped and shifted copies, and copies of a part.

Patches of the real image are looked for everywhere in the generated one by normalised cross-correlation (Lewis 1995,
"Fast Normalized Cross-Correlation", equation 2), as they are and mirrored left to right. Images are compared by local
contrast (grey value minus its Gaussian average), since all chest slices share their coarse shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

__all__ = ["MatchedRegion", "PatchMatches", "RealPatches", "SearchedImage", "match_patches", "patch_side", "region_of"]

Box = tuple[int, int, int, int]

_FLAT = 0.5
"""Standard deviation in grey values below which a window holds nothing to be recognised."""


@dataclass(frozen=True)
class MatchedRegion:
    """Where a patch of the real image lies in the generated one.

    Attributes
    ----------
    real, generated
        Boxes (left, top, width, height) in pixels of each image as stored.
    shift
        (right, down) in pixels from the real to the generated box, both images upright; when ``flipped`` the generated
        image is mirrored first.
    flipped
        Whether the patch was found mirrored left to right.
    correlation
        Of local contrast, -1 to 1.
    """

    real: Box
    generated: Box
    shift: tuple[int, int]
    flipped: bool
    correlation: float

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            "real": list(self.real),
            "generated": list(self.generated),
            "shift": list(self.shift),
            "flipped": self.flipped,
            "correlation": self.correlation,
        }


@dataclass(frozen=True)
class PatchMatches:
    """Where each patch of a real image fits a generated image best.

    Attributes
    ----------
    correlations
        [c], of local contrast.
    tops, lefts
        [c], place in the image that is searched, at the resolution of the search.
    flipped
        [c], whether the mirrored patch fits better.
    """

    correlations: NDArray[np.float64]
    tops: NDArray[np.intp]
    lefts: NDArray[np.intp]
    flipped: NDArray[np.bool_]


def patch_side(wanted: int, smallest: int) -> int:
    """Give the side of the patches: as wanted, but at most half of the smallest image side, and divisible by four.

    Examples
    --------
    >>> patch_side(64, 256), patch_side(64, 64)
    (64, 32)
    """
    return max(4, min(wanted, smallest // 2) // 4 * 4)


def _reduction(patch: int) -> int:
    # Half resolution keeps what a radiologist would recognise, loses pixel noise, and costs a quarter.
    return 2 if patch >= 32 else 1


def _contrast(grey: NDArray[np.uint8], patch: int) -> NDArray[np.float32]:
    values = grey.astype(np.float32)
    values -= gaussian_filter(values, patch / 8)
    factor = _reduction(patch)
    height, width = (side // factor for side in values.shape)
    blocks = values[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


class RealPatches:
    """Patches of a real image that are worth looking for.

    On a grid of half a patch side, the half of the patches with the most texture (standard deviation of local
    contrast); flat ones are left out.

    Parameters
    ----------
    grey
        [h, w], 0..255.
    patch
        Side in pixels, see :func:`patch_side`.
    """

    def __init__(self, grey: NDArray[np.uint8], patch: int) -> None:
        self.patch = patch
        contrast = _contrast(grey, patch)
        side = patch // _reduction(patch)
        corners = [(top, left) for top in _grid(contrast.shape[0], side) for left in _grid(contrast.shape[1], side)]
        windows = np.stack([contrast[top : top + side, left : left + side] for top, left in corners])
        windows -= windows.mean(axis=(1, 2), keepdims=True)
        texture = windows.std(axis=(1, 2))
        chosen = np.flatnonzero((texture >= np.median(texture)) & (texture >= _FLAT))
        self.corners = np.array(corners, dtype=np.int64)[chosen]
        unit = windows[chosen] / (texture[chosen, np.newaxis, np.newaxis] * side)
        # Upright patches first, then all of them mirrored: a mirrored patch finds a mirrored copy where it lies.
        self._patches = np.concatenate([unit, unit[:, :, ::-1]])
        self._spectra: dict[tuple[int, int], NDArray[np.complex64]] = {}

    def spectra(self, shape: tuple[int, int]) -> NDArray[np.complex64]:
        """Give the conjugate spectra [2 c, ...] for images of a shape; kept, since most images share one."""
        if shape not in self._spectra:
            self._spectra[shape] = np.conj(fft.rfft2(self._patches, s=shape))
        return self._spectra[shape]


class SearchedImage:
    """A generated image, ready to be searched.

    Parameters
    ----------
    grey
        [h, w], 0..255.
    patch
        Side in pixels of the patches, as for :class:`RealPatches`.
    """

    def __init__(self, grey: NDArray[np.uint8], patch: int) -> None:
        contrast = _contrast(grey, patch)
        side = patch // _reduction(patch)
        self.shape = (contrast.shape[0], contrast.shape[1])
        self.width = grey.shape[1]
        self.spectrum = fft.rfft2(contrast)
        spread = _window_sums(contrast.astype(np.float64) ** 2, side)
        spread -= _window_sums(contrast.astype(np.float64), side) ** 2 / side**2
        root = np.sqrt(np.maximum(spread, 0))
        textured = root >= _FLAT * side
        self.weights = np.where(textured, 1 / np.where(textured, root, 1), 0).astype(np.float32)


def match_patches(real: RealPatches, searched: SearchedImage) -> PatchMatches:
    """Find the best place of every patch, upright or mirrored.

    The correlation theorem of the discrete Fourier transform gives the products of a patch with every window of the
    image; those that wrap around its edge are cut off.

    Parameters
    ----------
    real, searched
        Made with the same patch side.
    """
    height, width = searched.weights.shape
    products = fft.irfft2(real.spectra(searched.shape) * searched.spectrum, s=searched.shape)[:, :height, :width]
    correlations = (products * searched.weights).reshape(2, len(real.corners), height * width)
    places = correlations.argmax(axis=2)
    highest = np.take_along_axis(correlations, places[:, :, np.newaxis], axis=2)[:, :, 0]
    flipped = highest[1] > highest[0]
    place = np.where(flipped, places[1], places[0])
    values = np.clip(np.where(flipped, highest[1], highest[0]), -1, 1)
    return PatchMatches(values.astype(np.float64), place // width, place % width, flipped)


def region_of(real: RealPatches, searched: SearchedImage, matches: PatchMatches, number: int) -> MatchedRegion:
    """Give one patch and its place in pixels, accurate to two pixels for patches of 32 pixels and more."""
    factor = _reduction(real.patch)
    y, x = (int(value) * factor for value in real.corners[number])
    to_y, to_x = int(matches.tops[number]) * factor, int(matches.lefts[number]) * factor
    flipped = bool(matches.flipped[number])
    upright = searched.width - real.patch - to_x if flipped else to_x
    return MatchedRegion(
        (x, y, real.patch, real.patch),
        (to_x, to_y, real.patch, real.patch),
        (upright - x, to_y - y),
        flipped,
        float(matches.correlations[number]),
    )


def _grid(length: int, side: int) -> Sequence[int]:
    return sorted({*range(0, length - side + 1, side // 2), length - side})


def _window_sums(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    sums[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
    return np.asarray(sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side])
