"""The arithmetic of SSIM on pairs: what belongs to one image as tables, what belongs to a pair in cached strips.

With a = sum x, b = sum y, d = a - b and q = N sum (x - y)^2 over N = 49 pixels, SSIM of a window (Wang
et al. 2004) is

    (1 - d^2 / (a^2 + b^2 + N^2 C1)) (1 - (q - d^2) / (N (N - 1) (vx + vy + C2))),

since 2 cov(x, y) = vx + vy - var(x - y). a, b and d, and q while differences are moderate, are whole and below
2^24, so exact in float32; what cancels is small where the images are alike, and two equal images get 1.

Images lie flat, row after row: the sum over a window is seven shifted copies added in four steps, once by rows and once
by pixels, on contiguous memory; the six windows a row that run into the next row are left out of the mean. A step is
one rounded operation per number (no fused ones), so a pair's value does not depend on where it lies in a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["WINDOW", "SsimTables", "all_similarities", "paired_similarities"]

WINDOW = 7
"""Side of a window."""

_N = WINDOW * WINDOW
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_ROWS = 50
"""Rows of windows in a strip; 6 more rows are read."""

_CPU_NUMBERS, _CUDA_NUMBERS = 2**19, 2**24
"""Numbers per workspace, of which there are four: they stay in the cache, or keep a GPU busy."""

_TABLED = 4
"""Images whose tables are made together."""


@dataclass(frozen=True)
class SsimTables:
    """What SSIM needs of every image alone.

    Attributes
    ----------
    side
        Pixels along a side.
    pixels
        7 times the grey values, flat, and six zeros: [n, side * side + 6], float32.
    sums
        Sum of every window's grey values [n, (side - 6) * side], float32, whole numbers.
    levels
        sums^2 + N^2 C1 / 2, of the same shape.
    spreads
        N (N - 1) (v + C2 / 2) with the sample variance v, of the same shape.
    """

    side: int
    pixels: torch.Tensor
    sums: torch.Tensor
    levels: torch.Tensor
    spreads: torch.Tensor

    @classmethod
    def of(cls, images: NDArray[Any], side: int, device: torch.device) -> Self:
        """Make the tables of images [n, side * side], uint8, on a device."""
        n, windows = len(images), (side - WINDOW + 1) * side
        pixels = torch.zeros(n, side * side + WINDOW - 1, device=device)
        sums, levels, spreads = (torch.empty(n, windows, device=device) for _ in range(3))
        for start in range(0, n, _TABLED):
            part = slice(start, start + _TABLED)
            pixels[part, : side * side] = torch.from_numpy(np.array(images[part])).to(device)
            x = pixels[part]
            # Both sums are whole and below 2^24, so exact in float32; what is made of them is rounded once.
            sums[part] = _window_sums(_window_sums(x, side), 1)
            squares = _window_sums(_window_sums(x * x, side), 1).double().mul_(_N)
            total = sums[part].double().square_()
            spreads[part] = squares.sub_(total).add_(_N * (_N - 1) * _C2 / 2)
            levels[part] = total.add_(_N**2 * _C1 / 2)
        return cls(side, pixels.mul_(WINDOW), sums, levels, spreads)

    def __len__(self) -> int:
        """Give the number of images."""
        return len(self.sums)

    def at(self, place: Any) -> "SsimTables":
        """Give the tables of some images, indexed as a tensor is (None adds an axis)."""
        parts = (table[place] for table in (self.pixels, self.sums, self.levels, self.spreads))
        return SsimTables(self.side, *parts)


def all_similarities(left: SsimTables, right: SsimTables) -> NDArray[np.float64]:
    """Give the mean SSIM of all pairs, [n, b]."""
    result = np.empty((len(left), len(right)))
    room = _pairs_at_once(left)
    columns = max(1, min(len(right), round(room**0.5)))
    spaces = _Spaces(left, max(1, room // columns), columns)
    for i in _slices(len(left), spaces.rows):
        for j in _slices(len(right), columns):
            result[i, j] = _tile(left.at((i, None)), right.at((None, j)), spaces)
    return result


def paired_similarities(
    left: SsimTables, right: SsimTables, places: tuple[torch.Tensor, torch.Tensor]
) -> NDArray[np.float64]:
    """Give the mean SSIM [p] of the pairs of positions ``places`` (two vectors of p)."""
    result = np.empty(len(places[0]))
    spaces = _Spaces(left, _pairs_at_once(left), 1)
    i, j = (place.to(left.sums.device) for place in places)
    for part in _slices(len(result), spaces.rows):
        result[part] = _tile(
            left.at(i[part]).at((slice(None), None)), right.at(j[part]).at((slice(None), None)), spaces
        )[:, 0]
    return result


def _slices(count: int, step: int) -> Iterator[slice]:
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _strip_rows(side: int) -> int:
    return min(_ROWS, side - WINDOW + 1)


def _strip_numbers(side: int) -> int:
    return (_strip_rows(side) + WINDOW - 1) * side + WINDOW - 1


def _pairs_at_once(tables: SsimTables) -> int:
    numbers = _CPU_NUMBERS if tables.sums.device.type == "cpu" else _CUDA_NUMBERS
    return max(1, numbers // _strip_numbers(tables.side))


class _Spaces:
    """Four workspaces for the strips of a tile of pairs, allocated once."""

    def __init__(self, tables: SsimTables, rows: int, columns: int) -> None:
        self.rows = rows
        self._numbers = tables.sums.new_empty(4, rows * columns * _strip_numbers(tables.side))

    def views(self, shape: tuple[int, int, int]) -> list[torch.Tensor]:
        """Give the four as contiguous arrays of this shape."""
        size = shape[0] * shape[1] * shape[2]
        return [numbers[:size].view(shape) for numbers in self._numbers]


def _tile(left: SsimTables, right: SsimTables, spaces: _Spaces) -> NDArray[np.float64]:
    """Give the means of a tile of pairs: a row of windows is added in float32, rows in float64."""
    side, windows = left.side, left.side - WINDOW + 1
    total: Any = 0.0
    for part in _slices(windows, _strip_rows(side)):
        fractions = _strip(left, right, spaces, slice(part.start * side, part.stop * side))
        rows = fractions.reshape(*fractions.shape[:2], -1, side)[..., :windows].sum(dim=-1)
        total = total + rows.sum(dim=-1, dtype=torch.float64)
    mean: NDArray[np.float64] = total.cpu().numpy() / windows**2
    return mean


def _strip(left: SsimTables, right: SsimTables, spaces: _Spaces, part: slice) -> torch.Tensor:
    """Give the SSIM of a strip's windows, [n, b, windows of the strip]; it lies in a workspace."""
    length, halo = part.stop - part.start, WINDOW - 1
    read = slice(part.start, part.stop + halo * left.side + halo)
    shape = (left.sums.shape[0], right.sums.shape[1], read.stop - read.start)
    squares, first, sums, last = spaces.views(shape)
    torch.sub(left.pixels[..., read], right.pixels[..., read], out=squares)
    squares.mul_(squares)
    _sum_windows(squares, first, sums, left.side)
    _sum_windows(sums[..., : length + halo], first, squares, 1)
    d, level, q, spread = (space[..., :length] for space in (first, sums, squares, last))
    torch.sub(left.sums[..., part], right.sums[..., part], out=d)
    d.mul_(d)
    q.sub_(d)
    torch.add(left.spreads[..., part], right.spreads[..., part], out=spread)
    torch.sub(spread, q, out=q)
    torch.add(left.levels[..., part], right.levels[..., part], out=level)
    torch.sub(level, d, out=d)
    return q.mul_(d).div_(level.mul_(spread))


def _sum_windows(values: torch.Tensor, pairs: torch.Tensor, out: torch.Tensor, step: int) -> None:
    """Write to ``out`` the sums of seven values ``step`` apart: two, two and two of them, and the seventh."""
    length = values.shape[-1]
    torch.add(values[..., : length - step], values[..., step:], out=pairs[..., : length - step])
    valid = length - (WINDOW - 1) * step
    result = out[..., :valid]
    torch.add(pairs[..., :valid], pairs[..., 2 * step : valid + 2 * step], out=result)
    result.add_(pairs[..., 4 * step : valid + 4 * step]).add_(values[..., 6 * step :])


def _window_sums(values: torch.Tensor, step: int) -> torch.Tensor:
    length = values.shape[-1]
    pairs, out = torch.empty_like(values), torch.empty_like(values)
    _sum_windows(values, pairs, out, step)
    return out[..., : length - (WINDOW - 1) * step]
