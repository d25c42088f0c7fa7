"""Matched regions: correlations against plain arithmetic, and planted copies that have to be found."""

import numpy as np
import pytest
from audit_samples import slice_of
from PIL import Image

from ganprint.audit.evidence.patches import RealPatches, SearchedImage, _contrast, match_patches, patch_side, region_of
from ganprint.audit.evidence.regions import RegionFinder, reference_surprises, surprises

PATCH = 32


def moved(grey, right, down):
    return np.roll(grey, (down, right), axis=(0, 1))


def rescaled(grey, factor):
    side = round(len(grey) * factor)
    larger = np.asarray(Image.fromarray(grey).resize((side, side), Image.Resampling.BICUBIC))
    cut = (side - len(grey)) // 2
    return larger[cut : cut + len(grey), cut : cut + len(grey)].copy()


def noised(grey, deviation):
    return np.clip(grey + np.random.default_rng(1).normal(0, deviation, grey.shape), 0, 255).astype(np.uint8)


def region(real, planted, references=12):
    greys = {-1 - seed: slice_of(1000 + seed, len(planted)) for seed in range(references)} | {0: real, 1: planted}
    finder = RegionFinder(greys.__getitem__, PATCH, np.array([-1 - seed for seed in range(references)]), references)
    return finder.find(0, [1])[1]


@pytest.mark.parametrize(
    ("plant", "shift", "flipped"),
    [
        (lambda grey: grey.copy(), (0, 0), False),
        (lambda grey: moved(grey, 14, -8), (14, -8), False),
        (lambda grey: moved(grey, 5, 3), (5, 3), False),
        (lambda grey: grey[:, ::-1].copy(), (0, 0), True),
        (lambda grey: moved(grey, 14, -8)[:, ::-1].copy(), (14, -8), True),
        (lambda grey: rescaled(grey, 1.04), None, False),
        (lambda grey: (0.6 * grey + 50).astype(np.uint8), (0, 0), False),
        (lambda grey: (255 * (grey / 255) ** 1.5).astype(np.uint8), (0, 0), False),
        (lambda grey: noised(grey, 15), (0, 0), False),
        (lambda grey: (0.6 * grey + 0.4 * slice_of(77).astype(float)).astype(np.uint8), (0, 0), False),
    ],
    ids=["exact", "shifted", "odd shift", "mirrored", "both", "rescaled", "gain", "gamma", "noised", "blended"],
)
def test_planted_copies_are_found_and_placed(plant, shift, flipped):
    """Protects the claim of the page: a copy's region surprises more than any random image's, at the right place."""
    real = slice_of(5)
    found = region(real, plant(real))
    assert found["reference"]["below"] == 1
    assert found["surprise"] > 2 * found["reference"]["largest_surprise"]
    assert found["flipped"] is flipped
    if shift is not None:
        assert np.abs(np.subtract(found["shift"], shift)).max() <= 2
        left, top, width, _ = found["generated"]
        upright = 128 - width - left if flipped else left
        assert (upright - found["real"][0], top - found["real"][1]) == tuple(found["shift"])


def test_a_single_copied_patch_is_found_where_it_was_put():
    """Protects partial copies: only a region of 48 pixels was taken over, mirrored, into another image."""
    real, other = slice_of(5), slice_of(6)
    other[60:108, 20:68] = real[40:88, 64:112][:, ::-1]
    found = region(real, other)
    assert found["reference"]["below"] == 1
    assert found["flipped"]
    assert found["shift"] == [-4, 20]
    left, top, width, height = found["generated"]
    assert 20 <= left + width / 2 <= 68
    assert 60 <= top + height / 2 <= 108


def test_unrelated_images_do_not_stand_out():
    """Protects against a region that always looks unusual: over 40 unrelated pairs the share is about uniform."""
    below = [region(slice_of(seed), slice_of(seed + 500))["reference"]["below"] for seed in range(40)]
    assert np.mean(np.array(below) == 1) < 0.3
    assert 0.25 < np.mean(below) < 0.75


