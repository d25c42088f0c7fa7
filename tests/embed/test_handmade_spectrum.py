"""Spectrum and wavelets: energy is kept, and lies where the frequency says."""

from itertools import pairwise

import numpy as np
import pytest

from ganprint.embed.handmade import HANDMADE
from ganprint.embed.handmade.spectrum import radial_power, ring_columns
from ganprint.embed.handmade.wavelets import wavelet_columns


def images(count=3, side=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side), dtype=np.uint8)


@pytest.mark.parametrize("side", [16, 17, 64])
def test_power_is_kept(side):
    """Parseval: the coefficients' power adds up to the variance; every coefficient but the mean's is in one ring."""
    values = images(side=side) / 255
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    count = side // 2
    edges = [*(np.arange(count + 1) / (2 * count)), 1.0]
    sizes = [int(((frequencies > low + 1e-9) & (frequencies <= high + 1e-9)).sum()) for low, high in pairwise(edges)]
    assert sum(sizes) == side**2 - 1
    power = radial_power(values, count)
    np.testing.assert_allclose((power * sizes).sum(axis=1) / side**2, values.var(axis=(1, 2)), rtol=1e-12)


def test_a_wave_is_in_the_ring_of_its_frequency():
    """Wavelength 8 is 0.125 cycles per pixel, in whatever direction."""
    y, x = np.mgrid[:64, :64]
    waves = np.stack([np.sin(2 * np.pi * x / 8), np.sin(2 * np.pi * y / 8)])
    columns = ring_columns(64, 32)
    assert [columns[int(power.argmax())] for power in radial_power(waves, 32)] == ["power-0.125"] * 2


def test_white_noise_has_the_same_power_everywhere():
    """The unit is variance: noise of deviation 0.1 has power 0.01 in every ring."""
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 256, 256))
    np.testing.assert_allclose(radial_power(noise, 8)[0], 0.01, rtol=0.1)


def test_a_softer_image_has_less_at_the_fine_end():
    """What gives a soft generator away: means of 2 x 2 pixels, drawn large again, lose their highest frequencies."""
    sharp = images(1)
    soft = sharp.reshape(1, 32, 2, 32, 2).mean(axis=(2, 4)).repeat(2, axis=1).repeat(2, axis=2).astype(np.uint8)
    drop = (HANDMADE["spectrum"].rows(sharp) - HANDMADE["spectrum"].rows(soft))[0]
    assert drop[-1] > drop[0] + 2


def named(pictures):
    return [
        dict(zip(wavelet_columns(pictures.shape[1]), row, strict=True)) for row in HANDMADE["wavelet"].rows(pictures)
    ]


def test_wavelets_keep_the_energy():
    """The transform is orthonormal: sub-bands of a level hold 1 / 4^level of the coefficients, and all the variance."""
    pictures = images()
    for image, found in zip(pictures / 255, named(pictures), strict=True):
        levels = {int(name.split("-")[1]) for name in found if name.startswith("level")}
        detail = sum(
            np.exp(value) / 4 ** int(name.split("-")[1])
            for name, value in found.items()
            if "energy" in name and "l-" in name
        )
        rest = np.exp(found["rest-energy"])
        np.testing.assert_allclose(detail + rest, image.var(), rtol=1e-3)
        assert levels == {1, 2, 3}
        np.testing.assert_allclose(found["rest-mean"], image.mean(), rtol=1e-5)


def test_kurtosis_tells_edges_from_noise():
    """Gaussian noise has kurtosis 3; a few dots in an even image have far more."""
    rng = np.random.default_rng(2)
    noise = (128 + rng.normal(0, 20, (64, 64))).round()
    dots = np.full((64, 64), 100.0)
    dots[rng.integers(0, 64, 6), rng.integers(0, 64, 6)] = 200
    noisy, dotted = named(np.stack([noise, dots]).astype(np.uint8))
    np.testing.assert_allclose(np.exp(noisy["level-1-diagonal-kurtosis"]), 3, atol=0.5)
    assert np.exp(dotted["level-1-diagonal-kurtosis"]) > 30


def test_stripes_are_in_the_direction_and_level_of_their_name():
    """Horizontal stripes of one pixel are horizontal detail of the finest level."""
    stripes = np.zeros((1, 64, 64), dtype=np.uint8)
    stripes[:, ::2] = 200
    (found,) = named(stripes)
    detail = {name: value for name, value in found.items() if name.startswith("level") and name.endswith("energy")}
    assert max(detail, key=detail.get) == "level-1-horizontal-energy"
