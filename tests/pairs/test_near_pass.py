"""One streamed pass tells who is nearest to whom, whatever the blocks, and near-duplicates keep their distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from ganprint.bands import BANDS, band_rows
from ganprint.pairs import EuclideanDistances, counts_within, neighbourhood, pair_distances

sizes = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))


def plain(x, y):
    return np.array([[np.sqrt(((a - b) ** 2).sum()) for b in y] for a in x])


@settings(max_examples=60)
@given(sizes, st.integers(1, 14), st.integers(1, 13))
def test_neighbours_are_those_of_a_loop(size, k, block):
    """Few whole numbers, so that ties are common: positions and distances are a full stable sort's."""
    n, m, d, seed = size
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 3, (n, d)).astype(float), rng.integers(0, 3, (m, d)).astype(float)
    found = neighbourhood(EuclideanDistances(x), y, k, block=block)
    distances = plain(x, y)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    np.testing.assert_allclose(found.distances, np.take_along_axis(distances, order, axis=1), atol=1e-12)
    np.testing.assert_array_equal(found.positions, order)
    np.testing.assert_array_equal(found.best_real, distances.argmin(axis=0))
    np.testing.assert_allclose(found.best_distance, distances.min(axis=0), atol=1e-12)
    assert found.k == min(k, m)


@given(sizes, st.floats(0, 3))
def test_counts_are_those_of_a_loop(size, radius):
    n, m, d, seed = size
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    counts = counts_within(EuclideanDistances(x), iter([y[:2], y[2:]]), np.full(n, radius), block=3)
    np.testing.assert_array_equal(counts, (plain(x, y) < radius).sum(axis=1))


def test_duplicates_far_from_the_origin_are_at_zero_and_near_ones_are_not():
    """The expanded square alone gives a duplicate of norm 10^6 a distance of hundreds of units in the last place."""
    rng = np.random.default_rng(0)
    x = 1e6 + rng.normal(size=(5, 300))
    near = x + 1e-4 * rng.normal(size=x.shape)
    found = EuclideanDistances(x)
    np.testing.assert_array_equal(np.diag(found.to(x)), 0)
    np.testing.assert_allclose(np.diag(found.to(near)), np.linalg.norm(x - near, axis=1), rtol=1e-9)


def test_grey_values_count_in_0_to_1_and_directions_by_their_chord():
    grey = np.array([[0, 255], [255, 0]], dtype=np.uint8)
    np.testing.assert_allclose(pair_distances(grey, "euclidean").to(grey), [[0, np.sqrt(2)], [np.sqrt(2), 0]])
    long = np.array([[0.0, 7.0], [0.0, 0.0]])
    np.testing.assert_allclose(
        pair_distances(long, "cosine").to(np.array([[0.0, 0.1], [1.0, 0.0]])), [[0, np.sqrt(2)], [1, 1]]
    )


def test_a_metric_of_images_refuses_features():
    with pytest.raises(ValueError, match="metric 'ssim' compares grey values"):
        pair_distances(np.zeros((2, 4), np.float32), "ssim")


def test_nothing_generated_is_an_error():
    with pytest.raises(ValueError, match="no generated row"):
        neighbourhood(EuclideanDistances(np.zeros((1, 2))), np.empty((0, 2)), 1)


@pytest.mark.parametrize("metric", list(BANDS))
def test_a_band_is_blind_to_brightness_and_contrast(metric):
    """Softened whole brightness and contrast leave a copy at its original's place; another image is far."""
    rng = np.random.default_rng(0)
    coarse = gaussian_filter(rng.normal(size=(2, 32, 32)), (0, 1.5, 1.5))
    images = np.clip(100 + 120 * coarse, 20, 180).astype(np.uint8).reshape(2, -1)
    changed = (images[:1] * 0.8 + 40).round().astype(np.uint8)
    to_copy, to_other = pair_distances(images, metric).to(changed)[:, 0]
    assert to_copy < 0.15
    assert to_other > 1


def test_bands_split_the_spectrum():
    """A fine chequerboard is in the fine band and not in the coarse one; a ramp of waves is the other way round."""
    y, x = np.mgrid[:64, :64]
    chequers = (128 + 60 * (-1.0) ** (x + y)).astype(np.uint8).reshape(1, -1)
    waves = (128 + 60 * np.sin(2 * np.pi * x / 24)).round().astype(np.uint8).reshape(1, -1)
    power = {band: [float((band_rows(rows, band) ** 2).sum()) for rows in (chequers, waves)] for band in BANDS}
    assert power["band-fine"][0] > 10 * power["band-fine"][1]
    assert power["band-coarse"][1] > 100 * power["band-coarse"][0]
