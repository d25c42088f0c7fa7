"""What a method of self-supervised training adds to the backbone: networks behind its features, and a loss.

All methods see the same: two random views of each slice in a batch. One file per method, with formula and source:
``contrastive`` (SimCLR), ``byol``, ``barlow``, ``vicreg``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn

from ganprint.embed.weights import seeded_network
from ganprint.params import PretrainingParameters
from ganprint.seeds import derive_seed

__all__ = ["Method", "Surroundings", "expander", "mlp"]


@dataclass(frozen=True)
class Surroundings:
    """What a method is made for.

    Attributes
    ----------
    features
        The part of the backbone that gives feature maps [n, dimension, h, w].
    dimension
        Length of the pooled features.
    parameters
        Of the block in params.yaml.
    seed
        Of the method's own networks.
    """

    features: nn.Module
    dimension: int
    parameters: PretrainingParameters
    seed: int

    def network(self, name: str, build: Callable[[], nn.Module]) -> nn.Module:
        """Build a network with initial weights of its own, by its name."""
        return seeded_network(build, derive_seed(self.seed, name))


class Method(nn.Module, ABC):
    """Networks and loss of a method; whatever they keep is in ``state_dict``, so that training can go on from it."""

    @abstractmethod
    def loss(self, inputs: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Give the loss of a batch of n images.

        Parameters
        ----------
        inputs
            [2 n, c, s, s], the network's input: the first views of the n images, then the second ones.
        pooled
            [2 n, dimension], the backbone's pooled features of them, with their gradient.
        """

    def learned(self) -> Iterable[nn.Parameter]:
        """Give what the optimiser changes besides the backbone."""
        return (parameter for parameter in self.parameters() if parameter.requires_grad)

    def follow(self, features: nn.Module, share: float) -> None:
        """Be told, after each step of the optimiser, the backbone and the share of the training that is done."""
        del features, share


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Module:
    """Make two layers, with batch norm between them: SimCLR's projection, BYOL's projection and prediction."""
    return nn.Sequential(
        nn.Linear(inputs, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, outputs),
    )


def expander(inputs: int, outputs: int) -> nn.Module:
    """Make three layers of equal width with batch norm between them: that of Barlow Twins and VICReg."""
    return nn.Sequential(
        nn.Linear(inputs, outputs, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(inplace=True),
        mlp(outputs, outputs, outputs),
    )
