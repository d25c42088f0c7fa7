"""The relation module, and training it on full grids of (real, generated) pairs: every image's half comes once."""

import torch
from torch import nn
from torch.nn import functional

__all__ = ["RelationModule", "grid_logits"]


class RelationModule(nn.Module):
    """The paper's relation module: joined feature maps [n, 2C, h, w] to a score in [0, 1] per pair.

    3x3 convolution (2C to C, padding 1), batch-norm, ReLU, adaptive max-pool to 5x5; 3x3 convolution (C to C, no
    padding), batch-norm, ReLU, adaptive max-pool to 1x1; linear C to 8, ReLU, linear 8 to 1, sigmoid. The batch-norms
    have momentum 1: their running statistics are those of the last training batch.

    Parameters
    ----------
    channels
        C, the channels of one image's feature maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.first = nn.Conv2d(2 * channels, channels, 3, padding=1)
        self.first_norm = nn.BatchNorm2d(channels, momentum=1)
        self.second = nn.Conv2d(channels, channels, 3)
        self.second_norm = nn.BatchNorm2d(channels, momentum=1)
        self.hidden = nn.Linear(channels, 8)
        self.last = nn.Linear(8, 1)

    def forward(self, pair_maps: torch.Tensor) -> torch.Tensor:
        """Give the score of each pair [n]."""
        return torch.sigmoid(self.logits(pair_maps))

    def logits(self, pair_maps: torch.Tensor) -> torch.Tensor:
        """Give the score of each pair before the sigmoid [n]; real channels come first in ``pair_maps``."""
        return self.tail(torch.relu(self.first_norm(self.first(pair_maps))))

    def tail(self, joined: torch.Tensor) -> torch.Tensor:
        """Give the logits [n] from the first layer's output [n, C, h, w], ReLU included."""
        pooled = functional.adaptive_max_pool2d(joined, 5)
        top = functional.adaptive_max_pool2d(torch.relu(self.second_norm(self.second(pooled))), 1).flatten(1)
        logits: torch.Tensor = self.last(torch.relu(self.hidden(top))).squeeze(1)
        return logits


def grid_logits(module: RelationModule, real_maps: torch.Tensor, generated_maps: torch.Tensor) -> torch.Tensor:
    """Give the logits of all pairs of a mini-batch, in training or evaluation mode, with gradients.

    The first convolution is linear in the concatenation, so each image passes through its half once. In training mode
    the batch-norms see the statistics of all m x n pairs, as they would on the built concatenations.

    Parameters
    ----------
    module
        The relation module.
    real_maps
        Feature maps [m, C, h, w].
    generated_maps
        Feature maps [n, C, h, w].

    Returns
    -------
    Logits [m, n].
    """
    weight = module.first.weight
    # W * [a ; b] + c = (W_r * a + c) + W_g * b
    halves = (
        functional.conv2d(real_maps, weight[:, : module.channels], module.first.bias, padding=1),
        functional.conv2d(generated_maps, weight[:, module.channels :], padding=1),
    )
    # Channels last, or the pooling of the pairs takes several times as long on a CPU.
    real_half, generated_half = (half.contiguous(memory_format=torch.channels_last) for half in halves)
    joined = (real_half.unsqueeze(1) + generated_half.unsqueeze(0)).flatten(0, 1)
    logits = module.tail(torch.relu(module.first_norm(joined)))
    return logits.view(len(real_maps), len(generated_maps))
