"""Similarity of all pairs that a shift or a mirror image does not hide: the largest normalised cross-correlation."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from ganprint.pairs.overlaps import Overlaps
from ganprint.pairs.square_rows import square_side

__all__ = ["ShiftedPairs"]

_BLOCK = 64
"""Generated images whose spectra are held at once."""

_NUMBERS = 2**21
"""Complex numbers in a tile of pairs: 16 MiB."""


class ShiftedPairs:
    """Largest normalised cross-correlation of real and generated images over shifts and horizontal mirroring.

    For a shift (u, v) of at most ``max_shift`` pixels each way, it is the correlation coefficient of the real image's
    pixels (y, x) with the generated one's (y + u, x + v), over the pixels where both are (the overlap, never wrapped):
    exact sums of the overlap, no approximation but rounding (float32: below 1e-4, tested against a direct loop). An
    overlap that holds less than 1 % of the variation of one of the images, a constant image's for example, counts as
    correlation 0: there rounding, and chance, decide.

    The sums of products come from spectra of the zero-padded images, computed once per image; per pair
    there remain their product and the inverse transform, which is done at the wanted shifts alone, as two matrix
    products. Values depend on the size of the block by rounding alone (below 1e-5).

    Memory: about 4 (side + max_shift)^2 bytes per real image, twice that with mirror images, and tiles of 16 MiB. Cost
    per pair and orientation: about 8 (side + max_shift)^2 max_shift operations, so images of 64 pixels are advised.

    Parameters
    ----------
    real
        Grey values [n, side * side], uint8.
    max_shift
        Largest shift along each axis in pixels, below half the side.
    flips
        Whether the real image mirrored left to right is looked for as well.
    device
        Where to compute, in torch's words.

    Raises
    ------
    ValueError
        When the images are not rows of 8-bit squares, or the shift leaves too little.

    Examples
    --------
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    >>> moved = np.roll(image[:, ::-1], 3, axis=1)
    >>> ShiftedPairs(image.reshape(1, -1), max_shift=4).similarities(moved.reshape(1, -1)).round(3).tolist()
    [[1.0]]
    """

    def __init__(self, real: NDArray[Any], *, max_shift: int = 8, flips: bool = True, device: str = "cpu") -> None:
        self.side = square_side(real)
        if not 0 <= 2 * max_shift < self.side:
            raise ValueError(f"max_shift is {max_shift}; it has to be from 0 to below half of {self.side} pixels")
        self.max_shift, self.flips = max_shift, flips
        self.device = torch.device(device)
        self._waves = _Waves.of(self.side, max_shift, self.device)
        squares = real.reshape(len(real), self.side, self.side)
        self._sides = [self._spectra(squares), *([self._spectra(squares[:, :, ::-1])] if flips else [])]

    def similarities(self, block: NDArray[Any]) -> NDArray[np.float64]:
        """Give the largest correlation [n, b] of every real image with every one of ``block`` [b, side * side], uint8.

        Raises
        ------
        ValueError
            When the block's images are of another size.
        """
        side = square_side(block)
        if side != self.side:
            raise ValueError(f"generated images have {side} pixels a side, real ones {self.side}; give them one size")
        squares = block.reshape(len(block), side, side)
        result = np.empty((len(self._sides[0]), len(block)))
        for start in range(0, len(block), _BLOCK):
            generated = self._spectra(squares[start : start + _BLOCK]).turned()
            parts = [self._best(real, generated) for real in self._sides]
            result[:, start : start + _BLOCK] = np.clip(np.max(parts, axis=0), -1.0, 1.0)
        return result

    def _spectra(self, images: NDArray[Any]) -> "_Spectra":
        """Transform centred images, some at a time, and tabulate what their overlaps sum to."""
        length = self._waves.length
        spectra = torch.empty(len(images), length, length // 2 + 1, dtype=torch.complex64, device=self.device)
        for start in range(0, len(images), _BLOCK):
            part = images[start : start + _BLOCK].astype(np.float64)
            centred = torch.from_numpy(part - part.mean(axis=(1, 2), keepdims=True)).float().to(self.device)
            spectra[start : start + _BLOCK] = torch.fft.rfft2(centred, s=(length, length))
        overlaps = Overlaps.of(images, self.max_shift)
        tables = (torch.from_numpy(t).float().to(self.device) for t in (overlaps.means, overlaps.inverse_spreads))
        return _Spectra(spectra, *tables)

    def _best(self, real: "_Spectra", generated: "_Spectra") -> NDArray[np.float64]:
        """Give the largest correlation of all pairs, a tile at a time."""
        n, b = len(real), len(generated)
        size = self._waves.length * (self._waves.length // 2 + 1)
        columns = max(1, min(b, _NUMBERS // size))
        rows = max(1, _NUMBERS // (size * columns))
        result = np.empty((n, b))
        for i in range(0, n, rows):
            for j in range(0, b, columns):
                left, right = real.part(i, rows), generated.part(j, columns)
                sums = self._waves.at_shifts(left.spectra.conj()[:, None] * right.spectra)
                sums.mul_(left.inverse_spreads[:, None]).mul_(right.inverse_spreads)
                sums.sub_(left.means[:, None] * right.means)
                result[i : i + rows, j : j + columns] = sums.amax(dim=(2, 3)).cpu().numpy()
        return result


@dataclass(frozen=True)
class _Spectra:
    """Spectra [n, P, P/2 + 1] and overlap tables [n, D, D] of some images, D = 2 max_shift + 1."""

    spectra: torch.Tensor
    means: torch.Tensor
    inverse_spreads: torch.Tensor

    def __len__(self) -> int:
        return len(self.spectra)

    def part(self, start: int, count: int) -> "_Spectra":
        part = slice(start, start + count)
        return _Spectra(self.spectra[part], self.means[part], self.inverse_spreads[part])

    def turned(self) -> "_Spectra":
        """Give the tables of the other side of a pair, whose overlap at a shift is that of the opposite shift."""
        return _Spectra(self.spectra, self.means.flip(1, 2), self.inverse_spreads.flip(1, 2))


@dataclass(frozen=True)
class _Waves:
    """The inverse transform at few shifts: ``rows`` [D, P] and ``columns`` [P/2 + 1, D]."""

    length: int
    rows: torch.Tensor
    columns: torch.Tensor

    @classmethod
    def of(cls, side: int, max_shift: int, device: torch.device) -> Self:
        """Make the waves for zero-padded images whose shifted copies do not wrap."""
        length = next_fast_len(side + max_shift + (side + max_shift) % 2)
        length += length % 2
        shifts = np.arange(-max_shift, max_shift + 1)
        waves = np.exp(2j * np.pi * np.outer(shifts, np.arange(length)) / length) / length
        half = 2 * waves[:, : length // 2 + 1]
        half[:, [0, -1]] /= 2  # the real transform leaves out conjugates, and these two have none
        tensors = (torch.from_numpy(w.astype(np.complex64)).to(device) for w in (waves, np.ascontiguousarray(half.T)))
        return cls(length, *tensors)

    def at_shifts(self, spectra: torch.Tensor) -> torch.Tensor:
        """Give the real values [n, b, D, D] at the shifts of spectra [n, b, P, P/2 + 1]."""
        return (self.rows @ (spectra @ self.columns)).real.contiguous()
