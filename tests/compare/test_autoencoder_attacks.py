"""The four attacks with an autoencoder: what each sees on images made for it, its rule by hand, and poor input."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from ganprint.compare import replaced_patch
from ganprint.compare.autoencoder_base import margin
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create

SIDE = 16
SMALL = {"width": 4, "code": 16, "batch": 16, "learning_rate": 5e-3}
NAMES = ("reconstruction-outlier", "two-decoder", "matching-patches", "replaced-patch")


def images(prefix, pictures):
    rows = np.clip(pictures, 0, 255).astype(np.uint8).reshape(len(pictures), -1)
    return Images(np.array([f"{prefix}-{i:03d}" for i in range(len(rows))]), rows)


def waves(count, seed, *, across):
    """Stripes [count, SIDE, SIDE] of random phase and width; one way or the other."""
    rng = np.random.default_rng(seed)
    phase, length = rng.uniform(0, 2 * np.pi, (count, 1)), rng.uniform(5, 9, (count, 1))
    line = 127 + 100 * np.sin(2 * np.pi * np.arange(SIDE) / length + phase)
    return np.repeat(line[:, np.newaxis], SIDE, axis=1) if across else np.repeat(line[..., np.newaxis], SIDE, axis=2)


def development(pictures, generated):
    real = images("dev", pictures)
    used = (np.arange(len(real)) % 2).astype(np.int8)
    return Development(real, used, real.ids, images("dev-generated", generated))


def scored(name, fitted_on, test, **parameters):
    comparator = create(name, "extension", SMALL | parameters)
    return comparator.fit(fitted_on, Context(1)).score(test, Context(1))


def mixed(seed):
    """Ten images of each direction of stripes, and 1 for the second."""
    pictures = np.concatenate([waves(10, seed, across=False), waves(10, seed, across=True)])
    return images("test", pictures), np.repeat([0, 1], 10)


def test_margin_is_the_rule_of_the_authors():
    """Protects sign and threshold: 0 or more exactly where the error is at most mean + k sd."""
    rng = np.random.default_rng(0)
    errors, reference = rng.uniform(0, 9, 50), rng.uniform(0, 9, 20)
    for deviations in (3.0, 1.0, -1.0, -2.0):
        limit = reference.mean() + deviations * reference.std()
        np.testing.assert_array_equal(margin(errors, reference, deviations) >= 0, errors <= limit)
        order = np.argsort(margin(errors, reference, deviations))
        np.testing.assert_array_equal(order, np.argsort(-errors))
    assert np.isfinite(margin(errors, np.ones(5), 3.0)).all()


def test_outlier_tells_images_that_the_generator_makes_from_others():
    """Protects what it learns from: the generated images beside those to be scored, not the development split's."""
    test, used = mixed(5)
    given = Test(test, images("generated", waves(200, 1, across=True)))
    other = development(waves(20, 2, across=False), waves(50, 3, across=False))
    scores = scored("reconstruction-outlier", other, given, steps=150)
    assert roc_auc_score(used, scores) > 0.95


@pytest.mark.parametrize("count", [1, 2, 3, 10, 200])
def test_held_out_images_are_not_trained_on(count):
    """Protects the threshold: errors on images trained on would be too low; two images at least give a deviation."""
    rows = np.arange(count, dtype=np.uint8)[:, np.newaxis]
    trained, held = create("reconstruction-outlier", "extension", {})._divided(rows, Context(1))
    if count < 3:
        assert len(trained) == len(held) == count
        return
    assert len(held) == max(2, round(0.05 * count))
    assert sorted(np.concatenate([trained, held]).ravel().tolist()) == list(range(count))


def test_two_decoders_ask_the_generated_images_decoder():
    """Protects the direction: the real images' decoder would rank the other way round."""
    test, used = mixed(5)
    given = Test(test, images("generated", waves(100, 1, across=True)))
    scores = scored("two-decoder", development(waves(100, 2, across=False), waves(9, 3, across=True)), given, steps=150)
    assert roc_auc_score(used, scores) > 0.95


