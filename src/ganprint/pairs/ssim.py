"""Mean structural similarity of all pairs of a real and a generated image, what one image needs computed once."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.pairs.square_rows import square_side
from ganprint.pairs.ssim_kernel import SsimTables, all_similarities, paired_similarities

__all__ = ["SsimPairs"]

_BLOCK = 64
"""Generated images whose tables are held at once: 64 MiB at 256 x 256, and a table serves as many pairs as are real."""


class SsimPairs:
    """Mean SSIM of real images with generated ones, equal to scikit-image's ``structural_similarity`` of 8-bit images.

    Uniform windows of 7 x 7 pixels, sample covariance (49/48), K1 = 0.01, K2 = 0.03, data range 255, mean over the
    windows that lie wholly inside. Symmetric; two equal images have exactly 1. Values lie in [-1, 1] but for rounding.

    Window sums, variances and the parts of the denominator that belong to one image are computed once per image; per
    pair there remain the windows' sums of (x - y)^2 and the fraction (:mod:`ganprint.pairs.ssim_kernel`). The value
    of a pair does not depend on the block, its size or the order of rows, to the last bit on one machine's processor;
    on a GPU the order of sums may differ, by 1e-8.

    Memory: 16 bytes per pixel of every real image and of 64 generated ones, and workspaces of some MiB (CPU)
    or 64 MiB each (CUDA).

    Parameters
    ----------
    real
        Grey values [n, side * side], uint8, side at least 7.
    device
        Where to compute, in torch's words: ``cpu``, ``cuda``, ``cuda:1``.

    Raises
    ------
    ValueError
        When the images are not rows of 8-bit squares of at least 7 pixels a side.

    References
    ----------
    Wang, Bovik, Sheikh and Simoncelli: Image quality assessment: from error visibility to structural similarity.
    IEEE Transactions on Image Processing 13 (2004).

    Examples
    --------
    >>> image = np.arange(64, dtype=np.uint8)[np.newaxis]
    >>> SsimPairs(image).similarities(np.vstack([image, 255 - image])).round(3).tolist()
    [[1.0, -0.222]]
    """

    def __init__(self, real: NDArray[Any], *, device: str = "cpu") -> None:
        self.side = square_side(real, least=7)
        self.device = torch.device(device)
        self._real = SsimTables.of(real, self.side, self.device)

    def similarities(self, block: NDArray[Any]) -> NDArray[np.float64]:
        """Give the mean SSIM [n, b] of every real image with every one of ``block`` [b, side * side], uint8."""
        self._check(block)
        parts = [
            all_similarities(self._real, self._tables(block[i : i + _BLOCK])) for i in range(0, len(block), _BLOCK)
        ]
        return np.concatenate(parts, axis=1) if parts else np.empty((len(self._real), 0))

    def pairs(
        self, block: NDArray[Any], rows_real: NDArray[np.int64], rows_generated: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Give the mean SSIM [p] of chosen pairs alone.

        Parameters
        ----------
        block
            Generated images [b, side * side], uint8.
        rows_real, rows_generated
            Positions [p] among the real images and within the block.
        """
        self._check(block)
        result = np.empty(len(rows_real))
        needed, places = np.unique(rows_generated, return_inverse=True)
        for start in range(0, len(needed), _BLOCK):
            chosen = np.flatnonzero((places >= start) & (places < start + _BLOCK))
            generated = self._tables(block[needed[start : start + _BLOCK]])
            left, right = torch.from_numpy(rows_real[chosen]), torch.from_numpy(places[chosen] - start)
            result[chosen] = paired_similarities(self._real, generated, (left, right))
        return result

    def _tables(self, images: NDArray[Any]) -> SsimTables:
        return SsimTables.of(images, self.side, self.device)

    def _check(self, block: NDArray[Any]) -> None:
        side = square_side(block, least=7)
        if side != self.side:
            raise ValueError(f"generated images have {side} pixels a side, real ones {self.side}; give them one size")
