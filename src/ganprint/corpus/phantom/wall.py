"""The chest wall: skin outline, fat, muscles, ribs, sternum, shoulder blades, arms."""

from dataclasses import dataclass

import numpy as np

from ganprint.corpus.phantom.shapes import Canvas, FloatArray, bump, ellipse, rounded, superellipse_radius

__all__ = ["Wall", "draw_wall", "paint_ribs", "paint_wall"]

_ANGLE = np.linspace(-np.pi, np.pi, 144, endpoint=False)
_FRONT, _BACK = -np.pi / 2, np.pi / 2
_FAT, _MUSCLE, _SKIN, _CORTEX, _MARROW, _CARTILAGE = -100.0, 45.0, 10.0, 620.0, 230.0, 110.0


@dataclass(frozen=True)
class Wall:
    """What makes one patient's chest wall; lengths in patient units, ``depth`` 0 at the aortic arch, 1 at the liver."""

    depth_ratio: float
    exponent: float
    widening: float
    fat: float
    fat_front: float
    fat_side: float
    muscle: float
    pectoral: float
    breast: float
    breast_place: float
    asymmetry: float
    back_flat: float
    outline_phase: float
    rib_first: float
    rib_spacing: float
    rib_slope: float
    rib_width: float
    bone: float
    sternum: float
    scapula_end: float
    scapula_turn: float
    arms_down: bool
    arm_side: float

    def cavity(self, angle: FloatArray, z: float, margin: float = 0.0) -> FloatArray:
        """Give the contour [n, 2] of the inner chest wall, ``margin`` further out."""
        open_ = min(max(z, -0.2), 1.0)
        width = 1 - self.widening * np.exp(-(open_ + 0.2) / 0.25)
        height = self.depth_ratio * (1 - 0.6 * self.widening * np.exp(-(open_ + 0.2) / 0.3))
        radius = superellipse_radius(angle, width, height, self.exponent) + margin
        radius *= 1 + self.asymmetry * np.cos(angle) - 0.03 * bump(angle, _FRONT, 0.35)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

    def back(self) -> float:
        """Give the y at which the back touches the table."""
        return self.depth_ratio + 0.28 + 0.6 * self.fat + self.back_flat


def draw_wall(rng: np.random.Generator) -> Wall:
    """Draw a patient's chest wall; about half have breasts, one in eight keeps the arms down."""
    return Wall(
        depth_ratio=rng.uniform(0.64, 0.82),
        exponent=rng.uniform(2.05, 2.5),
        widening=rng.uniform(0.18, 0.4),
        fat=float(np.clip(rng.lognormal(-2.5, 0.6), 0.02, 0.3)),
        fat_front=rng.uniform(0.5, 1.3),
        fat_side=rng.uniform(0.8, 1.6),
        muscle=rng.uniform(0.7, 1.3),
        pectoral=rng.uniform(0.05, 0.17),
        breast=rng.uniform(0.08, 0.34) * float(rng.random() < 0.5),
        breast_place=rng.uniform(0.55, 0.95),
        asymmetry=rng.uniform(-0.03, 0.03),
        back_flat=rng.uniform(-0.03, 0.03),
        outline_phase=rng.uniform(0, 2 * np.pi),
        rib_first=rng.uniform(-1.0, -0.86),
        rib_spacing=rng.uniform(0.125, 0.17),
        rib_slope=rng.uniform(0.5, 0.8),
        rib_width=rng.uniform(0.05, 0.07),
        bone=rng.uniform(0.7, 1.25),
        sternum=rng.uniform(0.12, 0.2),
        scapula_end=rng.uniform(0.3, 0.65),
        scapula_turn=rng.uniform(-0.15, 0.25),
        arms_down=bool(rng.random() < 0.12),
        arm_side=rng.uniform(1.45, 1.6),
    )


