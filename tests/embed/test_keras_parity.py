"""Keras' own ResNets beside ours: the same weight file and the same images have to give the same features."""

import importlib
import importlib.util

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from ganprint.embed.backbones import BACKBONES, choose_preprocessing, load_backbone
from ganprint.embed.extract import extract
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.keras_conversion import convert_keras
from ganprint.embed.keras_file import PUBLISHED, read_keras
from ganprint.embed.keras_resnet import KERAS_BLOCKS, KERAS_EPSILON, keras_layers, keras_resnet
from ganprint.embed.preprocessing import paper_preprocessing
from ganprint.files import sha256_of
from ganprint.params import EmbeddingParameters

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("keras") is None, reason="keras is not installed; it comes with the extra dev"
    ),
    # Keras' own variables, turned into arrays by Keras itself.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CLASSES = {"keras-resnet50": "ResNet50", "keras-resnet101": "ResNet101", "keras-resnet152": "ResNet152"}


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    """Keras on PyTorch: it reads the name of its backend, and the folder it writes to, when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        return importlib.import_module("keras")


def built(keras, name, top=False):
    return getattr(keras.applications, CLASSES[name])(weights=None, include_top=top)


def scene(rng, shape):
    """Give a smooth grey picture with noise."""
    coarse = Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).resize(shape[::-1])
    return np.clip(np.asarray(coarse) + rng.normal(0, 10, shape), 0, 255).astype(np.uint8)


def drawn(layer, weight, scale, rng):
    """Give numbers for one tensor; statistics of batch-norm stay as they are."""
    shape = weight.shape
    if weight.name == "kernel":
        return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape) * scale
    if weight.name == "gamma":
        # Blocks add little to what they are given, as trained ones do; else rounding grows from block to block.
        return rng.uniform(0.1, 0.3, shape) if layer.name.endswith("_3_bn") else rng.uniform(0.3, 1.0, shape)
    return rng.normal(0, 0.2, shape) * (scale if weight.name == "bias" else 1.0)


def randomise(model, seed):
    """Draw all weights, with statistics near those of the activations: without these no feature looks at the image.

    A quarter of the channels hardly varies, as in trained networks: there the epsilon shows.
    """
    rng = np.random.default_rng(seed)
    norms = [layer for layer in model.layers if layer.name.endswith("_bn")]
    for layer in model.layers:
        for weight in layer.trainable_weights:
            scale = np.where(rng.random(weight.shape[-1]) < 0.25, 3e-3, 1.0)
            weight.assign(drawn(layer, weight, scale, rng))
    for layer in norms:
        layer.momentum = 0.0
    scenes = np.stack([scene(rng, (224, 224)) for _ in range(4)])
    model(np.repeat(scenes[..., np.newaxis], 3, axis=3).astype(np.float32) / 255, training=True)
    for layer in norms:
        gamma, beta, mean, variance = layer.get_weights()
        mean = mean + rng.normal(0, 0.1, mean.shape) * np.sqrt(variance)
        layer.set_weights([gamma, beta, mean, variance * rng.uniform(0.8, 1.5, mean.shape)])


def write_published_layout(keras, path, model):
    """Write the HDF5 layout of the published files: Keras 3 would name the tensors otherwise."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([layer.name for layer in model.layers], "S")
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for layer in model.layers:
            group = file.create_group(layer.name)
            weights = layer.trainable_weights + layer.non_trainable_weights
            names = [f"{layer.name}/{weight.name}:0" for weight in weights]
            group.attrs["weight_names"] = np.array(names, "S")
            for name, weight in zip(names, weights, strict=True):
                group.create_dataset(name, data=keras.ops.convert_to_numpy(weight))


def state_of(keras, model, folder):
    source = folder / "state.h5"
    write_published_layout(keras, source, model)
    return read_keras(source, sha256_of(source)).state


def pictures(folder, count=2, shape=(256, 256)):
    """Write grey pictures; give their paths."""
    rng = np.random.default_rng(5)
    paths = [folder / f"picture-{index}.png" for index in range(count)]
    for path in paths:
        Image.fromarray(scene(rng, shape)).save(path)
    return paths


def their_features(keras, model, paths):
    """Pool as the notebooks do: one image per call, nearest neighbour to 224, pixels / 255."""
    found = {"average": [], "max": []}
    for path in paths:
        image = keras.utils.load_img(path, target_size=(224, 224))
        maps = model.predict(keras.utils.img_to_array(image)[np.newaxis] / 255, verbose=0)
        found["average"].append(keras.layers.GlobalAveragePooling2D()(maps)[0])
        found["max"].append(keras.layers.GlobalMaxPooling2D()(maps)[0])
    return {pooling: torch.stack(rows).detach().numpy() for pooling, rows in found.items()}


def our_features(name, weights, paths):
    parameters = EmbeddingParameters(backbone=name, weights=f"file:{weights}", preprocessing="paper", size=224)
    grey = [np.asarray(Image.open(path)) for path in paths]
    device = torch.device("cpu")
    batches = list(extract(load_backbone(parameters), grey.__getitem__, len(grey), batch=2, device=device, threads=1))
    return {pooling: np.concatenate([batch[pooling] for batch in batches]) for pooling in batches[0]}


