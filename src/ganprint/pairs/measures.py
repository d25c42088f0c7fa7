"""Distances of a fixed set of real rows to blocks of other rows, by name of the metric."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ganprint.bands import BANDS, band_rows
from ganprint.pairs.square_rows import square_side

__all__ = ["EuclideanDistances", "Metric", "PairDistances", "pair_distances"]

Metric = Literal["euclidean", "cosine", "ssim", "shifted", "band-fine", "band-middle", "band-coarse"]
Floats = NDArray[np.float64]


class PairDistances(Protocol):
    """What measures pairs: made for n real rows, asked for block after block of other rows."""

    def __len__(self) -> int:
        """Give n."""
        ...

    def to(self, block: NDArray[Any]) -> Floats:
        """Give the distances [n, b] to the rows [b, d] of ``block``; none is negative, equal rows are at 0."""
        ...


class EuclideanDistances:
    """Euclidean distances by one matrix product per block, in float64.

    The expanded square loses the distances of near-duplicates to rounding: where it is so small that rounding may
    count, the differences are taken directly, so equal rows are at exactly 0.

    Parameters
    ----------
    real
        Rows [n, d].
    unit
        Bring all rows to length one first; a distance is then the chord of the angle, sqrt(2 - 2 cos), and a row of
        zeros, which has no direction, stays where it is.

    Examples
    --------
    >>> EuclideanDistances(np.array([[0.0, 0.0], [3.0, 4.0]])).to(np.array([[3.0, 4.0]])).tolist()
    [[5.0], [0.0]]
    """

    def __init__(self, real: NDArray[Any], *, unit: bool = False) -> None:
        self._unit = unit
        self._real = self._made(real)
        self._norms = np.einsum("ij,ij->i", self._real, self._real)

    def __len__(self) -> int:
        """Give the number of real rows."""
        return len(self._real)

    def to(self, block: NDArray[Any]) -> Floats:
        """Give the distances [n, b] to the rows [b, d] of ``block``."""
        rows = self._made(block)
        norms = np.einsum("ij,ij->i", rows, rows)
        squares = self._real @ rows.T
        squares *= -2
        squares += self._norms[:, np.newaxis]
        squares += norms[np.newaxis, :]
        # Below this the rounding of the expanded square, d eps times the norms, may be a thousandth of the distance.
        doubtful = 1e3 * rows.shape[1] * np.finfo(np.float64).eps * (self._norms[:, np.newaxis] + norms[np.newaxis, :])
        for i, j in zip(*np.nonzero(squares <= doubtful), strict=True):
            difference = self._real[i] - rows[j]
            squares[i, j] = difference @ difference
        return np.sqrt(squares, out=squares)

    def _made(self, rows: NDArray[Any]) -> Floats:
        values: Floats = np.asarray(rows, dtype=np.float64)
        if self._unit:
            lengths = np.linalg.norm(values, axis=1, keepdims=True)
            values = values / np.where(lengths == 0, 1.0, lengths)
        return values


class SimilarityDistances:
    """1 - similarity, of what gives similarities up to 1 of equal images."""

    def __init__(self, pairs: Any, count: int) -> None:
        self._pairs, self._count = pairs, count

    def __len__(self) -> int:
        """Give the number of real images."""
        return self._count

    def to(self, block: NDArray[Any]) -> Floats:
        """Give the distances [n, b] to the images [b, side * side] of ``block``."""
        distances: Floats = np.maximum(1 - self._pairs.similarities(block), 0.0)
        return distances


def pair_distances(real: NDArray[Any], metric: Metric) -> PairDistances:
    """Make what measures distances to these real rows.

    Parameters
    ----------
    real
        Rows [n, d]; grey values of square images as uint8 for ``ssim`` and ``shifted``. Euclidean distances of uint8
        rows are those of grey values in 0..1.
    metric
        ``euclidean``; ``cosine``, the chord of the angle; ``band-fine``, ``band-middle``, ``band-coarse``, the chord of
        the angle of what one band of spatial frequency holds of the images (:func:`ganprint.bands.band_rows`);
        ``ssim``, 1 - mean SSIM (:class:`ganprint.pairs.SsimPairs`);
        ``shifted``, 1 - the largest normalised correlation over shifts and mirror images
        (:class:`ganprint.pairs.ShiftedPairs`).

    Raises
    ------
    ValueError
        When the metric needs grey values and the rows are none.
    """
    if metric in {"euclidean", "cosine"}:
        scaled = partial(_scaled, divisor=255.0 if real.dtype == np.uint8 else 1.0)
        return _Transformed(EuclideanDistances(scaled(real), unit=metric == "cosine"), scaled)
    if real.dtype != np.uint8:
        raise ValueError(f"metric '{metric}' compares grey values (uint8), and the rows are {real.dtype}")
    if metric in BANDS:
        passed = partial(band_rows, band=metric)
        return _Transformed(EuclideanDistances(passed(real), unit=True), passed)
    from ganprint.pairs.shifted import ShiftedPairs  # noqa: PLC0415  (torch, which the others do without)
    from ganprint.pairs.ssim import SsimPairs  # noqa: PLC0415

    if metric == "ssim":
        return SimilarityDistances(SsimPairs(real), len(real))
    # Shifts of half a small image or more leave too little to compare.
    return SimilarityDistances(ShiftedPairs(real, max_shift=min(8, (square_side(real) - 1) // 2)), len(real))


def _scaled(rows: NDArray[Any], divisor: float) -> Floats:
    return np.asarray(rows, dtype=np.float64) / divisor


class _Transformed:
    """Distances of rows after a transformation that both sides undergo."""

    def __init__(self, distances: EuclideanDistances, transform: Callable[[NDArray[Any]], Floats]) -> None:
        self._distances, self._transform = distances, transform

    def __len__(self) -> int:
        return len(self._distances)

    def to(self, block: NDArray[Any]) -> Floats:
        return self._distances.to(self._transform(block))
