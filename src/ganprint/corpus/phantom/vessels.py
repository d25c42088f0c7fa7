"""Pulmonary vessels: one tree per lung, grown from the hilum, cut by each slice where it meets it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.corpus.phantom.shapes import Canvas, FloatArray
from ganprint.corpus.phantom.wall import Wall

__all__ = ["Vessels", "draw_vessels", "paint_vessels"]

DEPTH_UNITS = 1.25
"""Patient units (half the cavity's width) per unit of z."""

_AIR, _BLOOD = -860.0, 60.0


@dataclass(frozen=True)
class Vessels:
    """Segments of both trees, thin ones first.

    Attributes
    ----------
    start, end
        [n, 3] points in patient units, the third coordinate along the body.
    radius
        [n] in patient units.
    """

    start: FloatArray
    end: FloatArray
    radius: FloatArray


def draw_vessels(rng: np.random.Generator, wall: Wall, tips: int = 480) -> Vessels:
    """Grow the trees of both lungs.

    Points strewn in the lung join, from the hilum outwards, the tree point that minimises distance plus 0.3 times the
    path from the hilum (the balance of wire and path of Cuntz et al. 2010, PLoS Computational Biology 6:e1000877);
    radii follow Murray's law (the cube of a parent's is the sum of its children's cubes).
    """
    starts, ends, radii = [], [], []
    finest = rng.uniform(0.006, 0.0085)
    for side in (-1, 1):
        points = _points_in_lung(rng, wall, side, tips)
        hilum = np.array([side * 0.24, rng.uniform(0.0, 0.1), rng.uniform(0.3, 0.42) * DEPTH_UNITS])
        points = np.concatenate([hilum[None], points])
        points = points[np.argsort(np.linalg.norm(points - hilum, axis=1), kind="stable")]
        parent, carried = _join(points)
        starts.append(points[parent[1:]])
        ends.append(points[1:])
        radii.append(finest * np.cbrt(carried[1:]))
    radius = np.concatenate(radii)
    order = np.argsort(radius, kind="stable")
    return Vessels(np.concatenate(starts)[order], np.concatenate(ends)[order], radius[order])


def _points_in_lung(rng: np.random.Generator, wall: Wall, side: int, count: int) -> FloatArray:
    angle = rng.uniform(-np.pi / 2 + 0.2, np.pi / 2 - 0.3, count)
    share = np.sqrt(rng.uniform(0.06, 0.93, count))
    z = rng.uniform(-0.25, 1.2, count)
    edge = wall.cavity(angle, 0.6)
    return np.stack([side * (0.12 + share * 0.9 * edge[:, 0]), share * edge[:, 1], z * DEPTH_UNITS], axis=1)


def _join(points: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    count = len(points)
    parent = np.zeros(count, dtype=np.intp)
    path = np.zeros(count)
    for index in range(1, count):
        distance = np.sqrt(((points[:index] - points[index]) ** 2).sum(axis=1))
        parent[index] = np.argmin(distance + 0.3 * path[:index])
        path[index] = path[parent[index]] + distance[parent[index]]
    carried = np.ones(count)
    for index in range(count - 1, 0, -1):
        carried[parent[index]] += carried[index]
    return parent, carried


def paint_vessels(canvas: Canvas, vessels: Vessels, z: float, thickness: float, blood: float) -> None:
    """Paint the vessels that a slab of ``thickness`` (patient units) around ``z`` meets.

    A vessel thinner than the slab is averaged with the air around it.
    """
    low, high = z * DEPTH_UNITS - thickness / 2, z * DEPTH_UNITS + thickness / 2
    first, last = vessels.start[:, 2], vessels.end[:, 2]
    reach = vessels.radius * 0.7
    met = np.flatnonzero((np.minimum(first, last) - reach < high) & (np.maximum(first, last) + reach > low))
    run = last[met] - first[met]
    run = np.where(np.abs(run) < 1e-6, 1e-6, run)
    one = np.clip((low - first[met]) / run, 0, 1)
    two = np.clip((high - first[met]) / run, 0, 1)
    direction = vessels.end[met] - vessels.start[met]
    begin = (vessels.start[met] + one[:, None] * direction)[:, :2]
    finish = (vessels.start[met] + two[:, None] * direction)[:, :2]
    density = _AIR + (_BLOOD + blood - _AIR) * np.minimum(1.0, 2.2 * vessels.radius[met] / thickness + 0.3)
    for index, segment in enumerate(met):
        radius = float(vessels.radius[segment])
        canvas.stroke(np.stack([begin[index], finish[index]]), 2 * radius, float(density[index]))
        if radius > 0.012:
            canvas.disc(begin[index, 0], begin[index, 1], radius, float(density[index]))
            canvas.disc(finish[index, 0], finish[index, 1], radius, float(density[index]))
