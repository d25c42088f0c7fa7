"""Procedural patients: what a slice must show, and what its randomness may depend on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprint.corpus.phantom.lesions import draw_lesions
from ganprint.corpus.phantom.patient import draw_patient, render_slice, slice_depths
from ganprint.corpus.phantom.shapes import Canvas, Placement, bump, ellipse, rounded, superellipse_radius
from ganprint.corpus.phantom.vessels import draw_vessels
from ganprint.corpus.phantom.wall import draw_wall


def slices_of(seed: int, size: int = 128, count: int = 3) -> np.ndarray:
    patient = draw_patient(np.random.default_rng(seed), size)
    noise = np.random.default_rng(seed + 1000)
    return np.stack([render_slice(patient, z, noise) for z in slice_depths(patient, count)])


@pytest.mark.parametrize("size", [64, 128, 256])
def test_slice_shape_type_and_range(size: int) -> None:
    """Protects the format: square, 8 bits, using most of the grey scale."""
    image = slices_of(3, size, 1)[0]
    assert image.shape == (size, size)
    assert image.dtype == np.uint8
    assert image.max() - image.min() > 150


@pytest.mark.parametrize("seed", range(8))
def test_slice_shows_a_chest(seed: int) -> None:
    """Protects the likeness: air above the body dark, chest wall bright, both lungs darker than what lies between."""
    patient = draw_patient(np.random.default_rng(seed), 128)
    image = render_slice(patient, 0.5, np.random.default_rng(0)).astype(float)

    def grey(x: float, y: float) -> float:
        column, row = (patient.placement.to_image(np.array([[x, y]]))[0] + 1) * 64
        part = image[int(row) - 3 : int(row) + 4, int(column) - 3 : int(column) + 4]
        return float(np.median(part))

    middle = grey(0.1, -0.1)
    assert np.median(image[:4]) < 60
    # An effusion, a consolidation or the heart may fill one of a lung's places, hardly most of them.
    for side in (-1, 1):
        places = [(0.55, -0.45), (0.7, -0.2), (0.75, 0.0), (0.7, 0.2), (0.5, 0.4)]
        assert np.median([grey(side * x, y * patient.wall.depth_ratio / 0.7) for x, y in places]) < middle - 30


def test_same_seed_same_patient_and_noise_apart() -> None:
    """Protects determinism, and that the noise is the only thing that a slice's own generator changes."""
    assert np.array_equal(slices_of(1), slices_of(1))
    patient = draw_patient(np.random.default_rng(1), 128)
    one = render_slice(patient, 0.4, np.random.default_rng(1)).astype(float)
    two = render_slice(patient, 0.4, np.random.default_rng(2)).astype(float)
    assert 0 < np.abs(one - two).mean() < 15


def test_slices_of_a_patient_are_kin() -> None:
    """Protects patients as groups: neighbouring slices are nearer to each other than to any other patient's."""
    patients = np.stack([slices_of(seed, 64) for seed in range(8)]).astype(float)
    for index, own in enumerate(patients):
        inside = np.abs(own[0] - own[1]).mean()
        others = np.delete(patients, index, axis=0)[:, 0]
        assert inside < np.abs(others - own[0]).mean(axis=(1, 2)).min()


def test_depth_changes_smoothly() -> None:
    """Protects the body's continuity: a tenth of the usual step changes less than the whole step (noise apart)."""
    patient = draw_patient(np.random.default_rng(2), 128)
    first, step = patient.depths

    def at(z: float) -> np.ndarray:
        return render_slice(patient, z, np.random.default_rng(0)).astype(float)

    assert np.abs(at(first) - at(first + step / 10)).mean() < 0.6 * np.abs(at(first) - at(first + step)).mean()


def test_population_varies() -> None:
    """Protects the population's breadth: body size, contrast medium, lesions and noise differ between patients."""
    patients = [draw_patient(np.random.default_rng(seed), 64) for seed in range(60)]
    contrast = [p.mediastinum.contrast > 0 for p in patients]
    clouds = [len(p.lesions.clouds) > 0 for p in patients]
    assert 0.3 < np.mean(contrast) < 0.7
    assert 0.15 < np.mean(clouds) < 0.55
    assert np.std([p.placement.scale for p in patients]) > 0.03
    assert np.ptp([p.scanner.noise for p in patients]) > 20
    assert sum(p.wall.arms_down for p in patients) > 0


def test_vessels_branch_and_thin_out() -> None:
    """Protects the trees: every segment starts where another ends or at a hilum, and a parent is no thinner."""
    rng = np.random.default_rng(0)
    tree = draw_vessels(rng, draw_wall(rng), tips=80)
    assert np.all(np.diff(tree.radius) >= 0)
    radius_at = {tuple(end): radius for end, radius in zip(tree.end, tree.radius, strict=True)}
    hila = {tuple(start) for start in tree.start if tuple(start) not in radius_at}
    assert len(hila) == 2
    for start, radius in zip(tree.start, tree.radius, strict=True):
        assert tuple(start) in hila or radius_at[tuple(start)] >= radius - 1e-12


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_lesions_have_one_form(seed: int) -> None:
    """Protects the tables of lesions: five finite columns and positive radii, for any seed."""
    lesions = draw_lesions(np.random.default_rng(seed))
    for table in (lesions.balls, lesions.cavities, lesions.clouds):
        assert table.shape[1] == 5
        assert np.isfinite(table).all()
        assert (table[:, 3] > 0).all()


@given(st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.floats(-3, 3))
@settings(max_examples=25, deadline=None)
def test_filled_ellipse_has_its_area(rx: float, ry: float, angle: float) -> None:
    """Protects the canvas: the painted share equals pi rx ry up to the boundary's pixels."""
    canvas = Canvas(128, Placement(1.0, 0.0, 0.0, 0.0), 0.0)
    canvas.fill(ellipse(0, 0, rx, ry, angle), 1.0)
    painted = float(canvas.averaged().mean()) * 4
    assert painted == pytest.approx(np.pi * rx * ry, abs=0.03 * (rx + ry) + 1e-3)


def test_placement_scales_turns_and_shifts() -> None:
    """Protects the coordinates: scale, then a turn that takes x to y, then the shift."""
    placed = Placement(0.5, 0.1, -0.2, np.pi / 2).to_image(np.array([[1.0, 0.0]]))
    assert placed == pytest.approx(np.array([[0.1, 0.3]]))


def test_rounding_keeps_place_and_size() -> None:
    """Protects contours: rounding corners leaves the centre and nearly the extent."""
    square = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    contour = rounded(square, 0.01)
    assert contour.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-9)
    assert np.ptp(contour, axis=0) == pytest.approx(np.full(2, 2.0), abs=0.05)


@given(st.floats(-10, 10), st.floats(-3, 3), st.floats(0.1, 1))
def test_bump_is_periodic(angle: float, centre: float, width: float) -> None:
    """Protects angular profiles from a seam at pi."""
    here, there = bump(np.array([angle, angle + 2 * np.pi]), centre, width)
    assert here == pytest.approx(there, abs=1e-9)
    assert 0 <= here <= 1


@given(st.floats(0.2, 2), st.floats(0.2, 2), st.floats(2, 4), st.floats(-3, 3))
def test_superellipse_satisfies_its_equation(rx: float, ry: float, exponent: float, angle: float) -> None:
    """Protects the formula |x/rx|^e + |y/ry|^e = 1."""
    radius = superellipse_radius(np.array([angle]), rx, ry, exponent)[0]
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    assert abs(x / rx) ** exponent + abs(y / ry) ** exponent == pytest.approx(1)
