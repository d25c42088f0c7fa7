"""The stage `embed` for several embeddings: one pass, the files of one by one, and nothing half-written."""

import json
import re

import numpy as np
import pytest
import torch
from corpus_samples import fill

from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.backbones import load_backbone
from ganprint.embed.handmade import HANDMADE
from ganprint.embed.passes import plan_passes
from ganprint.embed.store import read_embedding
from ganprint.embed.weights import Weights
from ganprint.errors import InputError
from ganprint.params import EmbeddingParameters, RunParameters, load_params
from ganprint.stages import embed as stage
from ganprint.stages.compare import compare_run
from ganprint.stages.corpus import make_corpus
from ganprint.stages.embed import make_embedding, make_embeddings
from ganprint.stages.places import Places
from ganprint.stages.profile import write_profile


def block(**changes):
    given = {"backbone": "resnet18", "weights": "random:1", "preprocessing": "weights", "size": 32, "batch": 4}
    return EmbeddingParameters(**(given | changes))


BLOCKS = {
    "last": block(),
    "second": block(layer="layer2"),
    "third": block(layer="layer3"),
    "last-again": block(layer="layer4"),
    "gridded": block(layer="layer2", grid=2),
    "other": block(weights="random:2", batch=3),
    "mobile": block(backbone="mobilenet_v3_small", batch=5, dtype="bfloat16"),
    "nearest": block(preprocessing="paper"),
    "pixels": block(backbone="pixels", weights="none", preprocessing="nearest", batch=7),
    "formula": block(backbone=next(iter(HANDMADE)), weights="none", preprocessing="nearest", batch=2),
    "small": block(size=24),
    "metadata": block(backbone="metadata", weights="none", preprocessing="nearest"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a project with a tiny folder corpus and the blocks above."""
    root = tmp_path_factory.mktemp("together")
    fill(root / "images", counts=(4, 4, 3, 4, 3))
    (root / "truth.csv").write_text("id,membership\n")
    write_profile(Places(root), "small", kind="folder", path="images", truth="truth.csv")
    (root / "requirements.lock").write_text("")
    params = load_params(root / "params.yaml").model_copy(update={"embed": BLOCKS})
    make_corpus(Places(root), params)
    return Places(root), params


def told(places, text):
    """Give the pattern of a message with its file, once, and nothing before it."""
    return f"^{re.escape(f'{places.params}: {text}')}"


def files(places):
    found = [*places.root.glob("data/embeddings/*"), *places.root.glob("results/embed/*")]
    return {path.name: path.read_bytes() for path in found}


def clear(places):
    for path in [*places.root.glob("data/embeddings/*"), *places.root.glob("results/embed/*")]:
        path.unlink()


def test_several_at_once_are_the_bytes_of_one_by_one(project, monkeypatch):
    """Protects the promise of one pass: same files, every image decoded once per geometry, each network built once."""
    places, params = project
    clear(places)
    for name in BLOCKS:
        make_embedding(places, params, name)
    alone = files(places)
    assert len(alone) == 2 * len(BLOCKS)
    clear(places)
    loaded, built = [], []
    load, make = stage.load_grey, torch.nn.Module.load_state_dict
    monkeypatch.setattr(stage, "load_grey", lambda path: loaded.append(path.name) or load(path))
    monkeypatch.setattr(
        torch.nn.Module, "load_state_dict", lambda *given, **named: built.append(1) or make(*given, **named)
    )
    paths = make_embeddings(places, params, list(BLOCKS))
    assert [path.stem for path in paths] == list(BLOCKS)
    assert files(places) == alone
    images = json.loads(places.embedding_record("last").read_text())
    assert images["embedding"] == "last"
    # Three geometries, and the metadata, which look at images in their own size.
    count = len(read_embedding(places.embedding("last"), "average").keys)
    assert len(loaded) == 4 * count
    # ResNet-18 of two seeds at 32 pixels, once more for `paper` and at 24 pixels, and MobileNet.
    assert len(built) == 5


def test_layers_have_their_dimension_and_their_own_features(project):
    """Protects the field `layer`: another layer, another length; without a name it is the last."""
    places, params = project
    make_embeddings(places, params, ["second", "third", "last", "last-again"])
    rows = {name: read_embedding(places.embedding(name), "average").rows for name in BLOCKS if "l" in name[:2]}
    widths = {name: read_embedding(places.embedding(name), "max").rows.shape[1] for name in ("second", "third", "last")}
    assert widths == {"second": 128, "third": 256, "last": 512}
    np.testing.assert_array_equal(rows["last"], rows["last-again"])


def test_a_grid_keeps_where_something_is(project):
    """Protects pooling `grid`: the average of every cell of the map, channel by channel, beside the other poolings."""
    places, params = project
    make_embeddings(places, params, ["second", "gridded"])
    rows = {
        pooling: read_embedding(places.embedding("gridded"), pooling).rows for pooling in ("grid", "average", "max")
    }
    np.testing.assert_array_equal(rows["average"], read_embedding(places.embedding("second"), "average").rows)
    index = read_index(places.corpus)
    backbone = load_backbone(BLOCKS["gridded"])
    images = np.stack([load_grey(places.corpus / path) for path in index["path"][:4]])
    images = np.stack([backbone.preprocessing.geometry(image) for image in images])
    with torch.inference_mode():
        maps = backbone.network(backbone.preprocessing.values(torch.from_numpy(images))).numpy()
    assert maps.shape[1:] == (128, 4, 4)
    wanted = maps.reshape(4, 128, 2, 2, 2, 2).mean(axis=(3, 5)).reshape(4, -1)
    np.testing.assert_allclose(rows["grid"][:4], wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rows["grid"].reshape(-1, 128, 4).mean(axis=2), rows["average"], rtol=1e-4, atol=1e-5)
    blocks = {"a": block(layer="layer2", grid=5), "b": block(layer="layer2", grid=4), "c": block(layer="layer1")}
    with pytest.raises(InputError, match=told(places, "embed.a: grid 5: the layer's map is 4 x 4; give at most 4")):
        make_embeddings(places, params.model_copy(update={"embed": blocks}), ["c", "b", "a"])
    assert not any(places.embedding(name).exists() for name in blocks)


def test_passes_join_what_prepares_images_alike():
    """Protects the plan: by geometry, networks that differ in layer and grid together, and a bound on what is held."""
    passes = plan_passes({name: parameters for name, parameters in BLOCKS.items() if name != "metadata"})
    assert [list(one.networks.values()) for one in passes] == [
        [["last", "second", "third", "last-again", "gridded"], ["other"], ["mobile"]],
        [["nearest"], ["pixels"], ["formula"]],
        [["small"]],
    ]
    # All but the layer has to be the same, or the bytes would not be those of one by one.
    changes = [{}, {"batch": 5}, {"dtype": "bfloat16"}, {"weights": "random:9"}, {"backbone": "resnet34"}]
    (mixed,) = plan_passes({str(number): block(**change) for number, change in enumerate(changes)})
    assert len(mixed.networks) == len(changes)
    large = {name: block(backbone=name, size=56) for name in ("vit_l_32", "vit_h_14", "resnet18", "regnet_y_128gf")}
    large |= {"vit_l_32": block(backbone="vit_l_32", size=64), "vit_l_16": block(backbone="vit_l_16", size=64)}
    held = [one.held for one in plan_passes(large)]
    assert sum(held) > 2**30
    # A network that is too large for the bound has a pass of its own.
    assert all(size <= 2**29 or len(one.networks) == 1 for size, one in zip(held, plan_passes(large), strict=True))


def test_blocks_with_weights_of_their_own_name_share_no_network():
    """Protects `pretrained-here` without a name, which means another file for every block."""
    given = {"weights": "pretrained-here"}
    (one,) = plan_passes(
        {"a": block(**given), "b": block(**given), "c": block(weights="pretrained-here:a", layer="layer1")}
    )
    assert list(one.networks.values()) == [["a", "c"], ["b"]]


def test_an_error_leaves_no_half_written_file(project, monkeypatch):
    """Protects from features that are not finite, and from files of the same pass that were not finished."""
    places, params = project
    clear(places)
    make_embeddings(places, params, ["pixels"])
    before = files(places)

    def broken(build, seed):
        state = {
            key: tensor * torch.nan if tensor.is_floating_point() else tensor
            for key, tensor in build().state_dict().items()
        }
        return Weights(f"random:{seed}", "x", "0", state)

    monkeypatch.setattr("ganprint.embed.backbones.random_weights", broken)
    text = f"{told(places, 'embed.last: image ')}.*features that are not finite"
    with pytest.raises(InputError, match=text):
        make_embeddings(places, params, ["last", "second", "other"])
    assert files(places) == before


def test_bad_names_and_blocks_are_told_before_any_work(project, monkeypatch):
    """Protects the user's time: nothing is decoded before every block was looked at."""
    places, params = project
    monkeypatch.setattr(stage, "load_grey", lambda path: pytest.fail("an image was read"))
    with pytest.raises(InputError, match="no embedding 'nothing'; allowed: last, second"):
        make_embeddings(places, params, ["last", "nothing"])
    for bad, text in (
        (block(layer="layer9"), "layer 'layer9': resnet18 has none"),
        (block(backbone="pixels", preprocessing="area"), "embedding of pixels: weights must be 'none'"),
        (block(backbone="metadata", preprocessing="area"), "embedding of metadata: weights must be 'none'"),
        (block(backbone="inception_v3"), "size 32: does not suit inception_v3, which needs at least 75 pixels"),
        (block(weights="none"), "weights 'none': not to be had for resnet18"),
        (block(preprocessing="area"), "preprocessing 'area': is for pixels"),
        (block(backbone="vit_b_32", grid=2), "grid 2: this layer is one vector per image"),
    ):
        worse = params.model_copy(update={"embed": {"last": block(), "bad": bad}})
        with pytest.raises(InputError, match=told(places, f"embed.bad: {text}")):
            make_embeddings(places, worse, ["bad", "last"])


def test_what_several_blocks_share_names_them_all_and_an_image_none(project, monkeypatch):
    """Protects whoever mends it: weights are of every block that reads them, an image is of the corpus."""
    places, params = project
    shared = {"a": block(weights="file:/nowhere"), "b": block(weights="file:/nowhere", layer="layer2")}
    with pytest.raises(InputError, match=told(places, "embed.a, embed.b: /nowhere: no such weight file")):
        make_embeddings(places, params.model_copy(update={"embed": shared}), ["a", "b"])

    def broken(path):
        raise InputError(f"{path}: is no PNG")

    monkeypatch.setattr(stage, "load_grey", broken)
    with pytest.raises(InputError, match=f"^{re.escape(str(places.corpus))}.*: is no PNG"):
        make_embeddings(places, params, ["last"])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"backbone": "vit_b_32"}, "name a layer with a map (allowed: encoder_layer_2, encoder_layer_5, "),
        ({"backbone": "vit_b_32", "layer": "class_token"}, "name a layer with a map (allowed: encoder_layer_2, "),
        ({"backbone": "sscd-resnet50"}, "name a layer with a map (allowed: layer1, layer2, layer3, layer4)"),
        ({"backbone": "autoencoder", "weights": "pretrained-here"}, "leave grid out"),
    ],
)
def test_a_layer_that_is_one_vector_has_no_grid(given, text):
    """Protects from advice that can not help: neither a smaller grid nor a larger image gives a vector a map."""
    size = {"size": 64}
    with pytest.raises(InputError, match=re.escape(f"embed.a: grid 2: this layer is one vector per image; {text}")):
        plan_passes({"a": block(grid=2, **size, **given)})
    # One cell is the average, which any layer has.
    assert len(plan_passes({"a": block(grid=1, **size, **given)})) == 1


