"""SSIM of all pairs, of chosen pairs, and the search of the most similar ones, against scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from ganprint.pairs import SsimPairs, area_reduced, ssim_matches


def reference(real, generated):
    side = round(real.shape[1] ** 0.5)
    x, y = real.reshape(-1, side, side), generated.reshape(-1, side, side)
    return np.array([[structural_similarity(a, b, data_range=255) for b in y] for a in x])


def random_images(n, side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side * side), dtype=np.uint8)


def body_images(n, side, seed=0):
    """Soft bodies on black with noise, cut off at black and white, as CT slices are."""
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(n, side, side)), (0, side / 16, side / 16))
    fields = 300 * fields / np.abs(fields).max(axis=(1, 2), keepdims=True) + rng.normal(size=fields.shape)
    return np.clip(fields, 0, 255).astype(np.uint8).reshape(n, -1)


def odd_images(side):
    """Constant, saturated and periodic images; a period of 7 makes every window's error the same."""
    size = side * side
    white = np.full((side, side), 255, dtype=np.uint8)
    dotted, grid = white.copy(), white.copy()
    dotted[side // 2, side // 2] = 254
    grid[::7, ::7] = 252
    half = np.zeros((side, side), dtype=np.uint8)
    half[:, side // 2 :] = 255
    rows = [np.full(size, value, dtype=np.uint8) for value in (0, 1, 77, 254, 255)]
    return np.vstack([*rows, dotted.ravel(), grid.ravel(), half.ravel(), 255 - half.ravel()])


KINDS = {"random": random_images, "bodies": body_images}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [7, 8, 33, 64, 130])
def test_equals_scikit_image(kind, side):
    """The reference is scikit-image with its defaults; sides with one window, odd ones, and several strips."""
    real, generated = KINDS[kind](3, side), KINDS[kind](5, side, seed=1)
    generated[2] = real[1]
    result = SsimPairs(real).similarities(generated)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, reference(real, generated), atol=1e-6)
    assert result[1, 2] == 1


def test_constant_saturated_and_periodic_images():
    """Where variances vanish and every window rounds alike, values stay within 1e-5 of the reference."""
    images = odd_images(40)
    result = SsimPairs(images).similarities(images)
    np.testing.assert_allclose(result, reference(images, images), atol=1e-5)
    assert np.isfinite(result).all()
    assert (np.diag(result) == 1).all()
    assert np.array_equal(result, result.T)


@settings(max_examples=25, deadline=None)
@given(
    side=st.integers(7, 30),
    low=st.integers(0, 255),
    spread=st.integers(1, 256),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_scikit_image_in_any_range_of_grey(side, low, spread, seed):
    """Narrow ranges at any level are where the subtraction of squares would cancel."""
    rng = np.random.default_rng(seed)
    images = rng.integers(low, min(256, low + spread), (4, side * side)).astype(np.uint8)
    np.testing.assert_allclose(SsimPairs(images[:2]).similarities(images), reference(images[:2], images), atol=1e-5)


def test_blocks_orders_and_chosen_pairs_are_equal_to_the_last_bit():
    """A pair's value may not depend on what is computed beside it."""
    real, generated = body_images(5, 60), body_images(140, 60, seed=1)
    whole = SsimPairs(real).similarities(generated)
    pairs = SsimPairs(real[::-1])
    for size in (1, 3, 64, 100):
        parts = [pairs.similarities(generated[i : i + size]) for i in range(0, 140, size)]
        assert np.array_equal(np.hstack(parts)[::-1], whole)
    i, j = np.random.default_rng(0).integers(0, 5, 90), np.random.default_rng(1).integers(0, 140, 90)
    assert np.array_equal(SsimPairs(real).pairs(generated, i, j), whole[i, j])
    assert SsimPairs(real).similarities(generated[:0]).shape == (5, 0)
    assert SsimPairs(real[:0]).similarities(generated).shape == (0, 140)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 64)), "uint8"),
        (np.zeros(64, dtype=np.uint8), "uint8"),
        (np.zeros((2, 65), dtype=np.uint8), "square"),
        (np.zeros((2, 36), dtype=np.uint8), "at least 7"),
    ],
)
def test_what_is_no_image_is_refused(images, message):
    """Floats would be taken for grey values of another range."""
    with pytest.raises(ValueError, match=message):
        SsimPairs(images)


def test_images_of_two_sizes_are_refused():
    """A pair has one size."""
    with pytest.raises(ValueError, match="one size"):
        SsimPairs(random_images(1, 8)).similarities(random_images(1, 9))


def test_exact_search_gives_both_sides_best():
    """The k best of every real image and the best real one of every generated, ties to the earlier, across blocks."""
    real, generated = body_images(4, 32), body_images(600, 32, seed=1)
    generated[[10, 300]] = real[2]
    everything = SsimPairs(real).similarities(generated)
    pieces = (generated[i : i + 37] for i in range(0, 600, 37))
    found = ssim_matches(real, pieces, 3)
    order = np.argsort(-everything, axis=1, kind="stable")[:, :3]
    assert np.array_equal(found.positions, order)
    assert found.positions[2, :2].tolist() == [10, 300]
    assert np.array_equal(found.similarities, np.take_along_axis(everything, order, axis=1))
    assert np.array_equal(found.best_real, everything.argmax(axis=0))
    assert np.array_equal(found.best_real_similarities, everything.max(axis=0))


def test_search_by_candidates_finds_planted_copies_and_reports_exact_values():
    """Noised copies are found; every value is the exact one; blocks change nothing."""
    rng = np.random.default_rng(2)
    real, generated = body_images(6, 64), body_images(500, 64, seed=1)
    copies = np.clip(real + rng.normal(0, 8, real.shape), 0, 255).astype(np.uint8)
    generated[np.arange(6) * 70 + 5] = copies
    found = ssim_matches(real, generated, 4, exact=False, candidates=8, reduced_side=32)
    assert found.positions[:, 0].tolist() == (np.arange(6) * 70 + 5).tolist()
    everything = SsimPairs(real).similarities(generated)
    assert np.array_equal(found.similarities, np.take_along_axis(everything, found.positions, axis=1))
    assert found.best_real is None
    again = ssim_matches(
        real, (generated[i : i + 11] for i in range(0, 500, 11)), 4, exact=False, candidates=8, reduced_side=32
    )
    assert np.array_equal(again.positions, found.positions)
    assert np.array_equal(again.similarities, found.similarities)


def test_as_many_candidates_as_images_lose_nothing():
    """With every image a candidate both searches agree, ties too."""
    real, generated = body_images(3, 64), np.tile(body_images(20, 64, seed=1), (2, 1))
    exact = ssim_matches(real, generated, 40)
    rough = ssim_matches(real, generated, 40, exact=False, candidates=40)
    assert np.array_equal(exact.positions, rough.positions)
    assert np.array_equal(exact.similarities, rough.similarities)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"k": 0}, "at least 1"), ({"k": 5, "exact": False, "candidates": 4}, "at most"), ({"k": 9}, "there are 8")],
)
def test_impossible_k_is_refused(options, message):
    """None, or more than there are, is an error."""
    with pytest.raises(ValueError, match=message):
        ssim_matches(random_images(2, 8), random_images(8, 8), **options)


def test_area_reduction_is_the_rounded_mean():
    """A plain mean of the areas, in grey values."""
    images = random_images(3, 24)
    expected = np.rint(images.reshape(3, 8, 3, 8, 3).mean(axis=(2, 4))).reshape(3, 64)
    assert np.array_equal(area_reduced(images, 8), expected)
    with pytest.raises(ValueError, match="divisor of 24"):
        area_reduced(images, 7)
