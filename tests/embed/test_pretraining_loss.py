"""Loss, learning rate and views of the self-supervised training."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganprint.embed.augment import augmentation, views
from ganprint.embed.contrastive import nt_xent
from ganprint.embed.pretraining_schedule import rate_factor
from ganprint.params import AugmentationParameters

NO_CHANGE = {"shift": 0, "rotation": 0, "crop": 0, "flip": 0, "brightness": 0, "contrast": 0, "noise": 0, "blur": 0}


def loop_loss(first, second, temperature):
    """Equation 1 of Chen et al. 2020, view by view."""
    rows = [row / np.linalg.norm(row) for row in np.concatenate([first, second])]
    count, losses = len(first), []
    for i, row in enumerate(rows):
        j = (i + count) % (2 * count)
        likeness = {k: math.exp(float(row @ other) / temperature) for k, other in enumerate(rows) if k != i}
        losses.append(-math.log(likeness[j] / sum(likeness.values())))
    return sum(losses) / len(losses)


@given(st.integers(2, 6), st.integers(2, 5), st.floats(0.1, 2), st.integers(0, 2**32 - 1))
def test_loss_is_that_of_a_plain_loop(count, dimension, temperature, seed):
    """Protects the formula: partner, mask of the view itself, temperature, mean over both directions."""
    first, second = np.random.default_rng(seed).normal(size=(2, count, dimension)) * 3
    ours = nt_xent(torch.from_numpy(first), torch.from_numpy(second), temperature)
    assert float(ours) == pytest.approx(loop_loss(first, second, temperature), rel=1e-4, abs=1e-5)


def test_rate_grows_then_falls_to_nothing():
    """Protects the schedule: full rate at the end of the warm-up, never above it, nearly 0 at the last step."""
    factors = [rate_factor(step, 5, 50) for step in range(50)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert max(factors) == 1
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert 0 < factors[-1] < 0.01
    assert rate_factor(0, 0, 10) == 1


def test_switched_off_changes_leave_the_image():
    """Protects the 8-bit way there and back: a view with every change at 0 is the image, bit by bit."""
    images = torch.arange(256, dtype=torch.uint8).repeat(2, 16).reshape(2, 64, 64)
    assert torch.equal(views(images, augmentation(AugmentationParameters(**NO_CHANGE), 64)), images)


@pytest.mark.parametrize(
    "change",
    [
        {"shift": 0.2},
        {"rotation": 20.0},
        {"crop": 0.5},
        {"flip": 1.0},
        {"brightness": 0.5},
        {"contrast": 0.5},
        {"noise": 0.1},
        {"blur": 3.0},
    ],
)
def test_every_change_is_applied_to_each_image_by_itself(change):
    """Protects each parameter from being ignored, and the images of a batch from sharing one draw."""
    image = np.random.default_rng(0).integers(40, 200, (48, 48), dtype=np.uint8)
    image = torch.from_numpy(image).repeat(8, 1, 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = views(image, augmentation(AugmentationParameters(**(NO_CHANGE | change)), 48))
    assert made.shape == image.shape
    assert made.dtype == torch.uint8
    assert not torch.equal(made, image)
    distinct = len({view.numpy().tobytes() for view in made})
    assert distinct == 1 if change == {"flip": 1.0} else distinct > 2
    if change == {"flip": 1.0}:
        assert torch.equal(made, image.flip(2))
