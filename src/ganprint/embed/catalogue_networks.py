"""The networks of torchvision, the EfficientNet-Lites of timm and SSCD as registered networks."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional

from ganprint.embed.catalogue import Entry, catalogue, imagenet_member
from ganprint.embed.catalogue_stages import STAGES, efficientnet_lite_stages
from ganprint.embed.catalogue_weights import published_path
from ganprint.embed.layers import Stage
from ganprint.embed.networks import Backbone, Trained, staged
from ganprint.embed.weights import State, Weights, downloaded_weights, packaged_weights
from ganprint.errors import InputError

__all__ = ["backbone_of", "build_network", "catalogue_backbones", "torchvision_names"]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_LITE_RESIZE = {224: 256, 240: 272, 260: 292}

# torchvision renamed the parts of a dense layer; its weight files were made before that.
_DENSE = re.compile(r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\..*)$")


def build_network(name: str) -> nn.Module:
    """Build one of torchvision's networks with whatever initial weights torch draws; Inception without AuxLogits."""
    given = {"aux_logits": False, "init_weights": False} if name == "inception_v3" else {}
    network: nn.Module = torchvision.models.get_model(name, weights=None, **given)
    return network


def torchvision_names(state: State) -> State:
    """Give the tensors of a DenseNet's published file the names that torchvision's network has today.

    Examples
    --------
    >>> list(torchvision_names({"features.denseblock1.denselayer1.norm.1.weight": None}))
    ['features.denseblock1.denselayer1.norm1.weight']
    """
    return {_DENSE.sub(r"\1\2", name): tensor for name, tensor in state.items()}


def _trained(enum: Any) -> Trained:
    preset = enum.transforms()
    (resize,), (crop,) = preset.resize_size, preset.crop_size
    return Trained(resize, crop, preset.interpolation.value, tuple(preset.mean), tuple(preset.std))


def _torchvision(name: str, entry: Entry) -> Backbone:
    def member(source: str) -> Any:
        return torchvision.models.get_model_weights(name)[imagenet_member(source)]

    def read(source: str, _: nn.Module) -> Weights:
        return downloaded_weights(member(source), source)

    def trained(source: str) -> Trained:
        return _trained(member(source))

    stages = STAGES[entry.family]
    trained_by = {source: partial(trained, source) for source in entry.files}
    return Backbone(
        entry.dimension,
        partial(build_network, name),
        staged(stages),
        next(iter(trained_by.values())),
        {source: partial(read, source) for source in entry.files},
        stages=stages,
        layers=entry.layers,
        trained_by=trained_by,
        names=torchvision_names if entry.family == "densenet" else dict,
        least=entry.least,
        multiple=entry.multiple,
    )


def _packaged(entry: Entry, network: nn.Module) -> Weights:
    published = entry.files["packaged"]
    path = published_path(published)
    if path is None:
        package = published.file.partition("/")[0].replace("_", "-")
        raise InputError(f"weights 'packaged': the package {package} is not installed; install the lock")
    packaged = packaged_weights(path)
    names = list(network.state_dict())
    if len(names) != len(packaged.state):
        raise InputError(f"weights 'packaged': {packaged.origin} has {len(packaged.state)} tensors, not {len(names)}")
    # The package names its layers otherwise; both list them in the order of the network, with equal shapes.
    state = dict(zip(names, packaged.state.values(), strict=True))
    return Weights(packaged.source, packaged.origin, packaged.sha256, state)


def _lite(name: str, entry: Entry) -> Backbone:
    def build() -> nn.Module:
        network: nn.Module = timm.create_model(f"tf_{name.replace('-', '_')}", pretrained=False)
        return network

    def trained() -> Trained:
        # Mean 127 and deviation 128 on 0..255, as the network was trained (TensorFlow's EfficientNet-Lite).
        return Trained(_LITE_RESIZE[entry.size], entry.size, "bicubic", (127 / 255,) * 3, (128 / 255,) * 3)

    stages = efficientnet_lite_stages
    sources = {"packaged": partial(_packaged, entry)}
    return Backbone(entry.dimension, build, staged(stages), trained, sources, stages=stages, layers=entry.layers)


class _Descriptor(nn.Module):
    """From a map [n, c, h, w], not negative, to SSCD's descriptor as a map of one cell [n, d, 1, 1] of length 1."""

    def __init__(self, projection: nn.Module) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Take the generalised mean of power 3, project it, and bring it to length 1."""
        pooled = maps.float().clamp(min=1e-6).pow(3).mean(dim=(2, 3)).pow(1 / 3)
        return functional.normalize(self.projection(pooled).float())[:, :, None, None]


class _Sscd(nn.Module):
    """ResNet-50 whose ``fc`` is the projection, under the names of SSCD's files."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.backbone = torchvision.models.resnet50(weights=None, num_classes=dimension)


def _sscd(entry: Entry) -> Backbone:
    def stages(network: Any) -> list[Stage]:
        return [*STAGES["resnet"](network.backbone), Stage("descriptor", _Descriptor(network.backbone.fc))]

    def trained() -> Trained:
        return Trained(288, 288, "bilinear", *_IMAGENET)

    build = partial(_Sscd, entry.dimension)
    return Backbone(entry.dimension, build, staged(stages), trained, {}, stages=stages, layers=entry.layers)


def backbone_of(name: str, entry: Entry) -> Backbone | None:
    """Give a network of the catalogue as a registered one; None for the families that other modules build."""
    makers: dict[str, Callable[[], Backbone]] = {
        "efficientnet-lite": lambda: _lite(name, entry),
        "sscd": lambda: _sscd(entry),
    }
    if entry.family in STAGES:
        return _torchvision(name, entry)
    return makers[entry.family]() if entry.family in makers else None


def catalogue_backbones() -> dict[str, Backbone]:
    """Give all of them by name, in the order of the catalogue."""
    made = {name: backbone_of(name, entry) for name, entry in catalogue().items()}
    return {name: backbone for name, backbone in made.items() if backbone is not None}
