"""Search by SSIM over generated images made block by block, in a process of its own: WAY NUMBER; prints JSON."""

import json
import sys
import time

import numpy as np
from vote_memory import peak_mib

from ganprint.pairs import ssim_matches


def blocks(count: int):
    rng = np.random.default_rng(1)
    for start in range(0, count, 256):
        yield rng.integers(0, 256, (min(256, count - start), 64 * 64), dtype=np.uint8)


def main() -> None:
    way, count = sys.argv[1], int(sys.argv[2])
    real = np.random.default_rng(0).integers(0, 256, (10, 64 * 64), dtype=np.uint8)
    start = time.perf_counter()
    ssim_matches(real, blocks(count), exact=way == "exact")
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