def _muscle_contour(wall: Wall, z: float) -> FloatArray:
    upper = 1 / (1 + np.exp((z - 0.4) / 0.12))
    thick = 0.085 + 0.13 * bump(_ANGLE, _BACK, 0.6)
    for side in (-1, 1):
        thick += 0.09 * bump(_ANGLE, _BACK + 0.36 * side, 0.22)
        thick += (0.06 + 0.16 * upper) * bump(_ANGLE, _BACK + 0.95 * side, 0.38)
        thick += 0.07 * upper * bump(_ANGLE, _BACK + 1.6 * side, 0.4)
        thick += wall.pectoral * (0.15 + 0.85 * upper) * bump(_ANGLE, _FRONT + 0.7 * side, 0.36)
    thick *= wall.muscle
    contour: FloatArray = wall.cavity(_ANGLE, z) + thick[:, None] * np.stack([np.cos(_ANGLE), np.sin(_ANGLE)], axis=1)
    return contour


def _breast_height(z: float) -> float:
    """Give the share of a breast's full height that it has at depth ``z``."""
    return float(np.exp(-(((z - 0.55) / 0.4) ** 2)))


def _skin_contour(wall: Wall, z: float, muscle: FloatArray) -> FloatArray:
    shoulders = np.exp(-max(z + 0.15, 0.0) / 0.12)
    thick = wall.fat * (1 + (wall.fat_front - 1) * bump(_ANGLE, _FRONT, 0.7)) + 0.025
    for side in (-1, 1):
        direction = 0.0 if side > 0 else np.pi
        thick += wall.fat * (wall.fat_side - 1) * bump(_ANGLE, direction, 0.5)
        thick += 0.35 * shoulders * bump(_ANGLE, direction - 0.1 * side, 0.45)
        thick += wall.breast * _breast_height(z) * bump(_ANGLE, _FRONT + wall.breast_place * side, 0.3)
    thick *= 1 + 0.08 * np.cos(3 * _ANGLE + wall.outline_phase + z)
    contour = muscle + thick[:, None] * np.stack([np.cos(_ANGLE), np.sin(_ANGLE)], axis=1)
    back = wall.back()
    # The table flattens the back: what would lie below it is folded smoothly to it.
    contour[:, 1] = -np.logaddexp(-contour[:, 1] * 25, -back * 25) / 25
    return rounded(contour, 0.01)


def paint_wall(canvas: Canvas, wall: Wall, z: float) -> None:
    """Paint skin, fat, muscles, arms and shoulder blades; the cavity's inside and the ribs come later."""
    muscle = _muscle_contour(wall, z)
    skin = _skin_contour(wall, z, muscle)
    if wall.arms_down:
        _paint_arms(canvas, wall)
    canvas.fill(skin, _SKIN)
    canvas.fill(skin * (1 - 0.022), _FAT)
    _paint_breast_glands(canvas, wall, z, muscle)
    canvas.fill(rounded(muscle, 0.008), _MUSCLE)
    _paint_fat_planes(canvas, wall, z, muscle)
    if z < wall.scapula_end:
        _paint_scapulae(canvas, wall, z)


def _paint_arms(canvas: Canvas, wall: Wall) -> None:
    for side in (-1, 1):
        x = side * wall.arm_side
        canvas.fill(ellipse(x, 0.15, 0.24 + 0.4 * wall.fat, 0.3 + 0.4 * wall.fat), _FAT)
        canvas.fill(ellipse(x, 0.15, 0.2, 0.26), _MUSCLE)
        canvas.disc(x, 0.15, 0.075, _CORTEX * wall.bone)
        canvas.disc(x, 0.15, 0.04, 20.0)


def _paint_breast_glands(canvas: Canvas, wall: Wall, z: float, muscle: FloatArray) -> None:
    thick = wall.breast * _breast_height(z) + wall.fat
    if wall.breast < 0.12 or thick < 0.15:
        return
    for side in (-1, 1):
        for step in range(5):
            turn = _FRONT + wall.breast_place * side + 0.05 * (step - 2)
            nearest = muscle[np.argmin(np.abs(_ANGLE - turn))]
            ripple = 0.15 * np.cos(5 * step + wall.outline_phase + 4 * z)
            r = np.hypot(*nearest) + thick * (0.45 + ripple)
            canvas.fill(ellipse(r * np.cos(turn), r * np.sin(turn), 0.25 * thick, 0.018, turn), -10.0)


