"""Sizes of the paper's networks, built without weights: torch's device ``meta`` knows shapes and holds no numbers."""

import torch
from torch import nn

from ganprint.compare.relation_network import DEPTHS, RelationNetwork, ResidualBackbone
from ganprint.embed.keras_resnet import keras_resnet

__all__ = ["backbone_outputs", "network_parameters"]

_CLASSES = 1000
_SIDE = 256


def backbone_outputs() -> dict[int, list[int]]:
    """Give the output [C, h, w] of each depth of run 1's backbone for a grey image of 256 x 256 pixels."""
    with torch.device("meta"):
        return {
            depth: list(ResidualBackbone(depth).eval()(torch.empty(1, 1, _SIDE, _SIDE)).shape[1:]) for depth in DEPTHS
        }


def network_parameters() -> dict[str, int]:
    """Give the numbers of parameters that the paper's code and notebooks print, by what they count.

    The code of run 1 builds a classifier per backbone and does not use it; it is counted here as there. Keras counts
    batch-norm's running means and variances as parameters that are not trainable.
    """
    with torch.device("meta"):
        network = RelationNetwork(101)
        classifier = _count(nn.Linear(network.real.channels, _CLASSES))
        keras = {depth: keras_resnet(f"keras-resnet{depth}") for depth in (50, 101)}
    found = {
        "relation backbone, depth 101, with its unused classifier": _count(network.real) + classifier,
        "its unused classifier": classifier,
        "relation module": _count(network.relation),
        "whole network of run 1": _count(network) + 2 * classifier,
    }
    for depth, model in keras.items():
        title = f"Keras ResNet-{depth} without top"
        statistics = sum(norm.num_features * 2 for norm in model.modules() if isinstance(norm, nn.BatchNorm2d))
        found[title] = _count(model) - _count(model.get_submodule("fc")) + statistics
        found[f"{title}, not trainable"] = statistics
    return found


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