def noise(count, seed):
    """Rough pictures that have nothing in common."""
    return np.random.default_rng(seed).normal(127, 45, (count, SIDE, SIDE))


def test_matching_patches_finds_copied_images():
    """Protects the matching: slightly noised copies of half of the images are among the generated."""
    real = noise(30, 0)
    used = np.repeat([0, 1], 15)
    generated = np.concatenate([noise(40, 1), real[used == 1] + noise(15, 2) / 20 - 6])
    given = Test(images("test", real), images("generated", generated))
    scores = scored("matching-patches", development(noise(40, 3), noise(3, 4)), given, steps=120)
    assert roc_auc_score(used, scores) > 0.95


def test_matching_patches_by_hand():
    """Protects the formula: mean over a real image's patches of the least D, against mean - sd within one image."""
    split = development(noise(8, 3), noise(3, 4))
    given = Test(images("test", noise(5, 0)), images("generated", noise(6, 1)))
    comparator = create("matching-patches", "extension", SMALL | {"steps": 3}).fit(split, Context(1))
    own, real, generated = (
        comparator._codes(rows.rows, Context(1)).astype(np.float64)
        for rows in (split.real, given.real, given.generated)
    )
    same = [np.mean((x[k] - x[j]) ** 2) for x in own for k in range(4) for j in range(k)]
    least = [np.mean([min(np.mean((patch - y) ** 2) for g in generated for y in g) for patch in x]) for x in real]
    expected = (np.mean(same) - np.std(same) - np.array(least)) / np.std(same)
    np.testing.assert_allclose(comparator.score(given, Context(1)), expected, rtol=1e-4, atol=1e-4)


def test_replaced_patch_by_hand(monkeypatch):
    """Protects region and formula: without an autoencoder the error is that of the lower middle alone."""
    monkeypatch.setattr(replaced_patch, "trained_autoencoder", lambda *_: torch.nn.Identity())
    own, real, generated = (noise(count, count).clip(0, 255).astype(np.uint8) for count in (7, 5, 9))

    def error(x, y):
        middle = np.s_[8:, 4:12]
        return np.sum((x[middle] / 127.5 - y[middle] / 127.5) ** 2) / SIDE**2

    reference = [error(x, y) for i, x in enumerate(own) for j, y in enumerate(own) if i != j]
    least = np.array([min(error(x, g) for g in generated) for x in real])
    expected = (np.mean(reference) - 2 * np.std(reference) - least) / np.std(reference)
    given = Test(images("test", real), images("generated", generated))
    for candidates in (0, 1, 3, 50):
        scores = scored("replaced-patch", development(own, generated), given, candidates=candidates)
        np.testing.assert_allclose(scores, expected, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["constant", "one generated", "one real", "all the same"])
def test_poor_input_gives_finite_scores(name, kind):
    """Protects submissions: no spread, nothing to hold out, nobody to compare with."""
    real, generated = noise(6, 0), noise(6, 1)
    if kind == "constant":
        real, generated = np.full_like(real, 9), np.full_like(generated, 9)
    if kind == "all the same":
        real, generated = np.repeat(real[:1], 6, axis=0), np.repeat(real[:1], 6, axis=0)
    generated = generated[:1] if kind == "one generated" else generated
    split = development(real[:1] if kind == "one real" else real, generated)
    scores = scored(name, split, Test(images("test", real[:2]), images("generated", generated)), steps=2)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_labels_play_no_part(name):
    """Protects the claim learns = False: turned labels give the same scores."""
    split = development(noise(8, 0), noise(9, 1))
    given = Test(images("test", noise(3, 2)), images("generated", noise(7, 3)))
    turned = Development(split.real, (1 - split.used).astype(np.int8), split.groups, split.generated)
    np.testing.assert_array_equal(scored(name, split, given, steps=2), scored(name, turned, given, steps=2))
