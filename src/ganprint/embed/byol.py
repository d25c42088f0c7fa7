"""BYOL: foretell what a slow copy of the network makes of the other view (Grill et al. 2020, arXiv 2006.07733).

There are no negatives: a slice is never taught to be unlike its copy, be it another slice's neighbour or a generated
image that was made from it.
"""

import torch
from torch import nn
from torch.nn import functional

from ganprint.embed.momentum import MomentumEncoder, momentum_at
from ganprint.embed.pretraining_method import Method, Surroundings, mlp

__all__ = ["BYOL", "prediction_error"]


def prediction_error(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Give the mean over n rows of the squared distance of unit vectors, 2 - 2 cos (Grill et al. 2020, equation 2).

    Parameters
    ----------
    predicted, target
        [n, d], row i of both from image i.
    """
    cosine = functional.cosine_similarity(predicted.float(), target.float(), dim=1)
    return (2 - 2 * cosine).mean()


class BYOL(Method):
    """The error of a prediction, both ways: of the target's second view from the first, of its first from the second.

    Only the network is trained, by way of projection and prediction; the target follows it (:mod:`momentum`). The
    network is what is kept, as there.
    """

    def __init__(self, made_for: Surroundings) -> None:
        super().__init__()
        dimension, parameters = made_for.dimension, made_for.parameters
        length = parameters.projection
        self.projector = made_for.network("projector", lambda: mlp(dimension, dimension, length))
        self.predictor = made_for.network("predictor", lambda: mlp(length, dimension, length))
        self.target = MomentumEncoder(made_for.features, self.projector)
        self._momentum = parameters.momentum

    def loss(self, inputs: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Give the sum of both errors."""
        first, second = self.predictor(self.projector(pooled)).chunk(2)
        target_first, target_second = self.target(inputs).chunk(2)
        return prediction_error(first, target_second) + prediction_error(second, target_first)

    def follow(self, features: nn.Module, share: float) -> None:
        """Let the target follow."""
        self.target.follow(features, self.projector, momentum_at(share, self._momentum))
