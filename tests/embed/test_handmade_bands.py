"""Band images are the metrics of the same name, and energies of bands lie where the detail is."""

import numpy as np
import pytest

from ganprint.bands import BANDS
from ganprint.corpus.phantom.cast import patient_slices
from ganprint.embed.handmade import HANDMADE
from ganprint.pairs import pair_distances


@pytest.mark.parametrize("band", list(BANDS))
def test_distances_of_band_images_are_the_bands_metric(band):
    """Plain Euclidean distances of the embedding and the metric on grey values are one attack, not two."""
    images = np.concatenate([patient_slices(3, "other", number, 2, 64) for number in range(4)])
    flat, rows = images.reshape(len(images), -1), HANDMADE[band].rows(images)
    np.testing.assert_allclose(
        pair_distances(rows[:4], "euclidean").to(rows[4:]), pair_distances(flat[:4], band).to(flat[4:]), atol=2e-5
    )


def test_a_pixel_is_named_by_its_place():
    """Row, then column: a bright dot gives the largest number to the column of its place."""
    images = np.full((1, 32, 32), 100, dtype=np.uint8)
    images[0, 5, 20] = 200
    rows = HANDMADE["band-fine"].rows(images)
    assert HANDMADE["band-fine"].columns(32)[int(rows[0].argmax())] == "band-fine-5-20"


def test_energy_is_where_the_detail_is():
    """A fine chequerboard in one block raises the fine band's energy there, and not the coarse band's."""
    images = np.full((2, 64, 64), 100, dtype=np.uint8)
    y, x = np.mgrid[:64, :64]
    block = (y // 8 == 2) & (x // 8 == 5)
    images[1][block] = np.where((x + y) % 2, 160, 40)[block]
    still, chequered = (dict(zip(HANDMADE["band-energy"].columns(64), row, strict=True)) for row in _energies(images))
    fine = {name: chequered[name] - still[name] for name in still if name.startswith("band-fine")}
    assert max(fine, key=fine.get) == "band-fine-energy-2-5"
    assert fine["band-fine-energy-2-5"] > 10
    assert abs(fine["band-fine-energy-6-1"]) < 1e-3
    assert chequered["band-coarse-energy-2-5"] - still["band-coarse-energy-2-5"] < 2


def _energies(images):
    return HANDMADE["band-energy"].rows(images)


def test_energy_is_a_mean_square():
    """Amplitude a of a wave that a band lets pass is a^2 / 2, in nats, on grey values 0..1."""
    x = np.arange(64)
    wave = np.tile((128 + 64 * np.sin(2 * np.pi * x / 4)).round(), (64, 1)).astype(np.uint8)
    energies = _energies(wave[np.newaxis])[0].reshape(3, 8, 8)
    # Wavelength 4 lies far above both low blurs, of 1 and 4 pixels: little is taken away. Borders are left out.
    np.testing.assert_allclose(energies[1, 2:6, 2:6], np.log((64 / 255) ** 2 / 2), atol=0.05)
