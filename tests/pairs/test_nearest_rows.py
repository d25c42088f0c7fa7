"""Nearest generated rows, the largest eigenvalue, and what the room imports."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from ganprint.pairs import largest_eigenvalue, nearest, squared_distances


def brute(real, generated, k):
    distances = np.linalg.norm(real[:, np.newaxis, :] - generated[np.newaxis, :, :], axis=2)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


def test_equals_scikit_learn():
    """An independent implementation finds the same neighbours."""
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(20, 40)), rng.normal(size=(300, 40))
    distances, positions = nearest(real, generated, 5, block=64)
    expected, places = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(generated).kneighbors(real)
    np.testing.assert_allclose(distances, expected, rtol=1e-9)
    assert np.array_equal(positions, places)
    assert (distances.dtype, positions.dtype) == (np.float64, np.int64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exact_and_near_duplicates_far_from_the_origin_are_resolved(dtype):
    """The expanded square loses distances below 1e-8 of the norm; a copy has to have distance 0 and come first."""
    rng = np.random.default_rng(1)
    real = (1000 + rng.normal(size=(6, 512))).astype(dtype)
    generated = (1000 + rng.normal(size=(50, 512))).astype(dtype)
    generated[17] = real[3]
    generated[18] = real[3]
    generated[18, 0] = np.nextafter(generated[18, 0], dtype(2000))
    distances, positions = nearest(real, generated, 2, block=7)
    assert positions[3].tolist() == [17, 18]
    assert distances[3, 0] == 0
    assert distances[3, 1] == pytest.approx(float(np.spacing(real[3, 0])), rel=1e-6)


def test_ties_go_to_the_earlier_row_across_blocks():
    """Equal distances have one answer whatever the blocks."""
    generated = np.zeros((10, 3))
    for block in (1, 2, 3, 10):
        assert nearest(np.ones((2, 3)), generated, 4, block=block)[1].tolist() == [[0, 1, 2, 3]] * 2


@pytest.mark.parametrize(("k", "message"), [(0, "at least 1"), (4, "there are 3 generated rows")])
def test_impossible_k_is_refused(k, message):
    """More neighbours than rows, or none, is an error and not a padded answer."""
    with pytest.raises(ValueError, match=message):
        nearest(np.zeros((2, 2)), iter([np.zeros((2, 2)), np.zeros((1, 2))]), k)


def test_bad_blocks_are_refused():
    """A block of no rows would never end, and a flat vector is not rows."""
    with pytest.raises(ValueError, match="at least 1"):
        nearest(np.zeros((2, 2)), np.zeros((3, 2)), 1, block=0)
    with pytest.raises(ValueError, match="dimensions"):
        nearest(np.zeros((2, 2)), iter([np.zeros(2)]), 1)


whole = st.integers(-3, 3)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_blocks_pieces_and_permutations_change_nothing(data):
    """Whole-number rows have many ties and duplicates: brute force, any block size and any cut agree exactly."""
    n, m, d = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 12)), data.draw(st.integers(1, 3))
    rows = st.lists(st.lists(whole, min_size=d, max_size=d), min_size=n + m, max_size=n + m)
    table = np.array(data.draw(rows), dtype=np.float64)
    real, generated = table[:n], table[n:]
    k, block = data.draw(st.integers(1, m)), data.draw(st.integers(1, m + 1))
    expected, order = brute(real, generated, k)
    cut = data.draw(st.integers(0, m))
    distances, positions = nearest(real, iter([generated[:cut], generated[cut:]]), k, block=block)
    np.testing.assert_allclose(distances, expected, rtol=0, atol=1e-12)
    assert np.array_equal(positions, order)
    p = np.array(data.draw(st.permutations(range(n))))
    assert np.array_equal(nearest(real[p], generated, k, block=block)[1], order[p])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 8), m=st.integers(1, 8), d=st.integers(1, 20))
def test_squared_distances_are_those_of_the_definition(seed, n, m, d):
    """Symmetric with a zero diagonal for one set of rows; equal to the definition for two."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    definition = ((x[:, np.newaxis] - y[np.newaxis]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(x, y), definition, rtol=1e-9, atol=1e-12)
    own = squared_distances(x)
    assert np.array_equal(own, own.T)
    assert not own.diagonal().any()
    assert own.min() >= 0


def test_largest_eigenvalue_is_that_of_the_full_decomposition():
    """The paper decomposes x x' for every concatenation; its largest eigenvalue is the squared norm."""
    rng = np.random.default_rng(2)
    real, generated = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(2, 5)).astype(np.float32)
    grid = largest_eigenvalue(real, generated)
    for i in range(3):
        for j in range(2):
            x = np.concatenate([real[i], generated[j]]).astype(np.float64)
            assert grid[i, j] == pytest.approx(np.linalg.eigvalsh(np.outer(x, x))[-1], rel=1e-6)


def test_importing_the_room_loads_neither_torch_nor_scikit_learn():
    """Stages that need only distances must not pay for torch."""
    code = (
        "import sys, ganprint.pairs; assert 'torch' not in sys.modules and 'sklearn' not in sys.modules;"
        "from ganprint.pairs import nearest, GridSVC; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
