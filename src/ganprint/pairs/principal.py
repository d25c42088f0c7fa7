"""Principal components of rows that come in blocks: the few directions in which generated images differ most."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.blocks import GeneratedRows, row_blocks

__all__ = ["PrincipalComponents", "ProjectedRows", "principal_components"]

Floats = NDArray[np.float64]

# Further directions carried along, and passes over the rows: errors of the wanted directions shrink by the ratio of the
# first variance left out to theirs at every pass.
_FURTHER, _PASSES = 16, 8


@dataclass(frozen=True)
class PrincipalComponents:
    """Centre and directions.

    Attributes
    ----------
    mean
        [d].
    axes
        [d, c], orthonormal, largest variance first.
    variances
        [c], of the rows along the axes (divisor m - 1).
    """

    mean: Floats
    axes: Floats
    variances: Floats

    def project(self, rows: NDArray[Any]) -> Floats:
        """Give the components [n, c] of rows [n, d]."""
        components: Floats = (np.asarray(rows, dtype=np.float64) - self.mean) @ self.axes
        return components


@dataclass(frozen=True)
class ProjectedRows:
    """The components of rows that come in blocks; iterated over as often as one likes, nothing is kept."""

    rows: GeneratedRows
    onto: PrincipalComponents
    block: int

    def __iter__(self) -> Iterator[Floats]:
        """Yield [b, c] components."""
        for piece in row_blocks(self.rows, self.block):
            yield self.onto.project(piece)


def principal_components(rows: GeneratedRows, count: int, *, seed: int, block: int = 1024) -> PrincipalComponents:
    """Find the ``count`` first principal components, or as many as there can be.

    Subspace iteration from random directions (Halko, Martinsson and Tropp 2011) on the centred rows, with a last step
    of Rayleigh and Ritz. scikit-learn's IncrementalPCA would do with one pass, but what it finds depends on how the
    rows are cut into blocks; here that changes rounding alone. Cost: 9 passes of 4 m d (count + 16) operations. Memory:
    a block, and d (count + 16) numbers.

    Parameters
    ----------
    rows
        [m, d], or something that yields blocks [m_b, d] every time it is iterated over.
    count
        Directions wanted; at most d and m - 1 are given, and at least one.
    seed
        Of the directions to start from.
    block
        Rows looked at together.

    Raises
    ------
    ValueError
        When there is no row or ``count`` is less than 1.

    Examples
    --------
    >>> found = principal_components(np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), 2, seed=1)
    >>> found.axes.round(6).tolist(), found.variances.round(6).tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [4.0, 0.0])
    """
    if count < 1:
        raise ValueError(f"{count} components; there has to be at least 1")
    mean, rows_seen = _mean(rows, block)
    wanted = max(1, min(count, len(mean), rows_seen - 1))
    start = np.random.default_rng(seed).normal(size=(len(mean), min(wanted + _FURTHER, len(mean))))
    basis, _ = np.linalg.qr(start)
    for _ in range(_PASSES):
        basis, _ = np.linalg.qr(_spread(rows, mean, basis, block))
    inner = basis.T @ _spread(rows, mean, basis, block)
    variances, turn = np.linalg.eigh((inner + inner.T) / 2)
    axes = basis @ turn[:, ::-1][:, :wanted]
    # An eigenvector has no sign of its own: its largest entry is made positive.
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(wanted)] < 0, -1.0, 1.0)
    return PrincipalComponents(mean, axes, np.maximum(variances[::-1][:wanted], 0.0) / max(rows_seen - 1, 1))


def _mean(rows: GeneratedRows, block: int) -> tuple[Floats, int]:
    total: Floats | None = None
    count = 0
    for piece in row_blocks(rows, block):
        added = piece.sum(axis=0, dtype=np.float64)
        total = added if total is None else total + added
        count += len(piece)
    if total is None or not count:
        raise ValueError("there is no row")
    return total / count, count


def _spread(rows: GeneratedRows, mean: Floats, basis: Floats, block: int) -> Floats:
    """Give the sum over rows of (x - mean)(x - mean)' times the basis: the scatter matrix is never built."""
    found = np.zeros_like(basis)
    for piece in row_blocks(rows, block):
        centred = np.asarray(piece, dtype=np.float64) - mean
        found += centred.T @ (centred @ basis)
    return found
