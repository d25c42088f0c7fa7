"""The relation module on full grids of (real, generated) pairs: every image's half is computed once."""

from collections.abc import Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional

__all__ = ["RelationModule", "grid_logits", "relation_blocks", "relation_scores"]

GeneratedMaps = torch.Tensor | Iterable[torch.Tensor]


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
    real_half = functional.conv2d(real_maps, weight[:, : module.channels], module.first.bias, padding=1)
    generated_half = functional.conv2d(generated_maps, weight[:, module.channels :], padding=1)
    joined = (real_half.unsqueeze(1) + generated_half.unsqueeze(0)).flatten(0, 1)
    logits = module.tail(torch.relu(module.first_norm(joined)))
    return logits.view(len(real_maps), len(generated_maps))


def relation_blocks(
    module: RelationModule, real_maps: torch.Tensor, generated_maps: GeneratedMaps, *, block: int = 64
) -> Iterator[torch.Tensor]:
    """Yield the scores of all pairs in blocks [n_real, at most ``block``], generated images in their order.

    The first batch-norm is folded into the first convolution. At any time there are the halves of all real
    images, those of one block of generated images, and one real image's ``block`` pairs.

    Parameters
    ----------
    module
        The relation module in evaluation mode: scores of a grid have no meaning with batch statistics.
    real_maps
        Feature maps [n_real, C, h, w].
    generated_maps
        Feature maps [n_generated, C, h, w], or an iterable of such pieces.
    block
        Generated images per block.

    Raises
    ------
    ValueError
        When the module is in training mode or ``block`` is not positive.
    """
    if module.training:
        raise ValueError("the relation module is in training mode; call module.eval() before scoring a grid")
    if block < 1:
        raise ValueError(f"block is {block}; it has to be at least 1")
    weight, bias = _folded(module.first, module.first_norm)
    second_weight, second_bias = _folded(module.second, module.second_norm)
    real_half = functional.conv2d(real_maps, weight[:, : module.channels], bias, padding=1)
    pieces = [generated_maps] if isinstance(generated_maps, torch.Tensor) else generated_maps
    for piece in pieces:
        for maps in piece.split(block):
            generated_half = functional.conv2d(maps, weight[:, module.channels :], padding=1)
            rows = [_folded_tail(module, half + generated_half, second_weight, second_bias) for half in real_half]
            yield torch.sigmoid(torch.stack(rows))


def relation_scores(
    module: RelationModule, real_maps: torch.Tensor, generated_maps: GeneratedMaps, *, block: int = 64
) -> torch.Tensor:
    """Give the mean score of each real image over all generated images [n_real], summed in float64.

    Parameters and errors are those of :func:`relation_blocks`; only running sums are kept.

    Raises
    ------
    ValueError
        Also when there is no generated image.
    """
    total = torch.zeros(len(real_maps), dtype=torch.float64, device=real_maps.device)
    count = 0
    with torch.inference_mode():
        for scores in relation_blocks(module, real_maps, generated_maps, block=block):
            total += scores.sum(dim=1, dtype=torch.float64)
            count += scores.shape[1]
    if not count:
        raise ValueError("there are no generated maps to average over")
    return (total / count).to(real_maps.dtype)


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and bias of a convolution followed by a batch-norm in evaluation mode, as one convolution."""
    weight, bias = nn.utils.fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,  # type: ignore[arg-type]
        norm.running_var,  # type: ignore[arg-type]
        norm.eps,
        norm.weight,
        norm.bias,
    )
    return weight.detach(), bias.detach()


def _folded_tail(
    module: RelationModule, joined: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """Give the logits [n] from the folded first layer's sum [n, C, h, w], before its ReLU."""
    # ReLU is monotone, so it commutes exactly with a maximum and runs on the 25 pooled values instead.
    pooled = functional.adaptive_max_pool2d(joined, 5).relu_()
    top = functional.conv2d(pooled, weight, bias).amax(dim=(2, 3)).relu_()
    logits: torch.Tensor = module.last(torch.relu(module.hidden(top))).squeeze(1)
    return logits
