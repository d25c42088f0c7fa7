"""The methods of self-supervised training: their formulas, what they keep, and that each learns and goes on."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganprint.embed.backbones import BACKBONES, Backbone, Trained
from ganprint.embed.barlow import REDUNDANCY, twins_loss
from ganprint.embed.byol import BYOL, prediction_error
from ganprint.embed.contrastive import nt_xent
from ganprint.embed.momentum import MomentumEncoder, momentum_at
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.pretraining_method import Surroundings
from ganprint.embed.pretraining_methods import METHODS
from ganprint.embed.vicreg import vicreg_loss
from ganprint.embed.weights import state_sha256
from ganprint.params import PretrainingParameters

SIZES = st.tuples(st.integers(3, 7), st.integers(2, 5), st.integers(0, 2**32 - 1))


def small_network():
    body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1))
    return nn.ModuleDict({"body": body, "fc": nn.Linear(16, 3)})


@pytest.fixture(autouse=True)
def _small_backbone(monkeypatch):
    """Register a network that trains in an instant."""
    small = Backbone(
        16, small_network, lambda network: network["body"], lambda: Trained(36, 32, "bilinear", (0.5,), (0.25,)), {}
    )
    monkeypatch.setitem(BACKBONES, "small", small)


def parameters(**changes):
    given = {"backbone": "small", "start": "random:1", "preprocessing": "paper", "size": 32, "epochs": 5}
    given |= {"warmup": 1, "batch": 8, "projection": 12, "learning_rate": 1e-2}
    return PretrainingParameters(**(given | changes))


def pictures(count, seed=0):
    """Stripes of a direction, width and brightness of their own."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:32, :32]
    angle, wave, grey = rng.uniform((0, 0.3, 60), (3, 1.5, 190), (count, 3)).T.reshape(3, count, 1, 1)
    stripes = np.sin(wave * (down * np.cos(angle) + across * np.sin(angle)))
    return np.clip(grey + 50 * stripes, 0, 255).astype(np.uint8)


def two_views(sizes):
    count, dimension, seed = sizes
    return np.random.default_rng(seed).normal(size=(2, count, dimension)) * 2


def off_diagonal(matrix):
    return [matrix[i, j] for i in range(len(matrix)) for j in range(len(matrix)) if i != j]


@given(SIZES)
def test_prediction_error_is_that_of_a_plain_loop(sizes):
    """Protects BYOL's formula: the squared distance of the unit vectors, image by image."""
    first, second = two_views(sizes)
    plain = [np.sum((a / np.linalg.norm(a) - b / np.linalg.norm(b)) ** 2) for a, b in zip(first, second, strict=True)]
    ours = prediction_error(torch.from_numpy(first), torch.from_numpy(second))
    assert float(ours) == pytest.approx(np.mean(plain), rel=1e-4, abs=1e-5)


@given(SIZES, st.floats(0.001, 1))
def test_twins_loss_is_that_of_a_plain_correlation(sizes, redundancy):
    """Protects Barlow Twins' formula: correlations over images, the diagonal towards 1, the others weighted."""
    first, second = two_views(sizes)
    d = first.shape[1]
    correlation = np.corrcoef(first.T, second.T)[:d, d:]
    plain = np.sum((1 - np.diag(correlation)) ** 2) + redundancy * np.sum(np.square(off_diagonal(correlation)))
    ours = twins_loss(torch.from_numpy(first), torch.from_numpy(second), redundancy)
    assert float(ours) == pytest.approx(plain, rel=1e-3, abs=1e-3)


@given(SIZES)
def test_vicreg_loss_is_that_of_numpys_statistics(sizes):
    """Protects VICReg's formula: all three terms, their weights, and the unbiased variances."""
    first, second = two_views(sizes)
    plain = 25 * np.mean((first - second) ** 2)
    for view in (first, second):
        lacking = np.maximum(0, 1 - np.sqrt(view.var(axis=0, ddof=1) + 1e-4))
        plain += 25 * lacking.mean() / 2 + np.sum(np.square(off_diagonal(np.cov(view.T)))) / view.shape[1]
    ours = vicreg_loss(torch.from_numpy(first), torch.from_numpy(second))
    assert float(ours) == pytest.approx(plain, rel=1e-4, abs=1e-4)


