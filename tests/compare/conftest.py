"""Small images with a known leak: generated ones are noisy copies of the used ones."""

import numpy as np
import pytest

from ganprint.compare.data import Development, Images, Test

SIDE = 16
GROUPS, PER_GROUP = 12, 3


def leaking_split(rng, prefix, groups=GROUPS, noise=6.0):
    """Real images in groups, half of the groups used; every used image has two noisy copies among the generated."""
    used = np.repeat(np.arange(groups) % 2, PER_GROUP).astype(np.int8)
    names = np.repeat([f"{prefix}-patient-{i:02d}" for i in range(groups)], PER_GROUP)
    base = np.repeat(rng.integers(40, 215, (groups, SIDE * SIDE)), PER_GROUP, axis=0)
    real = np.clip(base + rng.normal(0, 25, base.shape), 0, 255)
    copies = np.repeat(real[used == 1], 2, axis=0)
    generated = np.clip(copies + rng.normal(0, noise, copies.shape), 0, 255)
    ids = np.array([f"{prefix}-real-{i:03d}" for i in range(len(real))])
    generated_ids = np.array([f"{prefix}-generated-{i:03d}" for i in range(len(generated))])
    return Images(ids, real.astype(np.uint8)), used, names, Images(generated_ids, generated.astype(np.uint8))


def as_features(images):
    return Images(images.ids, images.rows.astype(np.float32) / 64)


@pytest.fixture
def splits():
    """Give (development, test, truth of the test split) for a comparator of pixels or of features."""

    def make(pixels, seed=0):
        rng = np.random.default_rng(seed)
        real, used, groups, generated = leaking_split(rng, "dev")
        test_real, truth, _, test_generated = leaking_split(rng, "test", groups=8)
        if not pixels:
            real, generated, test_real, test_generated = map(as_features, (real, generated, test_real, test_generated))
        return Development(real, used, groups, generated), Test(test_real, test_generated), truth

    return make
