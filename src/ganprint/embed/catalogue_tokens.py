"""Networks of tokens (ViT, Swin) read as feature maps, so that pooling and storage are those of every other network."""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ganprint.embed.layers import Stage

__all__ = ["swin_stages", "vit_stages"]


class _ChannelsFirst(nn.Module):
    """From [n, h, w, d] to [n, d, h, w]."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Move the channels."""
        return tokens.permute(0, 3, 1, 2)


class _PatchMap(nn.Module):
    """From a class token and h * h patches [n, 1 + h * h, d] to the patches as a map [n, d, h, h]."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Leave the class token out."""
        side = math.isqrt(tokens.shape[1] - 1)
        return tokens[:, 1:].transpose(1, 2).reshape(len(tokens), -1, side, side)


class _ClassCell(nn.Module):
    """From tokens [n, 1 + t, d] to the class token as a map of one cell [n, d, 1, 1]."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Leave the patches out."""
        return tokens[:, 0, :, None, None]


class _Tokens(nn.Module):
    """From images [n, 3, s, s] to tokens with their positions [n, 1 + (s / patch)², d].

    At another side than that of the weights the positions are interpolated bicubically, as torchvision's
    ``interpolate_embeddings`` does.
    """

    conv_proj: nn.Module
    class_token: torch.Tensor
    pos_embedding: torch.Tensor

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.conv_proj = network.conv_proj
        self.class_token = network.class_token
        self.pos_embedding = network.encoder.pos_embedding

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the tokens."""
        patches = self.conv_proj(images)
        first = self.class_token.expand(len(images), -1, -1)
        tokens = torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1)
        return tokens + self._positions(patches.shape[-1])

    def _positions(self, side: int) -> torch.Tensor:
        positions = self.pos_embedding
        known = math.isqrt(positions.shape[1] - 1)
        if side == known:
            return positions
        grid = positions[:, 1:].transpose(1, 2).reshape(1, -1, known, known)
        grid = functional.interpolate(grid, size=(side, side), mode="bicubic", align_corners=True)
        return torch.cat([positions[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


def vit_stages(network: Any) -> list[Stage]:
    """Give the stages of torchvision's ViT: patches, encoder blocks, the last norm's patches, its class token."""
    encoder = network.encoder
    blocks = [Stage(name, block, _PatchMap) for name, block in encoder.layers.named_children()]
    # The classifier reads the class token, so that is the last layer, as for other networks what its pooling reads.
    ends = [Stage("tokens", encoder.ln, _PatchMap), Stage("class_token", nn.Identity(), _ClassCell)]
    return [Stage("patches", _Tokens(network), _PatchMap), *blocks, *ends]


def swin_stages(network: Any) -> list[Stage]:
    """Give the stages of torchvision's Swin, which hold [n, h, w, d], and the norm that the classifier reads."""
    parts = network.features.named_children()
    inner = [Stage(f"features.{name}", part, _ChannelsFirst) for name, part in parts]
    return [*inner, Stage("norm", network.norm, _ChannelsFirst)]
