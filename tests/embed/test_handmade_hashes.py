"""Bits of perceptual hashes as columns."""

import imagehash
import numpy as np
from PIL import Image

from ganprint.corpus.phantom.cast import patient_slices
from ganprint.embed.handmade import HANDMADE


def test_squared_distances_count_the_bits_that_differ():
    """Euclidean neighbours are Hamming neighbours, hash by hash, by imagehash's own difference."""
    images = np.concatenate([patient_slices(5, "other", number, 1, 64) for number in range(3)])
    rows, columns = HANDMADE["perceptual-hash"].rows(images), HANDMADE["perceptual-hash"].columns(64)
    assert set(np.unique(rows)) == {0, 1}
    for kind in ("phash", "dhash", "whash"):
        own = [place for place, name in enumerate(columns) if name.startswith(kind)]
        hashes = [getattr(imagehash, kind)(Image.fromarray(image)) for image in images]
        for i, j in ((0, 1), (0, 2), (1, 2)):
            assert np.square(rows[i, own] - rows[j, own]).sum() == hashes[i] - hashes[j] > 0


def test_a_bit_is_named_by_its_place():
    """``dhash``: a bit is set where a pixel is brighter than its left neighbour."""
    images = np.zeros((2, 72, 72), dtype=np.uint8)
    images[0, 45:, 40:] = 200
    images[1, 45:, :40] = 200
    columns = HANDMADE["perceptual-hash"].columns(72)
    rising, falling = (
        {columns[place] for place in np.flatnonzero(row)} for row in HANDMADE["perceptual-hash"].rows(images)
    )
    lower = {f"dhash-{y}-4" for y in range(5, 8)}
    assert lower <= rising
    assert not lower & falling
    assert not {f"dhash-{y}-4" for y in range(2)} & (rising | falling)
