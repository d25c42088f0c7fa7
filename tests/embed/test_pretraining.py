"""Self-supervised training on small pictures: what is learned, determinism, and going on after an interruption."""

import io
from collections import OrderedDict
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganprint.embed.backbones import BACKBONES, Backbone, Trained, load_backbone
from ganprint.embed.extract import extract
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.pretraining_images import images_sha256, pretraining_images
from ganprint.embed.weights import Weights, pretrained_weights, state_sha256, write_pretrained
from ganprint.errors import InputError
from ganprint.params import AugmentationParameters, EmbeddingParameters, PretrainingParameters

SIZE = 32


def small_network():
    channels = (3, 32, 64, 96)
    blocks = [
        nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()) for a, b in pairwise(channels)
    ]
    return nn.Sequential(OrderedDict(body=nn.Sequential(*blocks), fc=nn.Linear(96, 10)))


def small_training():
    return Trained(36, 32, "bilinear", (0.5,) * 3, (0.25,) * 3)


@pytest.fixture(autouse=True)
def _small_backbone(monkeypatch):
    """Register a network that trains in seconds; the catalogue's own are trained in the tests of the stage."""
    small = Backbone(96, small_network, lambda network: network.body, small_training, {})
    monkeypatch.setitem(BACKBONES, "small", small)


def parameters(**changes):
    given = {"backbone": "small", "start": "random:1", "preprocessing": "paper", "size": SIZE, "epochs": 2}
    given |= {"warmup": 1, "batch": 16, "projection": 32}
    return PretrainingParameters(**(given | changes))


def pictures(count, seed):
    """Random textures [count, SIZE, SIZE], each with a coarseness, direction, brightness and contrast of its own."""
    rng = np.random.default_rng(seed)
    squared = np.fft.fftfreq(SIZE) ** 2
    made = []
    for _ in range(count):
        frequency = squared[:, np.newaxis] * rng.uniform(0.3, 3) + squared * rng.uniform(0.3, 3)
        smooth = 1 / (frequency * 10 ** rng.uniform(1, 3) + 0.05)
        texture = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIZE, SIZE))) * smooth).real
        grey = rng.uniform(80, 170) + texture / texture.std() * rng.uniform(25, 60)
        made.append(np.clip(grey, 0, 255).astype(np.uint8))
    return np.stack(made)


def copies(images, seed):
    """Plant copies without the code under test: mirrored, shifted by up to two pixels, noised."""
    rng = np.random.default_rng(seed)
    moved = [np.roll(image[:, ::-1], rng.integers(-2, 3, 2), axis=(0, 1)) for image in images]
    return np.clip(np.stack(moved) + rng.normal(0, 8, images.shape), 0, 255).astype(np.uint8)


def trained(images, **changes):
    training = Pretraining(parameters(**changes), 7, "cpu")
    while not training.finished:
        training.epoch(images)
    return training


def embedded(weights, images):
    chosen = EmbeddingParameters(
        backbone="small", weights="pretrained-here:x", preprocessing="paper", size=SIZE, batch=32
    )
    backbone = load_backbone(chosen, weights)
    parts = extract(backbone, images.__getitem__, len(images), batch=32, device=torch.device("cpu"), threads=1)
    return np.concatenate([part["average"] for part in parts])


def found_first(weights, images, changed):
    """Share of images whose nearest changed image, of all of them, is the own copy."""
    ours, theirs = embedded(weights, images), embedded(weights, changed)
    distances = ((ours[:, np.newaxis] - theirs) ** 2).sum(axis=2)
    return float((distances.argmin(axis=1) == np.arange(len(images))).mean())


def test_training_teaches_to_find_copies_again():
    """Protects the purpose: loss falls, and copies of images never seen are found better than without training."""
    mild = AugmentationParameters(shift=0.08, rotation=0, crop=0, blur=0)
    training = Pretraining(parameters(epochs=8, learning_rate=3e-3, batch=32, augmentation=mild), 7, "cpu")
    before = Weights("pretrained-here", "x", "0", training.weights())
    images = pictures(256, 0)
    while not training.finished:
        training.epoch(images)
    assert training.losses[-1] < 0.8 * training.losses[0]
    after = Weights("pretrained-here", "x", "0", training.weights())
    unseen = pictures(100, 1)
    changed = copies(unseen, 2)
    untrained, learned = (found_first(weights, unseen, changed) for weights in (before, after))
    assert learned > untrained + 0.1, (untrained, learned)


