"""Peak memory of attacks on a stream of synthetic embeddings: python benchmarks/attack_memory.py GENERATED [ATTACK ...]

Prints one JSON object: by how many MiB the process grew over all attacks, and the seconds of each. No array of the
generated side is ever made: blocks are drawn anew every time the stream is read.
"""

import json
import sys
import time
from collections.abc import Iterator

import numpy as np
from vote_memory import peak_mib

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, registry

REAL, WIDTH, BLOCK = 200, 256, 1000


class Stream:
    """Normal numbers in blocks, the same ones at every reading."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[np.ndarray]:
        for start in range(0, self.count, BLOCK):
            rng = np.random.default_rng(start)
            yield rng.standard_normal((min(BLOCK, self.count - start), WIDTH), dtype=np.float32)


def main() -> None:
    count, chosen = int(sys.argv[1]), sys.argv[2:]
    rng = np.random.default_rng(-1 % 2**32)
    real = rng.standard_normal((REAL, WIDTH), dtype=np.float32)
    reference = rng.standard_normal((REAL // 2, WIDTH), dtype=np.float32)
    attacks = [cls() for cls in registry().values() if issubclass(cls, Attack) and not cls.pixels]
    attacks = [attack for attack in attacks if not chosen or attack.comparator in chosen]
    # What libraries load on first use is no part of what grows with the number of images.
    for attack in attacks:
        attack.attack(Seen(real, Stream(BLOCK), reference), Context(0))
    before, seconds, grown = peak_mib(), {}, {}
    for attack in attacks:
        start, low = time.perf_counter(), peak_mib()
        scores = attack.attack(Seen(real, Stream(count), reference), Context(0))
        seconds[attack.comparator], grown[attack.comparator] = time.perf_counter() - start, peak_mib() - low
        assert np.isfinite(scores).all(), attack.comparator
    print(json.dumps({"grown_mib": peak_mib() - before, "peak_mib": peak_mib(), "seconds": seconds, "grown": grown}))


if __name__ == "__main__":
    main()
