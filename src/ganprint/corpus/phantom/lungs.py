"""The lungs: contours, parenchyma with its texture, fissures, emphysema, and the domes of the diaphragm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from ganprint.corpus.phantom.shapes import Canvas, FloatArray, ellipse, rounded
from ganprint.corpus.phantom.wall import Wall

__all__ = ["Lungs", "Texture", "draw_lungs", "draw_texture", "lung_contours", "paint_domes", "paint_fissures"]


@dataclass(frozen=True)
class Lungs:
    """One patient's lungs; densities in Hounsfield units, lengths in patient units."""

    density: float
    gravity: float
    mottle: float
    emphysema: float
    front_gap: float
    back_gap: float
    medial: tuple[float, float, float, float]
    right_dome: float
    left_dome: float
    liver: float
    stomach_air: bool
    fissure: float


@dataclass(frozen=True)
class Texture:
    """A random field that turns smoothly into another along the body.

    Attributes
    ----------
    one, two
        Independent fields [size, size] of unit variance; at depth z the field is their mixture at angle z / length.
    length
        Depth over which the field changes by one radian.
    """

    one: NDArray[np.float32]
    two: NDArray[np.float32]
    length: float

    def at(self, z: float) -> NDArray[np.float32]:
        """Give the field at depth ``z``."""
        angle = z / self.length
        return np.asarray(np.cos(angle) * self.one + np.sin(angle) * self.two, dtype=np.float32)


def draw_texture(rng: np.random.Generator, size: int, grain: float, length: float) -> Texture:
    """Draw a texture whose grain is ``grain`` (standard deviation of the smoothing) of the image's width."""
    coarse = max(1, min(4, int(grain * size / 1.5)))
    side = size // coarse
    fields = []
    for _ in range(2):
        smooth = gaussian_filter(rng.standard_normal((side, side), dtype=np.float32), grain * side, mode="wrap")
        field = zoom(smooth, coarse, order=1) if coarse > 1 else smooth
        fields.append(np.asarray(field / field.std(), dtype=np.float32))
    return Texture(fields[0], fields[1], length)


def draw_lungs(rng: np.random.Generator) -> Lungs:
    """Draw a patient's lungs; one in five has emphysema."""
    right = rng.uniform(0.62, 0.9)
    return Lungs(
        density=rng.uniform(-890, -800),
        gravity=rng.uniform(20, 90),
        mottle=rng.uniform(8, 26),
        emphysema=rng.uniform(0.4, 1.0) * float(rng.random() < 0.2),
        front_gap=rng.uniform(0.08, 0.3),
        back_gap=rng.uniform(0.26, 0.4),
        medial=(
            rng.uniform(0.19, 0.27),
            rng.uniform(0.17, 0.25),
            rng.uniform(0.2, 0.32),
            rng.uniform(0.1, 0.25),
        ),
        right_dome=right,
        left_dome=right + rng.uniform(0.0, 0.12),
        liver=rng.uniform(45, 70),
        stomach_air=bool(rng.random() < 0.5),
        fissure=rng.uniform(-0.2, 0.3),
    )


def lung_contours(lungs: Lungs, wall: Wall, z: float) -> list[FloatArray]:
    """Give the contours of the right and the left lung (left and right of the image) at depth ``z``."""
    contours = []
    for side in (-1, 1):
        angle = np.linspace(-np.pi / 2 + lungs.front_gap, np.pi / 2 - lungs.back_gap, 40)
        outer = wall.cavity(angle, z, margin=-0.025)
        back = outer[-1, 1]
        inner = np.array(
            [
                [lungs.medial[0], back * 0.8],
                [lungs.medial[1], back * 0.5],
                [lungs.medial[2], 0.0],
                [lungs.medial[3] + 0.06, -0.6 * wall.depth_ratio],
            ]
        )
        contour = np.concatenate([outer, inner]) * [side, 1]
        contours.append(rounded(contour, 0.012))
    return contours


def paint_fissures(canvas: Canvas, lungs: Lungs, z: float) -> None:
    """Paint the oblique fissure of each lung as a thin curved line that moves forward with depth."""
    for side in (-1, 1):
        y = 0.45 - 0.75 * z + lungs.fissure + 0.06 * side
        along = np.linspace(0.2, 1.0, 12)
        path = np.stack([side * along, y + 0.25 * (along - 0.5) ** 2 - 0.1 * along], axis=1)
        canvas.stroke(path, 0.006, -760.0)


def paint_domes(canvas: Canvas, lungs: Lungs, z: float, contrast: float) -> None:
    """Paint liver (image left), and spleen and stomach (image right), where the diaphragm has risen to ``z``."""
    if z > lungs.right_dome:
        grown = np.sqrt((z - lungs.right_dome) / 0.4)
        canvas.fill(ellipse(-0.48, 0.0, 0.62 * grown + 0.04, 0.68 * grown + 0.04, 0.2), lungs.liver + 0.2 * contrast)
    if z > lungs.left_dome:
        grown = np.sqrt((z - lungs.left_dome) / 0.4)
        canvas.fill(ellipse(0.56, 0.1, 0.5 * grown + 0.03, 0.62 * grown + 0.03, -0.2), 48 + 0.25 * contrast)
        if lungs.stomach_air and grown > 0.35:
            canvas.fill(ellipse(0.55, -0.12, 0.26 * grown, 0.2 * grown, 0.3), -980.0)
