"""How well the evidence finds copies planted on purpose: python benchmarks/planted_copies.py [IMAGES]

Every kind of copy is made of real test images of data/corpus and looked for as the stage `evidence` looks for it.
"found" is a surprise above that of all 30 random generated images, "placed" a region whose shift and mirroring are
right to within 4 pixels.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ganprint.audit.evidence.fingerprints import bits_between, fingerprint, stack
from ganprint.audit.evidence.regions import RegionFinder
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index

CORPUS = Path("data/corpus")
PATCH = 64


def shifted(grey, right, down):
    return np.roll(np.pad(grey, 32, mode="edge"), (down, right), axis=(0, 1))[32:-32, 32:-32]


def rescaled(grey, factor):
    height, width = grey.shape
    larger = Image.fromarray(grey).resize((round(width * factor), round(height * factor)), Image.Resampling.BICUBIC)
    canvas = Image.new("L", (width, height))
    canvas.paste(larger, ((width - larger.width) // 2, (height - larger.height) // 2))
    return np.asarray(canvas)


def changed(grey, gain, gamma):
    return np.clip(255 * gain * (grey / 255) ** gamma, 0, 255).astype(np.uint8)


def noised(grey, deviation, rng):
    return np.clip(grey + rng.normal(0, deviation, grey.shape), 0, 255).astype(np.uint8)


def blended(grey, other, share):
    return (share * grey + (1 - share) * other.astype(float)).astype(np.uint8)


def pasted(grey, other, rng):
    """Paste one textured patch of the real image into a generated one, 20 pixels right and 10 down, mirrored."""
    spread = [(grey[y : y + PATCH, x : x + PATCH].std(), y, x) for y in range(40, 150, 7) for x in range(40, 130, 7)]
    _, y, x = sorted(spread)[rng.integers(len(spread) // 2, len(spread))]
    result = other.copy()
    left = grey.shape[1] - PATCH - (x + 20)
    result[y + 10 : y + 10 + PATCH, left : left + PATCH] = grey[y : y + PATCH, x : x + PATCH][:, ::-1]
    return result


# Name, how it is made, and the shift and mirroring that are right (None: nothing was planted, or anything goes).
KINDS = {
    "nothing planted": (lambda _g, o, _r: o, None),
    "exact": (lambda g, _o, _r: g, (0, 0, False)),
    "shifted by 13 right, 8 up": (lambda g, _o, _r: shifted(g, 13, -8), (13, -8, False)),
    "mirrored": (lambda g, _o, _r: g[:, ::-1], (0, 0, True)),
    "mirrored and shifted": (lambda g, _o, _r: shifted(g, 13, -8)[:, ::-1], (13, -8, True)),
    "5 % larger": (lambda g, _o, _r: rescaled(g, 1.05), None),
    "10 % larger": (lambda g, _o, _r: rescaled(g, 1.10), None),
    "10 % smaller": (lambda g, _o, _r: rescaled(g, 0.90), None),
    "gain 0.7, gamma 1.5": (lambda g, _o, _r: changed(g, 0.7, 1.5), (0, 0, False)),
    "noise of deviation 15": (lambda g, _o, r: noised(g, 15, r), (0, 0, False)),
    "noise of deviation 30": (lambda g, _o, r: noised(g, 30, r), (0, 0, False)),
    "70 % blended with a generated image": (lambda g, o, _r: blended(g, o, 0.7), (0, 0, False)),
    "50 % blended": (lambda g, o, _r: blended(g, o, 0.5), (0, 0, False)),
    "30 % blended": (lambda g, o, _r: blended(g, o, 0.3), (0, 0, False)),
    "one patch, mirrored and shifted": (pasted, (20, 10, True)),
}


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