def test_correlations_are_those_of_plain_windows():
    """Protects the arithmetic in the frequency domain: every patch's best place and value against np.corrcoef."""
    real, other = slice_of(1, 72), slice_of(2, 80)
    patches = RealPatches(real, PATCH)
    matches = match_patches(patches, SearchedImage(other, PATCH))
    mine, theirs = _contrast(real, PATCH).astype(float), _contrast(other, PATCH).astype(float)
    side = PATCH // 2
    assert mine.shape == (36, 36)
    for number, (top, left) in enumerate(patches.corners):
        patch = mine[top : top + side, left : left + side]
        best = {}
        for flipped, wanted in ((False, patch), (True, patch[:, ::-1])):
            for y in range(theirs.shape[0] - side + 1):
                for x in range(theirs.shape[1] - side + 1):
                    window = theirs[y : y + side, x : x + side]
                    best[np.corrcoef(wanted.ravel(), window.ravel())[0, 1]] = (y, x, flipped)
        assert matches.correlations[number] == pytest.approx(max(best), abs=1e-4)
        place = (matches.tops[number], matches.lefts[number], bool(matches.flipped[number]))
        assert place == best[max(best)]


def test_patches_are_the_textured_half_of_the_grid_and_reach_its_edge():
    """Protects which regions are looked for: half of a grid of half a patch side, never flat ones."""
    grey = np.full((100, 100), 90, np.uint8)
    assert len(RealPatches(grey, PATCH).corners) == 0
    grey[50:, 50:] = slice_of(1)[:50, :50]
    corners = RealPatches(grey, PATCH).corners
    # Contrast reaches a little into the flat part: its Gaussian has a deviation of four pixels.
    assert (2 * (corners.min() + 16)) > 50 - 2 * 4
    assert (34, 34) in {tuple(corner) for corner in corners}
    grid = 7 * 7
    assert len(RealPatches(slice_of(3), PATCH).corners) == (grid + 1) // 2


def test_flat_images_and_few_references_give_no_region():
    """Protects against divisions by zero: flat real images, flat generated ones, too little to compare with."""
    flat, real = np.full((128, 128), 7, np.uint8), slice_of(5)
    assert region(flat, real) is None
    assert region(real, real, references=2) is None
    assert region(real, flat)["correlation"] == 0


def test_sizes_may_differ():
    """Protects boxes of images of two sizes: each is in its own image's pixels."""
    real = slice_of(5)
    larger = slice_of(9, 160)
    larger[20:148, 20:148] = real
    patches, searched = RealPatches(real, PATCH), SearchedImage(larger, PATCH)
    matches = match_patches(patches, searched)
    found = region_of(patches, searched, matches, int(matches.correlations.argmax()))
    assert found.correlation > 0.98
    assert found.shift == (20, 20)


def test_surprise_is_a_standard_score_and_references_are_left_out_one_by_one():
    """Protects the comparison: a reference image is set against the others, as the evidence is against all."""
    rng = np.random.default_rng(0)
    reference = rng.uniform(0.2, 0.6, size=(9, 4))
    values = np.array([0.1, 0.5, 0.9, 0.4])
    wanted = [(values[c] - reference[:, c].mean()) / reference[:, c].std(ddof=1) for c in range(4)]
    assert surprises(values, reference) == pytest.approx(wanted)
    left_out = [surprises(reference[i], np.delete(reference, i, axis=0)).max() for i in range(9)]
    assert reference_surprises(reference) == pytest.approx(left_out)
    same = np.full((5, 1), 0.3)
    assert surprises(np.array([0.301]), same)[0] == pytest.approx(0.05)


@pytest.mark.parametrize(("wanted", "smallest", "side"), [(64, 256, 64), (64, 64, 32), (70, 512, 68), (256, 9, 4)])
def test_patch_side_fits_the_smallest_image(wanted, smallest, side):
    """Protects small corpora: a patch is at most half an image, so that a shift can be seen."""
    assert patch_side(wanted, smallest) == side
