"""The contrastive loss of SimCLR and the small network that it looks through (Chen et al. 2020, arXiv 2002.05709)."""

import math

import torch
from torch import nn
from torch.nn import functional

__all__ = ["nt_xent", "projector", "rate_factor"]


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """Give the normalised temperature-scaled cross-entropy of two views of n images (Chen et al. 2020, equation 1).

    Of the 2 n - 1 other views in the batch, each view is to be most like the one of its own image; likeness is the
    cosine over the temperature.

    Parameters
    ----------
    first, second
        [n, d], row i of both from image i.
    temperature
        Above 0; the smaller, the more the hardest negatives count.

    Returns
    -------
    The mean over all 2 n views.
    """
    count = len(first)
    rows = functional.normalize(torch.cat([first, second]).float(), dim=1)
    likeness = rows @ rows.T / temperature
    itself = torch.eye(2 * count, dtype=torch.bool, device=rows.device)
    partner = torch.arange(2 * count, device=rows.device).roll(count)
    return functional.cross_entropy(likeness.masked_fill(itself, -torch.inf), partner)


def projector(dimension: int, projection: int) -> nn.Module:
    """Make the network between pooled features and loss: two layers, thrown away afterwards (ibid., section 2.1)."""
    return nn.Sequential(
        nn.Linear(dimension, dimension, bias=False),
        nn.BatchNorm1d(dimension),
        nn.ReLU(inplace=True),
        nn.Linear(dimension, projection),
    )


def rate_factor(step: int, warmup: int, total: int) -> float:
    """Give the share of the learning rate at a step: linear growth over ``warmup`` steps, then a cosine to 0.

    A function of the step alone, so that nothing of it has to be kept when training is interrupted.

    Examples
    --------
    >>> [round(rate_factor(step, 2, 6), 3) for step in range(6)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
