"""Keras' weight files: which are taken, what is read of them, and what is refused. No Keras is needed."""

import hashlib
import json
import re

import h5py
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors import safe_open
from safetensors.torch import load_file

from ganprint.cli import main
from ganprint.embed import keras_file
from ganprint.embed.backbones import load_backbone
from ganprint.embed.keras_conversion import convert_keras
from ganprint.embed.keras_file import PUBLISHED, read_keras
from ganprint.embed.keras_resnet import KERAS_BLOCKS, keras_layers, keras_resnet
from ganprint.errors import InputError
from ganprint.files import sha256_of
from ganprint.params import EmbeddingParameters

NAME = "keras-resnet50"
LEAVES = {
    "conv": ("kernel", "bias"),
    "bn": ("gamma", "beta", "moving_mean", "moving_variance"),
    "predictions": ("kernel", "bias"),
}
OURS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@pytest.fixture(autouse=True)
def short_networks(monkeypatch):
    """One block per group keeps every kind of layer and a tenth of the numbers."""
    monkeypatch.setitem(KERAS_BLOCKS, NAME, (1, 1, 1, 1))


def random_state(seed=0):
    generator = torch.Generator().manual_seed(seed)
    state = keras_resnet(NAME).state_dict()
    return {
        name: torch.rand(tensor.shape, generator=generator)
        for name, tensor in state.items()
        if "num_batches" not in name
    }


def write(path, state, classifier=False):
    """Write a state dict the way Keras' published files are laid out."""
    layers = list(keras_layers(NAME))[: None if classifier else -1]
    with h5py.File(path, "w") as file:
        names = ["input_1", *(theirs for theirs, _ in layers), "avg_pool"]
        file.attrs["layer_names"] = np.array(names, "S")
        for name in ("input_1", "avg_pool"):
            file.create_group(name).attrs["weight_names"] = []
        for theirs, ours in layers:
            leaves = LEAVES[theirs.rpartition("_")[2]]
            group = file.create_group(theirs)
            group.attrs["weight_names"] = np.array([f"{theirs}/{leaf}:0" for leaf in leaves], "S")
            for leaf in leaves:
                values = state[f"{ours}.{OURS[leaf]}"].numpy()
                values = values.transpose({4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[values.ndim])
                group.create_dataset(f"{theirs}/{leaf}:0", data=values)
    return path


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "weights.h5", random_state())


def accepted(path):
    return read_keras(path, sha256_of(path))


def publish(monkeypatch, path):
    """Let Keras have published this file."""
    monkeypatch.setitem(PUBLISHED, hashlib.md5(path.read_bytes()).hexdigest(), "resnet50_made_up.h5")


@pytest.mark.parametrize("classifier", [False, True])
def test_every_number_arrives_where_it_belongs(tmp_path, classifier):
    """Kernels turn their axes; nothing else changes, and nothing is left out."""
    state = random_state()
    read = accepted(write(tmp_path / "weights.h5", state, classifier))
    expected = {name: tensor for name, tensor in state.items() if classifier or not name.startswith("fc.")}
    assert read.state.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(read.state[name], tensor), name
    assert (read.network, read.published) == (NAME, None)


def test_a_published_file_is_known_by_its_hash(source, monkeypatch):
    """Keras publishes MD5; the SHA-256 is kept beside it."""
    publish(monkeypatch, source)
    read = read_keras(source)
    assert read.published == "resnet50_made_up.h5"
    assert read.md5 == hashlib.md5(source.read_bytes()).hexdigest()
    assert read.sha256 == sha256_of(source)


def test_another_file_is_refused_before_it_is_opened(source, monkeypatch):
    """The HDF5 library never sees bytes that nobody vouches for; the line says how to."""
    monkeypatch.setattr(h5py, "File", lambda *_: pytest.fail("was opened"))
    with pytest.raises(InputError, match=rf"none of the ResNet files.*--accept-hash {sha256_of(source)}"):
        read_keras(source)
    wrong = "0" * 64
    with pytest.raises(
        InputError, match=f"its SHA-256 is {sha256_of(source)}, not the accepted {wrong}.*or correct --a"
    ):
        read_keras(source, wrong)
    for no_hash in ("00", "", wrong + "0", "g" * 64, wrong + "\n"):
        with pytest.raises(InputError, match="is no SHA-256; give its 64 hexadecimal digits"):
            read_keras(source, no_hash)
    monkeypatch.setattr(keras_file, "_LARGEST", 1000)
    with pytest.raises(InputError, match="larger than any"):
        accepted(source)


def test_the_accepted_hash_may_be_written_in_capitals(source):
    """As some tools print it."""
    assert read_keras(source, sha256_of(source).upper()).network == NAME


