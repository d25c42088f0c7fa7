"""Attacks: the pass that they share against the plain way, and memory over four orders of magnitude."""

from collections.abc import Iterator

import numpy as np
from measure import Row, in_child, paired
from scipy.spatial.distance import cdist

from ganprint.pairs import EuclideanDistances, neighbourhood


def shared_pass(quick: bool) -> Iterator[Row]:
    """Fifty neighbours of every real image, and the nearest real image of every generated one."""
    n, m, d = (40, 500, 64) if quick else (200, 10_000, 2048)
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(n, d)), rng.normal(size=(m, d))

    def plain() -> object:
        distances = cdist(real, generated)
        return np.sort(distances, axis=1)[:, :50], distances.argmin(axis=0)

    difference = np.abs(neighbourhood(EuclideanDistances(real), generated, 50).distances - plain()[0]).max()
    yield paired(
        f"50 nearest of {n} real and the nearest of {m} generated rows, {d} numbers",
        lambda: neighbourhood(EuclideanDistances(real), generated, 50), plain, repeats=3,
        note=f"plain: all distances by SciPy's cdist, sorted; largest difference {difference:.0e}",
    )  # fmt: skip


def memory(quick: bool) -> Iterator[Row]:
    """All attacks on vectors, one after the other, on a stream."""
    for count in (1_000, 10_000) if quick else (1_000, 10_000, 100_000, 1_000_000):
        figures = in_child("attack_memory.py", str(count))
        seconds, grown = figures["seconds"], figures["grown"]
        most, slowest = max(grown, key=grown.get), max(seconds, key=seconds.get)
        yield Row(
            f"{len(seconds)} attacks, 200 x {count} rows of 256 numbers", sum(seconds.values()), None, None, 1,
            f"the process grew by {figures['grown_mib']:.0f} MiB ({most}: {grown[most]:.0f}), peak "
            f"{figures['peak_mib']:.0f} MiB; slowest: {slowest}, {seconds[slowest]:.1f} s",
        )  # fmt: skip


def rows(quick: bool) -> Iterator[Row]:
    """Give all rows of this file."""
    yield from shared_pass(quick)
    yield from memory(quick)
