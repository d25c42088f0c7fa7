"""Backbones, preprocessing and streaming extraction."""

import re

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from ganprint.embed.backbones import BACKBONES, load_backbone
from ganprint.embed.extract import extract, extract_pixels
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.preprocessing import Preprocessing, paper_preprocessing, pixel_preprocessing
from ganprint.errors import InputError
from ganprint.params import EmbeddingParameters


def parameters(**changes):
    given = {"backbone": "efficientnet-lite0", "weights": "packaged", "preprocessing": "paper", "size": 64}
    return EmbeddingParameters(**(given | changes))


def images(count, size=80, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)


def gathered(batches):
    parts = list(batches)
    return {pooling: np.concatenate([part[pooling] for part in parts]) for pooling in parts[0]}


def test_features_do_not_depend_on_batch_or_threads():
    """A feature belongs to its image alone: no batch statistics, no order of threads."""
    pictures = images(7)
    backbone = load_backbone(parameters())
    run = [
        gathered(extract(backbone, pictures.__getitem__, 7, batch=batch, device=torch.device("cpu"), threads=threads))
        for batch, threads in ((7, 1), (2, 3))
    ]
    for pooling in ("max", "average"):
        assert run[0][pooling].shape == (7, 1280)
        assert run[0][pooling].dtype == np.float32
        np.testing.assert_allclose(run[0][pooling], run[1][pooling], rtol=1e-4, atol=1e-5)
    assert not np.allclose(run[0]["max"], run[0]["average"])


def test_packaged_weights_are_trained_weights():
    """Guards the pairing of the package's tensors with the network's: shuffled weights answer alike to anything."""
    backbone = load_backbone(parameters(preprocessing="weights", size=224))
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8), (256, 1))
    pictures = [ramp, ramp.T.copy(), np.zeros_like(ramp)]
    features = gathered(extract(backbone, pictures.__getitem__, 3, batch=3, device=torch.device("cpu"), threads=1))[
        "average"
    ]
    assert features.std() > 0.05
    assert np.abs(features[0] - features[2]).mean() > 0.05
    assert backbone.weights.origin == "efficientnet-lite0-57934424.pth"
    # The file's name carries the beginning of its hash, as PyTorch's convention is.
    assert backbone.weights.sha256.startswith("57934424")


@pytest.mark.parametrize("name", ["efficientnet-lite0", "resnet18", "resnet50"])
def test_folding_changes_no_function(name):
    """Folded batch-norm must be the same function; statistics are drawn so that it is no identity to begin with."""
    generator = torch.Generator().manual_seed(0)
    network = BACKBONES[name].build()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)
    features = BACKBONES[name].features(network.eval()).eval()
    inputs = torch.rand((2, 3, 64, 64), generator=generator)
    with torch.inference_mode():
        plain = features(inputs)
        folded = fold_batch_norm(features)(inputs)
    assert plain.shape[1] == BACKBONES[name].dimension
    scale = float(plain.abs().max())
    assert float((plain - folded).abs().max()) < 1e-4 * scale
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in features.modules())


def test_folding_refuses_training_mode():
    """In training mode batch-norm uses the batch, and folding would silently change the function."""
    with pytest.raises(ValueError, match="evaluation mode"):
        fold_batch_norm(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.BatchNorm2d(1)))


@pytest.mark.parametrize("shape", [(256, 256), (300, 200), (230, 240)])
def test_weights_preprocessing_is_torchvisions_own(shape):
    """The enum's transforms on a PIL image and ours must give the same numbers."""
    transforms = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.transforms()
    made = BACKBONES["resnet50"].trained()
    ours = Preprocessing("weights", made.resize, made.crop, made.interpolation, made.mean, made.deviation)
    grey = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    theirs = transforms(Image.fromarray(grey).convert("RGB"))
    values = ours.values(torch.from_numpy(ours.geometry(grey).copy()[np.newaxis]))[0]
    torch.testing.assert_close(values, theirs, rtol=0, atol=1e-5)


