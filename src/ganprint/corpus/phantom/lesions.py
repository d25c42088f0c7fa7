"""Lesions that some patients have: nodules, cavities, consolidation, buds along small airways, effusion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.corpus.phantom.lungs import Texture
from ganprint.corpus.phantom.shapes import Canvas, FloatArray, ellipse
from ganprint.corpus.phantom.vessels import DEPTH_UNITS

__all__ = ["Lesions", "consolidation_share", "draw_lesions", "effusion_contour", "paint_lesions"]


@dataclass(frozen=True)
class Lesions:
    """One patient's lesions.

    Attributes
    ----------
    balls
        [n, 5]: x, y, z (patient units along all three), radius, Hounsfield units.
    cavities
        [n, 5]: x, y, z, outer radius, share of the radius that is air.
    clouds
        [n, 5]: x, y, z, radius, strength of patchy consolidation.
    effusion
        Height of a pleural effusion in patient units, 0 for none.
    effusion_side
        -1 or 1, the side of the image.
    """

    balls: FloatArray
    cavities: FloatArray
    clouds: FloatArray
    effusion: float
    effusion_side: int


def _place(rng: np.random.Generator) -> tuple[float, float, float]:
    side = 1 if rng.random() < 0.5 else -1
    angle = rng.uniform(-1.2, 1.1)
    share = rng.uniform(0.4, 0.85)
    x = side * (0.15 + 0.85 * share * np.cos(angle))
    return float(x), float(0.7 * share * np.sin(angle)), float(rng.uniform(0.0, 1.0) * DEPTH_UNITS)


def draw_lesions(rng: np.random.Generator) -> Lesions:
    """Draw a patient's lesions: a third have tuberculosis-like changes, a third a few nodules, the rest hardly any."""
    kind = rng.random()
    cavities: list[tuple[float, ...]] = []
    clouds: list[tuple[float, ...]] = []
    count = int(rng.integers(0, 3) if kind > 0.33 else rng.integers(0, 6))
    balls: list[tuple[float, ...]] = [
        (*_place(rng), rng.uniform(0.02, 0.09), rng.uniform(-100, 80)) for _ in range(count)
    ]
    if kind < 0.33:
        for _ in range(int(rng.integers(1, 4))):
            centre = _place(rng)
            clouds.append((*centre, rng.uniform(0.18, 0.5), rng.uniform(0.5, 1.0)))
            for _ in range(int(rng.integers(5, 25))):
                offset = rng.normal(0, 0.13, 3)
                balls.append((*(np.array(centre) + offset), rng.uniform(0.008, 0.022), rng.uniform(-350, -50)))
            if rng.random() < 0.5:
                cavities.append((*centre, rng.uniform(0.07, 0.17), rng.uniform(0.45, 0.8)))
    effusion = rng.uniform(0.06, 0.3) * float(rng.random() < 0.15)
    return Lesions(_rows(balls), _rows(cavities), _rows(clouds), effusion, 1 if rng.random() < 0.5 else -1)


def _rows(items: list[tuple[float, ...]]) -> FloatArray:
    return np.array(items, dtype=np.float64).reshape(-1, 5)


def _cut(row: FloatArray, z: float) -> float:
    """Give the radius of the circle in which the plane at ``z`` cuts a ball, 0 where it misses it."""
    distance = row[2] - z * DEPTH_UNITS
    return float(np.sqrt(max(0.0, row[3] ** 2 - distance**2)))


def paint_lesions(canvas: Canvas, lesions: Lesions, z: float) -> None:
    """Paint nodules and cavities; consolidation is a share of the parenchyma, see :func:`consolidation_share`."""
    for row in lesions.balls:
        radius = _cut(row, z)
        if radius > 0:
            canvas.fill(ellipse(row[0], row[1], radius * 1.1, radius * 0.92, row[0] * 9), row[4])
    for row in lesions.cavities:
        radius = _cut(row, z)
        if radius > 0:
            canvas.fill(ellipse(row[0], row[1], radius * 1.1, radius, row[1] * 9), 30.0)
            canvas.fill(ellipse(row[0] + 0.01, row[1] - 0.01, radius * row[4], radius * row[4] * 0.9), -960.0)


def effusion_contour(lesions: Lesions, z: float, back: float) -> FloatArray | None:
    """Give the contour of a pleural effusion, which lies at the back of its lung; None without one."""
    height = lesions.effusion * (0.4 + 0.8 * min(max(z, 0.0), 1.0))
    if height <= 0.04:
        return None
    return ellipse(lesions.effusion_side * 0.55, back + 0.02, 0.75, 2 * height, -0.25 * lesions.effusion_side)


def consolidation_share(
    lesions: Lesions, z: float, x: NDArray[np.float32], y: NDArray[np.float32], texture: Texture
) -> NDArray[np.float32] | None:
    """Give, per pixel, the share of air that is replaced by fluid, in [0, 1]; None where the slice meets no cloud.

    Parameters
    ----------
    x, y
        Patient coordinates [size, size] of the pixels.
    texture
        Makes the cloud patchy.
    """
    share: NDArray[np.float32] | None = None
    for row in lesions.clouds:
        distance = row[2] - z * DEPTH_UNITS
        if abs(distance) > 2 * row[3]:
            continue
        bell = np.exp(-(((x - row[0]) ** 2 + (y - row[1]) ** 2 + distance**2) / row[3] ** 2))
        cloud = np.clip((bell * 1.5 + 0.55 * bell**0.5 * texture.at(z) - 0.7) * 1.3, 0, 1) * row[4]
        share = cloud if share is None else np.maximum(share, cloud)
    return share
