"""The largest correlation over shifts and mirror images, against a direct loop."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ganprint.pairs import ShiftedPairs, pair_distances
from ganprint.pairs.overlaps import LEAST_SHARE


def images(n, side, seed=0):
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(n, side, side)), (0, 1.5, 1.5))
    return np.clip(110 + 300 * fields, 0, 255).astype(np.uint8)


def correlation(x, y, whole_x, whole_y):
    """Pearson's coefficient of an overlap, 0 where it holds too little of either image."""
    x, y = x - x.mean(), y - y.mean()
    for part, whole in ((x, whole_x), (y, whole_y)):
        if (part**2).sum() <= 1e-9 or (part**2).sum() < LEAST_SHARE * ((whole - whole.mean()) ** 2).sum():
            return 0.0
    return (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())


def loop(real, generated, max_shift, flips):
    side = real.shape[1]
    result = np.full((len(real), len(generated)), -np.inf)
    for i, whole in enumerate(real.astype(float)):
        for version in [whole, whole[:, ::-1]] if flips else [whole]:
            for j, other in enumerate(generated.astype(float)):
                for u in range(-max_shift, max_shift + 1):
                    for v in range(-max_shift, max_shift + 1):
                        x = version[max(0, -u) : side - max(0, u), max(0, -v) : side - max(0, v)]
                        y = other[max(0, u) : side - max(0, -u), max(0, v) : side - max(0, -v)]
                        result[i, j] = max(result[i, j], correlation(x, y, whole, other))
    return result


def flat(squares):
    return squares.reshape(len(squares), -1)


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize(("side", "max_shift"), [(5, 2), (16, 0), (17, 5), (32, 3)])
def test_equals_a_direct_loop(side, max_shift, flips):
    """Overlaps are normalised by their own means and deviations, and nothing wraps."""
    real, generated = images(4, side), images(5, side, seed=1)
    generated[1] = 255 - real[0]
    result = ShiftedPairs(flat(real), max_shift=max_shift, flips=flips).similarities(flat(generated))
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, loop(real, generated, max_shift, flips), atol=1e-5)


def test_constant_and_nearly_empty_images():
    """Variation at the border alone leaves overlaps that are passed over; constant images give 0, never NaN."""
    real = np.zeros((4, 16, 16), dtype=np.uint8)
    real[1] = 200
    real[2, 0, :8] = 255
    real[3, 8, 8] = 1
    result = ShiftedPairs(flat(real), max_shift=3).similarities(flat(real))
    np.testing.assert_allclose(result, loop(real, real, 3, True), atol=1e-4)
    assert (result[:2] == 0).all()
    assert result[2, 2] == pytest.approx(1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (5, -8), (-8, 8)])
def test_planted_copies_are_found(shift, mirrored):
    """A cropped, shifted, mirrored and brightened part of a real image has correlation 1 with it, and it alone."""
    frame = images(6, 64)
    u, v = shift
    copy = (frame[2, :, ::-1] if mirrored else frame[2]) // 2 + 60
    planted = images(1, 64, seed=9)
    planted[0, max(0, u) : 64 - max(0, -u), max(0, v) : 64 - max(0, -v)] = copy[
        max(0, -u) : 64 - max(0, u), max(0, -v) : 64 - max(0, v)
    ]
    result = ShiftedPairs(flat(frame)).similarities(flat(planted))[:, 0]
    assert result.argmax() == 2
    assert result[2] > 0.995
    assert np.delete(result, 2).max() < 0.6
    if mirrored:
        assert ShiftedPairs(flat(frame), flips=False).similarities(flat(planted))[2, 0] < 0.6


def test_blocks_change_rounding_alone():
    """The block is a matter of memory; more images than one internal block."""
    real, generated = images(70, 20), images(150, 20, seed=1)
    pairs = ShiftedPairs(flat(real), max_shift=4)
    whole = pairs.similarities(flat(generated))
    parts = [pairs.similarities(flat(generated[i : i + 7])) for i in range(0, 150, 7)]
    np.testing.assert_allclose(np.hstack(parts), whole, atol=1e-5)
    assert pairs.similarities(flat(generated)[:0]).shape == (70, 0)


def test_bad_shifts_and_sizes_are_refused():
    """A shift of half the image or more leaves nothing to compare."""
    with pytest.raises(ValueError, match="below half of 16"):
        ShiftedPairs(flat(images(1, 16)), max_shift=8)
    with pytest.raises(ValueError, match="one size"):
        ShiftedPairs(flat(images(1, 16)), max_shift=2).similarities(flat(images(1, 17)))


@pytest.mark.parametrize("side", [15, 16, 17])
def test_the_metric_takes_the_smallest_views(side):
    """Embeddings of pixels may have 16 a side, too few for shifts of eight: fewer are tried, and nothing breaks off."""
    rows = images(4, side).reshape(4, -1)
    distances = pair_distances(rows, "shifted").to(rows)
    np.testing.assert_allclose(np.diag(distances), 0, atol=1e-4)
    assert distances[0, 1] > 0.01
