"""Scores of a trained relation network on full grids of (real, generated) pairs."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganprint.compare.data import Images
from ganprint.compare.relation_network import RelationNetwork
from ganprint.pairs import relation_blocks, relation_scores

__all__ = ["PixelScale", "mean_scores", "network_input", "pair_scores"]

PixelScale = Callable[[torch.Tensor], torch.Tensor]

_IMAGES_PER_PASS = 64


def network_input(images: Images, rows: NDArray[np.intp], scale: PixelScale, device: str) -> torch.Tensor:
    """Give rows of grey values as the network's input [n, 1, side, side], scaled."""
    side = int(np.sqrt(images.rows.shape[1]))
    grey = torch.from_numpy(images.rows[rows]).to(device).view(len(rows), 1, side, side)
    return scale(grey.to(torch.float32))


def _maps(backbone: nn.Module, images: Images, scale: PixelScale, device: str) -> Iterator[torch.Tensor]:
    for start in range(0, len(images), _IMAGES_PER_PASS):
        rows = np.arange(start, min(start + _IMAGES_PER_PASS, len(images)))
        yield backbone(network_input(images, rows, scale, device))


def _all_maps(
    network: RelationNetwork, real: Images, generated: Images, scale: PixelScale
) -> tuple[torch.Tensor, Iterator[torch.Tensor]]:
    """Give the feature maps of all real images, and those of the generated ones as a stream."""
    network.eval()
    device = str(next(network.parameters()).device)
    real_maps = torch.cat(list(_maps(network.real, real, scale, device)))
    return real_maps, _maps(network.generated, generated, scale, device)


def mean_scores(
    network: RelationNetwork, real: Images, generated: Images, scale: PixelScale, *, block: int
) -> NDArray[np.float64]:
    """Give the mean pair score of each real image over all generated ones, streaming over the latter."""
    with torch.inference_mode():
        means = relation_scores(network.relation, *_all_maps(network, real, generated, scale), block=block)
        scores: NDArray[np.float64] = means.cpu().numpy().astype(np.float64)
        return scores


def pair_scores(
    network: RelationNetwork, real: Images, generated: Images, scale: PixelScale, *, block: int
) -> torch.Tensor:
    """Give the score of every pair [n_real, n_generated], in float32 on the CPU."""
    with torch.inference_mode():
        blocks = relation_blocks(network.relation, *_all_maps(network, real, generated, scale), block=block)
        return torch.cat([scores.cpu() for scores in blocks], dim=1)
