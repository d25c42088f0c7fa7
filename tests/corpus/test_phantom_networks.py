"""The phantom's networks: optimiser, shared gradients, autoencoder, codes, diffusion, the dial."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch import Tensor

from ganprint.corpus.phantom.autoencoder import (
    CODE_CHANNELS,
    REDUCTION,
    Autoencoder,
    decode,
    encode,
    moved,
    moves,
    train_autoencoder,
)
from ganprint.corpus.phantom.cast import patient_slices
from ganprint.corpus.phantom.codes import LearningSet, fit_code_scale
from ganprint.corpus.phantom.diffusion import Denoiser, denoised, train_denoiser
from ganprint.corpus.phantom.generator import exact_share, generator_steps, to_grey, to_network
from ganprint.corpus.phantom.muon import orthogonalised
from ganprint.corpus.phantom.workers import set_gradients, worker_threads
from ganprint.params import PhantomParameters


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def silent(done: int, total: int) -> None:
    """No progress wanted."""


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_orthogonalised_brings_singular_values_near_one(rows: int, columns: int, seed: int) -> None:
    """Protects Muon: for random matrices of any shape the large singular values come near 1, none explodes."""
    matrix = torch.randn((rows, columns), generator=chance(seed))
    before = torch.linalg.svdvals(matrix)
    after = torch.linalg.svdvals(orthogonalised(matrix))
    assert after.max() < 1.3
    assert after[before > 0.1 * before.max()].min() > 0.5


def test_shared_gradients_equal_plain_ones() -> None:
    """Protects training on shares of a batch, also uneven ones: the same gradient as the whole batch at once."""
    weight = torch.randn((4, 3), generator=chance(), requires_grad=True)
    batch = torch.randn((7, 3), generator=chance(1))
    target = torch.randn((7, 4), generator=chance(2))

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return (x @ weight.T - y).square().mean()

    (plain,) = torch.autograd.grad(loss(batch, target), [weight])
    with worker_threads() as executor:
        set_gradients(executor, [weight], loss, [batch, target])
    assert weight.grad is not None
    assert torch.allclose(weight.grad, plain, atol=1e-6)


def test_worker_threads_restore_the_count_after_an_error() -> None:
    """Protects the caller's thread count when training fails."""
    before = torch.get_num_threads()

    def fail() -> None:
        with worker_threads():
            assert torch.get_num_threads() == 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == before


@pytest.fixture(scope="module")
def small_autoencoder() -> tuple[Autoencoder, Tensor, list[float]]:
    slices = np.concatenate([patient_slices(1, "other", number, 1, 64) for number in range(12)])
    images = to_network(slices)
    network = Autoencoder(16, chance())
    errors = []
    with worker_threads() as executor:
        for steps in (1, 60):
            train_autoencoder(
                images, network, steps=steps, batch=4, generator=chance(1), executor=executor, progress=silent
            )
            with torch.inference_mode():
                errors.append(float((network(images) - images).square().mean()))
    return network, images, errors


def test_autoencoder_learns(small_autoencoder: tuple[Autoencoder, Tensor, list[float]]) -> None:
    """Protects the autoencoder: some tens of steps explain most of the images' variance."""
    _, images, (before, after) = small_autoencoder
    assert after < 0.5 * before
    assert after < 0.6 * float(images.var())


