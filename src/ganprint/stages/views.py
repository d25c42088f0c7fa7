"""The run's view of the corpus, from index and embedding to what a comparator sees."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.compare.data import Development, Images, Test
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.store import EmbeddedRows, read_embedding
from ganprint.errors import InputError
from ganprint.params import RunParameters
from ganprint.stages.places import Places

__all__ = ["Views", "read_views"]

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
    """

    development: Development
    test: Test
    test_groups: NDArray[np.str_]
    metadata: dict[str, Any]


def read_views(places: Places, run: RunParameters) -> Views:
    """Read what a run looks at.

    Raises
    ------
    InputError
        When the embedding is missing, of another corpus, or a part of the corpus is too small to be compared.
    """
    index = read_index(places.corpus)
    path = places.embedding(run.embedding)
    embedding = read_embedding(path, run.pooling)
    keys = ["split", "role", "id"]
    if embedding.metadata["corpus_sha256"] != corpus_hash(index) or not index[keys].equals(embedding.keys):
        raise InputError(f"{path}: made from another corpus; run 'dvc repro'")
    parts = {
        (split, role): _rows(index, split, role) for split in ("development", "test") for role in ("real", "generated")
    }
    for (split, role), rows in parts.items():
        if not len(rows):
            raise InputError(f"{places.corpus}: no {role} images in the {split} split; the comparators need them")
    images = {part: _images(index, embedding, rows) for part, rows in parts.items()}
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
        embedding.metadata,
    )


def _rows(index: pd.DataFrame, split: str, role: str) -> NDArray[np.intp]:
    return np.flatnonzero((index["split"] == split) & (index["role"] == role))


def _images(index: pd.DataFrame, embedding: EmbeddedRows, rows: NDArray[np.intp]) -> Images:
    return Images(index["id"].to_numpy()[rows].astype(np.str_), embedding.rows[rows])
