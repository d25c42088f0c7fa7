"""What a change of an image leaves as it is in a hand-made embedding, and what it does not."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ganprint.corpus.phantom.cast import patient_slices
from ganprint.embed.handmade import HANDMADE

BANDS = ["band-coarse", "band-fine", "band-middle"]


@cache
def slices():
    """Give six phantom slices whose grey values leave room for a change."""
    images = np.concatenate([patient_slices(7, "other", number, 2, 64) for number in range(3)])
    return (images // 2 + 20).astype(np.uint8)


def rows(name, images):
    return HANDMADE[name].rows(np.ascontiguousarray(images))


def columns(name, part):
    return [at for at, column in enumerate(HANDMADE[name].columns(64)) if part in column]


@pytest.mark.parametrize("change", [lambda images: images[:, :, ::-1], lambda images: np.rot90(images, axes=(1, 2))])
def test_texture_is_blind_to_mirror_images_and_quarter_turns(change):
    """All directions are counted together: a mirrored copy keeps its texture.

    Points on the wider circle are interpolated, and rounding decides whether one is as bright as the centre.
    """
    before, after = rows("texture", slices()), rows("texture", change(slices()))
    rounded = columns("texture", "pattern-2")
    exact = [at for at in range(before.shape[1]) if at not in rounded]
    assert_allclose(after[:, exact], before[:, exact], rtol=0, atol=1e-5)
    assert_allclose(after[:, rounded], before[:, rounded], rtol=0, atol=0.05)


@pytest.mark.parametrize(
    "change",
    [
        lambda images: np.roll(images, (5, -11), axis=(1, 2)),
        lambda images: images[:, :, ::-1],
        lambda images: np.rot90(images, axes=(1, 2)),
    ],
)
def test_the_spectrum_is_blind_to_place(change):
    """Shifts, mirror images and quarter turns move phases and directions, and no power between rings."""
    assert_allclose(rows("spectrum", change(slices())), rows("spectrum", slices()), rtol=0, atol=1e-5)


def test_contrast_adds_one_number_to_the_spectrum():
    """Doubled contrast is fourfold power at every frequency: the spectrum's shape stays."""
    assert_allclose(
        rows("spectrum", 2 * (slices() // 2)), rows("spectrum", slices() // 2) + np.log(4), rtol=0, atol=0.05
    )


@pytest.mark.parametrize("name", [*BANDS, "noise-residual", "noise-image", "spectrum", "band-energy"])
def test_brightness_is_nobodys_business(name):
    """A slice shown 30 grey levels brighter is the same slice where only differences of pixels count."""
    assert_allclose(rows(name, slices() + np.uint8(30)), rows(name, slices()), rtol=0, atol=2e-4)


def test_brightness_moves_the_mean_of_wavelets_alone():
    """Detail does not know the mean; one column does."""
    before, after = rows("wavelet", slices()), rows("wavelet", slices() + np.uint8(51))
    mean = columns("wavelet", "rest-mean")
    assert_allclose(np.delete(after, mean, axis=1), np.delete(before, mean, axis=1), rtol=0, atol=1e-5)
    assert_allclose(after[:, mean] - before[:, mean], 0.2, atol=1e-6)


def test_whole_bins_of_brightness_leave_the_texture_of_pairs():
    """What stands beside what does not depend on brightness, as far as bins of grey levels allow: by three bins."""
    exact = [*columns("texture", "pairs"), *columns("texture", "runs-s")]
    rounded = columns("texture", "pattern")  # interpolated, as above
    before, after = rows("texture", slices()), rows("texture", slices() + np.uint8(24))
    assert_allclose(after[:, exact], before[:, exact], rtol=0, atol=1e-5)
    assert_allclose(after[:, rounded], before[:, rounded], rtol=0, atol=0.1)


@pytest.mark.parametrize("name", BANDS)
def test_contrast_leaves_a_band_image(name):
    """Rows have length 1: a copy of twice the contrast is at the same place."""
    half = slices() // 2
    assert_allclose(rows(name, 2 * half), rows(name, half), rtol=0, atol=1e-6)


def test_a_periodic_shift_by_the_coarsest_step_leaves_wavelets():
    """A decimated transform is blind to shifts by whole steps of its coarsest level (8 pixels), not to others."""
    before = rows("wavelet", slices())
    assert_allclose(rows("wavelet", np.roll(slices(), (8, 16), axis=(1, 2))), before, rtol=0, atol=1e-5)
    assert np.abs(rows("wavelet", np.roll(slices(), 3, axis=2)) - before).max() > 1e-3


def test_transposition_exchanges_the_directions_of_wavelets():
    """Horizontal and vertical are what their names say."""
    before, after = rows("wavelet", slices()), rows("wavelet", slices().transpose(0, 2, 1))
    across, down = columns("wavelet", "horizontal"), columns("wavelet", "vertical")
    assert_allclose(after[:, across], before[:, down], rtol=0, atol=1e-5)
    assert_allclose(after[:, down], before[:, across], rtol=0, atol=1e-5)


def test_a_mirror_image_mirrors_the_energies_of_bands():
    """Energies know their place: the mirror image has them in the mirrored blocks."""
    before = rows("band-energy", slices()).reshape(-1, 3, 8, 8)
    after = rows("band-energy", slices()[:, :, ::-1]).reshape(-1, 3, 8, 8)
    assert_allclose(after, before[..., ::-1], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", [*BANDS, "noise-image"])
def test_images_taken_as_they_are_see_no_mirrored_copy(name):
    """States a blindness: pixel by pixel, a mirrored copy is as far away as another patient's slice."""
    images = slices()
    own, others = rows(name, images), rows(name, images[:, :, ::-1])
    to_own = np.linalg.norm(own[0] - others[0])
    to_another = np.linalg.norm(own[0] - own[3])
    assert to_own > 0.7 * to_another


def test_hashes_do_not_look_at_brightness():
    """Signs of differences stay where all pixels grow by the same number."""
    assert_array_equal(rows("perceptual-hash", slices() + np.uint8(30)), rows("perceptual-hash", slices()))


def test_hashes_of_a_noisy_copy_stay_near():
    """A copy with noise of 2 grey levels differs in fewer bits than another patient's slice."""
    images = slices()
    noise = np.random.default_rng(0).normal(0, 2, images.shape)
    before, after = rows("perceptual-hash", images), rows("perceptual-hash", (images + noise).round().astype(np.uint8))
    assert np.square(after - before).sum(axis=1).max() < np.square(before[0] - before[2:]).sum(axis=1).min()
