"""Batches by patient, views made at once, the spread of features, and what is kept of parameters."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torchvision.transforms import v2

from ganprint.embed.augment_together import blurred, views_together
from ganprint.embed.pretraining_batches import any_batches, batch_count, patient_batches
from ganprint.embed.pretraining_images import image_patients, pretraining_images
from ganprint.embed.pretraining_spread import spread_of
from ganprint.params import AugmentationParameters, PretrainingParameters

STILL = {"shift": 0, "rotation": 0, "crop": 0, "flip": 0, "brightness": 0, "contrast": 0, "noise": 0, "blur": 0}
BLOCK = {"backbone": "resnet18", "start": "random:1", "preprocessing": "paper", "size": 32}


def drawn(make, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


@given(st.lists(st.integers(0, 4), min_size=0, max_size=40), st.integers(2, 9), st.integers(0, 99))
def test_batches_by_patient_keep_kinds_and_patients_together(numbers, batch, seed):
    """Protects negatives: no batch mixes real and generated, and a patient's slices are one run of neighbours."""
    patients = ["" if number == 0 else f"p{number}" for number in numbers]
    batches = drawn(lambda: patient_batches(patients, batch), seed)
    assert len(batches) == batch_count(patients, batch)
    seen = [row for rows in batches for row in rows.tolist()]
    assert len(seen) == len(set(seen))
    for rows in batches:
        names = [patients[row] for row in rows.tolist()]
        assert 2 <= len(names) <= batch
        assert len({bool(name) for name in names}) == 1
        changes = sum(a != b for a, b in pairwise(names))
        assert changes == len(set(names)) - 1
    for kind in (True, False):
        size = sum(bool(patient) == kind for patient in patients)
        done = sum(bool(patients[row]) == kind for row in seen)
        assert done == (0 if size < 2 else size - size % min(batch, size))


def test_batches_of_any_images_are_in_random_order():
    """Protects the plain batches: every row once but for the rest, and another order for another draw."""
    first, second = (drawn(lambda: any_batches(21, 5), seed) for seed in (0, 1))
    assert [len(rows) for rows in first] == [5, 5, 5, 5]
    assert len(torch.cat(first).unique()) == 20
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_patients_are_of_real_images_alone():
    """Protects the columns: a patient by split, role and id, none for a generated image, and no label."""
    index = pd.DataFrame(
        {
            "id": ["a", "b", "a", "c"],
            "split": ["development", "development", "development", "test"],
            "role": ["real", "real", "generated", "real"],
            "membership": ["used", "not_used", "", "unknown"],
            "group": ["p", "q", "", "r"],
            "path": list("abcd"),
            "sha256": list("1234"),
        }
    )
    chosen = pretraining_images(index, test_images=False)
    assert image_patients(index, chosen) == ["p", "q", ""]
    assert image_patients(index, pretraining_images(index, test_images=True)) == ["p", "q", "", "r"]


def textures(count=8, side=48):
    image = np.random.default_rng(0).integers(40, 200, (side, side), dtype=np.uint8)
    return torch.from_numpy(image).repeat(count, 1, 1)


def made_together(images, **changes):
    parameters = AugmentationParameters(**(STILL | changes))
    return views_together(images, parameters, torch.Generator().manual_seed(1))


def test_views_made_at_once_leave_the_image_where_all_is_off():
    """Protects the map and the 8-bit way there and back: with every change at 0 a view is the image, bit by bit."""
    images = torch.arange(256, dtype=torch.uint8).repeat(2, 16).reshape(2, 64, 64)
    assert torch.equal(made_together(images), images)
    assert torch.equal(made_together(images, flip=1.0), images.flip(2))