def test_codes_and_images_have_the_stated_shapes(
    small_autoencoder: tuple[Autoencoder, Tensor, list[float]],
) -> None:
    """Protects encode and decode: shapes as documented, blocks make no difference, decode(encode) is the network."""
    network, images, _ = small_autoencoder
    with worker_threads() as executor:
        codes = encode(network, images.repeat(2, 1, 1, 1), executor)
    assert codes.shape == (2 * len(images), CODE_CHANNELS * (64 // REDUCTION) ** 2)
    with torch.inference_mode():
        whole = network(images)
    assert torch.allclose(decode(network, codes[: len(images)]), whole, atol=1e-4)
    assert torch.allclose(codes[: len(images)], codes[len(images) :], atol=1e-4)


def test_moves_stay_near_the_identity() -> None:
    """Protects the augmentation: the identity moves nothing; drawn moves change size and place within their bounds."""
    images = torch.rand((3, 1, 64, 64), generator=chance())
    identity = torch.eye(2, 3).repeat(3, 1, 1)
    assert torch.allclose(moved(images, identity), images, atol=1e-5)
    change = (moves(200, chance()) - torch.eye(2, 3)).abs()
    assert change[:, [0, 1], [0, 1]].max() <= 0.12 + 1e-6
    assert change[:, :, 2].max() <= 0.1
    assert change[:, [0, 1], [1, 0]].max() == 0
    assert change.mean(dim=0)[0, 2] > 0.03


def test_grey_values_survive_the_networks_scale() -> None:
    """Protects the conversion: every grey value comes back, and what is outside is clipped."""
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    assert np.array_equal(to_grey(to_network(grey)), grey)
    assert to_grey(torch.full((1, 1, 2, 2), 3.0)).max() == 255


def test_code_scale_centres_scales_and_comes_back() -> None:
    """Protects the generator's space: zero mean and unit mean square, and the way back."""
    codes = 5 + 3 * torch.randn((50, 8), generator=chance())
    scale = fit_code_scale(codes)
    scaled = scale.enter(codes)
    assert scaled.mean(dim=0).abs().max() < 1e-5
    assert float(scaled.square().mean()) == pytest.approx(1, abs=1e-4)
    assert torch.allclose(scale.leave(scaled), codes, atol=1e-4)


@pytest.mark.parametrize(("share", "expected"), [(0.0, {1.0}), (1.0, {0.0}), (0.5, {0.0, 1.0})])
def test_learning_set_draws_by_its_share(share: float, expected: set[float]) -> None:
    """Protects the dial's second half: only moved codes at 0, only exact ones at 1, both between."""
    codes = LearningSet(exact=torch.zeros(5, 1), moved=torch.ones(5, 1), exact_share=share)
    assert set(codes.draw(100, chance()).flatten().tolist()) == expected


def _leak(train: Tensor, members: Tensor, others: Tensor, steps: int) -> float:
    """Give the nearest-neighbour AUC of members against others after training on ``train``."""
    network = Denoiser(members.shape[1], 128, 3, chance(1))
    with worker_threads() as executor:
        train_denoiser(
            LearningSet(train, train, 1.0),
            network,
            steps=steps,
            batch=64,
            rate=2e-3,
            generator=chance(2),
            executor=executor,
            progress=silent,
        )
    samples = denoised(network, torch.randn((400, members.shape[1]), generator=chance(3)), 15)
    scores = [-torch.cdist(part, samples).min(dim=1).values for part in (members, others)]
    return float(roc_auc_score([1] * len(members) + [0] * len(others), torch.cat(scores)))


def test_long_training_copies_and_strangers_leak_nothing() -> None:
    """Protects the leak itself: trained for long on members their codes come back; trained on strangers the
    members can not be told apart; a short training lies between.
    """
    members, others, strangers = torch.randn((3, 30, 16), generator=chance())
    copied = _leak(members, members, others, 300)
    brief = _leak(members, members, others, 10)
    null = _leak(strangers, members, others, 300)
    assert copied > 0.95
    assert 0.5 < brief < copied
    assert 0.3 < null < 0.7


def test_dial_lengthens_training_and_null_equals_default() -> None:
    """Protects the dial: training grows with it, its ends are the parameters, and 0 trains as the default does."""
    steps = [generator_steps(PhantomParameters(memorisation=dial)) for dial in (1e-9, 0.25, 0.5, 0.75, 1.0)]
    default = PhantomParameters()
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (default.generator_steps_least, default.generator_steps_most)
    null = PhantomParameters(memorisation=0.0)
    assert generator_steps(null) == generator_steps(default)
    assert exact_share(null) == exact_share(default)
    assert exact_share(PhantomParameters(memorisation=1.0)) == 1


def test_parameters_refuse_a_shrinking_length() -> None:
    """Protects the user: a dial whose training shrinks is refused, naming both parameters."""
    with pytest.raises(ValueError, match="generator_steps_least must not exceed generator_steps_most"):
        PhantomParameters(generator_steps_least=10, generator_steps_most=5)
