"""Pooling of sums by two maxima, against the library's adaptive pooling."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from ganprint.pairs import pooled_sums as module
from ganprint.pairs.pooled_sums import pooled_sums, strip_values, windows

SIZES = [(3, 3), (4, 4), (5, 5), (8, 8), (16, 16), (7, 11), (13, 5), (1, 6), (32, 32)]


def sides(m, n, height, width, channels, dtype, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(count, height, width, channels, generator=rng).to(dtype) for count in (m, n)]


def library(left, right):
    sums = (left[:, None] + right[None]).flatten(0, 1).permute(0, 3, 1, 2)
    pooled = functional.adaptive_max_pool2d(sums, 5).permute(0, 2, 3, 1)
    return pooled.reshape(len(left), len(right), 5, 5, left.shape[3])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_bits_are_those_of_adaptive_max_pooling(height, width, dtype):
    """Maps smaller than the pool, as large, larger, odd and not square; no tolerance hides a window one row off."""
    left, right = sides(3, 4, height, width, 2, dtype)
    assert torch.equal(pooled_sums(left, right), library(left, right))


@settings(max_examples=60, deadline=None)
@given(
    m=st.integers(1, 5), n=st.integers(1, 7), size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    cached=st.integers(1, 4000), seed=st.integers(0, 99),
)  # fmt: skip
def test_parts_that_fit_the_cache_do_not_matter(m, n, size, cached, seed):
    """However the grid is cut, every pair is pooled once and lies where it belongs."""
    left, right = sides(m, n, *size, 2, torch.float32, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CACHED_BYTES", cached)
        assert torch.equal(pooled_sums(left, right), library(left, right))


def test_not_a_number_and_infinity_pass_through():
    """A network that has diverged must not get finite scores."""
    left, right = sides(1, 1, 8, 8, 1, torch.float32)
    left[0, 0, 0, 0], left[0, 7, 7, 0] = float("nan"), float("inf")
    pooled = pooled_sums(left, right)[0, 0, :, :, 0]
    assert pooled[0, 0].isnan()
    assert pooled[4, 4].isposinf()


@given(size=st.integers(1, 70))
def test_windows_cover_every_row_in_order(size):
    """No row of a map is without influence."""
    found = windows(size)
    assert len(found) == 5
    assert found[0][0] == 0
    assert found[-1][1] == size
    assert all(start < stop for start, stop in found)
    assert all(after[0] <= before[1] for before, after in pairwise(found))


def test_strips_are_counted_rightly():
    """Windows on 16 rows have four, on 8 rows at most three: their sums and the maximum of them are held."""
    assert strip_values(16, 16) == 80
    assert strip_values(8, 7) == 28
