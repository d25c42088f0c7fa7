"""Embeddings as Parquet: a row per image with split, role, id and one fixed-length list per pooling."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ganprint.errors import InputError

__all__ = [
    "EmbeddedRows",
    "EmbeddingWriter",
    "Features",
    "read_embedding",
    "read_embedding_metadata",
    "write_embedding",
]

Features = dict[str, NDArray[np.float32] | NDArray[np.uint8]]
"""One batch of rows per pooling, all of the same images in order."""

_METADATA_KEY = b"ganprint"
_KEYS = ("split", "role", "id")


@dataclass(frozen=True)
class EmbeddedRows:
    """One pooling of an embedding.

    Attributes
    ----------
    keys
        Columns split, role, id; one row per image.
    rows
        [n_images, d], float32 (uint8 for pixels).
    metadata
        Backbone, weights and their hash, preprocessing, type, device, corpus hash.
    """

    keys: pd.DataFrame
    rows: NDArray[np.float32] | NDArray[np.uint8]
    metadata: dict[str, Any]


def _table(keys: pd.DataFrame, features: Features, metadata: dict[bytes, bytes]) -> pa.Table:
    columns: dict[str, Any] = {name: pa.array(keys[name].to_list(), pa.string()) for name in _KEYS}
    for pooling, rows in features.items():
        columns[pooling] = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
    return pa.table(columns).replace_schema_metadata(metadata)


class EmbeddingWriter:
    """Writes an embedding while it is computed, a row group per batch; a context manager.

    Parameters
    ----------
    path
        Written as it goes: give a temporary name.
    keys
        Columns split, role, id in the order of the batches.
    metadata
        Plain values, kept in the file's footer.
    """

    def __init__(self, path: Path, keys: pd.DataFrame, metadata: dict[str, Any]) -> None:
        self._path, self._keys = path, keys
        self._footer = {_METADATA_KEY: json.dumps(metadata, sort_keys=True).encode()}
        self._writer: Any = None
        self._done = 0

    def write(self, features: Features) -> int:
        """Write the next batch; give its number of rows.

        Raises
        ------
        InputError
            When a feature is not finite: the weights or the image are broken.
        """
        size = len(next(iter(features.values())))
        part = self._keys.iloc[self._done : self._done + size]
        for pooling, rows in features.items():
            bad = ~np.isfinite(rows).all(axis=1)
            if bad.any():
                name = part["id"].iloc[int(np.argmax(bad))]
                raise InputError(
                    f"image '{name}': pooling '{pooling}' gives features that are not finite; check the weights"
                )
        table = _table(part, features, self._footer)
        self._writer = self._writer or pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._done += size
        return size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        if kind is None and self._done != len(self._keys):
            raise ValueError(f"{self._done} rows were computed for {len(self._keys)} images")


def write_embedding(path: Path, keys: pd.DataFrame, batches: Iterable[Features], metadata: dict[str, Any]) -> None:
    """Write an embedding while it is computed, as :class:`EmbeddingWriter` does.

    Parameters
    ----------
    path, keys, metadata
        As there.
    batches
        Of :func:`ganprint.embed.extract.extract`.

    Raises
    ------
    InputError
        When a feature is not finite: the weights or the image are broken.
    """
    with EmbeddingWriter(path, keys, metadata) as writer:
        for features in batches:
            writer.write(features)


def read_embedding_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata of an embedding file alone.

    Raises
    ------
    InputError
        When the file is missing or is not an embedding.
    """
    try:
        footer = pq.read_schema(path).metadata or {}
    except FileNotFoundError:
        raise InputError(f"{path}: no such embedding; run 'ganprint embed {path.stem}' or 'dvc repro' first") from None
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: not a Parquet file ({error}); remove it and run 'dvc repro'") from None
    if _METADATA_KEY not in footer:
        raise InputError(f"{path}: not an embedding of this kit; remove it and run 'dvc repro'")
    metadata: dict[str, Any] = json.loads(footer[_METADATA_KEY])
    return metadata


def _rows(file: pq.ParquetFile, pooling: str) -> NDArray[Any]:
    field = file.schema_arrow.field(pooling)
    rows = np.empty((file.metadata.num_rows, field.type.list_size), field.type.value_type.to_pandas_dtype())
    done = 0
    # Group by group: the whole column never stands in memory twice.
    for group in range(file.num_row_groups):
        for chunk in file.read_row_group(group, columns=[pooling]).column(pooling).chunks:
            values = chunk.flatten().to_numpy(zero_copy_only=False)
            rows[done : done + len(chunk)] = values.reshape(len(chunk), -1)
            done += len(chunk)
    return rows


def _mend(path: Path, pooling: str, poolings: Sequence[str]) -> str:
    allowed = f"allowed: {', '.join(poolings)}"
    if pooling != "grid" or "average" not in poolings:
        return allowed
    # A network's maps can have one: the file is older than the parameter.
    return f"{allowed}; made without it; run 'ganprint embed {path.stem}' or 'dvc repro'"


def read_embedding(path: Path, pooling: str) -> EmbeddedRows:
    """Read one pooling of an embedding.

    Raises
    ------
    InputError
        When the file is missing, is not an embedding, or has no such pooling.
    """
    metadata = read_embedding_metadata(path)
    with pq.ParquetFile(path) as file:
        poolings: Sequence[str] = [name for name in file.schema_arrow.names if name not in _KEYS]
        if pooling not in poolings:
            raise InputError(f"{path}: has no pooling '{pooling}'; {_mend(path, pooling, poolings)}")
        keys = file.read(columns=list(_KEYS)).to_pandas()
        return EmbeddedRows(keys, _rows(file, pooling), metadata)
