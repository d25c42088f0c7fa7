"""The scanner: table, field of view, kernel, noise and the display window that makes grey values of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ganprint.corpus.phantom.shapes import Canvas

__all__ = ["Scanner", "acquire", "draw_scanner", "paint_table"]


@dataclass(frozen=True)
class Scanner:
    """What one examination's images owe to the scanner.

    Attributes
    ----------
    table_bend, table_gap, table_thick
        Curvature, distance to the back and thickness of the table in image units.
    field
        Radius of the reconstructed circle in image units; outside it nothing was measured.
    padding
        Hounsfield units outside the circle.
    sharpness
        Standard deviation of the kernel in pixels of a 256-pixel image.
    grain
        Standard deviation, in pixels, of the smoothing that gives the noise its grain.
    noise
        Standard deviation of the noise in Hounsfield units.
    low, high
        The display window's ends: black and white.
    """

    table_bend: float
    table_gap: float
    table_thick: float
    table_frame: bool
    field: float
    padding: float
    sharpness: float
    grain: float
    noise: float
    low: float
    high: float


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw an examination's settings."""
    low = rng.uniform(-1150, -950)
    return Scanner(
        table_bend=rng.uniform(0.08, 0.3),
        table_gap=rng.uniform(0.01, 0.05),
        table_thick=rng.uniform(0.06, 0.14),
        table_frame=bool(rng.random() < 0.3),
        field=rng.uniform(0.97, 1.5),
        padding=-1000.0 - 200.0 * float(rng.random() < 0.5),
        sharpness=rng.uniform(0.45, 0.9),
        grain=rng.uniform(0.4, 1.0),
        noise=float(np.clip(rng.lognormal(3.1, 0.5), 8, 70)),
        low=low,
        high=rng.uniform(220, 480),
    )


def paint_table(canvas: Canvas, scanner: Scanner, top: float) -> None:
    """Paint the table, an arc of two thin shells with foam between; ``top`` is its highest y in image units."""
    x = np.linspace(-1.1, 1.1, 60)
    upper = top + scanner.table_gap + scanner.table_bend * (0.15 - x**2)
    lower = upper + scanner.table_thick * np.sqrt(np.clip(1 - (x / 1.15) ** 2, 0, 1))
    shell = 0.011

    def band(one: NDArray[np.float64], two: NDArray[np.float64], hu: float) -> None:
        contour = np.concatenate([np.stack([x, one], axis=1), np.stack([x, two], axis=1)[::-1]])
        canvas.fill_image_units(contour, hu)

    band(upper, lower, -940.0)
    band(upper, upper + shell, -150.0)
    band(lower - shell, lower, -80.0)
    if scanner.table_frame:
        y = float(lower[30])
        box = np.array([[-0.28, y], [0.28, y], [0.12, y + 0.12], [-0.12, y + 0.12]])
        canvas.fill_image_units(box, -250.0)
        canvas.fill_image_units(box * [0.75, 1] + [0, 0.025], -900.0)


def acquire(hu: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn Hounsfield units [size, size] into the grey values of a slice: kernel, noise, field of view, window.

    The noise is higher in the body's middle, where the rays have come through most tissue.
    """
    size = hu.shape[0]
    per_pixel = size / 256
    image = gaussian_filter(hu, scanner.sharpness * per_pixel)
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    square = axis[:, None] ** 2 + axis[None, :] ** 2
    white = rng.standard_normal((size, size), dtype=np.float32)
    grain = gaussian_filter(white, scanner.grain * per_pixel)
    # Reconstruction suppresses the lowest frequencies of the noise.
    grain -= gaussian_filter(grain, 3 * per_pixel)
    grain *= scanner.noise / max(float(grain.std()), 1e-6)
    image += grain * (0.55 + 0.9 * np.exp(-square / 0.35))
    image[square > scanner.field**2] = scanner.padding
    grey = (image - scanner.low) * (255 / (scanner.high - scanner.low))
    return np.asarray(np.clip(np.rint(grey), 0, 255), dtype=np.uint8)
