"""Stage ``embed``: embeddings of all images of the corpus, several in one pass where they can share it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ganprint.corpus.metadata import stored
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.extract import extract_together
from ganprint.embed.metadata import METADATA, extract_metadata, metadata_columns
from ganprint.embed.metadata_given import given_rows
from ganprint.embed.passes import Blocks, Pass, blocks_named, open_pass, plan_passes
from ganprint.embed.store import EmbeddingWriter, Features
from ganprint.errors import InputError, said_of
from ganprint.files import atomic_path, write_json
from ganprint.params import EmbeddingParameters, Params
from ganprint.provenance import provenance
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places
from ganprint.stages.pretrain import read_pretrained
from ganprint.stages.progress import bar

__all__ = ["make_embedding", "make_embeddings"]


def make_embedding(places: Places, params: Params, name: str) -> Path:
    """Write data/embeddings/NAME.parquet and its provenance.

    Raises
    ------
    InputError
        When params.yaml has no such embedding, or its backbone, weights or the corpus are bad.
    """
    return make_embeddings(places, params, [name])[0]


def make_embeddings(places: Places, params: Params, names: Sequence[str]) -> list[Path]:
    """Write several embeddings and their provenance; each file is the same bytes as alone.

    Every image is decoded and resized once for all embeddings that prepare it in the same way, and a network runs once
    for all its layers. A file appears when it is whole.

    Raises
    ------
    InputError
        As :func:`make_embedding`; then no file of the pass is written in which it was found.
    """
    for name in names:
        if name not in params.embed:
            raise InputError(f"{places.params}: no embedding '{name}'; allowed: {', '.join(params.embed)}")
    blocks = {name: params.embed[name] for name in dict.fromkeys(names)}
    images = {name: block for name, block in blocks.items() if block.backbone != METADATA}
    computer, index = prepare(params.compute), read_index(places.corpus)
    stage = _Stage(places, params, computer, index, index["path"].tolist())
    with said_of(str(places.params)):
        passes = plan_passes(images)
    for name, block in blocks.items():
        if block.backbone == METADATA:
            stage.write_metadata(name, block)
    for one in passes:
        stage.write_pass(one, images)
    return [places.embedding(name) for name in blocks]


Read = Callable[[NDArray[np.uint8]], Sequence[Features]]


@dataclass(frozen=True)
class _Stage:
    """What all passes have in common."""

    places: Places
    params: Params
    computer: Computer
    index: pd.DataFrame
    paths: list[str]

    def load(self, row: int) -> NDArray[np.uint8]:
        return load_grey(self.places.corpus / self.paths[row])

    def write_pass(self, one: Pass, blocks: Blocks) -> None:
        names = [name for together in one.networks.values() for name in together]
        pretrainings = {name: blocks[name].pretraining(name) for name in names}
        pretrained = {
            name: read_pretrained(self.places, self.params, made, self.index)
            for name, made in pretrainings.items()
            if made is not None
        }
        with said_of(str(self.places.params)):
            opened = open_pass(one, blocks, pretrained, torch.device(self.computer.device), self.computer.name)
        made = {name: metadata for reader in opened for name, metadata in reader.made.items()}
        # Reading alone: what is wrong with an image is no fault of a block.
        readers = [replace(reader.reader, read=self._told(reader.reader.read)) for reader in opened]
        count = len(self.index)
        batches = extract_together(readers, one.preprocessing, self.load, count, threads=self.computer.threads)
        self._write(blocks, made, (dict(zip(opened[number].made, rows, strict=True)) for number, rows in batches))

    def _told(self, read: Read) -> Read:
        def told(stack: NDArray[np.uint8]) -> Sequence[Features]:
            with said_of(str(self.places.params)):
                return read(stack)

        return told

    def write_metadata(self, name: str, parameters: EmbeddingParameters) -> None:
        if parameters.weights != "none" or parameters.layer:
            with said_of(str(self.places.params)), blocks_named(name):
                raise InputError("embedding of metadata: weights must be 'none', and it has no layer")
        given = given_rows(stored(self.places.corpus), self.index)
        batches = extract_metadata(self.load, given, batch=parameters.batch, threads=self.computer.threads)
        made = {
            "backbone": METADATA,
            "weights": {"source": "none", "origin": "none", "sha256": "none"},
            "preprocessing": {"name": "none: images in their own size"},
            "dtype": "float32",
            "device": "cpu",
            "columns": metadata_columns(given),
        }
        self._write({name: parameters}, {name: made}, ({name: features} for features in batches))

    def _write(self, blocks: Blocks, made: dict[str, dict[str, Any]], rows: Iterator[dict[str, Features]]) -> None:
        for name, metadata in made.items():
            metadata["embedding"] = name
            metadata["corpus_sha256"] = corpus_hash(self.index)
            metadata["parameters"] = blocks[name].model_dump(exclude_none=True)
        keys = self.index[["split", "role", "id"]]
        with ExitStack() as stack:
            advance = stack.enter_context(bar(f"embed {' '.join(made)}", len(made) * len(keys), "image"))
            writers = {}
            for name, metadata in made.items():
                temporary = stack.enter_context(atomic_path(self.places.embedding(name)))
                writers[name] = stack.enter_context(EmbeddingWriter(temporary, keys, metadata))
            for several in rows:
                for name, features in several.items():
                    with said_of(str(self.places.params)), blocks_named(name):
                        written = writers[name].write(features)
                    advance(written)
        record = provenance(self.places.root, self.computer.name, self.computer.threads)
        for name, metadata in made.items():
            write_json(self.places.embedding_record(name), metadata | {"provenance": record})
