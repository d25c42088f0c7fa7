"""Which embeddings can share a pass over the images, and what reads the images in it.

Images are decoded and resized once for all embeddings of a pass; blocks that differ in layer and grid share a network.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.embed.backbones import BACKBONES, load_layers, plan_preprocessing
from ganprint.embed.catalogue import catalogue
from ganprint.embed.extract import Reader, SmallMapError, network_reader, pixel_reader, value_reader
from ganprint.embed.handmade import HANDMADE
from ganprint.embed.preprocessing import Preprocessing, pixel_preprocessing
from ganprint.embed.store import Features
from ganprint.embed.weights import Weights
from ganprint.errors import InputError, said_of
from ganprint.params import EmbeddingParameters

__all__ = ["Blocks", "Opened", "Pass", "blocks_named", "open_pass", "plan_passes"]

HELD = 2**29
"""Parameters of the networks of one pass (2 GiB in float32); more embeddings take a further pass."""

Blocks = Mapping[str, EmbeddingParameters]


@dataclass
class Pass:
    """Embeddings for which an image is prepared in the same way.

    Attributes
    ----------
    preprocessing
        Of any of them: its geometry is that of all.
    networks
        Names of the embeddings, those together that one reader serves.
    held
        Parameters of the networks.
    """

    preprocessing: Preprocessing
    networks: dict[tuple[Any, ...], list[str]] = field(default_factory=dict)
    held: int = 0


@dataclass(frozen=True)
class Opened:
    """A reader, and the names and metadata of the embeddings that it gives rows of, in its order."""

    reader: Reader
    made: dict[str, dict[str, Any]]


def blocks_named(*names: str) -> AbstractContextManager[None]:
    """Put ``embed.NAME`` of every block concerned before the message of an InputError."""
    return said_of(", ".join(f"embed.{name}" for name in names))


def plan_passes(blocks: Blocks) -> list[Pass]:
    """Divide embeddings into passes, and the embeddings of each into those of one network.

    Raises
    ------
    InputError
        When one has no such backbone, layer, preparation, size or grid; the message begins with ``embed.NAME``.
    """
    passes: list[Pass] = []
    for name, parameters in blocks.items():
        with blocks_named(name):
            preprocessing, network = _preprocessing(parameters), _network(name, parameters)
        size = 0 if parameters.backbone not in BACKBONES else catalogue()[parameters.backbone].parameters
        chosen = next((one for one in passes if _fits(one, preprocessing, network, size)), None)
        if chosen is None:
            chosen = Pass(preprocessing)
            passes.append(chosen)
        if network not in chosen.networks:
            chosen.held += size
        chosen.networks.setdefault(network, []).append(name)
    return passes


def _fits(one: Pass, preprocessing: Preprocessing, network: tuple[Any, ...], size: int) -> bool:
    return _geometry(one.preprocessing) == _geometry(preprocessing) and (
        network in one.networks or one.held + size <= HELD
    )


def _geometry(preprocessing: Preprocessing) -> tuple[Any, ...]:
    return preprocessing.resize, preprocessing.size, preprocessing.interpolation


def _network(name: str, parameters: EmbeddingParameters) -> tuple[Any, ...]:
    """Give what two embeddings have in common when they differ in their layer and grid alone."""
    if parameters.backbone not in BACKBONES:
        return (name,)
    # Without a name, pretrained-here means the block that is called as the embedding is.
    shared = parameters.model_dump(exclude={"layer", "grid", "weights"})
    return (*shared.values(), parameters.pretraining(name) or parameters.weights)


def _preprocessing(parameters: EmbeddingParameters) -> Preprocessing:
    name = parameters.backbone
    if name != "pixels" and name not in HANDMADE:
        return plan_preprocessing(parameters)
    if parameters.preprocessing not in {"nearest", "area"} or parameters.weights != "none" or parameters.layer:
        raise InputError(
            f"embedding of {name}: weights must be 'none', preprocessing 'nearest' or 'area', and it has no layer"
        )
    return pixel_preprocessing(parameters.preprocessing, parameters.size)


def open_pass(
    one: Pass, blocks: Blocks, pretrained: Mapping[str, Weights], device: torch.device, device_name: str
) -> list[Opened]:
    """Load the networks of a pass.

    Parameters
    ----------
    one
        Of :func:`plan_passes`.
    blocks
        That it was planned for.
    pretrained
        Weights of the embeddings whose source is ``pretrained-here``.
    device
        Where networks run.
    device_name
        As it is recorded.

    Raises
    ------
    InputError
        When weights are not to be had or do not fit; or, while reading, when a map is smaller than its grid. The
        message begins with ``embed.NAME``.
    """
    opened = []
    for names in one.networks.values():
        parameters = blocks[names[0]]
        with blocks_named(*names):
            if parameters.backbone in BACKBONES:
                opened.append(_with_network(names, blocks, pretrained.get(names[0]), device, device_name))
            else:
                opened.append(_without_network(names[0], parameters))
    return opened


def _with_network(
    names: Sequence[str], blocks: Blocks, pretrained: Weights | None, device: torch.device, device_name: str
) -> Opened:
    parameters = blocks[names[0]]
    layers = list(dict.fromkeys(blocks[name].layer for name in names))
    backbone = load_layers(parameters, layers, pretrained)
    weights = {key: getattr(backbone.weights, key) for key in ("source", "origin", "sha256")}
    asked = [(layers.index(blocks[name].layer), blocks[name].grid) for name in names]
    different = list(dict.fromkeys(asked))
    dtype = getattr(torch, parameters.dtype)
    reader = network_reader(backbone, batch=parameters.batch, device=device, dtype=dtype, read_as=different)

    def read(stack: NDArray[np.uint8]) -> list[Features]:
        try:
            rows = reader.read(stack)
        except SmallMapError as error:
            wanting = [name for name, one in zip(names, asked, strict=True) if one == error.asked]
            with blocks_named(*wanting):
                raise
        # Two blocks may ask for the same.
        return [rows[different.index(one)] for one in asked]

    made = _metadata(backbone.name, weights, backbone.preprocessing, parameters.dtype, device_name)
    return Opened(Reader(read, parameters.batch), {name: dict(made) for name in names})


def _without_network(name: str, parameters: EmbeddingParameters) -> Opened:
    weights = {"source": "none", "origin": "none", "sha256": "none"}
    preprocessing = _preprocessing(parameters)
    if parameters.backbone == "pixels":
        made = _metadata("pixels", weights, preprocessing, "uint8", "cpu")
        return Opened(pixel_reader(parameters.batch), {name: made})
    formula = HANDMADE[parameters.backbone]
    made = _metadata(parameters.backbone, weights, preprocessing, "float32", "cpu")
    columns = list(formula.columns(parameters.size))
    return Opened(value_reader(formula, parameters.batch), {name: made | {"columns": columns}})


def _metadata(
    backbone: str, weights: dict[str, str], preprocessing: Preprocessing, dtype: str, device: str
) -> dict[str, Any]:
    found = preprocessing.as_dict()
    return {"backbone": backbone, "weights": weights, "preprocessing": found, "dtype": dtype, "device": device}
