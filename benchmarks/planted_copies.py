"""How well the evidence finds copies planted on purpose: python benchmarks/planted_copies.py [IMAGES]

Every kind of copy is made of real test images of data/corpus and looked for as the stage `evidence` looks for it.
"found" is a surprise above that of all 30 random generated images, "placed" a region whose shift and mirroring are
right to within 4 pixels.
"""

import sys
from pathlib import Path

import numpy as np
from planted_kinds import KINDS, PATCH

from ganprint.audit.evidence.fingerprints import bits_between, fingerprint, stack
from ganprint.audit.evidence.regions import RegionFinder
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index

CORPUS = Path("data/corpus")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    index = read_index(CORPUS)
    part = {role: index[(index["split"] == "test") & (index["role"] == role)]["path"] for role in ("real", "generated")}
    rng = np.random.default_rng(0)
    real = [load_grey(CORPUS / path) for path in rng.choice(part["real"], min(count, len(part["real"])), replace=False)]
    drawn = rng.permutation(part["generated"])
    greys = {-1 - row: load_grey(CORPUS / path) for row, path in enumerate(drawn[:30])}
    others = [load_grey(CORPUS / path) for path in rng.choice(drawn[30:], len(real))]
    finder = RegionFinder(lambda row: greys[row], PATCH, np.array(list(greys)), 30)
    print("| planted | surprise, median | found | placed | hash within 4 bits |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (make, right) in KINDS.items():
        rows = []
        for grey, other in zip(real, others, strict=True):
            planted = np.ascontiguousarray(make(grey, other, rng))
            greys[0], greys[1] = grey, planted
            region = finder.find(0, [1])[1]
            bits, _ = bits_between(stack([fingerprint(grey), fingerprint(planted)]), np.array([0]), np.array([1]))
            placed = np.nan
            if right is not None:
                away = np.abs(np.subtract(region["shift"], right[:2])).max()
                placed = float(away <= 4 and region["flipped"] == right[2])
            rows.append((region["surprise"], region["reference"]["below"] == 1, placed, bits[0, 0] <= 4))
        table = np.array(rows, dtype=float)
        shares = table.mean(axis=0)
        placed = "" if np.isnan(shares[2]) else f"{shares[2]:.0%}"
        print(f"| {name} | {np.median(table[:, 0]):.1f} | {shares[1]:.0%} | {placed} | {shares[3]:.0%} |")


if __name__ == "__main__":
    main()
