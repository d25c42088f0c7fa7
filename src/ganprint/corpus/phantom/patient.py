"""One procedural patient: every part drawn once from the patient's own seed, and its slices at any depth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.corpus.phantom.lesions import (
    Lesions,
    consolidation_share,
    draw_lesions,
    effusion_contour,
    paint_lesions,
)
from ganprint.corpus.phantom.lungs import (
    Lungs,
    Texture,
    draw_lungs,
    draw_texture,
    lung_contours,
    paint_domes,
    paint_fissures,
)
from ganprint.corpus.phantom.mediastinum import Mediastinum, draw_mediastinum, paint_cavity, paint_mediastinum
from ganprint.corpus.phantom.scanner import Scanner, acquire, draw_scanner, paint_table
from ganprint.corpus.phantom.shapes import Canvas, Placement
from ganprint.corpus.phantom.spine import Spine, draw_spine, paint_spine
from ganprint.corpus.phantom.vessels import Vessels, draw_vessels, paint_vessels
from ganprint.corpus.phantom.wall import Wall, draw_wall, paint_ribs, paint_wall

__all__ = ["Patient", "draw_patient", "render_slice", "slice_depths"]

_RING = np.linspace(-np.pi, np.pi, 96, endpoint=False)


@dataclass(frozen=True)
class Patient:
    """All that a patient's slices follow from, save their noise.

    Attributes
    ----------
    size
        Width and height of the slices in pixels.
    depths
        First depth and step of the slices: 0 is the aortic arch, 1 the liver.
    fine, coarse
        Textures of parenchyma (and of bone and muscle) and of patchy changes.
    thickness
        Slice thickness in patient units.
    """

    size: int
    depths: tuple[float, float]
    thickness: float
    placement: Placement
    wall: Wall
    spine: Spine
    mediastinum: Mediastinum
    lungs: Lungs
    vessels: Vessels
    lesions: Lesions
    scanner: Scanner
    fine: Texture
    coarse: Texture


def draw_patient(rng: np.random.Generator, size: int) -> Patient:
    """Draw a patient; ``rng`` is the patient's own, so that no other patient depends on it."""
    wall = draw_wall(rng)
    reach = 1 + 0.22 * wall.muscle + wall.fat * wall.fat_side
    scale = rng.uniform(0.8, 0.97) / reach
    return Patient(
        size=size,
        depths=(rng.uniform(0.02, 0.62), rng.uniform(0.06, 0.11)),
        thickness=rng.uniform(0.03, 0.07),
        placement=Placement(scale, rng.uniform(-0.05, 0.05), rng.uniform(-0.12, 0.04), rng.uniform(-0.05, 0.05)),
        wall=wall,
        spine=draw_spine(rng),
        mediastinum=draw_mediastinum(rng),
        lungs=draw_lungs(rng),
        vessels=draw_vessels(rng, wall),
        lesions=draw_lesions(rng),
        scanner=draw_scanner(rng),
        fine=draw_texture(rng, size, 0.006, 0.03),
        coarse=draw_texture(rng, size, 0.035, 0.12),
    )


def slice_depths(patient: Patient, count: int) -> list[float]:
    """Give the depths of a patient's slices, evenly spaced from the patient's first one downwards."""
    first, step = patient.depths
    return [first + step * number for number in range(count)]


def render_slice(patient: Patient, z: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Render the slice [size, size] at depth ``z``; ``rng`` makes the noise and nothing else."""
    canvas = Canvas(patient.size, patient.placement, -1000.0)
    back = patient.placement.y + patient.placement.scale * patient.wall.back()
    paint_table(canvas, patient.scanner, back)
    paint_wall(canvas, patient.wall, z)
    cavity = patient.wall.cavity(_RING, z)
    paint_cavity(canvas, patient.mediastinum, cavity)
    inside, parenchyma = _paint_lungs(patient, z)
    canvas.replace(np.where(inside.pixels() > 0.5, parenchyma.pixels(), canvas.pixels()))
    for shared in (canvas, inside):
        # The second pass tells the lung mask where other organs lie over the lung.
        _paint_over(shared, patient, z)
    share = np.clip(inside.averaged(), 0, 1)
    return acquire(_with_textures(patient, z, canvas.averaged(), share), patient.scanner, rng)


def _paint_lungs(patient: Patient, z: float) -> tuple[Canvas, Canvas]:
    """Give the lung mask (1 inside) and the drawing that is seen through it."""
    inside = Canvas(patient.size, patient.placement, 0.0)
    for contour in lung_contours(patient.lungs, patient.wall, z):
        inside.fill(contour, 1.0)
    parenchyma = Canvas(patient.size, patient.placement, patient.lungs.density)
    paint_fissures(parenchyma, patient.lungs, z)
    paint_vessels(parenchyma, patient.vessels, z, patient.thickness, 0.6 * patient.mediastinum.contrast)
    paint_lesions(parenchyma, patient.lesions, z)
    paint_domes(parenchyma, patient.lungs, z, patient.mediastinum.contrast)
    effusion = effusion_contour(patient.lesions, z, patient.wall.depth_ratio)
    if effusion is not None:
        parenchyma.fill(effusion, 12.0)
    return inside, parenchyma


def _paint_over(canvas: Canvas, patient: Patient, z: float) -> None:
    paint_mediastinum(canvas, patient.mediastinum, z)
    paint_spine(canvas, patient.spine, z, patient.wall.depth_ratio, patient.wall.back())
    paint_ribs(canvas, patient.wall, z)


def _with_textures(
    patient: Patient, z: float, hu: NDArray[np.float32], lung: NDArray[np.float32]
) -> NDArray[np.float32]:
    axis = (np.arange(patient.size, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / patient.size) - 1
    x = (axis[None, :] - np.float32(patient.placement.x)) / np.float32(patient.placement.scale)
    y = (axis[:, None] - np.float32(patient.placement.y)) / np.float32(patient.placement.scale)
    fine, coarse = patient.fine.at(z), patient.coarse.at(z)
    lungs = patient.lungs
    airy = lung * np.clip((-hu - 300) / 400, 0, 1)
    change = lungs.gravity * y / patient.wall.depth_ratio + lungs.mottle * (fine + coarse)
    if lungs.emphysema > 0:
        change -= 110 * lungs.emphysema * np.clip(coarse - 0.3, 0, 1)
    hu = hu + airy * change
    clouds = consolidation_share(patient.lesions, z, x, y, patient.coarse)
    if clouds is not None:
        hu += airy * clouds * (40 - hu)
    bone = np.clip((hu - 120) / 200, 0, 1)
    tissue = (hu > -200) & (lung < 0.5)
    return np.asarray(hu + bone * 45 * fine + tissue * 6 * coarse, dtype=np.float32)