def test_paper_preprocessing_takes_nearest_pixels_over_255():
    """The paper's preparation: nearest neighbour, grey three times, 0..1, nothing subtracted."""
    grey = images(1, size=256)[0]
    values = paper_preprocessing(224).values(
        torch.from_numpy(paper_preprocessing(224).geometry(grey)[np.newaxis].copy())
    )
    assert values.shape == (1, 3, 224, 224)
    assert torch.equal(values[0, 0], values[0, 2])
    assert set(np.unique((values.numpy() * 255).round())) <= set(np.unique(grey))
    centres = (np.arange(224) + 0.5) * 256 / 224
    # A centre on the edge of two pixels is as near to the one as to the other.
    clear = np.flatnonzero(np.abs(centres - centres.round()) > 1e-9)
    nearest = centres[clear].astype(int)
    np.testing.assert_allclose(
        values[0, 1].numpy()[np.ix_(clear, clear)], grey[np.ix_(nearest, nearest)] / 255, atol=1e-6
    )
    assert len(clear) > 180


def test_pixels_are_grey_values():
    """The pixel view keeps 0..255 so that the networks can be given what the authors' code gave them."""
    pictures = images(3, size=32)
    rows = gathered(extract_pixels(pixel_preprocessing("area", 32), pictures.__getitem__, 3, batch=2, threads=2))[
        "none"
    ]
    assert rows.dtype == np.uint8
    np.testing.assert_array_equal(rows, pictures.reshape(3, -1))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"backbone": "resnet7"}, "backbone 'resnet7': unknown; allowed: pixels, efficientnet-lite0"),
        ({"weights": "imagenet"}, "weights 'imagenet': not to be had for efficientnet-lite0; allowed: packaged"),
        ({"preprocessing": "area"}, "is for pixels"),
        ({"weights": "file:/nowhere/x.pth"}, "no such weight file"),
    ],
)
def test_bad_parameters_are_named(changes, text):
    """There is no silent fall-back to other weights or another preprocessing."""
    with pytest.raises(InputError, match=text.replace("(", r"\(")):
        load_backbone(parameters(**changes))


def test_file_weights_round_trip_and_run_no_code(tmp_path):
    """A state dict of a file gives the features of its network; a pickle with code is refused and not run."""
    first = load_backbone(parameters(backbone="resnet18", weights="random:3"))
    again = load_backbone(parameters(backbone="resnet18", weights="random:3"))
    other = load_backbone(parameters(backbone="resnet18", weights="random:4"))
    assert first.weights.sha256 == again.weights.sha256 != other.weights.sha256
    torch.save(first.weights.state, tmp_path / "weights.pth")
    read = load_backbone(parameters(backbone="resnet18", weights=f"file:{tmp_path / 'weights.pth'}"))
    inputs = torch.rand((1, 3, 64, 64))
    assert torch.equal(first.network(inputs), read.network(inputs))

    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    torch.save({"a": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(InputError, match="weights alone"):
        load_backbone(parameters(backbone="resnet18", weights=f"file:{tmp_path / 'harmful.pth'}"))
    assert not (tmp_path / "written").exists()
    torch.save({"stranger": torch.zeros(1)}, tmp_path / "stranger.pth")
    with pytest.raises(InputError, match="do not fit resnet18"):
        load_backbone(parameters(backbone="resnet18", weights=f"file:{tmp_path / 'stranger.pth'}"))


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("x.pth", b"", "is empty; download it"),
        ("x.safetensors", b"", "is empty; download it"),
        ("x.h5", b"", "is empty; download it"),
        ("x.pth", b"weights", "is no PyTorch weight file (or holds more than weights); download it again"),
        ("x.txt", b"a text\n" * 100, "is no PyTorch weight file (or holds more than weights); download it again"),
        ("x.pth", b"PK\x03\x04" + bytes(100), "is no PyTorch weight file (or holds more than weights)"),
        ("x.safetensors", b"junk" * 100, "is no safetensors file; download it"),
        ("x.safetensors", b"\x02" + bytes(7) + b"{", "is no safetensors file; download it"),
        ("x.pth", None, "is a folder; give the weight file itself"),
        ("x.safetensors", None, "is a folder; give the weight file itself"),
    ],
)
def test_what_is_no_weight_file_is_told_in_plain_words(tmp_path, name, content, text):
    """Protects from the libraries' own words of pickles and headers, which name neither the fault nor the way out."""
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"{path}: {text}")) as told:
        load_backbone(parameters(backbone="resnet18", weights=f"file:{path}"))
    assert "\n" not in str(told.value)
    assert "pickle" not in str(told.value).lower()


def test_random_weights_leave_the_global_generator_alone():
    """Drawing weights must not move anybody else's stream of chance."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_backbone(parameters(backbone="resnet18", weights="random:9"))
    assert torch.equal(torch.rand(3), expected)
