"""Texture against scikit-image, SciPy and plain loops."""

from itertools import groupby

import numpy as np
import pytest
from scipy import stats
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from ganprint.embed.handmade import HANDMADE
from ganprint.embed.handmade.cooccurrence import (
    COOCCURRENCE,
    cooccurrence,
    cooccurrence_features,
    cooccurrence_matrices,
)
from ganprint.embed.handmade.first_order import FIRST_ORDER, first_order
from ganprint.embed.handmade.run_lengths import RUN_LENGTHS, run_counts, run_features, run_lengths


def images(count=3, side=21, seed=0):
    """Give images of few levels, with runs and ties, an even one and one of noise."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 4, (count, side, side)).cumsum(axis=2) * 255 // (3 * side)
    pictures[0] = 40
    pictures[1] = rng.integers(0, 256, (side, side))
    return pictures.astype(np.uint8)


@pytest.mark.parametrize(("at", "distance"), [(0, 1), (1, 2), (2, 4)])
def test_pairs_are_scikit_images(at, distance):
    """Matrices and features of all four directions together; a diagonal pair is ``distance`` apart along both axes."""
    found = cooccurrence_matrices(images())
    for number, image in enumerate(images() // 8):
        straight = graycomatrix(image, [distance], [0, np.pi / 2], levels=32, symmetric=True)
        diagonal = graycomatrix(image, [distance * np.sqrt(2)], [np.pi / 4, 3 * np.pi / 4], levels=32, symmetric=True)
        counts = (straight.sum(axis=3) + diagonal.sum(axis=3))[..., np.newaxis].astype(np.float64)
        shares = counts / counts.sum()
        np.testing.assert_allclose(found[number, at], shares[:, :, 0, 0], rtol=1e-12)
        features = dict(zip(NAMES, cooccurrence_features(found[number, at]), strict=True))
        for name, value in features.items():
            np.testing.assert_allclose(value, graycoprops(shares, name)[0, 0], rtol=1e-9, atol=1e-12)


NAMES = ("contrast", "dissimilarity", "homogeneity", "ASM", "entropy", "correlation")


def test_a_name_stands_over_its_own_number():
    """The four kinds are joined in one order, names and numbers alike, and a scaled feature is the log of its own."""
    rows, columns = HANDMADE["texture"].rows(images()), HANDMADE["texture"].columns(21)
    parts = [(FIRST_ORDER, first_order), (COOCCURRENCE, cooccurrence), (RUN_LENGTHS, run_lengths)]
    for names, part in parts:
        own = [columns.index(name) for name in names]
        np.testing.assert_allclose(rows[:, own], part(images()), rtol=1e-6)
    plain = cooccurrence_features(cooccurrence_matrices(images()))[1, 1]
    found = dict(zip(columns, rows[1], strict=True))
    np.testing.assert_allclose(found["pairs-2-contrast"], np.log(plain[0] + 1e-3), rtol=1e-6)
    np.testing.assert_allclose(found["pairs-2-uniformity"], np.log(plain[3]), rtol=1e-6)
    np.testing.assert_allclose(np.tanh(found["pairs-2-correlation"]), plain[5], atol=1e-3)
    runs = run_features(run_counts(images()), 4 * 21**2)[1]
    np.testing.assert_allclose(np.exp(found["runs-long"]), runs[1], rtol=1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-found["runs-share"])), runs[4], atol=1e-3)


def test_patterns_are_shares_of_scikit_images():
    """Columns are the patterns in their order, on both circles."""
    rows, columns = HANDMADE["texture"].rows(images()), HANDMADE["texture"].columns(21)
    for number, image in enumerate(images()):
        for points, radius in ((8, 1), (16, 2)):
            at = [place for place, name in enumerate(columns) if name.startswith(f"pattern-{radius}")]
            assert len(at) == points + 2
            codes = local_binary_pattern(image, points, radius, "uniform").ravel()
            shares = [((codes == code).sum() + 0.5) / (len(codes) + (points + 2) / 2) for code in range(points + 2)]
            np.testing.assert_allclose(np.exp(rows[number, at]), shares, rtol=1e-5)


def lines(image):
    """Give all lines of an image in the four directions."""
    side = len(image)
    yield from image
    yield from image.T
    for part in (image, image[:, ::-1]):
        yield from (part.diagonal(offset) for offset in range(1 - side, side))


def test_runs_are_counted_line_by_line():
    """Every direction, every line, every length: against groups of equal neighbours; no run goes round a corner."""
    found = run_counts(images())
    for number, image in enumerate(images() // 8):
        plain = np.zeros((32, 21), dtype=int)
        for line in lines(image):
            for level, run in groupby(line.tolist()):
                plain[level, len(list(run)) - 1] += 1
        np.testing.assert_array_equal(found[number], plain)


def test_features_of_runs_are_means_over_runs():
    """Against the definition on a list of runs (level, length)."""
    counts = np.zeros((1, 3, 4), dtype=np.int64)
    runs = [(1, 1), (1, 1), (2, 4), (3, 2)]
    for level, length in runs:
        counts[0, level - 1, length - 1] += 1
    level, length = np.array(runs, dtype=float).T
    by_level, by_length = (np.unique(each, return_counts=True)[1] / 4 for each in (level, length))
    plain = [
        (1 / length**2).mean(),
        (length**2).mean(),
        (by_level**2).sum(),
        (by_length**2).sum(),
        4 / 8,
        (1 / level**2).mean(),
        (level**2).mean(),
    ]
    np.testing.assert_allclose(run_features(counts, 8)[0], plain, rtol=1e-12)


def test_first_order_is_scipys():
    """Moments, entropy and percentiles of grey values, from the histogram alone."""
    pictures = images()[1:]
    for image, row in zip(pictures, first_order(pictures), strict=True):
        found, grey = dict(zip(FIRST_ORDER, row, strict=True)), image.ravel() / 255
        shares = np.bincount(image.ravel(), minlength=256) / image.size
        np.testing.assert_allclose(np.exp(found["grey-variance"]), grey.var(), rtol=1e-3)
        np.testing.assert_allclose(found["grey-skewness"], stats.skew(grey), atol=1e-3)
        np.testing.assert_allclose(np.exp(found["grey-kurtosis"]), stats.kurtosis(grey, fisher=False), rtol=1e-3)
        np.testing.assert_allclose(found["grey-entropy"], stats.entropy(shares), rtol=1e-12)
        np.testing.assert_allclose(np.exp(found["grey-uniformity"]), (shares**2).sum(), rtol=1e-12)
        for percent in (10, 50, 90):
            share = np.percentile(grey, percent, method="inverted_cdf")
            expected = np.log((share + 0.01) / (1.01 - share))
            np.testing.assert_allclose(found[f"grey-percentile-{percent}"], expected, rtol=1e-12)
