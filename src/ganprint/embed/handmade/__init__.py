"""Hand-made embeddings by name: numbers that a formula gives for the grey values, without a network or weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ganprint.bands import BANDS
from ganprint.embed.handmade.bands import band_energies, band_energy_columns, band_image, image_columns
from ganprint.embed.handmade.hashes import hash_columns, perceptual_hashes
from ganprint.embed.handmade.noise import noise_columns, noise_image, noise_statistics
from ganprint.embed.handmade.spectrum import spectrum, spectrum_columns
from ganprint.embed.handmade.texture import texture, texture_columns
from ganprint.embed.handmade.wavelets import wavelet_columns, wavelets

__all__ = ["HANDMADE", "HandMade"]


@dataclass(frozen=True)
class HandMade:
    """A registered formula.

    Attributes
    ----------
    columns
        Names of the d numbers for images of a side in pixels.
    rows
        Gives float32 [b, d] for images uint8 [b, side, side]; a row depends on its own image alone.
    """

    columns: Callable[[int], tuple[str, ...]]
    rows: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


HANDMADE: dict[str, HandMade] = {
    **{band: HandMade(partial(image_columns, name=band), partial(band_image, band=band)) for band in BANDS},
    "band-energy": HandMade(band_energy_columns, band_energies),
    "noise-residual": HandMade(noise_columns, noise_statistics),
    "noise-image": HandMade(partial(image_columns, name="noise"), noise_image),
    "wavelet": HandMade(wavelet_columns, wavelets),
    "texture": HandMade(texture_columns, texture),
    "spectrum": HandMade(spectrum_columns, spectrum),
    "perceptual-hash": HandMade(hash_columns, perceptual_hashes),
}
"""All of them; docs/handmade.md says what each sees and what it costs."""