def test_same_seed_same_weights_and_nothing_global_moves():
    """Protects determinism, and other users of torch's global generator from this one."""
    images = pictures(20, 0)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again = (state_sha256(trained(images).weights()) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert first == again
    other = Pretraining(parameters(), 8, "cpu")
    while not other.finished:
        other.epoch(images)
    assert state_sha256(other.weights()) != first


def test_going_on_from_a_state_ends_with_the_same_bytes():
    """Protects an interrupted training: weights, optimiser, rate and chance go on where they were."""
    images = pictures(20, 0)
    whole = trained(images, epochs=3)
    part = Pretraining(parameters(epochs=3), 7, "cpu")
    part.epoch(images)
    buffer = io.BytesIO()
    torch.save(part.state(), buffer)
    buffer.seek(0)
    rest = Pretraining(parameters(epochs=3), 7, "cpu")
    rest.restore(torch.load(buffer, weights_only=True))
    while not rest.finished:
        rest.epoch(images)
    assert rest.losses == whole.losses
    assert state_sha256(rest.weights()) == state_sha256(whole.weights())


def test_written_weights_come_back_with_what_made_them(tmp_path):
    """Protects the round trip: same tensors, same bytes twice, the file's hash, and the classifier left out."""
    training = Pretraining(parameters(), 7, "cpu")
    facts = {"seed": 7, "losses": [1.5], "parameters": parameters().model_dump(mode="json")}
    for name in ("a", "b"):
        write_pretrained(tmp_path / f"{name}.safetensors", training.weights(), facts)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    weights, metadata = pretrained_weights(tmp_path / "a.safetensors", "a")
    assert metadata == facts
    assert weights.source == "pretrained-here"
    assert {name: tensor.numpy().tobytes() for name, tensor in weights.state.items()} == {
        name: tensor.numpy().tobytes() for name, tensor in training.weights().items()
    }
    assert not any(name.startswith("fc.") for name in weights.state)


def test_broken_weights_and_bad_training_are_named(tmp_path):
    """Protects the one-line errors: missing, foreign or cut files, unknown backbones, too few images."""
    with pytest.raises(InputError, match="run 'ganprint pretrain x' or 'dvc repro' first"):
        pretrained_weights(tmp_path / "x.safetensors", "x")
    save_file({"a": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="not weights of a pretraining of this kit"):
        pretrained_weights(tmp_path / "x.safetensors", "x")
    (tmp_path / "x.safetensors").write_bytes(b"cut")
    with pytest.raises(InputError, match="not a weight file"):
        pretrained_weights(tmp_path / "x.safetensors", "x")
    with pytest.raises(InputError, match="backbone 'resnet7': unknown"):
        Pretraining(parameters(backbone="resnet7"), 1, "cpu")
    with pytest.raises(InputError, match="weights 'packaged': not to be had for resnet18"):
        Pretraining(parameters(backbone="resnet18", start="packaged"), 1, "cpu")
    with pytest.raises(InputError, match="1 images are too few"):
        Pretraining(parameters(), 1, "cpu").epoch(pictures(1, 0))


def test_labels_and_test_images_stay_out():
    """Protects the selection: no label column is handed on, test images only on demand, labels move no hash."""
    index = pd.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "split": ["development", "development", "test", "test"],
            "role": ["real", "generated", "real", "generated"],
            "membership": ["used", "", "unknown", ""],
            "group": ["p", "", "q", ""],
            "path": list("abcd"),
            "sha256": list("1234"),
        }
    )
    chosen = pretraining_images(index, test_images=False)
    assert chosen["id"].tolist() == ["a", "b"]
    assert not {"membership", "group"} & set(chosen.columns)
    assert pretraining_images(index, test_images=True)["id"].tolist() == list("abcd")
    turned = index.assign(membership=["not_used", "", "unknown", ""], group=["z", "", "q", ""])
    assert images_sha256(pretraining_images(turned, test_images=False)) == images_sha256(chosen)
    other = index.assign(sha256=list("9234"))
    assert images_sha256(pretraining_images(other, test_images=False)) != images_sha256(chosen)
