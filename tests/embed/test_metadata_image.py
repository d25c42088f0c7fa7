"""What a slice tells of itself: hand-made images whose columns are known, and any image at all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import gaussian_filter

from ganprint.corpus.phantom.cast import patient_slices
from ganprint.embed.metadata_columns import COLUMNS
from ganprint.embed.metadata_image import image_values


def values_of(grey):
    return dict(zip((column.name for column in COLUMNS), image_values(grey).tolist(), strict=True))


def chest(height=100, width=120):
    """A bright rectangle of 60 x 80 with two dark rectangles of 20 x 15 and 20 x 30, on black."""
    grey = np.zeros((height, width), dtype=np.uint8)
    grey[20:80, 10:90] = 200
    grey[40:60, 20:35] = 50
    grey[40:60, 50:80] = 60
    return grey


def test_areas_boxes_and_lungs_are_those_of_the_drawing():
    """Shares of the image, edges from its left and top; the smaller lung divided by the larger."""
    values = values_of(chest())
    assert values["body_found"] == values["lungs_found"] == 1
    assert values["body_area"] == pytest.approx(60 * 80 / 12000)
    assert (values["body_left"], values["body_top"]) == pytest.approx((10 / 120, 20 / 100))
    assert (values["body_width"], values["body_height"]) == pytest.approx((80 / 120, 60 / 100))
    assert values["lung_area"] == pytest.approx((300 + 600) / 12000)
    assert values["lung_parts"] == 2
    assert values["lung_balance"] == pytest.approx(0.5)
    assert values["lung_grey"] == pytest.approx((300 * 50 + 600 * 60) / 900)
    assert values["body_grey"] == pytest.approx((300 * 50 + 600 * 60 + 3900 * 200) / 4800)
    assert (values["width"], values["height"]) == (120, 100)


def test_specks_are_no_lungs_and_a_table_is_no_body():
    """A dark part below 0.5 % of the body, and a bright one apart from it."""
    grey = chest()
    grey[70:74, 70:75] = 40
    grey[90:95, 5:110] = 200
    assert values_of(grey)["lung_parts"] == 2
    assert values_of(grey)["body_height"] == pytest.approx(60 / 100)


def test_grey_values_are_counted():
    """Quantiles by nearest rank, entropy in bits, shares of black and white, gaps of the histogram."""
    grey = np.array([[0, 0, 10, 255]], dtype=np.uint8)
    values = values_of(grey)
    assert values["grey_entropy"] == pytest.approx(1.5)
    assert (values["black_share"], values["white_share"]) == (0.5, 0.25)
    assert values["grey_count"] == 3
    assert values["grey_gaps"] == pytest.approx(1 - 3 / 256)
    assert [values[f"grey_p{share}"] for share in ("01", "25", "50", "75", "95", "99")] == [0, 0, 0, 10, 255, 255]
    assert values["grey_mean"] == pytest.approx(66.25)


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=30)))
def test_quantiles_are_numpys_by_nearest_rank(grey):
    """An independent reference."""
    values = values_of(grey)
    for share in (1, 5, 25, 50, 75, 95, 99):
        assert values[f"grey_p{share:02d}"] == np.percentile(grey, share, method="inverted_cdf")


@pytest.mark.parametrize("sigma", [1.0, 2.0, 6.0])
def test_noise_levels_are_those_that_were_added(sigma):
    """Normal noise on a flat body: both estimates are within 5 % of it, since nothing else is there."""
    rng = np.random.default_rng(5)
    noisy = np.clip(np.rint(rng.normal(128, sigma, (256, 256))), 1, 254).astype(np.uint8)
    noisy[:4] = noisy[:, :4] = noisy[-4:] = noisy[:, -4:] = 0
    inner = noisy[4:-4, 4:-4].copy()
    assert values_of(inner)["noise_immerkaer"] == pytest.approx(sigma, rel=0.05)
    assert values_of(noisy)["noise_haar"] == pytest.approx(sigma, rel=0.05)


def test_edges_are_no_noise_where_only_the_body_is_asked():
    """A drawing without noise has none by the Haar coefficients, though Immerkaer's mask sees its corners."""
    values = values_of(chest())
    assert values["noise_haar"] == 0
    assert values["noise_immerkaer"] > 0


def test_sharpness_falls_with_a_blur():
    """Of the same drawing."""
    sharp, soft = (values_of(grey) for grey in (chest(), gaussian_filter(chest(), 2)))
    for name in ("sharpness_laplace", "sharpness_gradient"):
        assert soft[name] < sharp[name]


def test_the_gradient_is_in_grey_values_per_pixel():
    """A ramp of 3 per pixel, but for its two ends."""
    ramp = np.tile(np.arange(0, 240, 3, dtype=np.uint8), (20, 1))
    assert values_of(ramp)["sharpness_gradient"] == pytest.approx(3, rel=0.03)


def test_symmetry_is_one_for_a_mirror_image_and_does_not_know_the_side():
    """The centre is the body's, not the image's."""
    half = np.random.default_rng(1).integers(100, 200, (40, 30)).astype(np.uint8)
    grey = np.zeros((60, 100), dtype=np.uint8)
    grey[10:50, 5:65] = np.hstack([half, half[:, ::-1]])
    grey[30, 20] = 0  # below the threshold, so that it lies between black and the body
    assert values_of(grey)["body_symmetry"] == pytest.approx(1, abs=0.02)
    assert values_of(grey)["body_symmetry"] == pytest.approx(values_of(grey[:, ::-1].copy())["body_symmetry"])


def test_the_window_guess_is_of_body_pixels_that_were_not_cut_off():
    """Middle and distance of the 1 % and 99 % quantiles."""
    grey = np.zeros((50, 50), dtype=np.uint8)
    grey[10:40, 10:40] = 255
    grey[10:40, 10:20] = 120
    grey[10:40, 20:30] = 180
    values = values_of(grey)
    assert (values["window_level"], values["window_width"]) == (150, 60)


BOUNDS = {
    "share": (0, 1),
    "yes/no": (0, 1),
    "grey": (0, 700),
    "bits": (0, 8),
    "correlation": (-1, 1),
    "values": (1, 256),
}


@given(
    arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.sampled_from([0, 1, 90, 200, 255]))
)
def test_any_image_gives_finite_values_within_the_bounds_of_their_unit(grey):
    """One pixel, one row, all black: the store refuses what is not finite."""
    row = image_values(grey)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()
    for column, value in zip(COLUMNS, row.tolist(), strict=True):
        low, high = BOUNDS.get(column.unit, (0, math.inf))
        assert low - 1e-6 <= value <= high + 1e-6, column.name


def test_an_image_without_body_says_so():
    """All that can not be measured is 0."""
    values = values_of(np.full((20, 20), 77, dtype=np.uint8))
    assert values["body_found"] == values["lungs_found"] == 0
    assert values["body_area"] == values["lung_balance"] == values["body_symmetry"] == values["window_width"] == 0


def test_phantom_slices_have_two_lungs():
    """The threshold and the components do on a slice what they are meant to do."""
    for grey in patient_slices(3, "development", 1, 3, 128):
        values = values_of(grey)
        assert values["lungs_found"] == 1
        assert 0.05 < values["lung_area"] < 0.3 < values["body_area"] < 0.8
        assert values["lung_balance"] > 0.2