def test_missing_and_foreign_files_are_one_line(tmp_path):
    """No traceback of the HDF5 library."""
    with pytest.raises(InputError, match="no such weight file"):
        read_keras(tmp_path / "none.h5")
    garbage = tmp_path / "garbage.h5"
    garbage.write_bytes(b"not HDF5" * 100)
    (tmp_path / "empty.h5").touch()
    for path in (garbage, tmp_path / "empty.h5"):
        # Not the way to accept it by its hash, which would lead nowhere.
        for hashed in (None, sha256_of(path)):
            with pytest.raises(InputError, match=rf"^{re.escape(str(path))}: is no HDF5 file; download it again$"):
                read_keras(path, hashed)


def test_a_signature_may_come_after_a_block_of_the_users(source):
    """HDF5 allows it at 512, 1024, ... bytes; such a file is still one that the library reads."""
    source.write_bytes(bytes(1024) + source.read_bytes())
    with pytest.raises(InputError, match="none of the ResNet files"):
        read_keras(source)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_file_cut_off_is_one_line(source, keep):
    """An interrupted download that somebody accepts by its hash."""
    content = source.read_bytes()
    source.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputError, match=r"weights\.h5: not "):
        accepted(source)


LAYER = "conv2_block1_2_conv"
KERNEL = f"{LAYER}/{LAYER}/kernel:0"


def external_group(file, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        file.copy(LAYER, other)
    del file[LAYER]
    file[LAYER] = h5py.ExternalLink(str(tmp_path / "other.h5"), f"/{LAYER}")


def external_dataset(file, tmp_path):
    external_group(file, tmp_path)
    del file[LAYER]
    group = file.create_group(LAYER)
    group.attrs["weight_names"] = np.array([f"{LAYER}/{leaf}:0" for leaf in ("kernel", "bias")], "S")
    group[LAYER] = h5py.ExternalLink(str(tmp_path / "other.h5"), f"/{LAYER}/{LAYER}")


def soft_link(file, tmp_path):
    file.move(KERNEL, "elsewhere")
    file[KERNEL] = h5py.SoftLink("/elsewhere")


def external_storage(file, tmp_path):
    values = file[KERNEL][()]
    values.tofile(tmp_path / "raw")
    del file[KERNEL]
    file.create_dataset(KERNEL, values.shape, "f4", external=[(str(tmp_path / "raw"), 0, values.nbytes)])


def virtual(file, tmp_path):
    values = file[KERNEL][()]
    del file[KERNEL]
    file["values"] = values
    layout = h5py.VirtualLayout(values.shape, "f4")
    layout[...] = h5py.VirtualSource(".", "values", values.shape)
    file.create_virtual_dataset(KERNEL, layout)


def compressed(file, tmp_path):
    values = file[KERNEL][()]
    del file[KERNEL]
    file.create_dataset(KERNEL, data=values, compression="gzip")


def replaced(change):
    def edit(file, tmp_path):
        values = file[KERNEL][()]
        del file[KERNEL]
        file[KERNEL] = change(values)

    return edit


def renamed(change):
    def edit(file, tmp_path):
        file.attrs["layer_names"] = np.array(change([name.decode() for name in file.attrs["layer_names"]]), "S")

    return edit


SWAPPED = {"conv2_block1_0_conv": "conv2_block1_3_conv", "conv2_block1_3_conv": "conv2_block1_0_conv"}


def swapped_statistics(file, tmp_path):
    group = file["conv1_bn"]
    group.attrs["weight_names"] = list(group.attrs["weight_names"])[::-1]


def without_names(file, tmp_path):
    del file.attrs["layer_names"]


def many_names(file, tmp_path):
    file.attrs["layer_names"] = [f"layer{i}".encode() for i in range(3000)]


def one_name(file, tmp_path):
    file.attrs["layer_names"] = "conv1_conv"


def group_for_array(file, tmp_path):
    del file[KERNEL]
    file.create_group(KERNEL)


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (external_group, "missing or lies outside the file"),
        (external_dataset, "missing or lies outside the file"),
        (soft_link, "missing or lies outside the file"),
        (external_storage, "not stored in one piece"),
        (virtual, "not stored in one piece"),
        (compressed, "not stored in one piece"),
        (group_for_array, "no float32 array of shape"),
        (replaced(lambda values: values.astype(np.float64)), "no float32 array of shape"),
        (replaced(lambda values: values.astype(">f4")), "no float32 array of shape"),
        (replaced(lambda values: values.transpose(3, 2, 0, 1)), "no float32 array of shape"),
        (replaced(lambda values: values[:, :, :-1]), "no float32 array of shape"),
        (renamed(lambda names: [name for name in names if name != LAYER]), "has 33 layers"),
        (
            renamed(lambda names: [SWAPPED.get(name, name) for name in names]),
            "'conv2_block1_3_conv' stands where 'conv2_block1_0_conv' should",
        ),
        (renamed(lambda names: ["conv1_conv" if name == LAYER else name for name in names]), "twice"),
        (swapped_statistics, "'conv1_bn' has the weights conv1_bn/moving_variance:0"),
        (without_names, "no attribute 'layer_names'"),
        (many_names, "too long"),
        (one_name, "no list of names"),
    ],
)
def test_what_is_not_laid_out_as_keras_does_is_refused(source, tmp_path, edit, text):
    """Nothing is read from outside the file, unpacked, or taken for what it is not."""
    with h5py.File(source, "r+") as file:
        edit(file, tmp_path)
    with pytest.raises(InputError, match=f"weights.h5: not Keras weights of a ResNet.*{re.escape(text)}"):
        accepted(source)


