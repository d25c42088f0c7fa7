"""What lies between the lungs: heart and its chambers, great vessels, windpipe and bronchi, gullet, fat."""

from dataclasses import dataclass

import numpy as np

from ganprint.corpus.phantom.shapes import Canvas, FloatArray, ellipse, rounded

__all__ = ["Mediastinum", "draw_mediastinum", "paint_cavity", "paint_mediastinum"]

_MUSCLE, _FAT, _AIR, _WALL, _CALCIUM = 45.0, -95.0, -990.0, 20.0, 700.0


@dataclass(frozen=True)
class Mediastinum:
    """One patient's heart and vessels; lengths in patient units, z as in ``wall``."""

    heart_width: float
    heart_depth: float
    heart_turn: float
    heart_x: float
    heart_y: float
    heart_top: float
    heart_end: float
    wobble: float
    contrast: float
    aorta: float
    cava: float
    trunk: float
    trachea: float
    carina: float
    spread: float
    fat: float
    arch: float
    calcium: bool
    gullet_air: bool
    nodes: float


def draw_mediastinum(rng: np.random.Generator) -> Mediastinum:
    """Draw a patient's heart and vessels; half of the patients were given contrast medium."""
    return Mediastinum(
        heart_width=rng.uniform(0.42, 0.6),
        heart_depth=rng.uniform(0.33, 0.45),
        heart_turn=rng.uniform(0.2, 0.8),
        heart_x=rng.uniform(0.08, 0.22),
        heart_y=rng.uniform(-0.2, -0.06),
        heart_top=rng.uniform(0.3, 0.42),
        heart_end=rng.uniform(1.0, 1.2),
        wobble=rng.uniform(0, 2 * np.pi),
        contrast=rng.uniform(60, 260) * float(rng.random() < 0.5),
        aorta=rng.uniform(0.1, 0.14),
        cava=rng.uniform(0.06, 0.085),
        trunk=rng.uniform(0.1, 0.14),
        trachea=rng.uniform(0.065, 0.085),
        carina=rng.uniform(0.16, 0.26),
        spread=rng.uniform(0.9, 1.3),
        fat=rng.uniform(0.0, 1.0),
        arch=rng.uniform(0.0, 0.1),
        calcium=bool(rng.random() < 0.3),
        gullet_air=bool(rng.random() < 0.4),
        nodes=rng.uniform(0, 0.06),
    )


def paint_cavity(canvas: Canvas, medium: Mediastinum, contour: FloatArray) -> None:
    """Fill the chest cavity with what lies between the organs: fat, more or less of it."""
    canvas.fill(contour, _MUSCLE)
    canvas.fill(contour * 0.985, 10 - 95 * medium.fat)


def paint_mediastinum(canvas: Canvas, medium: Mediastinum, z: float) -> None:
    """Paint heart, great vessels, airways and gullet at depth ``z``."""
    blood = 40 + medium.contrast
    _paint_great_vessels(canvas, medium, z, blood)
    _paint_heart(canvas, medium, z, blood)
    _paint_descending_aorta(canvas, medium, z, blood)
    _paint_gullet(canvas, medium, z)
    _paint_airways(canvas, medium, z)


def _paint_heart(canvas: Canvas, medium: Mediastinum, z: float, blood: float) -> None:
    if z < medium.heart_top:
        return
    middle = (medium.heart_top + medium.heart_end) / 2
    half = (medium.heart_end - medium.heart_top) / 2
    grown = np.sqrt(max(0.0, 1 - ((z - middle) / half) ** 2)) ** 0.7
    if grown <= 0.15:
        return
    x = medium.heart_x + 0.12 * (z - medium.heart_top)
    y = medium.heart_y
    a, b = medium.heart_width * grown, medium.heart_depth * grown
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    shape = 1 + 0.05 * np.cos(3 * turn + medium.wobble) + 0.03 * np.cos(5 * turn + 2 * medium.wobble + 2 * z)
    c, s = np.cos(medium.heart_turn), np.sin(medium.heart_turn)
    outline = np.stack([a * shape * np.cos(turn), b * shape * np.sin(turn)], axis=1) @ np.array([[c, s], [-s, c]])
    canvas.fill(outline * (1 + 0.08 * medium.fat) + [x, y], _FAT + 60 * (1 - medium.fat))
    canvas.fill(outline + [x, y], _MUSCLE + 0.25 * medium.contrast)

    def chamber(u: float, v: float, ru: float, rv: float, hu: float) -> None:
        """Fill a chamber at (u, v) of the heart's own axes, in shares of its half axes."""
        centre = np.array([a * u, b * v]) @ np.array([[c, s], [-s, c]])
        canvas.fill(ellipse(x + centre[0], y + centre[1], a * ru, b * rv, medium.heart_turn), hu)

    lower = np.clip((z - medium.heart_top) / 0.35, 0, 1)
    chamber(0.42, 0.28, 0.34 * lower + 0.05, 0.36, blood)
    chamber(0.12, -0.5, 0.55, 0.3, blood * 0.95)
    chamber(-0.62, -0.15, 0.26, 0.5, blood * 0.9)
    chamber(-0.2, 0.52, 0.48 * (1.1 - lower), 0.34, blood)
    if medium.calcium:
        centre = np.array([a * 0.1, -b * 0.1])
        canvas.stroke(np.stack([centre + [x, y], centre + [x + 0.07, y + 0.02]]), 0.02, _CALCIUM)


