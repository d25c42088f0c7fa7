"""Stage ``embed``: one embedding of all images of the corpus."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.corpus.metadata import stored
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.backbones import load_backbone
from ganprint.embed.extract import extract, extract_pixels, extract_values
from ganprint.embed.handmade import HANDMADE
from ganprint.embed.metadata import METADATA, extract_metadata, metadata_columns
from ganprint.embed.metadata_given import GivenRows, given_rows
from ganprint.embed.preprocessing import pixel_preprocessing
from ganprint.embed.store import Features, write_embedding
from ganprint.embed.weights import Weights
from ganprint.errors import InputError
from ganprint.files import atomic_path, write_json
from ganprint.params import EmbeddingParameters, Params
from ganprint.provenance import provenance
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places
from ganprint.stages.pretrain import read_pretrained
from ganprint.stages.progress import bar

__all__ = ["make_embedding"]


def make_embedding(places: Places, params: Params, name: str) -> Path:
    """Write data/embeddings/NAME.parquet and its provenance.

    Raises
    ------
    InputError
        When params.yaml has no such embedding, or its backbone, weights or the corpus are bad.
    """
    if name not in params.embed:
        raise InputError(f"{places.params}: no embedding '{name}'; allowed: {', '.join(params.embed)}")
    parameters = params.embed[name]
    computer = prepare(params.compute)
    index = read_index(places.corpus)
    paths = [places.corpus / path for path in index["path"]]

    def load(row: int) -> NDArray[np.uint8]:
        return load_grey(paths[row])

    if parameters.backbone == METADATA:
        given = given_rows(stored(places.corpus), index)
        batches, metadata = _of_metadata(parameters, load, given, computer.threads)
    else:
        pretraining = parameters.pretraining(name)
        pretrained = None if pretraining is None else read_pretrained(places, params, pretraining, index)
        batches, metadata = _batches(parameters, load, len(paths), computer, pretrained)
    metadata |= {
        "embedding": name,
        "corpus_sha256": corpus_hash(index),
        "parameters": parameters.model_dump(exclude_none=True),
    }
    target = places.embedding(name)
    with bar(f"embed {name}", len(paths), "image") as advance, atomic_path(target) as temporary:
        write_embedding(temporary, index[["split", "role", "id"]], _counted(batches, advance), metadata)
    record = provenance(places.root, computer.name, computer.threads)
    write_json(places.embedding_record(name), metadata | {"provenance": record})
    return target


def _batches(
    parameters: EmbeddingParameters, load: Any, count: int, computer: Computer, pretrained: Weights | None
) -> tuple[Iterator[Features], dict[str, Any]]:
    if parameters.backbone == "pixels" or parameters.backbone in HANDMADE:
        return _without_network(parameters, load, count, computer.threads)
    backbone = load_backbone(parameters, pretrained)
    features = extract(
        backbone,
        load,
        count,
        batch=parameters.batch,
        device=torch.device(computer.device),
        threads=computer.threads,
        dtype=getattr(torch, parameters.dtype),
    )
    weights = {key: getattr(backbone.weights, key) for key in ("source", "origin", "sha256")}
    made = _metadata(backbone.name, weights, backbone.preprocessing.as_dict(), parameters.dtype, computer.name)
    return features, made


def _without_network(
    parameters: EmbeddingParameters, load: Any, count: int, threads: int
) -> tuple[Iterator[Features], dict[str, Any]]:
    name = parameters.backbone
    if parameters.preprocessing not in {"nearest", "area"} or parameters.weights != "none" or parameters.layer:
        raise InputError(
            f"embedding of {name}: weights must be 'none', preprocessing 'nearest' or 'area', and it has no layer"
        )
    preprocessing = pixel_preprocessing(parameters.preprocessing, parameters.size)
    weights = {"source": "none", "origin": "none", "sha256": "none"}
    if name == "pixels":
        grey = extract_pixels(preprocessing, load, count, batch=parameters.batch, threads=threads)
        return grey, _metadata(name, weights, preprocessing.as_dict(), "uint8", "cpu")
    made = HANDMADE[name]
    values = extract_values(made, preprocessing, load, count, batch=parameters.batch, threads=threads)
    columns = list(made.columns(parameters.size))
    return values, _metadata(name, weights, preprocessing.as_dict(), "float32", "cpu") | {"columns": columns}


def _of_metadata(
    parameters: EmbeddingParameters, load: Any, given: GivenRows, threads: int
) -> tuple[Iterator[Features], dict[str, Any]]:
    if parameters.weights != "none" or parameters.layer:
        raise InputError("embedding of metadata: weights must be 'none', and it has no layer")
    weights = {"source": "none", "origin": "none", "sha256": "none"}
    features = extract_metadata(load, given, batch=parameters.batch, threads=threads)
    made = _metadata(METADATA, weights, {"name": "none: images in their own size"}, "float32", "cpu")
    return features, made | {"columns": metadata_columns(given)}


def _metadata(
    backbone: str, weights: dict[str, str], preprocessing: dict[str, Any], dtype: str, device: str
) -> dict[str, Any]:
    return {"backbone": backbone, "weights": weights, "preprocessing": preprocessing, "dtype": dtype, "device": device}


def _counted(batches: Iterator[Features], advance: Any) -> Iterator[Features]:
    for features in batches:
        yield features
        advance(len(next(iter(features.values()))))
