"""A slow copy of a network, the average of what it was: the target of BYOL (Grill et al. 2020, arXiv 2006.07733)."""

import math

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

_Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]

__all__ = ["MomentumEncoder", "momentum_at"]


def momentum_at(share: float, base: float) -> float:
    """Give the momentum when a share 0..1 of the training is done: from ``base`` to 1 by a cosine (ibid., section 3.3).

    Examples
    --------
    >>> [round(momentum_at(share, 0.9), 3) for share in (0, 0.5, 1)]
    [0.9, 0.95, 1.0]
    """
    return 1 - (1 - base) * (math.cos(math.pi * share) + 1) / 2


class _Online(nn.Module):
    def __init__(self, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        projected: torch.Tensor = self.head(self.features(inputs).mean(dim=(2, 3)))
        return projected


class MomentumEncoder(nn.Module):
    """Backbone and head whose parameters follow others': after a step, old * momentum + new * (1 - momentum).

    It looks at a batch as the network that is trained does, by the batch's own statistics. Batch-norm's running
    statistics are the other network's, and nothing reads them.
    """

    def __init__(self, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self._momentum = 1.0
        self.average = AveragedModel(_Online(features, head), multi_avg_fn=self._update)
        self.average.requires_grad_(requires_grad=False)
        # The first update copies, whatever the momentum: done here, where the copy is equal.
        self.average.update_parameters(_Online(features, head))

    def _update(self, averaged: _Tensors, current: _Tensors, number: torch.Tensor | int) -> None:
        get_ema_multi_avg_fn(self._momentum)(averaged, current, number)  # type: ignore[no-untyped-call]

    def follow(self, features: nn.Module, head: nn.Module, momentum: float) -> None:
        """Move towards a backbone and head."""
        self._momentum = momentum
        self.average.update_parameters(_Online(features, head))

    @torch.no_grad()
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Give the projections [n, d] of the network's input, without gradient."""
        projected: torch.Tensor = self.average(inputs)
        return projected
