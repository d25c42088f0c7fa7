"""Vote of a fitted grid SVM over streamed generated rows; prints seconds and the peak memory of this process."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ganprint.pairs import GridSVC

WIDTH = 2048


def stream(count: int) -> Iterator[np.ndarray]:
    """Yield generated rows as a reader of a stored embedding would."""
    rng = np.random.default_rng(1)
    for start in range(0, count, 500):
        yield rng.standard_normal((min(500, count - start), WIDTH), dtype=np.float32)


def peak_mib() -> float:
    """Give the peak resident memory of this process.

    On Linux from VmHWM: ru_maxrss there begins with the memory of the parent, which may be larger.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Fit on 160 x 500, vote on the sizes given as arguments."""
    n_real, n_generated = map(int, sys.argv[1:3])
    rng = np.random.default_rng(0)
    machine = GridSVC().fit(rng.normal(size=(160, WIDTH)), rng.normal(size=(500, WIDTH)), np.arange(160) % 2)
    start = time.perf_counter()
    machine.vote_share(rng.normal(size=(n_real, WIDTH)), stream(n_generated))
    seconds = time.perf_counter() - start
    built = n_real * n_generated * 2 * WIDTH * 8 / 2**30
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib(), "built_gib": built}))


if __name__ == "__main__":
    main()
