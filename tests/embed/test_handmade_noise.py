"""The noise residual against the plain filter, and what its summary says of noise that is known."""

import numpy as np
import pytest
import pywt
from scipy.ndimage import gaussian_filter

from ganprint.embed.handmade import HANDMADE
from ganprint.embed.handmade.noise import noise_residual


def plain_denoised(image):
    """Give Mihcak's filter as it is written, coefficient by coefficient."""
    level = min(4, pywt.dwt_max_level(len(image), "db4"))
    rest, *details = pywt.wavedec2(image.astype(float), "db4", mode="symmetric", level=level)
    cleaned = [rest, *(tuple(_cleaned(band) for band in bands) for bands in details)]
    return pywt.waverec2(cleaned, "db4", mode="symmetric")[: len(image), : len(image)]


def _cleaned(band):
    out = np.empty_like(band)
    for y, x in np.ndindex(band.shape):
        variances = []
        for half in (1, 2, 3, 4):
            padded = np.pad(band, half, mode="symmetric")
            window = padded[y : y + 2 * half + 1, x : x + 2 * half + 1]
            variances.append(max(0.0, (window**2).mean() - 25.0))
        out[y, x] = band[y, x] * min(variances) / (min(variances) + 25.0)
    return out


@pytest.mark.parametrize("side", [16, 29, 40])
def test_the_residual_is_the_image_less_its_denoised_version(side):
    """Vectorised, in the residual's own form and by running sums: the plain filter's numbers, odd sides too."""
    rng = np.random.default_rng(side)
    images = np.clip(100 + 60 * gaussian_filter(rng.normal(size=(2, side, side)), (0, 1, 1)), 0, 255).astype(np.uint8)
    plain = np.stack([image - plain_denoised(image) for image in images])
    np.testing.assert_allclose(noise_residual(images), plain, atol=1e-8)


def scene(seed, side=128):
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=(side, side)), 6)
    image = 110 + 40 * smooth / smooth.std()
    image[side // 4 : side // 2, side // 4 : side // 2] += 50
    return image


def as_grey(values):
    return np.clip(values.round(), 0, 255).astype(np.uint8)


def test_the_residual_is_the_noise_and_not_the_scene():
    """Noise laid over smooth regions and edges is found again; the scene is mostly gone."""
    clean, noise = scene(0), np.random.default_rng(1).normal(0, 4, (128, 128))
    residual = noise_residual(as_grey(clean + noise)[np.newaxis])[0]
    assert np.corrcoef(residual.ravel(), noise.ravel())[0, 1] > 0.8
    assert abs(np.corrcoef(residual.ravel(), clean.ravel())[0, 1]) < 0.1


def test_the_same_pattern_is_recognised_in_another_scene():
    """What camera identification does: residuals of scenes with one pattern correlate, of two patterns not."""
    patterns = np.random.default_rng(2).normal(0, 4, (2, 128, 128))
    images = np.stack(
        [as_grey(scene(0) + patterns[0]), as_grey(scene(1) + patterns[0]), as_grey(scene(1) + patterns[1])]
    )
    rows = HANDMADE["noise-image"].rows(images).astype(np.float64)
    assert rows[0] @ rows[1] > 0.5
    assert abs(rows[0] @ rows[2]) < 0.05


def named(images):
    made = HANDMADE["noise-residual"]
    return [dict(zip(made.columns(images.shape[1]), row, strict=True)) for row in made.rows(images)]


def test_lags_fill_a_half_plane_once():
    """A lag and its opposite are one number, and no lag is 0, which says nothing: 12 of the 25 within 2 pixels."""
    names = [name for name in HANDMADE["noise-residual"].columns(64) if name.startswith("correlation")]
    assert len(set(names)) == len(names) == 12
    assert "correlation-0-0" not in names


def test_correlations_tell_white_noise_from_soft_noise():
    """White noise hangs together at no lag; noise softened along rows does, and only along them."""
    rng = np.random.default_rng(3)
    white = rng.normal(0, 4, (128, 128))
    soft = gaussian_filter(white, (0, 1))
    sharp, smeared = named(np.stack([as_grey(120 + white), as_grey(120 + 4 * soft / soft.std())]))
    assert abs(sharp["correlation-0-1"]) < 0.1
    assert smeared["correlation-0-1"] > sharp["correlation-0-1"] + 0.4
    assert abs(smeared["correlation-1-0"] - sharp["correlation-1-0"]) < 0.15


def test_a_lag_is_the_correlation_of_pixels_so_far_apart():
    """Down and right, from the upper left pixel: against the plain sum."""
    images = as_grey(120 + np.random.default_rng(4).normal(0, 4, (1, 32, 32)))
    residual, (found,) = noise_residual(images)[0] / 255, named(images)
    for dy, dx in ((0, 2), (1, -2), (2, 1)):
        products = [
            residual[y, x] * residual[y + dy, x + dx]
            for y in range(32 - dy)
            for x in range(max(0, -dx), 32 - max(0, dx))
        ]
        plain = np.mean(products) / np.mean(residual**2)
        np.testing.assert_allclose(np.tanh(found[f"correlation-{dy}-{dx}"]), plain, atol=0.003)


def test_energies_are_where_the_noise_is():
    """Noise in one block of 64 raises the energy there."""
    image = np.full((64, 64), 120.0)
    image[16:24, 40:48] += np.random.default_rng(5).normal(0, 4, (8, 8))
    (found,) = named(as_grey(image)[np.newaxis])
    energies = {name: value for name, value in found.items() if name.startswith("energy")}
    assert max(energies, key=energies.get) == "energy-2-5"