@pytest.mark.parametrize("name", ["keras-resnet50", "keras-resnet101"])
def test_features_are_those_of_keras(keras, name, tmp_path):
    """The claim itself: a file that Keras reads, converted, gives Keras' features on the paper's preparation."""
    source = tmp_path / "weights.h5"
    model, again = built(keras, name), built(keras, name)
    randomise(model, seed=1)
    write_published_layout(keras, source, model)
    again.load_weights(source)
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    converted = tmp_path / "weights.safetensors"
    convert_keras(source, converted, sha256_of(source))
    paths = pictures(tmp_path)
    theirs, ours = their_features(keras, again, paths), our_features(name, converted, paths)
    for pooling in ("average", "max"):
        assert theirs[pooling].shape == (2, 2048)
        assert theirs[pooling].std(axis=1).min() > 0.1
        assert np.abs(theirs[pooling][0] - theirs[pooling][1]).max() > 0.1
        np.testing.assert_allclose(ours[pooling], theirs[pooling], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(75, 102), (64, 97)])
def test_padding_is_keras_own(keras, height, width, tmp_path):
    """At sides where windows leave a rest over, a padding elsewhere would show at the border of the maps."""
    name = "keras-resnet50"
    model = built(keras, name)
    randomise(model, seed=2)
    network = keras_resnet(name)
    network.load_state_dict(state_of(keras, model, tmp_path), strict=False)
    inputs = np.random.default_rng(3).uniform(0, 1, (1, height, width, 3)).astype(np.float32)
    features = fold_batch_norm(BACKBONES[name].features(network.eval()).eval())
    with torch.inference_mode():
        theirs = model(inputs).permute(0, 3, 1, 2)
        ours = features(torch.from_numpy(inputs).permute(0, 3, 1, 2))
    assert ours.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "total", "not_trainable"),
    [("keras-resnet50", 23_587_712, 53_120), ("keras-resnet101", 42_658_176, 105_344)],
)
def test_parameters_are_as_many_as_the_notebooks_print(keras, name, total, not_trainable):
    """Biases and all: the two networks are of one size, which is the one in the paper's notebooks."""
    model = built(keras, name)
    assert model.count_params() == total
    assert sum(np.prod(weight.shape) for weight in model.non_trainable_weights) == not_trainable
    with torch.device("meta"):
        features = BACKBONES[name].features(keras_resnet(name))
    statistics = sum(tensor.numel() for key, tensor in features.named_buffers() if "running" in key)
    assert sum(weight.numel() for weight in features.parameters()) + statistics == total
    assert statistics == not_trainable


@pytest.mark.parametrize("name", CLASSES)
def test_layers_have_keras_order_strides_and_epsilon(keras, name):
    """Files are read by this order; a stride or an epsilon elsewhere would change features and no shape."""
    layers = {layer.name: layer for layer in built(keras, name, top=True).layers if layer.weights}
    pairs = list(keras_layers(name))
    assert [theirs for theirs, _ in pairs] == list(layers)
    with torch.device("meta"):
        network = keras_resnet(name)
    for theirs, ours in pairs:
        layer, part = layers[theirs], network.get_submodule(ours)
        if theirs.endswith("_conv"):
            assert (layer.strides, layer.kernel_size) == (part.stride, part.kernel_size), theirs
        elif theirs.endswith("_bn"):
            assert layer.epsilon == part.eps == KERAS_EPSILON, theirs


def test_hashes_are_the_ones_that_keras_publishes(keras):
    """Guards the table against a slip of the pen."""
    published = importlib.import_module("keras.src.applications.resnet").WEIGHTS_HASHES
    ending = "_weights_tf_dim_ordering_tf_kernels"
    expected = {}
    for name in KERAS_BLOCKS:
        network = name.removeprefix("keras-")
        top, without = published[network]
        expected |= {top: f"{network}{ending}.h5", without: f"{network}{ending}_notop.h5"}
    assert expected == PUBLISHED


@pytest.mark.parametrize("shape", [(256, 256), (300, 200), (97, 231), (224, 224)])
@pytest.mark.parametrize("size", [224, 128, 75])
def test_nearest_neighbour_is_keras_own(keras, tmp_path, shape, size):
    """Bit for bit: the resize of the paper's notebooks and the geometry of preprocessing ``paper``."""
    (path,) = pictures(tmp_path, 1, shape)
    theirs = np.asarray(keras.utils.load_img(path, target_size=(size, size), interpolation="nearest"))
    ours = paper_preprocessing(size).geometry(np.asarray(Image.open(path)))
    for channel in range(3):
        np.testing.assert_array_equal(ours, theirs[:, :, channel])


def test_weights_preprocessing_is_keras_own(keras):
    """``preprocess_input`` on a grey image: blue first, its mean subtracted, the scale left at 0..255."""
    ours = choose_preprocessing(BACKBONES["keras-resnet50"], "weights", 224)
    grey = np.random.default_rng(2).integers(0, 256, (256, 256), dtype=np.uint8)
    cropped = ours.geometry(grey).copy()
    np.testing.assert_array_equal(cropped, grey[16:240, 16:240])
    colour = np.repeat(cropped[:, :, np.newaxis], 3, axis=2).astype(np.float32)
    theirs = keras.applications.resnet.preprocess_input(colour)
    values = ours.values(torch.from_numpy(cropped[np.newaxis]))[0]
    np.testing.assert_allclose(values.permute(1, 2, 0).numpy(), theirs, rtol=0, atol=1e-4)
