"""Stage ``memorisation``: how much the generator as a whole memorised, in every embedding of params.yaml.

Like ``evaluate`` it reads the truth of the test split, where that is known: used images are what a generator may copy.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ganprint.audit.memorisation.sets import Sets
from ganprint.audit.memorisation.table import Settings, memorisation_rows, with_readings
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.store import read_embedding
from ganprint.errors import InputError
from ganprint.files import atomic_directory, write_json
from ganprint.params import Params
from ganprint.provenance import provenance
from ganprint.seeds import generator
from ganprint.stages.evaluate import Split, read_truths
from ganprint.stages.places import Places
from ganprint.stages.progress import bar

__all__ = ["VERSION", "write_memorisation"]

VERSION = 1
"""Raised whenever a measure changes its meaning or its way of computation."""


def write_memorisation(places: Places, params: Params) -> dict[str, Any]:
    """Write results/memorisation/memorisation.json, and record.json with parameters and provenance.

    Returns
    -------
    The content of memorisation.json.

    Raises
    ------
    InputError
        When the corpus, an embedding or the truth is missing, broken or of another corpus.
    """
    index, truths = read_index(places.corpus), read_truths(places)
    splits = list(truths)
    level = round(1 - params.evaluate.confidence, 12)
    tables: dict[Split, dict[str, list[dict[str, Any]]]] = {split: {} for split in splits}
    # Of a formula's values each column has units of its own: a distance over all of them has no meaning.
    views = [name for name, block in params.embed.items() if block.pooling != "values"]
    total = len(views) * int(((index["role"] == "generated") & index["split"].isin(splits)).sum())
    with threadpool_limits(params.compute.threads), bar("memorisation", total, "image") as advance:
        for name in views:
            rows = _rows(places, params, name, index)
            for split, truth in truths.items():
                # The same exchanges of membership in every embedding, so that p can be corrected over all of them.
                rng = generator(params.seed, "memorisation", split)
                sets = _sets(index, rows, split, truth)
                tables[split][name] = memorisation_rows(sets, _settings(params), rng, advance)
    content = {
        "version": VERSION,
        "corpus_sha256": corpus_hash(index),
        "confidence": params.evaluate.confidence,
        "splits": {split: with_readings(tables[split], level) for split in splits},
    }
    record = {
        "seed": params.seed,
        "parameters": params.memorisation.model_dump(),
        "provenance": provenance(places.root, "cpu", params.compute.threads),
    }
    with atomic_directory(places.memorisation) as folder:
        write_json(folder / "memorisation.json", content)
        write_json(folder / "record.json", record)
    return content


def _settings(params: Params) -> Settings:
    return Settings(**params.memorisation.model_dump(), confidence=params.evaluate.confidence)


def _rows(places: Places, params: Params, name: str, index: pd.DataFrame) -> NDArray[np.float32]:
    path = places.embedding(name)
    pooling = params.embed[name].pooling
    embedding = read_embedding(path, pooling)
    if embedding.metadata["corpus_sha256"] != corpus_hash(index) or not index[["split", "role", "id"]].equals(
        embedding.keys
    ):
        raise InputError(f"{path}: made from another corpus; run 'dvc repro'")
    rows = embedding.rows.astype(np.float32, copy=False)
    # Grey values as 0 to 1: the kernel distance would be in units of their sixth power.
    return rows / np.float32(255) if pooling == "none" else rows


def _sets(index: pd.DataFrame, rows: NDArray[np.float32], split: Split, truth: dict[str, int]) -> Sets:
    of_split = (index["split"] == split).to_numpy()
    # Real images whose membership the truth file does not say can be neither used nor held out.
    real = of_split & (index["role"] == "real").to_numpy() & index["id"].isin(list(truth)).to_numpy()
    chosen = index[real]
    used = chosen["id"].map(truth).to_numpy(dtype=np.int64) == 1
    generated = rows[of_split & (index["role"] == "generated").to_numpy()]
    return Sets(rows[real], used, chosen["group"].to_numpy().astype(np.str_), generated)
