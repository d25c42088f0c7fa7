"""The most similar generated images of every real one by SSIM, streaming over the generated side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.pairs.area_means import area_reduced
from ganprint.pairs.blocks import GeneratedRows, row_blocks
from ganprint.pairs.ssim import SsimPairs

__all__ = ["SsimMatches", "ssim_matches"]

_BLOCK = 256
"""Generated images looked at together."""


@dataclass(frozen=True)
class SsimMatches:
    """What a search found.

    Attributes
    ----------
    similarities
        The largest mean SSIM of every real image [n, k], largest first.
    positions
        Positions of those images among the generated ones [n, k]; ties go to the earlier.
    best_real
        For every generated image the position of the real one that is most similar [m], ties to the earlier; None after
        a search by candidates.
    best_real_similarities
        Their mean SSIM [m]; None after a search by candidates.
    """

    similarities: NDArray[np.float64]
    positions: NDArray[np.int64]
    best_real: NDArray[np.int64] | None
    best_real_similarities: NDArray[np.float64] | None


def ssim_matches(
    real: NDArray[Any],
    generated: GeneratedRows,
    k: int = 1,
    *,
    exact: bool = True,
    candidates: int = 16,
    reduced_side: int = 64,
    device: str = "cpu",
) -> SsimMatches:
    """Find the ``k`` generated images of largest mean SSIM for every real image.

    ``exact`` computes all pairs. Otherwise images are first reduced to ``reduced_side`` by the mean of areas; SSIM of
    the reduced ones is computed for all pairs and the ``candidates`` best of every real image are kept; SSIM proper is
    computed for them alone. What is found has its exact value, but a better image may be missed: docs/ssim.md says
    how often. Neither way depends on how the generated images are cut into blocks.

    No pruning by an upper bound is done. By the inequality of Cauchy and Schwarz cov(x, y) <= s_x s_y bounds a pair's
    SSIM from the tables of each image alone, but it needs the fraction of every window, about half of the work of
    SSIM itself, and spares less than a third of the pairs even when the best value is known beforehand (docs/ssim.md).

    Memory: that of :class:`ganprint.pairs.SsimPairs`, and of one block of 256 images; the generated side is read once.

    Parameters
    ----------
    real
        Grey values [n, side * side], uint8.
    generated
        Grey values [m, side * side], uint8, or an iterable of arrays [b, side * side].
    k
        How many, at least 1.
    exact
        All pairs, or candidates alone.
    candidates
        Candidates of every real image, at least ``k``.
    reduced_side
        Side of the reduced images; a divisor of the side, at least 7.
    device
        Where to compute, in torch's words.

    Raises
    ------
    ValueError
        When ``k`` is less than 1 or more than the generated images or the candidates, or sizes do not fit.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 64), dtype=np.uint8)
    >>> ssim_matches(images[3:], images).positions.tolist()
    [[3], [4]]
    """
    if k < 1 or not (exact or candidates >= k):
        raise ValueError(f"k is {k}; it has to be at least 1 and at most the candidates ({candidates})")
    pairs = SsimPairs(real, device=device)
    if exact:
        matches = _exact(pairs, len(real), generated, k)
    else:
        first = SsimPairs(area_reduced(real, reduced_side), device=device)
        matches = _by_candidates(first, pairs, generated, (len(real), candidates))
    seen = int(np.count_nonzero(matches.positions[:1] >= 0)) if len(real) else k
    if seen < k:
        raise ValueError(f"k is {k}, but there are {seen} generated images; choose k of at most {seen}")
    return SsimMatches(
        matches.similarities[:, :k], matches.positions[:, :k], matches.best_real, matches.best_real_similarities
    )


def _exact(pairs: SsimPairs, n: int, generated: GeneratedRows, k: int) -> SsimMatches:
    best, positions = _nothing(n, k)
    reals: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    seen = 0
    for block in row_blocks(generated, _BLOCK):
        similarities = pairs.similarities(block)
        places = np.broadcast_to(np.arange(seen, seen + len(block)), similarities.shape)
        best, positions = _largest(np.hstack([best, similarities]), np.hstack([positions, places]), k)
        if n:
            reals.append(similarities.argmax(axis=0))
            values.append(similarities.max(axis=0))
        seen += len(block)
    none = np.empty(0)
    return SsimMatches(
        best, positions, np.concatenate(reals or [none.astype(np.int64)]), np.concatenate(values or [none])
    )


def _by_candidates(first: SsimPairs, pairs: SsimPairs, generated: GeneratedRows, shape: tuple[int, int]) -> SsimMatches:
    """Keep the best of the first pass; what enters them gets its exact value while its block is there."""
    n, count = shape
    rough, positions = _nothing(n, count)
    exact = rough.copy()
    seen = 0
    for block in row_blocks(generated, _BLOCK):
        similarities = first.similarities(area_reduced(block, first.side))
        places = np.broadcast_to(np.arange(seen, seen + len(block)), similarities.shape)
        unknown = np.full(similarities.shape, np.nan)
        order = _order(np.hstack([rough, similarities]), count)
        rough, positions, exact = (
            np.take_along_axis(np.hstack([kept, new]), order, axis=1)
            for kept, new in ((rough, similarities), (positions, places), (exact, unknown))
        )
        i, j = np.nonzero(np.isnan(exact))
        exact[i, j] = pairs.pairs(block, i, positions[i, j] - seen)
        seen += len(block)
    # Earlier images first, so that ties of the exact values go to the earlier one, whatever the first pass said.
    order = np.argsort(np.where(positions < 0, np.iinfo(np.int64).max, positions), axis=1)
    exact, positions = np.take_along_axis(exact, order, axis=1), np.take_along_axis(positions, order, axis=1)
    best, positions = _largest(exact, positions, count)
    return SsimMatches(best, positions, None, None)


def _nothing(n: int, k: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    return np.full((n, k), -np.inf), np.full((n, k), -1, dtype=np.int64)


def _order(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    return np.argsort(-values, axis=1, kind="stable")[:, :k]


def _largest(
    values: NDArray[np.float64], positions: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keep the k largest; columns are in the order of positions, or sorted already, so a stable sort breaks ties."""
    order = _order(values, k)
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(positions, order, axis=1)
