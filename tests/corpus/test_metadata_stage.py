"""The stage `corpus` with metadata: images and index stay what they were, and what is given reaches the embedding."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from corpus_samples import fill

from ganprint.embed.metadata_columns import COLUMNS
from ganprint.embed.store import read_embedding
from ganprint.errors import InputError
from ganprint.params import EmbeddingParameters, load_params
from ganprint.params.corpus import DEFAULT_METADATA
from ganprint.stages.corpus import make_corpus
from ganprint.stages.embed import make_embedding
from ganprint.stages.places import Places
from ganprint.stages.profile import write_profile

BLOCK = EmbeddingParameters(backbone="metadata", weights="none", preprocessing="nearest", size=16, batch=4)


def files_of(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def project(tmp_path):
    """Give the places and parameters of a project with a tiny folder corpus and no metadata."""
    fill(tmp_path / "images", counts=(4, 4, 3, 4, 3))
    (tmp_path / "truth.csv").write_text("id,membership\n")
    write_profile(Places(tmp_path), "small", kind="folder", path="images", truth="truth.csv")
    (tmp_path / "requirements.lock").write_text("")
    return Places(tmp_path), load_params(tmp_path / "params.yaml")


def with_metadata(params, path, allow=()):
    corpus = params.corpus.model_copy(update={"metadata": path, "metadata_allow": list(allow)})
    return params.model_copy(update={"corpus": corpus, "embed": {"metadata": BLOCK}})


def test_metadata_change_no_image_no_index_and_no_fact_of_the_corpus(project):
    """Without the file, with the header alone, with columns: all but metadata.csv is the same, byte by byte."""
    places, params = project
    hashes, seen = set(), []
    for text in (None, "id\n", "id,age\nused_1,5\nused_3,6\nnot_used_2,7\nreal_unknown_1,8\n"):
        if text is not None:
            (places.root / DEFAULT_METADATA).parent.mkdir(parents=True, exist_ok=True)
            (places.root / DEFAULT_METADATA).write_text(text)
        hashes.add(
            make_corpus(places, with_metadata(params, DEFAULT_METADATA, ["age"] if text and "," in text else [])).hash
        )
        files = files_of(places.corpus)
        seen.append((files.pop("metadata.csv"), files))
    assert len(hashes) == 1
    assert seen[0][1] == seen[1][1] == seen[2][1]
    assert [metadata for metadata, _ in seen[:2]] == [b"id\n", b"id\n"]
    assert seen[2][0].decode().splitlines()[:2] == ["id,split,role,age", "not_used_2,development,real,7"]
    record = json.loads(places.corpus_record.read_text())
    assert record["metadata"] == {"age": {"kind": "number", "known": 4, "different": 4}}
    assert record["parameters"]["metadata_allow"] == ["age"]


def test_the_embedding_holds_own_and_given_columns(project):
    """Named in the file; a category is known of images real and generated, of both splits."""
    places, params = project
    lines = ["id,split,role,site"]
    for number in (1, 2, 3):
        lines += [f"used_{number},development,real,{'ab'[number % 2]}", f"not_used_{number},development,real,a"]
        lines += [f"real_unknown_{number},test,real,b", f"generated_{number},test,generated,{'ab'[number % 2]}"]
    (places.root / "mine.csv").write_text("\n".join(lines))
    params = with_metadata(params, "mine.csv")
    make_corpus(places, params)
    make_embedding(places, params, "metadata")
    embedding = read_embedding(places.embedding("metadata"), "values")
    columns = embedding.metadata["columns"]
    assert columns == [*(column.name for column in COLUMNS), "given:site=a", "given:site=b", "given:site?"]
    assert embedding.rows.shape == (18, len(columns))
    assert BLOCK.pooling == "values"
    rows = pd.DataFrame(embedding.rows, columns=columns)[embedding.keys["id"] == "used_1"]
    assert rows[columns[-3:]].to_numpy().tolist() == [[0, 1, 0]]
    shutil.rmtree(places.corpus / "images")  # what is there is read from the images, and from nothing else
    with pytest.raises(InputError):
        make_embedding(places, params, "metadata")


def test_neither_membership_nor_group_is_in_the_vectors(project):
    """Turning every label of the index changes no number."""
    places, params = project
    params = with_metadata(params, DEFAULT_METADATA)
    make_corpus(places, params)
    make_embedding(places, params, "metadata")
    before = read_embedding(places.embedding("metadata"), "values").rows
    index = pd.read_csv(places.corpus / "index.csv", dtype=str, keep_default_na=False)
    index["membership"] = index["membership"].replace({"used": "not_used", "not_used": "used"})
    index["group"] = np.where(index["role"] == "real", "one", "")
    index.to_csv(places.corpus / "index.csv", index=False, lineterminator="\n")
    make_embedding(places, params, "metadata")
    assert (read_embedding(places.embedding("metadata"), "values").rows == before).all()


def test_a_file_that_was_asked_for_must_be_there(project):
    """Only the default may be absent, as in projects that are older than it."""
    places, params = project
    with pytest.raises(InputError, match=r"mine\.csv: can not be read \(No such file"):
        make_corpus(places, with_metadata(params, "mine.csv"))


def test_a_leak_stops_the_stage_before_anything_is_written(project):
    """No corpus is left behind that would go on without the column."""
    places, params = project
    (places.root / "mine.csv").write_text("id,is_used\nused_1,1\n")
    with pytest.raises(InputError, match=r"mine\.csv: column 'is_used' is refused"):
        make_corpus(places, with_metadata(params, "mine.csv"))
    (places.root / "mine.csv").write_text("id,x\n" + "".join(f"used_{n},1\nnot_used_{n},2\n" for n in (1, 2, 3, 4)))
    with pytest.raises(InputError, match=r"mine\.csv: column 'x' is refused"):
        make_corpus(places, with_metadata(params, "mine.csv"))
    assert not places.corpus.exists()


def test_an_embedding_of_metadata_takes_no_weights(project):
    """Said in one line."""
    places, params = project
    make_corpus(places, params)
    bad = BLOCK.model_copy(update={"weights": "packaged"})
    with pytest.raises(InputError, match="embedding of metadata: weights must be 'none'"):
        make_embedding(places, params.model_copy(update={"embed": {"metadata": bad}}), "metadata")