def test_a_published_file_is_read_in_its_order_whatever_its_names(source, monkeypatch):
    """As Keras itself reads: its files have been written by versions that named layers otherwise."""
    with h5py.File(source, "r+") as file:
        names = [name.decode() for name in file.attrs["layer_names"]]
        for name in names:
            file.move(name, f"old_{name}")
        file.attrs["layer_names"] = np.array([f"old_{name}" for name in names], "S")
    with pytest.raises(InputError, match="'old_conv1_conv' stands where 'conv1_conv' should"):
        accepted(source)
    publish(monkeypatch, source)
    state = random_state()
    assert all(torch.equal(tensor, state[name]) for name, tensor in read_keras(source).state.items())


def test_conversion_says_where_the_weights_come_from(source, tmp_path, monkeypatch):
    """The header carries the hashes; the same file gives the same bytes; a refusal leaves nothing behind."""
    target = tmp_path / "made" / "keras.safetensors"
    with pytest.raises(InputError, match="none of the ResNet"):
        convert_keras(source, target)
    assert not target.parent.exists()
    with pytest.raises(InputError, match="has to end in"):
        convert_keras(source, tmp_path / "keras.pt", sha256_of(source))
    publish(monkeypatch, source)
    convert_keras(source, target)
    first = target.read_bytes()
    convert_keras(source, target)
    assert target.read_bytes() == first
    with safe_open(target, framework="pt") as file:
        header = json.loads(file.metadata()["keras"])
    assert header == {
        "network": NAME,
        "keras_file": "resnet50_made_up.h5",
        "md5": hashlib.md5(source.read_bytes()).hexdigest(),
        "sha256": sha256_of(source),
    }
    assert [path.name for path in target.parent.iterdir()] == ["keras.safetensors"]
    state = random_state()
    assert all(torch.equal(tensor, state[name]) for name, tensor in load_file(target).items())


def test_the_command_prints_hashes_and_refuses_in_one_line(source, tmp_path):
    """What an auditor copies into params.yaml, and into the record."""
    target = tmp_path / "keras.safetensors"
    call = ["convert-keras", str(source), "--out", str(target)]
    refused = CliRunner().invoke(main, call)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert not target.exists()
    done = CliRunner().invoke(main, [*call, "--accept-hash", sha256_of(source)])
    assert done.exit_code == 0, done.output
    assert "not published by Keras" in done.output
    assert sha256_of(source) in done.output
    assert sha256_of(target) in done.output
    assert f"backbone: {NAME}, weights: file:{target}" in done.output


def embedding(name, path):
    return EmbeddingParameters(backbone=name, weights=f"file:{path}", preprocessing="paper", size=64)


def test_a_published_file_can_be_named_directly(source, tmp_path, monkeypatch):
    """Converted or not, the network is the same; the recorded hash is that of the file that was named."""
    with pytest.raises(InputError, match="none of the ResNet"):
        load_backbone(embedding(NAME, source))
    publish(monkeypatch, source)
    convert_keras(source, tmp_path / "keras.safetensors")
    direct = load_backbone(embedding(NAME, source))
    converted = load_backbone(embedding(NAME, tmp_path / "keras.safetensors"))
    assert direct.weights.sha256 == sha256_of(source)
    inputs = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(direct.network(inputs), converted.network(inputs))


def test_neither_network_takes_the_others_weights(source, tmp_path, monkeypatch):
    """Their shapes agree; the biases keep Keras' weights out of torchvision's network, and the reverse."""
    monkeypatch.undo()
    theirs = load_backbone(
        EmbeddingParameters(backbone="resnet50", weights="random:1", preprocessing="paper", size=64)
    ).weights
    torch.save(theirs.state, tmp_path / "torchvision.pth")
    with pytest.raises(InputError, match=r"do not fit keras-resnet50 \(53 missing"):
        load_backbone(embedding(NAME, tmp_path / "torchvision.pth"))
    torch.save(keras_resnet(NAME).state_dict(), tmp_path / "keras.pth")
    with pytest.raises(InputError, match=r"do not fit resnet50 \(0 missing, 53 unknown"):
        load_backbone(embedding("resnet50", tmp_path / "keras.pth"))
