"""Where each family of torchvision's networks is cut: stages in a row, the last one being what its classifier pools."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ganprint.embed.catalogue_tokens import swin_stages, vit_stages
from ganprint.embed.layers import Stage

__all__ = ["STAGES", "efficientnet_lite_stages"]


def _resnet(network: Any) -> list[Stage]:
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    return [Stage("stem", stem), *(Stage(name, getattr(network, name)) for name in _GROUPS)]


_GROUPS = ("layer1", "layer2", "layer3", "layer4")


def _features(network: Any) -> list[Stage]:
    return [Stage(f"features.{name}", part) for name, part in network.features.named_children()]


def _densenet(network: Any) -> list[Stage]:
    parts = dict(network.features.named_children())
    stem = nn.Sequential(*(parts.pop(name) for name in ("conv0", "norm0", "relu0", "pool0")))
    # torchvision's forward puts a ReLU behind the last norm.
    last = nn.Sequential(parts.pop("norm5"), nn.ReLU(inplace=True))
    inner = [Stage(f"features.{name}", part) for name, part in parts.items()]
    return [Stage("stem", stem), *inner, Stage("features.norm5", last)]


def _regnet(network: Any) -> list[Stage]:
    blocks = network.trunk_output.named_children()
    return [Stage("stem", network.stem), *(Stage(name, block) for name, block in blocks)]


class _InceptionInput(nn.Module):
    """From ImageNet's means and deviations to -1..1, with which Inception's published weights were trained.

    torchvision's network does the same before its first convolution whenever it is given its weights.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("scale", (deviation / 0.5).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", ((mean - 0.5) / 0.5).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the images on the other scale."""
        return images * self.scale + self.shift


def _inception(network: Any) -> list[Stage]:
    outside = {"AuxLogits", "avgpool", "dropout", "fc"}
    parts = [(name, part) for name, part in network.named_children() if name not in outside]
    return [Stage("input", _InceptionInput()), *(Stage(name, part) for name, part in parts)]


def efficientnet_lite_stages(network: Any) -> list[Stage]:
    """Give the stages of timm's EfficientNet."""
    blocks = [Stage(f"blocks.{name}", block) for name, block in network.blocks.named_children()]
    stem, head = nn.Sequential(network.conv_stem, network.bn1), nn.Sequential(network.conv_head, network.bn2)
    return [Stage("stem", stem), *blocks, Stage("head", head)]


STAGES: dict[str, Callable[[nn.Module], list[Stage]]] = {
    "resnet": _resnet,
    "resnext": _resnet,
    "wide-resnet": _resnet,
    "efficientnet": _features,
    "efficientnet-v2": _features,
    "densenet": _densenet,
    "convnext": _features,
    "swin": swin_stages,
    "swin-v2": swin_stages,
    "vit": vit_stages,
    "regnet": _regnet,
    "mobilenet-v3": _features,
    "inception": _inception,
}
"""By family of the catalogue."""
