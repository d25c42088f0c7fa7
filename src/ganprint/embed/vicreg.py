"""VICReg: views agree, every number varies over the batch, and no two numbers vary together.

Bardes, Ponce and LeCun 2022 (arXiv 2105.04906). There are no negatives; the variance is held up by a term of its own.
"""

import torch
from torch.nn import functional

from ganprint.embed.pretraining_method import Method, Surroundings, expander

__all__ = ["COVARIANCE", "INVARIANCE", "VARIANCE", "VICReg", "covariance_term", "variance_term", "vicreg_loss"]

INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""Weights of the three terms, as there (section 4.2)."""

_EPSILON = 1e-4
_DEVIATION = 1.0


def variance_term(rows: torch.Tensor) -> torch.Tensor:
    """Give the mean over the columns of what their standard deviation lacks to 1 (ibid., equations 1 and 2)."""
    deviation = (rows.var(dim=0) + _EPSILON).sqrt()
    return functional.relu(_DEVIATION - deviation).mean()


def covariance_term(rows: torch.Tensor) -> torch.Tensor:
    """Give the sum of the squared covariances of different columns, over their number (ibid., equations 3 and 4)."""
    centred = rows - rows.mean(dim=0)
    # As NT-Xent: half precision would cut the products.
    with torch.autocast(rows.device.type, enabled=False):
        covariance = centred.T @ centred / (len(rows) - 1)
    others = covariance.square().sum() - covariance.diagonal().square().sum()
    return others / rows.shape[1]


def vicreg_loss(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Give the weighted sum of invariance, variance and covariance (ibid., equations 5 and 6).

    Invariance is the mean squared distance of corresponding rows over their length, as in the authors' code.

    Parameters
    ----------
    first, second
        [n, d], row i of both from image i; n at least 2.
    """
    first, second = first.float(), second.float()
    invariance = functional.mse_loss(first, second)
    # Of the variance, half: the mean over both views, as in the authors' code.
    variance = (variance_term(first) + variance_term(second)) / 2
    covariance = covariance_term(first) + covariance_term(second)
    return INVARIANCE * invariance + VARIANCE * variance + COVARIANCE * covariance


class VICReg(Method):
    """The loss on an expansion of three layers."""

    def __init__(self, made_for: Surroundings) -> None:
        super().__init__()
        length = made_for.parameters.projection
        self.expander = made_for.network("expander", lambda: expander(made_for.dimension, length))

    def loss(self, inputs: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Give the loss of the expansions."""
        del inputs
        first, second = self.expander(pooled).chunk(2)
        return vicreg_loss(first, second)
