"""Controls and baselines: what they must not see, and what they must find."""

import numpy as np
from sklearn.metrics import roc_auc_score

from ganprint.compare.controls import members_alone, noise_like
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create


def nearest_auc(development, real, generated, labels):
    fitted = create("nearest", "extension", {}).fit(development, Context(0))
    scores = fitted.score(Test(real, generated), Context(0))
    return roc_auc_score(labels, scores)


def test_noise_has_the_columns_moments_and_no_image():
    """Protects the control: each column's mean and deviation are the real images', and rows' order plays no part."""
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(50, 30)) * np.arange(1, 31) + np.arange(30)).astype(np.float32)
    real = Images(np.array([f"r{i:02d}" for i in range(50)]), rows)
    ids = np.array([f"g{i:04d}" for i in range(4000)])
    noise = noise_like(real, ids, 7)
    deviation = rows.std(axis=0)
    assert np.abs((noise.rows.mean(axis=0) - rows.mean(axis=0)) / deviation).max() < 5 / np.sqrt(4000)
    np.testing.assert_allclose(noise.rows.std(axis=0), deviation, rtol=0.06)
    assert np.abs(np.corrcoef(noise.rows.T) - np.eye(30)).max() < 0.1
    backwards = noise_like(real.take(np.arange(50)[::-1]), ids[::-1], 7)
    assert np.array_equal(backwards.rows, noise.rows)
    assert np.array_equal(backwards.ids, noise.ids)
    assert not np.array_equal(noise_like(real, ids, 8).rows, noise.rows)


def test_noise_of_grey_values_is_grey_values():
    """Protects pixel views: whole numbers from 0 to 255, cut and not wrapped around."""
    black_and_white = np.array([[0, 255], [255, 0], [0, 255], [255, 250]], dtype=np.uint8)
    noise = noise_like(Images(np.array(list("abcd")), black_and_white), np.array([f"{i:03d}" for i in range(500)]), 1)
    assert noise.rows.dtype == np.uint8
    # A normal distribution this wide leaves the range about half of the time, on both sides.
    assert (noise.rows[:, 0] == 0).mean() > 0.05
    assert (noise.rows[:, 0] == 255).mean() > 0.05


def test_nearest_neighbour_finds_the_planted_leak_and_loses_it_beside_noise(splits):
    """Protects the direction of the score, and the swapped control: without copies there is nothing to find."""
    aucs, beside_noise = [], []
    for seed in range(10):
        development, test, truth = splits(True, seed)
        aucs.append(nearest_auc(development, test.real, test.generated, truth))
        noise = noise_like(development.real, test.generated.ids, seed)
        beside_noise.append(nearest_auc(development, test.real, noise, truth))
    assert min(aucs) == 1.0
    assert abs(np.mean(beside_noise) - 0.5) < 0.2


def test_nearest_neighbour_is_minus_the_smallest_distance(splits):
    """Protects the formula: against all distances, one by one."""
    development, test, _ = splits(True)
    real, generated = (images.rows.astype(np.float64) / 255 for images in (test.real, test.generated))
    plain = [-min(np.sqrt(((x - g) ** 2).sum()) for g in generated) for x in real]
    scores = create("nearest", "extension", {"block": 5}).fit(development, Context(0)).score(test, Context(0))
    np.testing.assert_allclose(scores, plain, rtol=1e-6)


def test_blind_never_looks_at_generated_images(splits):
    """Protects the name: other generated images, or nonsense in their place, change no score."""
    development, test, _ = splits(False)
    nonsense = Images(test.generated.ids, np.full_like(test.generated.rows, np.nan))
    empty = Images(np.empty(0, dtype=np.str_), np.empty((0, test.real.rows.shape[1]), dtype=np.float32))
    plain = create("blind", "extension", {}).fit(development, Context(3)).score(test, Context(3))
    blinded = Development(development.real, development.used, development.groups, empty)
    again = create("blind", "extension", {}).fit(blinded, Context(3)).score(Test(test.real, nonsense), Context(3))
    assert np.array_equal(plain, again)


def test_blind_finds_a_planted_split_bias():
    """Protects the baseline's power: a shift between used and not used images is found without generated ones."""
    rng = np.random.default_rng(2)
    groups = np.repeat([f"p{i:02d}" for i in range(40)], 3)
    used = np.repeat(np.arange(40) % 2, 3).astype(np.int8)
    rows = rng.normal(size=(120, 50)).astype(np.float32)
    rows[:, 0] += 2 * used
    ids = np.array([f"r{i:03d}" for i in range(120)])
    kept, held_out = np.arange(90), np.arange(90, 120)
    development = Development(
        Images(ids[kept], rows[kept]), used[kept], groups[kept], Images(np.empty(0, dtype=np.str_), rows[:0])
    )
    blind = create("blind", "extension", {}).fit(development, Context(0))
    scores = blind.score(Test(Images(ids[held_out], rows[held_out]), development.generated), Context(0))
    assert roc_auc_score(used[held_out], scores) > 0.85


def test_members_alone_halves_whole_groups_of_used_images(splits):
    """Protects the control: no image that was not used, no group on both sides, both halves present."""
    development, _, _ = splits(False)
    alone = members_alone(development, 5)
    members = set(development.real.ids[development.used == 1])
    assert set(alone.real.ids) == members
    by_group = {group: set(alone.used[alone.groups == group]) for group in np.unique(alone.groups)}
    assert all(len(labels) == 1 for labels in by_group.values())
    assert sum(labels == {1} for labels in by_group.values()) == len(by_group) // 2


def test_members_alone_needs_four_groups(splits):
    """Protects small corpora: without four groups of used images there is no control, and no crash."""
    development, _, _ = splits(False)
    few = np.isin(development.groups, np.unique(development.groups)[:7])
    assert members_alone(development.take(np.flatnonzero(few)), 5) is None
