"""The small autoencoder: any side, each image by itself, learning from a seed, and its code as an embedding."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ganprint.embed.autoencoder import (
    CODE,
    Autoencoder,
    Schedule,
    _on_grid,
    grey_tensor,
    learn,
    reconstruction_errors,
)
from ganprint.embed.autoencoder_pretraining import ReconstructionPretraining, begin_pretraining
from ganprint.embed.backbones import load_backbone
from ganprint.embed.extract import extract
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.weights import Weights, seeded_network, state_sha256
from ganprint.errors import InputError
from ganprint.params import AugmentationParameters, EmbeddingParameters, PretrainingParameters

STILL = AugmentationParameters(shift=0, rotation=0, crop=0, flip=0, brightness=0, contrast=0, noise=0, blur=0)
QUIET = (lambda done, total: None,)


def blobs(count, side, seed):
    """Grey images [count, side, side] of one bright disc each, somewhere, of some size."""
    rng = np.random.default_rng(seed)
    y, x, radius = rng.uniform(0.2, 0.8, (3, count, 1, 1)) * np.array([1, 1, 0.4]).reshape(3, 1, 1, 1)
    down, across = np.mgrid[:side, :side] / side
    inside = (down - y) ** 2 + (across - x) ** 2 < radius**2
    return np.where(inside, 220, 40).astype(np.uint8)


def network(seed=0):
    return seeded_network(lambda: Autoencoder(width=8, code=32), seed)


def taught(images, seed=1, steps=150):
    made = network()
    stack = grey_tensor(images.reshape(len(images), -1))

    def loss(drawing):
        seen = stack[torch.randint(len(stack), (32,), generator=drawing)]
        return (made(seen) - seen).square().mean()

    return made, learn(made, loss, Schedule(steps, 32, 3e-3), seed, *QUIET)


@pytest.mark.parametrize("side", [8, 16, 17, 50, 64, 96])
def test_any_side_goes_in_and_comes_out(side):
    """Protects small and odd images: no side has to be a multiple of anything."""
    images = grey_tensor(blobs(2, side, 0).reshape(2, -1))
    made = network()
    assert made.encoder(images).shape == (2, 32)
    assert made(images).shape == images.shape


@pytest.mark.parametrize("side", [1, 2, 4, 5, 7, 16])
def test_pooling_is_adaptive_averaging(side):
    """Protects the matrix products against torch's own pooling."""
    maps = torch.rand((3, 2, side, side), generator=torch.Generator().manual_seed(side))
    torch.testing.assert_close(_on_grid(maps), functional.adaptive_avg_pool2d(maps, 4))


def test_an_image_is_reconstructed_the_same_in_any_company():
    """Protects scores from the batch: no layer may look across images, and blocks must change no error."""
    images = grey_tensor(blobs(9, 32, 0).reshape(9, -1))
    made = network().eval()
    whole = reconstruction_errors(made, images)
    np.testing.assert_allclose(reconstruction_errors(made, images[3:4]), whole[3:4], rtol=1e-5)
    np.testing.assert_allclose(reconstruction_errors(made, images, block=2), whole, rtol=1e-5)


def test_errors_are_held_against_their_targets():
    """Protects the pairing of images and targets, by hand: the error of the identity is the squared difference."""
    images = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 2, 2)
    assert reconstruction_errors(torch.nn.Identity(), images).tolist() == [0, 0, 0]
    assert reconstruction_errors(torch.nn.Identity(), images, images[2:]).tolist() == [4, 1, 0]
    assert reconstruction_errors(torch.nn.Identity(), images, images.flip(0), block=2).tolist() == [4, 0, 4]


def test_it_learns_to_bring_back_images_never_seen():
    """Protects the purpose: better than the best constant image, and the place of the disc survives the code."""
    made, losses = taught(blobs(256, 32, 0), steps=100)
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    unseen = grey_tensor(blobs(64, 32, 1).reshape(64, -1))
    constant = (unseen - unseen.mean(dim=0)).square().mean()
    assert reconstruction_errors(made, unseen).mean() < 0.6 * float(constant)
    assert not made.training


def test_same_seed_same_weights_and_nothing_global_moves():
    """Protects determinism, and other users of torch's global generator."""
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    images = blobs(20, 16, 0)
    first, again, other = (state_sha256(taught(images, seed, 3)[0].state_dict()) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(2), expected)
    assert first == again != other


def parameters(**changes):
    given = {"backbone": "autoencoder", "start": "random:1", "preprocessing": "weights", "size": 32, "epochs": 6}
    given |= {"warmup": 1, "batch": 16, "learning_rate": 3e-3, "augmentation": STILL}
    return PretrainingParameters(**(given | changes))


def codes(weights, images):
    chosen = EmbeddingParameters(
        backbone="autoencoder", weights="pretrained-here:x", preprocessing="weights", size=32, batch=32
    )
    backbone = load_backbone(chosen, weights)
    parts = extract(backbone, images.__getitem__, len(images), batch=32, device=torch.device("cpu"), threads=1)
    return next(iter(parts))


def test_its_code_is_an_embedding_learned_here():
    """Protects the way through section pretrain: trained by reconstruction, loaded, the code under either pooling."""
    training = begin_pretraining(parameters(), 7, "cpu")
    assert type(training) is ReconstructionPretraining
    assert type(begin_pretraining(parameters(backbone="resnet18"), 7, "cpu")) is Pretraining
    images = blobs(96, 32, 0)
    while not training.finished:
        training.epoch(images)
    assert training.losses[-1] < 0.6 * training.losses[0]
    unseen = blobs(8, 32, 3)
    found = codes(Weights("pretrained-here", "x", "0", training.weights()), unseen)
    assert found["average"].shape == (8, CODE)
    np.testing.assert_array_equal(found["average"], found["max"])
    distances = np.linalg.norm(found["average"][:, np.newaxis] - found["average"], axis=2)
    assert (distances + np.eye(8) > 1e-2).all()


def test_it_has_no_weights_but_those_learned_here():
    """Protects from a silent start with something else: the message says what there is."""
    with pytest.raises(InputError, match="weights 'packaged': not to be had for autoencoder; allowed: file:PATH"):
        begin_pretraining(parameters(start="packaged"), 7, "cpu")
