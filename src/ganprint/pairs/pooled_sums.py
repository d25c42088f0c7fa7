"""Adaptive max-pooling of the sums of all pairs of maps, as two maxima one after the other."""

import torch

__all__ = ["POOLED", "pooled_sums", "strip_values", "windows"]

POOLED = 5
"""Side of the pooled maps."""

_CACHED_BYTES = 2**21
"""Sums of one strip of rows that a processor core keeps near enough: 2 to 8 MiB were equally fast, measured."""


def windows(size: int) -> list[tuple[int, int]]:
    """Give the first and the last but one index of each of the windows of ``adaptive_max_pool2d`` along one side.

    Examples
    --------
    >>> windows(16)
    [(0, 4), (3, 7), (6, 10), (9, 13), (12, 16)]
    """
    return [(i * size // POOLED, -(-(i + 1) * size // POOLED)) for i in range(POOLED)]


def strip_values(height: int, width: int) -> int:
    """Give the numbers per channel and pair that :func:`pooled_sums` holds besides its result."""
    rows = max(stop - start for start, stop in windows(height))
    return (rows + 1) * width


def pooled_sums(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Give ``adaptive_max_pool2d(left_i + right_j, 5)`` for all i and j, to the last bit.

    A maximum over a window is the maximum over its columns of the maxima over its rows. Channels come last: then every
    step runs along contiguous memory, and the sums of a pair are read from the cache instead of being written as a map.

    Parameters
    ----------
    left
        Maps [m, h, w, C], channels last and contiguous.
    right
        Maps [n, h, w, C].

    Returns
    -------
    [m, n, 5, 5, C]; no gradients.
    """
    m, n, (height, width, channels) = len(left), len(right), left.shape[1:]
    out = left.new_empty(m, n, POOLED, POOLED, channels)
    pairs = m * n
    if left.device.type == "cpu":
        pairs = max(1, _CACHED_BYTES // (strip_values(height, width) * channels * left.element_size()))
    columns = min(n, max(1, pairs))
    rows = max(1, pairs // columns)
    for top in range(0, m, rows):
        for start in range(0, n, columns):
            part = slice(top, top + rows), slice(start, start + columns)
            _pool(left[part[0]], right[part[1]], out[part])
    return out


def _pool(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor) -> None:
    for i, (top, bottom) in enumerate(windows(left.shape[1])):
        strip = (left[:, None, top:bottom] + right[None, :, top:bottom]).amax(dim=2)
        for j, (start, stop) in enumerate(windows(left.shape[2])):
            torch.amax(strip[:, :, start:stop], dim=2, out=out[:, :, i, j])
