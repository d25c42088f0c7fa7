"""The stage ``evidence``: what it writes, that it writes it twice alike, and that it never looks at the truth."""

import hashlib
import json

import numpy as np
import pytest
from corpus_samples import png_of
from scipy.ndimage import gaussian_filter

from ganprint.audit.evidence.page import render_evidence
from ganprint.corpus.index import CorpusImage
from ganprint.corpus.store import corpus_hash, read_index, write_corpus
from ganprint.embed.store import write_embedding
from ganprint.errors import InputError
from ganprint.params import load_params
from ganprint.stages.evidence import PIXEL_VIEW, read_evidence, write_evidence
from ganprint.stages.places import Places
from ganprint.stages.profile import write_profile

PARTS = [
    ("development", "real", "used", 6),
    ("development", "real", "not_used", 6),
    ("development", "generated", "", 10),
    ("test", "real", "unknown", 8),
    ("test", "generated", "", 12),
]


def pictures():
    rng = np.random.default_rng(0)
    for split, role, membership, count in PARTS:
        for number in range(count):
            name = f"{membership or role}_{number}"
            rough = gaussian_filter(rng.normal(size=(64, 64)), 2)
            grey = np.clip(128 + 45 * rough / rough.std(), 0, 255).astype(np.uint8)
            group = f"{membership}_{number // 2}" if role == "real" else ""
            yield CorpusImage(name, role, split, membership, group, png_of(grey), 64, 64)


@pytest.fixture
def places(tmp_path):
    """Give a project with a corpus, its network embeddings, and a truth that can not be read."""
    places = Places(tmp_path)
    write_profile(places, "small", kind=None, path=None, truth=None)
    write_corpus(pictures(), places.corpus, {})
    index = read_index(places.corpus)
    rng = np.random.default_rng(1)
    embeddings = load_params(places.params).embed
    for name in (name for name, block in embeddings.items() if block.pooling == "average"):
        rows = rng.normal(size=(len(index), 7)).astype(np.float32)
        places.embedding(name).parent.mkdir(exist_ok=True)
        metadata = {"corpus_sha256": corpus_hash(index)}
        write_embedding(places.embedding(name), index[["split", "role", "id"]], [{"average": rows}], metadata)
    places.truth.mkdir()  # opening it would fail
    return places


def digests(places):
    return {
        path.relative_to(places.evidence).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in places.evidence.rglob("*")
        if path.is_file()
    }


def test_files_are_complete_repeatable_and_need_no_truth(places):
    """Protects the promise to `dvc repro` and to the reader: same bytes twice, all files, the truth never opened."""
    params = load_params(places.params)
    figures = write_evidence(places, params)
    first = digests(places)
    assert write_evidence(places, params) == figures
    assert digests(places) == first
    names = {"duplicates.json", "collapse.json", "reidentification.json", "evidence.json"}
    assert {name for name in first if "/" not in name} == names
    for name in names:
        content = json.loads((places.evidence / name).read_text())
        assert content["version"] == 1
        assert content["corpus_sha256"] == corpus_hash(read_index(places.corpus))
    evidence, images = read_evidence(places)
    assert len(images) == figures["pictures"] == sum(name.startswith("images/") for name in first)
    assert [view["name"] for view in evidence["views"]] == ["lite0-paper", "lite0-weights", "lite1-weights", PIXEL_VIEW]
    assert figures["suspects"] == len(evidence["suspects"]) == 2 * params.audit.images
    assert "<canvas" in render_evidence(evidence, images)


def test_an_embedding_of_another_corpus_and_missing_results_are_refused(places):
    """Protects against evidence about other images: the message names the file and what to do."""
    path = places.embedding("lite0-paper")
    index = read_index(places.corpus)
    rows = [{"average": np.zeros((len(index), 2), np.float32)}]
    write_embedding(path, index[["split", "role", "id"]], rows, {"corpus_sha256": "0" * 64})
    with pytest.raises(InputError, match=r"lite0-paper\.parquet: made from another corpus; run 'dvc repro'"):
        write_evidence(places, load_params(places.params))
    assert not places.evidence.exists()
    with pytest.raises(InputError, match=r"evidence\.json: no such file; run 'dvc repro' first"):
        read_evidence(places)
