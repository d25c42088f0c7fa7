"""Embeddings on disk."""

import numpy as np
import pandas as pd
import pytest

from ganprint.embed.store import read_embedding, read_embedding_metadata, write_embedding
from ganprint.errors import InputError


def keys(count):
    return pd.DataFrame({"split": "test", "role": "real", "id": [f"00{i}" for i in range(count)]})


def batches(rows, size=3):
    for start in range(0, len(rows), size):
        yield {"max": rows[start : start + size], "average": rows[start : start + size] * 2}


def test_round_trip_is_exact_and_bytes_repeat(tmp_path):
    """What was computed is what is read, and writing twice gives the same bytes, which caches and clones compare."""
    rows = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    for name in ("a", "b"):
        write_embedding(tmp_path / name, keys(8), batches(rows), {"backbone": "x", "corpus_sha256": "y"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    read = read_embedding(tmp_path / "a", "average")
    np.testing.assert_array_equal(read.rows, rows * 2)
    assert read.rows.dtype == np.float32
    assert read.keys["id"].tolist() == keys(8)["id"].tolist()
    assert read_embedding_metadata(tmp_path / "a") == {"backbone": "x", "corpus_sha256": "y"}


def test_pixels_stay_bytes(tmp_path):
    """Grey values are not blown up to floats on disk."""
    rows = np.arange(12, dtype=np.uint8).reshape(3, 4)
    write_embedding(tmp_path / "p", keys(3), iter([{"none": rows}]), {})
    assert read_embedding(tmp_path / "p", "none").rows.dtype == np.uint8


def test_features_that_are_not_finite_name_the_image(tmp_path):
    """Broken weights are found where they show, not as a strange score later."""
    rows = np.ones((4, 2), dtype=np.float32)
    rows[2, 1] = np.inf
    with pytest.raises(InputError, match="image '002': pooling 'max' gives features that are not finite"):
        write_embedding(tmp_path / "x", keys(4), batches(rows), {})


def test_bad_files_are_named(tmp_path):
    """Missing, foreign and other Parquet files each get a line that says what to do."""
    with pytest.raises(InputError, match="no such embedding"):
        read_embedding(tmp_path / "none.parquet", "max")
    (tmp_path / "text").write_text("no parquet")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_embedding(tmp_path / "text", "max")
    keys(2).to_parquet(tmp_path / "foreign")
    with pytest.raises(InputError, match="not an embedding of this kit"):
        read_embedding(tmp_path / "foreign", "max")
    write_embedding(tmp_path / "e", keys(3), batches(np.ones((3, 2), np.float32)), {})
    with pytest.raises(InputError, match="has no pooling 'none'; allowed: max, average"):
        read_embedding(tmp_path / "e", "none")


def test_a_file_older_than_its_grid_says_how_to_make_it_anew(tmp_path):
    """Protects from a dead end: params.yaml has the grid, so another pooling is not what to choose."""
    path = tmp_path / "net.parquet"
    write_embedding(path, keys(3), batches(np.ones((3, 2), np.float32)), {})
    anew = "has no pooling 'grid'; allowed: max, average; made without it; run 'ganprint embed net' or 'dvc repro'"
    with pytest.raises(InputError, match=anew):
        read_embedding(path, "grid")
    values = ({"values": rows["max"]} for rows in batches(np.ones((3, 2), np.float32)))
    write_embedding(path, keys(3), values, {})
    with pytest.raises(InputError, match=r"has no pooling 'grid'; allowed: values$"):
        read_embedding(path, "grid")