def test_a_run_is_named_in_what_its_comparator_says(project, monkeypatch):
    """Protects the user of forty runs: file and run stand before what is wrong with its parameters, views or fit."""
    places, params = project
    make_embeddings(places, params, ["pixels"])
    given = {"comparator": "nearest", "variant": "extension", "embedding": "pixels", "pooling": "none"}
    run = RunParameters.model_validate(given | {"threshold": {"rule": "youden"}})

    def refused(run, text):
        with pytest.raises(InputError, match=told(places, f"run 'a': {text}")):
            compare_run(places, params.model_copy(update={"runs": {"a": run}}), "a")
        assert not places.compared("a").exists()

    refused(run.model_copy(update={"parameters": {"foo": 1}}), "parameters of nearest extension: foo: Extra inputs")
    refused(run.model_copy(update={"further_views": {"last": "max"}}), "nearest extension looks at one view")

    def fit(*_, **__):
        raise InputError("parameter trained: 99 of 4 stages")

    monkeypatch.setattr("ganprint.stages.compare._fit_and_read", fit)
    refused(run, "parameter trained: 99 of 4 stages")
    monkeypatch.undo()
    monkeypatch.setattr("ganprint.stages.compare.choose_threshold", fit)
    refused(run, "parameter trained: 99 of 4 stages")