@pytest.mark.parametrize(
    "change",
    [
        {"shift": 0.2},
        {"rotation": 20.0},
        {"crop": 0.5},
        {"flip": 0.5},
        {"brightness": 0.5},
        {"contrast": 0.5},
        {"noise": 0.1},
        {"blur": 3.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_change_is_applied_to_each_image_by_itself(change):
    """Protects each parameter from being ignored, and the images of a batch from sharing one draw."""
    made = made_together(textures(), **change)
    distinct = len({view.numpy().tobytes() for view in made})
    assert distinct == 2 if change == {"flip": 0.5} else distinct > 2
    again = made_together(textures(), **change)
    assert torch.equal(made, again)


def spot(down, across):
    image = torch.zeros((1, 64, 64), dtype=torch.uint8)
    image[0, down - 2 : down + 3, across - 2 : across + 3] = 200
    return image


def centre(image):
    weight = image[0].double()
    axis = torch.arange(64, dtype=torch.float64)
    return ((weight.sum(1) @ axis) / weight.sum()).item(), ((weight.sum(0) @ axis) / weight.sum()).item()


def test_geometry_stays_within_its_limits():
    """Protects units: a shift is a share of the side, a rotation is in degrees about the centre, a crop enlarges."""
    shifts = [centre(made_together(spot(32, 32).repeat(60, 1, 1), shift=0.1)[k : k + 1]) for k in range(60)]
    away = np.abs(np.array(shifts) - 32)
    assert away.max() <= 0.1 * 64 + 0.5
    assert away.max() > 0.07 * 64
    turned = made_together(spot(32, 56).repeat(60, 1, 1), rotation=20.0)
    places = np.array([centre(turned[k : k + 1]) for k in range(60)]) - 31.5
    assert np.hypot(*places.T) == pytest.approx(np.hypot(0.5, 24.5), abs=0.3)
    angles = np.degrees(np.arctan2(*places.T))
    assert 15 < np.abs(angles).max() < 22.5
    assert angles.min() < 0 < angles.max()
    areas = (made_together(spot(32, 32).repeat(60, 1, 1), crop=0.4) > 0).sum(dim=(1, 2)) / 25
    assert areas.max() > 1.3
    assert 0.99 < areas.float().median() < 2.2


def test_the_blur_is_torchvisions():
    """Protects the kernel, its deviation and the mirrored edge."""
    images = textures(3, 32).unsqueeze(1).float() / 255
    sigma = torch.tensor([0.3, 1.0, 2.5])
    ours = blurred(images, sigma)
    for k in range(3):
        torch.testing.assert_close(ours[k], v2.functional.gaussian_blur(images[k], [5, 5], [float(sigma[k])] * 2))


def test_contrast_and_brightness_stay_within_their_limits():
    """Protects the units of both: relative to the grey values, and to their distance from the mean."""
    image = torch.tensor([80, 120], dtype=torch.uint8).repeat(40, 32, 16)
    bright = made_together(image, brightness=0.2).double().mean(dim=(1, 2)) / 100
    assert 0.8 <= bright.min() < 0.85
    assert 1.15 < bright.max() <= 1.2 + 0.01
    contrast = made_together(image, contrast=0.5).double()
    assert contrast.mean(dim=(1, 2)) == pytest.approx(100, abs=0.6)
    spread = contrast.amax(dim=(1, 2)) - contrast.amin(dim=(1, 2))
    assert 19 <= spread.min() < 25
    assert 55 < spread.max() <= 61


def test_spread_knows_directions_and_collapse():
    """Protects the warning: one direction or one point is a collapse, whatever the scale; many directions are none."""
    rng = np.random.default_rng(0)
    free = rng.normal(size=(200, 16))
    assert spread_of(free).effective_rank == pytest.approx(16, abs=0.5)
    assert spread_of(free).deviation == pytest.approx(1, abs=0.05)
    assert not spread_of(free).collapsed
    assert not spread_of(free * 1e-4).collapsed
    line = np.outer(rng.normal(size=200), rng.normal(size=16)) + rng.normal(size=16)
    assert spread_of(line).effective_rank == pytest.approx(1, abs=1e-6)
    assert spread_of(line).collapsed
    point = np.tile(rng.normal(size=16), (200, 1)).astype(np.float32)
    assert spread_of(point).effective_rank == 0
    assert spread_of(point).collapsed
    assert spread_of(point + 1e-3 * free).collapsed
    assert spread_of(np.zeros((5, 4))).collapsed


def test_what_came_later_leaves_no_trace_at_its_default():
    """Protects weights made before there were methods: their block is recorded as it was, unless it says more."""
    assert set(PretrainingParameters(**BLOCK).model_dump()) == {
        *BLOCK,
        *("epochs", "batch", "learning_rate", "weight_decay", "warmup", "temperature", "projection", "test_images"),
        "augmentation",
    }
    later = {"method": "byol", "momentum": 0.9, "batched_views": True, "dtype": "bfloat16"}
    dumped = PretrainingParameters(**BLOCK, **later).model_dump(mode="json")
    assert later.items() <= dumped.items()
    assert PretrainingParameters(**dumped).model_dump(mode="json") == dumped
    assert PretrainingParameters(**BLOCK, negatives="patient").model_dump()["negatives"] == "patient"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"method": "moco"}, "Input should be 'simclr', 'byol', 'barlow' or 'vicreg'"),
        ({"momentum": 0.9}, "momentum is of method byol alone; leave it out"),
        ({"method": "vicreg", "negatives": "patient"}, "negatives are of method simclr alone; leave them out"),
        ({"backbone": "autoencoder", "negatives": "patient"}, "negatives are of method simclr alone"),
        ({"backbone": "autoencoder", "method": "byol"}, "the backbone autoencoder learns by reconstruction"),
    ],
)
def test_settings_that_nothing_would_read_are_refused(changes, text):
    """Protects against a choice that looks made and is not."""
    with pytest.raises(ValidationError, match=text):
        PretrainingParameters(**(BLOCK | changes))
