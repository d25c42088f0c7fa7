"""A run's views of the corpus, from index and embeddings to what a comparator sees; stage ``views`` notes their hashes.

A template of dvc.yaml can name one embedding of a run, but no list of any length. So a cheap stage writes down, run by
run, what the run's embeddings are made of, and the run depends on that note: it is repeated when one of its own
embeddings changed, and not when another one did.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.compare.data import Development, Images, Test
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.store import EmbeddedRows, read_embedding
from ganprint.errors import InputError
from ganprint.files import atomic_directory, write_json
from ganprint.params import Params, RunParameters
from ganprint.stages.places import Places

__all__ = ["Views", "note_views", "read_views"]

_LEAST_PER_CLASS = 4


@dataclass(frozen=True)
class Views:
    """What a run looks at.

    Attributes
    ----------
    development, test
        The splits as a comparator sees them.
    test_groups
        [n], groups of the real test images: for intervals alone, no comparator sees them.
    metadata
        Of the embedding.
    further_metadata
        Of the further embeddings, by name.
    """

    development: Development
    test: Test
    test_groups: NDArray[np.str_]
    metadata: dict[str, Any]
    further_metadata: dict[str, dict[str, Any]] = field(default_factory=dict)


def note_views(places: Places, params: Params) -> None:
    """Write data/views/RUN.json for every run: its embeddings, their pooling and the hash of their files.

    Raises
    ------
    InputError
        When an embedding is missing.
    """
    hashes: dict[str, str] = {}
    with atomic_directory(places.views) as folder:
        for name, run in params.runs.items():
            for embedding in run.views:
                if embedding not in hashes:
                    hashes[embedding] = _sha256(places.embedding(embedding))
            views = {view: {"pooling": pooling, "sha256": hashes[view]} for view, pooling in run.views.items()}
            write_json(folder / f"{name}.json", {"run": name, "views": views})


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"{path}: no such embedding; run 'ganprint embed {path.stem}' or 'dvc repro' first") from None


def read_views(places: Places, run: RunParameters) -> Views:
    """Read what a run looks at.

    Raises
    ------
    InputError
        When an embedding is missing, of another corpus, or a part of the corpus is too small to be compared.
    """
    index = read_index(places.corpus)
    embeddings = {name: _read(places.embedding(name), pooling, index) for name, pooling in run.views.items()}
    own = embeddings[run.embedding]
    parts = {
        (split, role): _rows(index, split, role) for split in ("development", "test") for role in ("real", "generated")
    }
    for (split, role), rows in parts.items():
        if not len(rows):
            raise InputError(f"{places.corpus}: no {role} images in the {split} split; the comparators need them")
    images = {part: _images(index, embeddings, rows) for part, rows in parts.items()}
    real = index.iloc[parts["development", "real"]]
    used = (real["membership"] == "used").to_numpy().astype(np.int8)
    if min(used.sum(), (1 - used).sum()) < _LEAST_PER_CLASS:
        raise InputError(
            f"{places.corpus}: {used.sum()} used and {(1 - used).sum()} not used development images; "
            f"at least {_LEAST_PER_CLASS} of each are needed"
        )
    groups = real["group"].to_numpy().astype(np.str_)
    return Views(
        Development(images["development", "real"], used, groups, images["development", "generated"]),
        Test(images["test", "real"], images["test", "generated"]),
        index.iloc[parts["test", "real"]]["group"].to_numpy().astype(np.str_),
        own.metadata,
        {name: embedding.metadata for name, embedding in embeddings.items() if name != run.embedding},
    )


def _read(path: Path, pooling: str, index: pd.DataFrame) -> EmbeddedRows:
    embedding = read_embedding(path, pooling)
    keys = ["split", "role", "id"]
    if embedding.metadata["corpus_sha256"] != corpus_hash(index) or not index[keys].equals(embedding.keys):
        raise InputError(f"{path}: made from another corpus; run 'dvc repro'")
    return embedding


def _rows(index: pd.DataFrame, split: str, role: str) -> NDArray[np.intp]:
    return np.flatnonzero((index["split"] == split) & (index["role"] == role))


def _images(index: pd.DataFrame, embeddings: Mapping[str, EmbeddedRows], rows: NDArray[np.intp]) -> Images:
    own, *further = embeddings
    others = {name: embeddings[name].rows[rows] for name in further}
    return Images(index["id"].to_numpy()[rows].astype(np.str_), embeddings[own].rows[rows], others)