def _paint_fat_planes(canvas: Canvas, wall: Wall, z: float, muscle: FloatArray) -> None:
    ring = wall.cavity(_ANGLE, z, margin=0.09)
    inside = np.hypot(*ring.T) < np.hypot(*muscle.T) - 0.03
    for side in (-1, 1):
        offset = (_ANGLE - _BACK) * side % (2 * np.pi)
        for low, high in ((0.5, 1.9), (2.0, 2.75)):
            part = inside & (offset > low) & (offset < high)
            if part.sum() > 3:
                order = np.argsort(offset[part])
                canvas.stroke(ring[part][order], 0.022, _FAT)
    for angle in (_BACK - 0.2, _BACK + 0.2):
        start = wall.cavity(np.array([angle]), z, margin=0.07)[0]
        end = wall.cavity(np.array([angle * 1.02]), z, margin=0.24)[0]
        canvas.stroke(np.stack([start, end]), 0.016, _FAT)


def _paint_scapulae(canvas: Canvas, wall: Wall, z: float) -> None:
    size = min(1.0, (wall.scapula_end - z) / 0.25)
    for side in (-1, 1):
        along = np.linspace(0.78, 0.78 + 0.62 * size, 9)
        curve = wall.cavity(_BACK - side * along, z, margin=0.15)
        curve += 0.03 * np.sin(np.linspace(0, 3, 9) + wall.outline_phase)[:, None]
        canvas.stroke(curve, 0.05, _CORTEX * wall.bone * 0.9)
        canvas.stroke(curve[1:-1], 0.018, _MARROW)
        if size > 0.6:
            out = curve[4] / np.hypot(*curve[4])
            tip = curve[4] + 0.085 * wall.muscle * (out + np.array([0.0, wall.scapula_turn]))
            canvas.stroke(np.stack([curve[4], tip]), 0.035, _CORTEX * wall.bone * 0.7)
            thick = 0.03 + 0.03 * (size - 0.6) / 0.4
            canvas.fill(ellipse(curve[-1, 0], curve[-1, 1], thick, 1.5 * thick), _CORTEX * wall.bone * 0.8)
            canvas.fill(ellipse(curve[-1, 0], curve[-1, 1], 0.6 * thick, thick), _MARROW)


def paint_ribs(canvas: Canvas, wall: Wall, z: float) -> None:
    """Paint the rib arcs that the slice meets, and the sternum.

    A rib starts at the spine and falls towards the front, so that a slice meets each one over a short arc only.
    """
    half = wall.rib_width / wall.rib_slope / 2
    for side in (-1, 1):
        for number in range(16):
            start = wall.rib_first + wall.rib_spacing * number + 0.01 * side
            centre = (z - start) / wall.rib_slope
            low, high = max(centre - half, 0.07), min(centre + half, 0.93)
            if high - low < 0.01:
                continue
            arc = wall.cavity(_BACK - side * np.pi * np.linspace(low, high, 7), z, margin=0.045)
            if low > 0.8:
                canvas.stroke(arc, 0.06, _CARTILAGE)
                continue
            canvas.stroke(arc, 0.06, _CORTEX * wall.bone)
            canvas.stroke(arc[1:-1], 0.024, _MARROW)
    y = wall.cavity(np.array([_FRONT]), z, margin=0.05)[0, 1]
    canvas.fill(rounded(ellipse(0, y, wall.sternum, 0.055), 0.01), _CORTEX * wall.bone * 0.7)
    canvas.fill(ellipse(0, y, wall.sternum - 0.025, 0.03), _MARROW * 0.8)
