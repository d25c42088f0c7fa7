"""What holds for every hand-made embedding, whatever its formula."""

import json
from functools import cache

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganprint.corpus.phantom.cast import patient_slices
from ganprint.embed.handmade import HANDMADE
from ganprint.embed.handmade.scales import (
    ROUNDING,
    block_means,
    correlation_z,
    log_energy,
    log_kurtosis,
    log_odds,
    log_share,
)
from ganprint.embed.handmade.wavelets import wavelet_levels

NAMES = sorted(HANDMADE)
SUMMARIES = ["band-energy", "noise-residual", "perceptual-hash", "spectrum", "texture", "wavelet"]
IMAGE_LIKE = ["band-coarse", "band-fine", "band-middle", "noise-image"]


@cache
def slices():
    """Give slices of phantom patients: what the formulas are made for."""
    return np.concatenate([patient_slices(7, "other", number, 1, 64) for number in range(12)])


def test_every_formula_is_under_a_test():
    """A new formula has to be put into one of the two kinds, so that the tests below are about it."""
    assert sorted(SUMMARIES + IMAGE_LIKE) == NAMES


@pytest.mark.parametrize("side", [16, 33, 64])
@pytest.mark.parametrize("name", NAMES)
def test_columns_name_the_numbers(name, side):
    """One name per number, each once, at even and odd sides down to the smallest that parameters allow."""
    images = np.random.default_rng(side).integers(0, 256, (3, side, side), dtype=np.uint8)
    columns, rows = HANDMADE[name].columns(side), HANDMADE[name].rows(images)
    assert rows.shape == (3, len(columns))
    assert rows.dtype == np.float32
    assert len(set(columns)) == len(columns)
    assert json.loads(json.dumps(list(columns))) == list(columns)


@pytest.mark.parametrize("name", SUMMARIES)
def test_summaries_stay_short(name):
    """A summary does not grow with the image: what a learner has to deal with is known beforehand."""
    assert len(HANDMADE[name].columns(256)) <= 192


pictures = arrays(np.uint8, st.tuples(st.integers(2, 5), st.just(16), st.just(16)), elements=st.integers(0, 255))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(images=pictures, cut=st.integers(1, 4))
def test_a_row_is_its_own_images_alone(name, images, cut):
    """Bit for bit: the size of the batch and the neighbours in it change nothing, nor does a second call."""
    rows = HANDMADE[name].rows(images)
    parts = [HANDMADE[name].rows(part) for part in (images[:cut], images[cut:]) if len(part)]
    np.testing.assert_array_equal(np.concatenate(parts), rows)
    np.testing.assert_array_equal(HANDMADE[name].rows(images[::-1])[::-1], rows)


@pytest.mark.parametrize("name", NAMES)
def test_real_slices_do_not_depend_on_the_batch(name):
    """The same on slices: vectorised arithmetic may differ with the size of the batch in the last digit."""
    images = slices()
    single = np.concatenate([HANDMADE[name].rows(image[np.newaxis]) for image in images])
    np.testing.assert_array_equal(HANDMADE[name].rows(images), single)


@pytest.mark.parametrize("side", [16, 40])
@pytest.mark.parametrize("name", NAMES)
def test_images_without_anything_in_them_give_finite_numbers(name, side):
    """Logs, ratios and correlations of black, even, white, two-valued and single-pixel images stay finite, unwarned."""
    images = np.zeros((6, side, side), dtype=np.uint8)
    images[1], images[2] = 77, 255
    images[3, ::2, ::2] = images[3, 1::2, 1::2] = 255
    images[4, side // 2, side // 2] = 255
    images[5, :, side // 2 :] = 255
    rows = HANDMADE[name].rows(images)
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 100


@pytest.mark.parametrize("name", IMAGE_LIKE)
def test_an_even_image_has_no_direction(name):
    """Rounding of an even image must not be blown up to length 1: it would be near whatever else is even."""
    even = np.stack([np.full((32, 32), level, dtype=np.uint8) for level in range(256)])
    assert np.abs(HANDMADE[name].rows(even)).max() < 1e-6
    lengths = np.linalg.norm(HANDMADE[name].rows(slices()), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


@pytest.mark.parametrize("name", SUMMARIES)
def test_no_column_swamps_the_rest(name):
    """Distances between slices are of many columns: none has more than a quarter of the squared distances."""
    variances = HANDMADE[name].rows(slices()).var(axis=0, dtype=np.float64)
    assert variances.max() < 0.25 * variances.sum()


@pytest.mark.parametrize("name", NAMES)
def test_different_slices_differ(name):
    """No formula is blind to all that tells slices apart."""
    rows = HANDMADE[name].rows(slices())
    apart = np.linalg.norm(rows[:, np.newaxis] - rows, axis=2)
    assert apart[~np.eye(len(rows), dtype=bool)].min() > 0


def test_block_means_are_means_of_blocks():
    """Sides that blocks do not divide leave no pixel out and count none twice."""
    values = np.random.default_rng(0).normal(size=(2, 19, 19))
    edges = [at * 19 // 8 for at in range(9)]
    plain = [
        [image[edges[y] : edges[y + 1], edges[x] : edges[x + 1]].mean() for y in range(8) for x in range(8)]
        for image in values
    ]
    np.testing.assert_allclose(block_means(values, 8), plain, rtol=1e-12)


def test_scales_are_the_logs_that_they_say():
    """Far from their floors the scales are plain logs, log odds and the inverse hyperbolic tangent."""
    np.testing.assert_allclose(log_energy(np.array([0.25])), np.log(0.25), atol=1e-5)
    np.testing.assert_allclose(log_odds(np.array([0.8]), 1e-9), np.log(4), atol=1e-6)
    np.testing.assert_allclose(correlation_z(np.array([-0.5, 0.5]), 1e-9), np.arctanh([-0.5, 0.5]), atol=1e-6)
    np.testing.assert_allclose(np.exp(log_share(np.array([[0, 3]]))), [[0.125, 0.875]], rtol=1e-12)


@pytest.mark.parametrize("second", [0.0, ROUNDING / 3, ROUNDING, 1e-3])
def test_gaussian_values_keep_their_kurtosis_at_every_energy(second):
    """Noise of rounding is Gaussian by assumption: with it, Gaussian values stay so, down to none at all."""
    np.testing.assert_allclose(log_kurtosis(np.array(second), np.array(3 * second**2)), np.log(3), rtol=1e-12)


def test_wavelet_levels_are_what_the_library_allows():
    """The names of the columns are made without PyWavelets, whose rule they follow."""
    for side in range(16, 1025):
        assert wavelet_levels(side) == min(5, pywt.dwt_max_level(side, "sym4"))
