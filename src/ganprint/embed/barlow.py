"""Barlow Twins: equal numbers of both views agree, different numbers tell nothing of each other.

Zbontar, Jing, Misra, LeCun and Deny 2021 (arXiv 2103.03230). There are no negatives.
"""

import torch

from ganprint.embed.pretraining_method import Method, Surroundings, expander

__all__ = ["REDUNDANCY", "BarlowTwins", "twins_loss"]

REDUNDANCY = 5e-3
"""Weight of what is off the diagonal, as there (section 2.2)."""

_EPSILON = 1e-5


def _standardised(rows: torch.Tensor) -> torch.Tensor:
    rows = rows.float()
    return (rows - rows.mean(dim=0)) / (rows.var(dim=0, unbiased=False) + _EPSILON).sqrt()


def twins_loss(first: torch.Tensor, second: torch.Tensor, redundancy: float) -> torch.Tensor:
    """Give sum_i (1 - C_ii)^2 + redundancy * sum_{i != j} C_ij^2 (Zbontar et al. 2021, equations 1 and 2).

    C [d, d] is the correlation, over the n images, of number i of the first view with number j of the second.

    Parameters
    ----------
    first, second
        [n, d], row i of both from image i.
    redundancy
        Weight of the second sum.
    """
    # As NT-Xent: half precision would cut the products.
    with torch.autocast(first.device.type, enabled=False):
        correlation = _standardised(first).T @ _standardised(second) / len(first)
    agreement = correlation.diagonal()
    others = correlation.square().sum() - agreement.square().sum()
    return (1 - agreement).square().sum() + redundancy * others


class BarlowTwins(Method):
    """The loss of cross-correlation on an expansion of three layers; over its length, so that rates carry over."""

    def __init__(self, made_for: Surroundings) -> None:
        super().__init__()
        self._length = made_for.parameters.projection
        self.expander = made_for.network("expander", lambda: expander(made_for.dimension, self._length))

    def loss(self, inputs: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Give the loss over the length of the vectors."""
        del inputs
        first, second = self.expander(pooled).chunk(2)
        return twins_loss(first, second, REDUNDANCY) / self._length
