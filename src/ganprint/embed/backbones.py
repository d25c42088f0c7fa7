"""Backbones by name: networks that turn an image into a feature map, whose pooling is the image's features."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import torch
from torch import nn

from ganprint.embed.autoencoder import CODE, CodeMap, GreyAutoencoder
from ganprint.embed.catalogue import catalogue
from ganprint.embed.catalogue_networks import catalogue_backbones
from ganprint.embed.catalogue_stages import STAGES
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.keras_resnet import KERAS_BLOCKS, KERAS_DEVIATION, KERAS_MEAN, keras_resnet
from ganprint.embed.layers import Layers, last_layer
from ganprint.embed.networks import CLASSIFIER, Backbone, Trained, staged
from ganprint.embed.preprocessing import Preprocessing, paper_preprocessing
from ganprint.embed.weights import (
    State,
    Weights,
    file_weights,
    random_weights,
    seeded_network,
    without_wrapper,
)
from ganprint.errors import InputError
from ganprint.params import EmbeddingParameters

__all__ = [
    "AUTOENCODER",
    "BACKBONES",
    "CLASSIFIER",
    "Backbone",
    "LoadedBackbone",
    "LoadedLayers",
    "Trained",
    "choose_preprocessing",
    "load_backbone",
    "load_layers",
    "load_network",
    "plan_preprocessing",
]

AUTOENCODER = "autoencoder"
"""The backbone that has to be trained here, to bring images back through a short code."""


@dataclass(frozen=True)
class LoadedBackbone:
    """A network ready to run, from images to one feature map: evaluation mode, batch-norm folded, channels last."""

    name: str
    dimension: int
    network: nn.Module
    weights: Weights
    preprocessing: Preprocessing


@dataclass(frozen=True)
class LoadedLayers:
    """A network ready to run, from images to a tuple with the feature map of each wanted layer."""

    name: str
    network: nn.Module
    weights: Weights
    preprocessing: Preprocessing


def _keras_resnet(name: str) -> Backbone:
    def trained() -> Trained:
        # Values as Keras' preprocess_input; Keras names no resize, so it is the test-time one of He et al. 2016.
        return Trained(256, 224, "bilinear", KERAS_MEAN, KERAS_DEVIATION)

    stages, layers = STAGES["resnet"], catalogue()[name].layers
    return Backbone(2048, partial(keras_resnet, name), staged(stages), trained, {}, stages=stages, layers=layers)


def _autoencoder() -> Backbone:
    def trained() -> Trained:
        return Trained(64, 64, "bilinear", (0.5,) * 3, (0.5,) * 3)

    # The code has no place in the image: a map of one cell, which every pooling leaves as it is.
    return Backbone(CODE, GreyAutoencoder, CodeMap, trained, {})


BACKBONES: dict[str, Backbone] = {
    **catalogue_backbones(),
    AUTOENCODER: _autoencoder(),
    **{name: _keras_resnet(name) for name in KERAS_BLOCKS},
}
"""Every registered network; ``catalogue.csv`` has a row for each, which `ganprint backbones` shows."""


def _backbone(name: str) -> Backbone:
    if name not in BACKBONES:
        near = get_close_matches(name, BACKBONES, n=1)
        meant = f"; is '{near[0]}' meant?" if near else ""
        first = next(iter(BACKBONES))
        raise InputError(
            f"backbone '{name}': unknown; allowed: pixels, {first} and what 'ganprint backbones' lists{meant}"
        )
    return BACKBONES[name]


def _check_source(backbone: Backbone, name: str, source: str) -> None:
    if source not in backbone.sources and not source.startswith(("file:", "random:")):
        allowed = ", ".join([*backbone.sources, "file:PATH", "random:SEED", "pretrained-here:NAME"])
        raise InputError(f"weights '{source}': not to be had for {name}; allowed: {allowed}")


def _weights(backbone: Backbone, source: str, network: nn.Module) -> Weights:
    if source.startswith("file:"):
        return file_weights(Path(source.removeprefix("file:")))
    if source.startswith("random:"):
        return random_weights(backbone.build, int(source.removeprefix("random:")))
    return backbone.sources[source](network)


def _load_state(network: nn.Module, state: State, name: str, source: str) -> None:
    own = network.state_dict()
    state = without_wrapper(_backbone(name).names(state), own)
    # The features do not pass through the classifier: a file without it, or with one of other classes, is as good.
    state = {
        key: tensor
        for key, tensor in state.items()
        if not key.startswith(CLASSIFIER) or (key in own and own[key].shape == tensor.shape)
    }
    try:
        problems = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError(f"weights '{source}': do not fit {name} ({' '.join(str(error).split())})") from None
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
    backbone = _backbone(name)
    if given is None:
        _check_source(backbone, name, source)
    network = seeded_network(backbone.build, 0)
    weights = given or _weights(backbone, source, network)
    _load_state(network, weights.state, name, source)
    return network, weights


def choose_preprocessing(backbone: Backbone, name: str, size: int, source: str | None = None) -> Preprocessing:
    """Give the preparation of images called ``name`` for a backbone at a square input ``size`` in pixels.

    Parameters
    ----------
    backbone
        Registered.
    name
        As in params.yaml.
    size
        Width and height in pixels.
    source
        Of the weights; published ones may each have been trained with another preparation. For any other source it is
        the one of the first published weights.

    Raises
    ------
    InputError
        When it is one for pixels alone.
    """
    if name == "paper":
        return paper_preprocessing(size)
    if name == "weights":
        made = backbone.trained_by.get(source or "", backbone.trained)()
        resize = round(size * made.resize / made.crop)
        return Preprocessing("weights", resize, size, made.interpolation, made.mean, made.deviation)
    raise InputError(f"preprocessing '{name}': is for pixels; allowed: paper, weights")


def plan_preprocessing(parameters: EmbeddingParameters) -> Preprocessing:
    """Give the preparation of images for an embedding by a network, before anything is loaded.

    Raises
    ------
    InputError
        When the backbone is unknown, or has no such layer, preparation, size or grid.
    """
    backbone = _backbone(parameters.backbone)
    backbone.check(parameters.backbone, parameters.size, parameters.layer, parameters.grid)
    return choose_preprocessing(backbone, parameters.preprocessing, parameters.size, parameters.weights)


def _ready(network: nn.Module) -> nn.Module:
    return fold_batch_norm(network.eval()).to(memory_format=torch.channels_last)


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
    preprocessing = plan_preprocessing(parameters)
    name, layer = parameters.backbone, parameters.layer
    network, weights = load_network(name, parameters.weights, pretrained)
    backbone = BACKBONES[name]
    if layer is None or backbone.stages is None:
        return LoadedBackbone(
            name, backbone.dimension, _ready(backbone.features(network.eval())), weights, preprocessing
        )
    features = _ready(last_layer(backbone.stages(network.eval()), layer))
    return LoadedBackbone(name, backbone.layers[layer], features, weights, preprocessing)


def load_layers(
    parameters: EmbeddingParameters, layers: Sequence[str | None], pretrained: Weights | None = None
) -> LoadedBackbone | LoadedLayers:
    """Build a backbone once for several of its layers; of one layer alone it is :func:`load_backbone`.

    Parameters
    ----------
    parameters
        Of any of the embeddings, which differ in their layer alone.
    layers
        Names, each once; None is the last layer.
    pretrained
        As for :func:`load_backbone`.

    Raises
    ------
    InputError
        As :func:`load_backbone`, or when there is no such layer.
    """
    if len(layers) == 1:
        return load_backbone(parameters.model_copy(update={"layer": layers[0]}), pretrained)
    preprocessing = plan_preprocessing(parameters)
    name = parameters.backbone
    network, weights = load_network(name, parameters.weights, pretrained)
    stages = BACKBONES[name].stages
    if stages is None:
        raise InputError(f"layers {', '.join(map(str, layers))}: {name} has only its last one; leave layer out")
    found = stages(network.eval())
    wanted = [found[-1].name if layer is None else layer for layer in layers]
    return LoadedLayers(name, _ready(Layers(found, wanted)), weights, preprocessing)
