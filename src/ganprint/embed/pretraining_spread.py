"""Whether a network still tells images apart: how many directions its features fill, and how far they lie apart.

Training without negatives may collapse: features become the same for every image, with a loss that looks fine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spread", "spread_of"]

_FEWEST_DIRECTIONS = 2.0
_LEAST_DEVIATION = 0.01


@dataclass(frozen=True)
class Spread:
    """Spread of the features of different images.

    Attributes
    ----------
    effective_rank
        exp of the entropy of the normalised singular values of the centred features (Roy and Vetterli 2007, "The
        effective rank"): 1 when all lie on a line, at most the number of directions; 0 when all are equal.
    deviation
        Mean standard deviation over images of the numbers of features scaled to unit length, times the root of their
        length: about 1 when they lie in all directions alike, 0 when all are equal (Chen and He 2021, arXiv 2011.10566,
        section 4.1).
    """

    effective_rank: float
    deviation: float

    @property
    def collapsed(self) -> bool:
        """Whether the images are as good as one: all on a line, or hardly apart."""
        return self.effective_rank < _FEWEST_DIRECTIONS or self.deviation < _LEAST_DEVIATION

    def as_dict(self) -> dict[str, float]:
        """Give the figures for a record."""
        return {"effective_rank": round(self.effective_rank, 4), "deviation": round(self.deviation, 4)}


def spread_of(features: NDArray[np.floating]) -> Spread:
    """Measure the features [n, d] of n different images.

    Examples
    --------
    >>> corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> spread_of(corners)
    Spread(effective_rank=2.0, deviation=1.0)
    """
    rows = features.astype(np.float64)
    singular = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    # Equal rows differ from their mean by rounding; that is no direction.
    floor = np.finfo(np.float32).eps * max(float(np.abs(rows).max(initial=0.0)), 1e-300) * np.sqrt(rows.size)
    singular = singular[singular > floor]
    share = singular / singular.sum() if singular.size else singular
    rank = float(np.exp(-(share * np.log(share)).sum())) if singular.size else 0.0
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(lengths > 0, lengths, 1.0)
    return Spread(rank, float(unit.std(axis=0).mean() * np.sqrt(rows.shape[1])))
