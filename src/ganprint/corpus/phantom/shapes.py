"""Contours in patient coordinates and the canvas that turns them into Hounsfield units.

Patient coordinates: the thoracic cavity is about one unit wide on either side of the origin, x grows to the right of
the image (the patient's left) and y towards the back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter1d

__all__ = ["Canvas", "FloatArray", "Placement", "bump", "ellipse", "rounded", "superellipse_radius"]

FloatArray = NDArray[np.float64]

_CONTOUR_POINTS = 120
_TURN = np.linspace(0, 2 * np.pi, 48, endpoint=False)
_COS, _SIN = np.cos(_TURN), np.sin(_TURN)


def ellipse(x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> FloatArray:
    """Give the contour [48, 2] of an ellipse, turned by ``angle`` radians."""
    across, along = rx * _COS, ry * _SIN
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([x + c * across - s * along, y + s * across + c * along], axis=1)


def superellipse_radius(angle: FloatArray, rx: float, ry: float, exponent: float) -> FloatArray:
    """Give the distance from the centre to a superellipse |x/rx|^e + |y/ry|^e = 1 in the direction of ``angle``."""
    power = np.abs(np.cos(angle) / rx) ** exponent + np.abs(np.sin(angle) / ry) ** exponent
    return np.asarray(power ** (-1 / exponent), dtype=np.float64)


def bump(angle: FloatArray, centre: float, width: float) -> FloatArray:
    """Give a bell of height 1 around ``centre`` on the circle of angles."""
    distance = (angle - centre + np.pi) % (2 * np.pi) - np.pi
    return np.asarray(np.exp(-((distance / width) ** 2)), dtype=np.float64)


def rounded(points: FloatArray, smoothing: float) -> FloatArray:
    """Give a closed contour through ``points`` [n, 2] with its corners rounded.

    Parameters
    ----------
    points
        Corners in order.
    smoothing
        Standard deviation of the rounding as a share of the contour's length.
    """
    closed = np.concatenate([points, points[:1]])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0, length[-1], _CONTOUR_POINTS, endpoint=False)
    even = np.stack([np.interp(at, length, closed[:, axis]) for axis in (0, 1)], axis=1)
    return np.asarray(gaussian_filter1d(even, smoothing * _CONTOUR_POINTS, axis=0, mode="wrap"), dtype=np.float64)


@dataclass(frozen=True)
class Placement:
    """Where the patient lies in the image: half the image is one unit.

    Attributes
    ----------
    scale
        Image units per patient unit.
    x, y
        The patient's origin in image units.
    angle
        Rotation in radians.
    """

    scale: float
    x: float
    y: float
    angle: float

    def to_image(self, points: FloatArray) -> FloatArray:
        """Map patient coordinates [..., 2] to image units in [-1, 1]."""
        c, s = np.cos(self.angle) * self.scale, np.sin(self.angle) * self.scale
        placed: FloatArray = points @ np.array([[c, s], [-s, c]]) + np.array([self.x, self.y])
        return placed


class Canvas:
    """A drawing in Hounsfield units, later paint over earlier, drawn larger and averaged down (partial volume).

    Parameters
    ----------
    size
        Width and height of the finished slice in pixels.
    placement
        Where patient coordinates lie.
    hu
        What the canvas is filled with.
    """

    OVERSAMPLING = 2

    def __init__(self, size: int, placement: Placement, hu: float) -> None:
        self.size = size
        self.side = size * self.OVERSAMPLING
        self.placement = placement
        self._image = Image.new("F", (self.side, self.side), hu)
        self._draw = ImageDraw.Draw(self._image)

    def to_pixels(self, points: FloatArray) -> FloatArray:
        """Map patient coordinates [n, 2] to the drawing's pixels."""
        return (self.placement.to_image(points) + 1) * (self.side / 2) - 0.5

    def length(self, units: float) -> float:
        """Give a length of patient units in the drawing's pixels."""
        return units * self.placement.scale * self.side / 2

    def fill(self, contour: FloatArray, hu: float) -> None:
        """Fill a closed contour [n, 2] of patient coordinates."""
        self._draw.polygon(self.to_pixels(contour).ravel().tolist(), fill=hu)

    def fill_image_units(self, contour: FloatArray, hu: float) -> None:
        """Fill a closed contour [n, 2] that is given in image units (what does not move with the patient)."""
        self._draw.polygon(((contour + 1) * (self.side / 2) - 0.5).ravel().tolist(), fill=hu)

    def stroke(self, path: FloatArray, width: float, hu: float) -> None:
        """Draw an open path [n, 2] with a width in patient units, never thinner than one pixel of the drawing."""
        pixels = max(1, round(self.length(width)))
        self._draw.line(self.to_pixels(path).ravel().tolist(), fill=hu, width=pixels, joint="curve")

    def disc(self, x: float, y: float, radius: float, hu: float) -> None:
        """Fill a circle around a point of patient coordinates."""
        (cx, cy), r = self.to_pixels(np.array([[x, y]]))[0], self.length(radius)
        self._draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=hu)

    def pixels(self) -> NDArray[np.float32]:
        """Give a copy of the drawing [side, side]."""
        return np.array(self._image, dtype=np.float32)

    def replace(self, hu: NDArray[np.float32]) -> None:
        """Put an array [side, side] in the place of what was drawn so far."""
        self._image = Image.fromarray(hu)
        self._draw = ImageDraw.Draw(self._image)

    def averaged(self) -> NDArray[np.float32]:
        """Give the slice [size, size]: the mean of each pixel's part of the drawing."""
        return np.array(self._image.reduce(self.OVERSAMPLING), dtype=np.float32)