def test_the_momentum_encoder_is_the_average_of_what_the_network_was():
    """Protects the slow copy: equal at first, then old * m + new * (1 - m), and no gradient goes into it."""
    features, head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
    slow = MomentumEncoder(features, head)
    seen = torch.rand((5, 3, 8, 8), generator=torch.Generator().manual_seed(0))

    def fast():
        return head(features(seen).mean(dim=(2, 3)))

    torch.testing.assert_close(slow(seen), fast().detach())
    assert not slow(seen).requires_grad
    before = head.weight.detach().clone()
    with torch.no_grad():
        head.weight.add_(1)
    torch.testing.assert_close(slow.average.module.head.weight, before)
    slow.follow(features, head, 0.75)
    torch.testing.assert_close(slow.average.module.head.weight, before + 0.25)
    slow.follow(features, head, 1.0)
    torch.testing.assert_close(slow.average.module.head.weight, before + 0.25)


def test_momentum_only_grows():
    """Protects the schedule's ends and direction."""
    values = [momentum_at(share, 0.9) for share in np.linspace(0, 1, 11)]
    assert values[0] == pytest.approx(0.9)
    assert values[-1] == 1
    assert values == sorted(values)


def test_byol_foretells_the_other_view_and_trains_no_target():
    """Protects the pairing: the loss is of first against the target's second and the other way, not of equal views."""
    features = BACKBONES["small"].features(small_network())
    method = BYOL(Surroundings(features, 16, parameters(method="byol"), 5))
    learned = {id(parameter) for parameter in method.learned()}
    assert learned == {id(p) for part in (method.projector, method.predictor) for p in part.parameters()}
    inputs = torch.rand((8, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    # Weights as they are at first hardly tell the images apart.
    pooled = 30 * features(inputs).mean(dim=(2, 3)).detach()
    predicted, target = method.predictor(method.projector(pooled)), method.target(inputs)
    crosswise = prediction_error(predicted[:4], target[4:]) + prediction_error(predicted[4:], target[:4])
    straight = prediction_error(predicted[:4], target[:4]) + prediction_error(predicted[4:], target[4:])
    torch.testing.assert_close(method.loss(inputs, pooled), crosswise)
    assert abs(float(crosswise.detach()) - float(straight.detach())) > 1e-2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("options", [{}, {"batched_views": True, "dtype": "bfloat16"}], ids=["plain", "batched"])
def test_every_method_learns_and_goes_on_to_the_same_bytes(method, options):
    """Protects resuming: what a method keeps (slow copy, its momentum, networks, optimiser) is in the state."""
    images, chosen = pictures(20), parameters(method=method, **options)
    whole = Pretraining(chosen, 7, "cpu")
    untrained = state_sha256(whole.weights())
    while not whole.finished:
        whole.epoch(images)
    assert whole.losses[-1] < whole.losses[0]
    assert state_sha256(whole.weights()) != untrained
    part = Pretraining(chosen, 7, "cpu")
    part.epoch(images)
    buffer = io.BytesIO()
    torch.save(part.state(), buffer)
    buffer.seek(0)
    rest = Pretraining(chosen, 7, "cpu")
    rest.restore(torch.load(buffer, weights_only=True))
    while not rest.finished:
        rest.epoch(images)
    assert rest.losses == whole.losses
    assert rest.spreads == whole.spreads
    assert state_sha256(rest.weights()) == state_sha256(whole.weights())


def test_methods_are_those_of_the_parameters_and_differ():
    """Protects the choice: every name that params.yaml may say is a method, and no two make the same weights."""
    allowed = PretrainingParameters.model_fields["method"].annotation.__args__
    assert set(allowed) == set(METHODS)
    images, made = pictures(16), set()
    for method in METHODS:
        training = Pretraining(parameters(method=method), 7, "cpu")
        training.epoch(images)
        made.add(state_sha256(training.weights()))
    assert len(made) == len(METHODS)


def test_progress_is_told_step_by_step():
    """Protects the live loss: as many steps as were announced, and the mean of what was told."""
    training, told = Pretraining(parameters(method="byol"), 7, "cpu"), []
    mean = training.epoch(pictures(20), advance=told.append)
    assert len(told) == training.steps(20) == 2
    assert mean == pytest.approx(np.mean(told))


@pytest.mark.parametrize(
    "loss",
    [lambda a, b: nt_xent(a, b, 0.2), lambda a, b: twins_loss(a, b, REDUNDANCY), vicreg_loss],
    ids=["simclr", "barlow", "vicreg"],
)
def test_losses_are_of_single_precision_inside_half(loss):
    """Protects training in bfloat16: of rows in float32 the loss keeps all digits whatever is around it."""
    rows = torch.randn(2, 64, 16, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss(*rows)
    assert inside.dtype == torch.float32
    assert inside == loss(*rows)
