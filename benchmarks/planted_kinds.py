"""Copies of an image, planted on purpose: what benchmarks/planted_copies.py and planted_attacks.py look for.

A kind is made from a real image, a generated one and a generator of chance, all images of 256 x 256 grey values.
"""

import numpy as np
from PIL import Image

PATCH = 64
"""Side in pixels of the region that "one patch" copies."""


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
