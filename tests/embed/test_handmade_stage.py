"""Hand-made embeddings in a project: from params.yaml to files with named columns and to runs that read them."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from pipeline import TINY_PHANTOM, call, new_project

from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.handmade import HANDMADE
from ganprint.embed.preprocessing import pixel_preprocessing
from ganprint.embed.store import read_embedding
from ganprint.stages.places import Places

SIDE = 32


def block(name, **changes):
    return {"backbone": name, "weights": "none", "preprocessing": "area", "size": SIDE, "batch": 7} | changes


def run(comparator, variant, embedding, **parameters):
    return {
        "comparator": comparator,
        "variant": variant,
        "embedding": embedding,
        "pooling": "values",
        "threshold": {"rule": "youden"},
        "parameters": parameters,
    }


RUNS = {
    **{f"nearest-{name}": run("nearest", "extension", name) for name in sorted(HANDMADE)},
    "svm-texture": run("svm", "corrected", "texture", c=[1.0], gamma=[1.0], folds=2),
    "blind-wavelet": run("blind", "extension", "wavelet", folds=2),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a project with a small corpus and a block per formula; tests read it."""
    root = new_project(tmp_path_factory.mktemp("handmade") / "project")
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["corpus"]["phantom"] = TINY_PHANTOM
    content |= {"embed": {name: block(name) for name in HANDMADE}, "runs": RUNS}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    call(root, "corpus")
    return root


@pytest.fixture(scope="module")
def embedded(project):
    """Give the same with all embeddings."""
    for name in HANDMADE:
        call(project, "embed", name)
    return project


@pytest.mark.parametrize("name", sorted(HANDMADE))
def test_the_file_has_the_formulas_numbers_under_their_names(embedded, name):
    """Through the command: rows in the order of the index, columns named in the file's metadata and record."""
    places = Places(embedded)
    found = read_embedding(places.embedding(name), "values")
    paths = [places.corpus / path for path in read_index(places.corpus)["path"]]
    prepared = np.stack([pixel_preprocessing("area", SIDE).geometry(load_grey(path)) for path in paths])
    np.testing.assert_array_equal(found.rows, HANDMADE[name].rows(prepared))
    assert found.metadata["columns"] == list(HANDMADE[name].columns(SIDE))
    assert json.loads(places.embedding_record(name).read_text())["columns"] == found.metadata["columns"]
    assert found.metadata["weights"]["source"] == "none"


@pytest.mark.parametrize("name", sorted(RUNS))
def test_runs_read_the_values(embedded, name):
    """Attacks, the support vector machine and the blind baseline take ``pooling: values`` as any features."""
    call(embedded, "compare", name)
    scores = pd.read_csv(embedded / "results" / "compare" / name / "scores.csv")
    assert np.isfinite(scores["score"]).all()
    assert scores["score"].std() > 0


def test_another_pooling_is_refused_by_name(embedded):
    """A formula has no maximum and no average over places."""
    path = embedded / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["runs"]["wrong"] = RUNS["nearest-texture"] | {"pooling": "average"}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    assert "has no pooling 'average'; allowed: values" in call(embedded, "compare", "wrong", status=2)


def test_weights_of_a_formula_are_refused(project):
    """A formula has none; a block that names some is a mistake."""
    path = project / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["embed"]["weighted"] = block("texture", weights="packaged")
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    assert "embedding of texture: weights must be 'none'" in call(project, "embed", "weighted", status=2)
