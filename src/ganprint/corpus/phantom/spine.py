"""The spine: vertebral body or disc, arch, canal, processes."""

from dataclasses import dataclass

import numpy as np

from ganprint.corpus.phantom.shapes import Canvas, FloatArray, ellipse, rounded

__all__ = ["Spine", "draw_spine", "paint_spine"]

_CORTEX, _MARROW, _DISC, _CORD, _FAT = 560.0, 210.0, 95.0, 35.0, -60.0

_BODY = np.array([[-1, -0.55], [-0.6, -1], [0.6, -1], [1, -0.55], [0.92, 0.8], [0.3, 0.95], [-0.3, 0.95], [-0.92, 0.8]])
"""Corners of a vertebral body, in shares of its half width and half depth."""


@dataclass(frozen=True)
class Spine:
    """One patient's spine; lengths in patient units."""

    width: float
    depth: float
    gap: float
    shift: float
    level: float
    spacing: float
    bone: float
    canal: float
    process: float
    turn: float


def draw_spine(rng: np.random.Generator) -> Spine:
    """Draw a patient's spine."""
    return Spine(
        width=rng.uniform(0.16, 0.2),
        depth=rng.uniform(0.125, 0.16),
        gap=rng.uniform(0.1, 0.2),
        shift=rng.uniform(-0.04, 0.04),
        level=rng.uniform(0, 1),
        spacing=rng.uniform(0.13, 0.17),
        bone=rng.uniform(0.65, 1.25),
        canal=rng.uniform(0.06, 0.08),
        process=rng.uniform(0.16, 0.26),
        turn=rng.uniform(-0.06, 0.06),
    )


def paint_spine(canvas: Canvas, spine: Spine, z: float, back_of_cavity: float, skin: float) -> None:
    """Paint the spine in front of ``back_of_cavity``, the y of the inner chest wall; ``skin`` is the y of the skin."""
    x, y = spine.shift, back_of_cavity - spine.gap
    phase = (z / spine.spacing + spine.level) % 1
    cortex, marrow = _CORTEX * spine.bone, _MARROW * spine.bone
    canal_y = y + spine.depth + spine.canal * 0.85
    if phase > 0.15:
        _paint_arch(canvas, spine, np.array([x, canal_y]), phase, skin)
    body = rounded(_BODY * [spine.width, spine.depth], 0.025)
    c, s = np.cos(spine.turn), np.sin(spine.turn)
    body = body @ np.array([[c, s], [-s, c]])
    place = np.array([x, y])
    if phase < 0.2:
        canvas.fill(body * 1.02 + place, _DISC)
        canvas.fill(body * 0.6 + place, _DISC - 25)
    else:
        end_plate = 1 + 0.9 * np.exp(-(((phase - 0.22) / 0.06) ** 2))
        canvas.fill(body + place, cortex)
        canvas.fill(body * 0.87 + place, marrow * end_plate)
    canvas.disc(x, canal_y, spine.canal, _FAT)
    canvas.disc(x, canal_y, spine.canal * 0.82, _CORD)


def _paint_arch(canvas: Canvas, spine: Spine, canal: FloatArray, phase: float, skin: float) -> None:
    cortex, marrow = _CORTEX * spine.bone, _MARROW * spine.bone
    x, canal_y = float(canal[0]), float(canal[1])
    canvas.disc(x, canal_y, spine.canal + 0.045, cortex * 0.9)
    for side in (-1, 1):
        tip = np.array([x + side * (0.2 + 0.1 * phase), canal_y + 0.06 + 0.06 * phase])
        root = np.array([x + side * (spine.canal + 0.02), canal_y - 0.01])
        canvas.stroke(np.stack([root, tip]), 0.075, cortex * 0.8)
        canvas.stroke(np.stack([root, tip]), 0.035, marrow)
    end = min(canal_y + spine.canal + spine.process * (0.45 + 0.55 * phase), skin - 0.1)
    path = np.array([[x, canal_y + spine.canal], [x + spine.turn * 0.5, end]])
    canvas.stroke(path, 0.06, cortex * 0.85)
    canvas.stroke(path, 0.022, marrow)
    canvas.fill(ellipse(x + spine.turn * 0.5, end, 0.04, 0.03), cortex * 0.7)