def _paint_great_vessels(canvas: Canvas, medium: Mediastinum, z: float, blood: float) -> None:
    if z > medium.heart_top + 0.12:
        return
    middle = np.array([[-0.3, -0.35], [0.28, -0.38], [0.32, 0.1], [0.2, 0.4], [-0.18, 0.4], [-0.32, 0.05]])
    canvas.fill(rounded(middle * [1, 1], 0.05), 25 - 110 * medium.fat)
    if z < medium.arch + 0.06:
        canvas.fill(ellipse(0.1, 0.03, 0.36, medium.aorta * 1.05, 0.95), blood)
        for x, y, r in ((-0.16, -0.28, 0.055), (0.02, -0.25, 0.045), (0.2, -0.15, 0.045)):
            if z < medium.arch - 0.06:
                canvas.disc(x, y, r, blood)
    else:
        canvas.disc(-0.06, -0.2, medium.aorta * 1.12, blood)
    canvas.disc(-0.27, -0.12, medium.cava, blood * 0.95)
    from_carina = z - medium.carina
    if -0.02 < from_carina < 0.2:
        canvas.fill(ellipse(0.17, -0.2, medium.trunk, medium.trunk * 1.25, 0.5), blood)
        canvas.fill(ellipse(0.3, 0.0, 0.2, medium.trunk * 0.6, 0.9), blood)
        if from_carina > 0.04:
            canvas.fill(ellipse(-0.12, -0.03, 0.28, medium.trunk * 0.6, -0.15), blood)
            canvas.disc(-0.06, -0.2, medium.aorta * 1.12, blood)
    if medium.nodes > 0.03:
        canvas.disc(-0.12, 0.05, medium.nodes, 40)
        canvas.disc(0.13, 0.12, medium.nodes * 0.8, 40)


def _paint_descending_aorta(canvas: Canvas, medium: Mediastinum, z: float, blood: float) -> None:
    if z < medium.arch:
        return
    x, y = 0.21 - 0.1 * z, 0.3 + 0.03 * z
    canvas.disc(x, y, medium.aorta * 1.12, _MUSCLE - 10)
    canvas.disc(x, y, medium.aorta, blood)
    if medium.calcium:
        canvas.disc(x + medium.aorta * 0.8, y - medium.aorta * 0.5, 0.016, _CALCIUM)


def _paint_gullet(canvas: Canvas, medium: Mediastinum, z: float) -> None:
    x, y = 0.03 + 0.03 * z, 0.25
    canvas.fill(ellipse(x, y, 0.065, 0.045, 0.3), 38)
    if medium.gullet_air:
        canvas.fill(ellipse(x, y, 0.025, 0.014, 0.3), -700)


def _paint_airways(canvas: Canvas, medium: Mediastinum, z: float) -> None:
    beyond = z - medium.carina
    r = medium.trachea
    if beyond < 0:
        canvas.fill(ellipse(0, 0.08, r * 1.22, r * 1.12), _WALL)
        canvas.fill(ellipse(0, 0.08, r, r * 0.92), _AIR)
    elif beyond < 0.24:
        for side in (-1, 1):
            x = side * (0.05 + medium.spread * beyond)
            y = 0.08 + 0.25 * beyond
            canvas.fill(ellipse(x, y, r * 1.0, r * 0.85, 0.5 * side), _WALL)
            canvas.fill(ellipse(x, y, r * 0.8, r * 0.66, 0.5 * side), _AIR)
