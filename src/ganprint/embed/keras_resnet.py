"""Keras' ResNet-50, -101 and -152 (its version 1) as torchvision's network with what Keras does otherwise.

Source: ``keras/src/applications/resnet.py`` of Keras 3, which is the network of the paper's runs 2 and 3. Against
torchvision's class of the same depth: a group's stride is in the first 1x1 convolution of its first block instead of
the 3x3 one, convolutions have biases, and batch-norm's epsilon is 1.001e-5. Keras pads the stem with zeros before a
pooling without padding; torchvision's pooling pads with minus infinity. Behind a ReLU the two are the same function.
"""

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

__all__ = ["KERAS_BLOCKS", "KERAS_DEVIATION", "KERAS_EPSILON", "KERAS_MEAN", "keras_layers", "keras_resnet"]

KERAS_BLOCKS: dict[str, tuple[int, int, int, int]] = {
    "keras-resnet50": (3, 4, 6, 3),
    "keras-resnet101": (3, 4, 23, 3),
    "keras-resnet152": (3, 8, 36, 3),
}
"""Networks by name: residual blocks of each of the four groups."""

KERAS_EPSILON = 1.001e-5
"""Of batch-norm, under the root."""

KERAS_MEAN = (103.939 / 255, 116.779 / 255, 123.68 / 255)
"""What Keras' ``preprocess_input`` subtracts, on the scale 0..1: blue, green, red, as the network's inputs are."""

KERAS_DEVIATION = (1 / 255, 1 / 255, 1 / 255)
"""None: centred grey values stay on the scale 0..255."""


def keras_resnet(name: str) -> nn.Module:
    """Build Keras' network under torchvision's names, with whatever initial weights torch draws.

    The convolutions get biases of their own, which are not folded into batch-norm: every number of a Keras file is
    kept as it is, and the network has as many parameters as Keras counts. Its inputs are blue, green and red.

    Parameters
    ----------
    name
        One of :data:`KERAS_BLOCKS`.

    Returns
    -------
    A network with the classifier ``fc`` of 1000 classes.
    """
    norm = partial(nn.BatchNorm2d, eps=KERAS_EPSILON)
    network: nn.Module = ResNet(Bottleneck, list(KERAS_BLOCKS[name]), norm_layer=norm)
    for part in network.modules():
        if isinstance(part, Bottleneck):
            part.conv1.stride, part.conv2.stride = part.conv2.stride, part.conv1.stride
        elif isinstance(part, nn.Conv2d):
            part.bias = nn.Parameter(torch.zeros(part.out_channels))
    return network


def keras_layers(name: str) -> Iterator[tuple[str, str]]:
    """Give Keras' name and torchvision's of every layer with weights, in the order of Keras' files.

    Keras sorts the layers of a model by their depth in it, so the shortcut's convolution stands beside the third one of
    its block. Its files are read in this order. The classifier is the last, and a file may be without it.
    """
    yield from (("conv1_conv", "conv1"), ("conv1_bn", "bn1"))
    for group, count in enumerate(KERAS_BLOCKS[name], start=1):
        for block in range(count):
            theirs, ours = f"conv{group + 1}_block{block + 1}", f"layer{group}.{block}"
            for number in (1, 2):
                yield f"{theirs}_{number}_conv", f"{ours}.conv{number}"
                yield f"{theirs}_{number}_bn", f"{ours}.bn{number}"
            for kind, place in (("conv", 0), ("bn", 1)):
                if block == 0:
                    yield f"{theirs}_0_{kind}", f"{ours}.downsample.{place}"
                yield f"{theirs}_3_{kind}", f"{ours}.{kind}3"
    yield "predictions", "fc"
