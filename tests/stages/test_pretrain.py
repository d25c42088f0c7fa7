"""Stage pretrain in a project: from params.yaml to an embedding and a run with weights learned on the corpus."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from pipeline import TINY_PHANTOM, call, new_project

from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.store import read_embedding_metadata
from ganprint.files import sha256_of
from ganprint.stages.places import Places

BLOCK = {
    "backbone": "resnet18",
    "start": "random:1",
    "preprocessing": "paper",
    "size": 32,
    "epochs": 2,
    "warmup": 1,
    "batch": 16,
    "projection": 16,
}
EMBEDDING = {
    "backbone": "resnet18",
    "weights": "pretrained-here",
    "preprocessing": "paper",
    "size": 32,
    "batch": 32,
}
RUN = {
    "comparator": "svm",
    "variant": "as_written",
    "embedding": "copies",
    "pooling": "average",
    "threshold": {"rule": "fixed", "at": 0.5},
    "parameters": {"c": 1.0, "gamma": "scale"},
}


def edit(root, **changes):
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    for section, blocks in changes.items():
        content[section] = blocks
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def with_pretraining(root):
    corpus = yaml.safe_load((root / "params.yaml").read_text())["corpus"] | {"phantom": TINY_PHANTOM}
    edit(root, corpus=corpus, pretrain={"copies": BLOCK}, embed={"copies": EMBEDDING}, runs={"svm-copies": RUN})
    return root


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """Give a project with corpus and weights; tests only read it, or put back what they change."""
    root = with_pretraining(new_project(tmp_path_factory.mktemp("pretrained") / "project"))
    call(root, "corpus")
    call(root, "pretrain", "copies")
    return root


def test_weights_learned_here_go_all_the_way_to_scores(pretrained):
    """Protects the whole way: pretrain, embed, compare, and what each says of where the weights come from."""
    places = Places(pretrained)
    call(pretrained, "embed", "copies")
    call(pretrained, "compare", "svm-copies")
    weights = read_embedding_metadata(places.embedding("copies"))["weights"]
    assert weights == {
        "source": "pretrained-here",
        "origin": "copies.safetensors",
        "sha256": sha256_of(places.pretrained("copies")),
    }
    scores = pd.read_csv(places.compared("svm-copies") / "scores.csv")
    assert scores.loc[scores["split"] == "test", "score"].notna().all()
    record = json.loads(places.pretraining_record("copies").read_text())
    index = read_index(places.corpus)
    assert record["sha256"] == weights["sha256"]
    assert record["corpus_sha256"] == corpus_hash(index)
    assert record["images"] == (index["split"] == "development").sum()
    assert len(record["losses"]) == BLOCK["epochs"]
    assert record["start"]["source"] == "random:1"
    assert {"torch", "torchvision"} <= set(record["libraries"])
    assert not places.pretraining_checkpoint("copies").exists()


def test_no_label_is_read(pretrained):
    """Protects the promise: with every label turned round, and no truth file at all, the weights are the same bytes."""
    places = Places(pretrained)
    before = places.pretrained("copies").read_bytes()
    path = places.corpus / "index.csv"
    index, truth = path.read_bytes(), places.truth.read_bytes()
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows["membership"] = rows["membership"].replace({"used": "not_used", "not_used": "used"})
    try:
        rows.to_csv(path, index=False, lineterminator="\n")
        places.truth.unlink()
        assert path.read_bytes() != index
        places.pretrained("copies").unlink()
        call(pretrained, "pretrain", "copies")
    finally:
        path.write_bytes(index)
        places.truth.write_bytes(truth)
    assert places.pretrained("copies").read_bytes() == before


def test_an_interrupted_training_goes_on_to_the_same_bytes(pretrained, monkeypatch):
    """Protects resuming: the finished epoch is not done again, and a checkpoint of something else is not used."""
    places = Places(pretrained)
    before = places.pretrained("copies").read_bytes()
    epoch, seen = Pretraining.epoch, SimpleNamespace(count=0, stop=2)

    def stopped(self, images, *others):
        seen.count += 1
        if seen.count == seen.stop:
            raise KeyboardInterrupt
        return epoch(self, images, *others)

    monkeypatch.setattr(Pretraining, "epoch", stopped)
    call(pretrained, "pretrain", "copies", status=1)
    assert places.pretraining_checkpoint("copies").exists()
    assert places.pretrained("copies").read_bytes() == before
    kept = places.pretraining_checkpoint("copies").read_bytes()
    seen.count, seen.stop = 0, None
    call(pretrained, "pretrain", "copies")
    assert seen.count == 1
    assert places.pretrained("copies").read_bytes() == before
    # Cut short, it is of no use: training begins anew and ends the same.
    places.pretraining_checkpoint("copies").write_bytes(kept[: len(kept) // 2])
    seen.count = 0
    call(pretrained, "pretrain", "copies")
    assert seen.count == 2
    assert places.pretrained("copies").read_bytes() == before


def test_weights_of_something_else_are_refused(pretrained):
    """Protects embeddings from weights of another corpus, of other parameters, or none: one line, status 2."""
    places = Places(pretrained)
    path = places.corpus / "index.csv"
    index, params = path.read_bytes(), places.params.read_bytes()
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows.loc[rows["split"] == "development", "sha256"] = "0" * 64
    try:
        rows.to_csv(path, index=False, lineterminator="\n")
        assert "learned from another corpus; run 'ganprint pretrain copies'" in call(
            pretrained, "embed", "copies", status=2
        )
        path.write_bytes(index)
        edit(pretrained, pretrain={"copies": BLOCK | {"temperature": 0.5}})
        assert "with other parameters than params.yaml has" in call(pretrained, "embed", "copies", status=2)
        edit(pretrained, pretrain={"copies": BLOCK, "second": BLOCK})
        edit(pretrained, embed={"copies": EMBEDDING | {"weights": "pretrained-here:second"}})
        said = call(pretrained, "embed", "copies", status=2)
        assert "second.safetensors: no such weights" in said
        assert len(said.strip().splitlines()) == 1
        edit(pretrained, pretrain={})
        edit(pretrained, embed={"copies": EMBEDDING | {"weights": "random:1"}})
        assert "section pretrain is empty" in call(pretrained, "pretrain", "copies", status=2)
    finally:
        path.write_bytes(index)
        places.params.write_bytes(params)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"pretrain": {}}, "embedding 'copies' wants pretraining 'copies', which is not under pretrain (empty)"),
        ({"pretrain": {"copies": BLOCK | {"backbone": "resnet34"}}}, "has backbone 'resnet18', its pretraining"),
        ({"pretrain": {"copies": BLOCK | {"preprocessing": "weights"}}}, "has preprocessing 'paper', its pretraining"),
        ({"pretrain": {"copies": BLOCK | {"warmup": 2}}}, "warmup must be shorter than epochs"),
        ({"pretrain": {"copies": BLOCK | {"labels": True}}}, "pretrain.copies.labels"),
        ({"pretrain": {"copies": BLOCK | {"augmentation": {"shift": 0.7}}}}, "pretrain.copies.augmentation.shift"),
    ],
)
def test_parameters_are_checked_at_the_door(project, changes, text):
    """Protects against a training that ends in an error, or that an embedding would read wrongly."""
    edit(with_pretraining(project), **changes)
    assert text in call(project, "pretrain", "copies", status=2)


def test_section_may_be_absent_or_empty(project):
    """Protects parameter files without pretraining: nothing changes for them."""
    content = yaml.safe_load((project / "params.yaml").read_text())
    content.pop("pretrain", None)
    for absent in (content, content | {"pretrain": {}}):
        (project / "params.yaml").write_text(yaml.safe_dump(absent, sort_keys=False))
        assert "no pretraining 'copies'; allowed: none" in call(project, "pretrain", "copies", status=2)
