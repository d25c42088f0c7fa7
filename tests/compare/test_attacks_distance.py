"""Attacks by distances and densities: each against a plain version, hand-made truths, and the traps of peers' code."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import gaussian_kde, multivariate_normal
from sklearn.decomposition import PCA

from ganprint.compare.attack import Seen
from ganprint.compare.densities import FLOOR, kernel_log_density, neighbour_log_density
from ganprint.compare.density_flow import flow_log_density
from ganprint.compare.nearest_mean import spacing
from ganprint.compare.protocol import Context, create, registry
from ganprint.pairs.principal import principal_components

CONTEXT = Context(5)
ATTACKS = [
    ("calibrated-nearest", {}),
    ("monte-carlo", {}),
    ("monte-carlo", {"rule": "quantile", "quantile": 0.1}),
    ("monte-carlo", {"components": 2}),
    ("density-ratio", {"components": 2}),
    ("density-ratio", {"components": 2, "estimate": "neighbours"}),
    ("density-ratio", {"components": 2, "estimate": "flow", "steps": 30}),
    ("local-ratio", {}),
    ("nearest-mean", {}),
]
every_attack = pytest.mark.parametrize(("name", "parameters"), ATTACKS, ids=str)


def scored(name, real, generated, reference=None, block=3, **parameters):
    """Give an attack's scores."""
    rows = None if reference is None else np.asarray(reference)
    seen = Seen(np.asarray(real), generated, rows, "euclidean", block)
    return create(name, "extension", parameters).attack(seen, CONTEXT)


def data(seed=0, n=9, m=17, r=8, d=4, scale=1.0):
    """Three sets of rows: real, generated, reference."""
    rng = np.random.default_rng(seed)
    return tuple(scale * rng.normal(size=(count, d)) for count in (n, m, r))


def plain(name, real, generated, reference, k=5):
    """Every attack in a few lines, from whole matrices of distances."""
    distances = np.sort(cdist(real, generated), axis=1)
    if name == "calibrated-nearest":
        return cdist(real, reference).min(axis=1) - distances[:, 0]
    if name == "monte-carlo":
        return (distances <= np.median(distances[:, 0]) * (1 + 1e-9)).mean(axis=1)
    if name == "local-ratio":
        return -distances[:, 0] / (0.5 * distances[:, :50].mean(axis=1))
    own = cdist(generated, generated)
    np.fill_diagonal(own, np.inf)
    return np.log(np.exp(-distances[:, :k] / np.median(own.min(axis=1))).mean(axis=1))


@pytest.mark.parametrize("name", ["calibrated-nearest", "monte-carlo", "local-ratio", "nearest-mean"])
@pytest.mark.parametrize("m", [1, 3, 17, 60])
def test_against_the_plain_version(name, m):
    """The streamed attack is its formula, also with fewer generated images than neighbours are asked for."""
    real, generated, reference = data(m, m=m)
    if name == "nearest-mean" and m == 1:
        pytest.skip("one generated image has no other to take a scale from")
    expected = plain(name, real, generated, reference)
    np.testing.assert_allclose(scored(name, real, generated, reference), expected, rtol=1e-9, atol=1e-12)


def test_density_ratio_is_that_of_gaussian_kde():
    """With as many components as there are features, kernels are scipy's, up to the linear map that cancels."""
    real, generated, reference = data(1, m=40, r=30, d=3)
    expected = gaussian_kde(generated.T).logpdf(real.T) - gaussian_kde(reference.T).logpdf(real.T)
    np.testing.assert_allclose(scored("density-ratio", real, generated, reference, components=3), expected, rtol=1e-8)


def test_density_ratio_by_neighbours_is_its_formula():
    """The ratio of the k-th distances, to the power of the dimension, times that of the numbers."""
    real, generated, reference = data(2, m=40, r=30, d=2)
    found = scored("density-ratio", real, generated, reference, components=2, estimate="neighbours", neighbours=3)
    pca = PCA(2).fit(generated)
    points, made, others = (
        pca.transform(rows) / np.sqrt(pca.explained_variance_) for rows in (real, generated, reference)
    )
    radii = [np.sort(cdist(points, rows), axis=1)[:, 2] for rows in (made, others)]
    np.testing.assert_allclose(found, 2 * np.log(radii[1] / radii[0]) + np.log(30 / 40), rtol=1e-8)


def test_monte_carlo_quantile_is_that_of_all_distances():
    """The radius by quantile is numpy's smallest distance that the share does not exceed."""
    real, generated, _ = data(3, m=50)
    distances = cdist(real, generated)
    radius = np.quantile(distances, 0.07, method="inverted_cdf")
    found = scored("monte-carlo", real, generated, rule="quantile", quantile=0.07)
    np.testing.assert_array_equal(found, (distances <= radius * (1 + 1e-9)).mean(axis=1))


def test_monte_carlo_components_are_those_of_the_generated_images():
    """Directions in which the generated images do not differ are not looked at."""
    real, generated, _ = data(4, m=50)
    generated[:, :2] *= 100
    real[:, 2:] += 1000  # far off, in directions that are left out
    pca = PCA(2).fit(generated)
    expected = plain("monte-carlo", pca.transform(real), pca.transform(generated), None)
    np.testing.assert_array_equal(scored("monte-carlo", real, generated, components=2), expected)


def copied():
    """One real image of twelve has eight exact copies among 68 generated images."""
    real, generated, reference = data(5, n=12, m=60, r=40, d=2)
    real = real + 3 * np.sign(real)  # away from where the generated images are dense
    return real, np.concatenate([generated, np.repeat(real[:1], 8, axis=0)]), reference


@pytest.mark.parametrize(("name", "parameters"), [attack for attack in ATTACKS if attack[0] != "monte-carlo"], ids=str)
def test_an_exact_copy_has_the_highest_score(name, parameters):
    """What attacks are for: nothing is nearer to a generated image than its copy."""
    real, generated, reference = copied()
    scores = scored(name, real, generated, reference, **parameters)
    assert scores[0] == scores.max()
    assert (scores[0] > scores[1:]).mean() >= 0.5


@pytest.mark.parametrize("parameters", [parameters for name, parameters in ATTACKS if name == "monte-carlo"], ids=str)
def test_monte_carlo_counts_every_copy(parameters):
    """Its score is a mass: all eight copies are in it, and nothing that was not there without them."""
    real, generated, _ = copied()
    assert scored("monte-carlo", real, generated, **parameters)[0] * 68 == pytest.approx(8)


@every_attack
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
@pytest.mark.parametrize("case", ["one generated", "copies alone", "constant", "one reference", "one real"])
def test_degenerate_images_have_finite_scores(name, parameters, case, scale):
    """Zero distances, no variance, a single image: a finite number, and no warning."""
    real, generated, reference = data(6, scale=scale)
    if case == "one generated":
        generated = generated[:1]
    elif case == "copies alone":
        generated = real.copy()
    elif case == "constant":
        real, generated, reference = (np.full_like(rows, 7.0) for rows in (real, generated, reference))
    elif case == "one reference":
        reference = reference[:1]
    else:
        real = real[:1]
    scores = scored(name, real, generated, reference, **parameters)
    assert scores.shape == (len(real),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if case == "constant":
        assert np.ptp(scores) < 1e-9


@every_attack
def test_blocks_of_any_size_give_the_same_scores(name, parameters):
    """An array, its blocks, and blocks read anew at every pass are one and the same generator."""
    real, generated, reference = data(7, m=31)

    class Streamed:
        def __iter__(self):
            return iter([generated[:5], generated[5:6], generated[6:]])

    whole = scored(name, real, generated, reference, block=1000, **parameters)
    np.testing.assert_allclose(scored(name, real, generated, reference, block=4, **parameters), whole, rtol=1e-6)
    np.testing.assert_allclose(scored(name, real, Streamed(), reference, block=4, **parameters), whole, rtol=1e-6)


@pytest.mark.parametrize("name", ["nearest-mean", "calibrated-nearest", "local-ratio"])
def test_grey_values_do_not_underflow(name):
    """IBM's and DOMIAS' exp(-distance) is 0 for every image on raw grey values: here no two images are tied."""
    rng = np.random.default_rng(8)
    real, generated, reference = (rng.integers(0, 256, (30, 4096)).astype(np.float32) for _ in range(3))
    assert np.exp(-cdist(real, generated).astype(np.float32).min(axis=1)).max() == 0
    scores = scored(name, real, generated, reference)
    assert len(np.unique(scores)) == len(real)


def test_nearest_mean_far_from_all_is_not_tied():
    """Distances of ten thousand times the scale: exp of each is 0, their logarithm is not."""
    _, generated, _ = data(9)
    scores = scored("nearest-mean", np.array([[1e5, 0, 0, 0], [1.1e5, 0, 0, 0], [1.2e5, 0, 0, 0]]), generated)
    assert scores[0] > scores[1] > scores[2]


def test_nearest_mean_scale_passes_over_equal_images():
    """A generator that repeats itself would make the scale 0."""
    generated = np.array([[0.0], [0.0], [3.0], [10.0]])
    assert spacing(Seen(generated[:1], generated)) == 5.0  # of 3 and 7; the two copies say nothing
    assert spacing(Seen(generated[:1], generated[:2])) == 1.0


def test_monte_carlo_counts_copies_where_most_are_copied():
    """The published strict comparison gives all images 0 once more than half of them were copied: eps is 0."""
    real, generated, _ = data(10)
    generated = np.concatenate([generated + 50, real[:6]])
    scores = scored("monte-carlo", real, generated)
    assert (scores[:6] > 0).all()
    assert (scores[6:] == 0).all()


def test_density_ratio_survives_images_far_from_everything():
    """Published code divides 0 by 1e-20 there, and a hundredth nearer is no different to it."""
    _, generated, reference = data(11, m=40, r=40, d=2)
    real = np.array([[200.0, 0.0], [400.0, 0.0], [0.0, 0.0]])
    assert gaussian_kde(generated.T)(real[:2].T).max() == 0
    for estimate in ("kernel", "neighbours", "flow"):
        scores = scored("density-ratio", real, generated, reference, components=2, estimate=estimate, steps=30)
        assert np.isfinite(scores).all()
        assert len(np.unique(scores)) == 3


@pytest.mark.parametrize("estimate", ["kernel", "neighbours", "flow"])
def test_density_ratio_tells_the_generator_from_the_reference(estimate):
    """Where the generator puts its images the ratio is above that of where the reference lies."""
    rng = np.random.default_rng(12)
    reference = rng.normal(size=(200, 3))
    generated = np.concatenate([rng.normal(size=(200, 3)), 0.2 * rng.normal(size=(400, 3)) + [1.5, 1.5, 0]])
    real = np.concatenate([0.2 * rng.normal(size=(20, 3)) + [1.5, 1.5, 0], rng.normal(size=(20, 3))])
    scores = scored("density-ratio", real, generated, reference, components=3, estimate=estimate, steps=200)
    assert (scores[:20, None] > scores[20:]).mean() > 0.9


def test_flow_learns_what_a_normal_density_can_not_say():
    """Two separate clusters: the flow puts its mass on them and not between them."""
    rng = np.random.default_rng(13)
    samples, points = (
        rng.normal(scale=0.3, size=(count, 2)) + rng.choice([-3, 3], (count, 1)) * [1, 0] for count in (300, 100)
    )
    normal = multivariate_normal(samples.mean(axis=0), np.cov(samples.T)).logpdf(points)
    learned = flow_log_density(np.concatenate([points, [[0.0, 0.0]]]), samples, 1)
    assert learned[:-1].mean() > normal.mean() + 0.3
    assert learned[-1] < learned[:-1].mean() - 1


def test_flow_depends_on_its_seed_alone():
    """The same seed gives the same numbers, whatever torch's own generator is at."""
    samples = np.random.default_rng(16).exponential(size=(60, 2))
    first = flow_log_density(samples, samples, 1, steps=60)
    torch.rand(3)
    np.testing.assert_array_equal(flow_log_density(samples, samples, 1, steps=60), first)
    assert not np.array_equal(flow_log_density(samples, samples, 2, steps=60), first)


def test_flow_is_a_density():
    """It sums to one over a grid: the logarithm of the stretch is right."""
    samples = np.random.default_rng(14).exponential(size=(300, 2))
    ticks = np.linspace(-6, 14, 200)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    mass = np.exp(flow_log_density(grid, samples, 2, steps=300)).sum() * (ticks[1] - ticks[0]) ** 2
    assert mass == pytest.approx(1, abs=0.02)


def test_densities_of_equal_samples_are_floored():
    """No density is infinite: it is that of samples a thousandth apart."""
    points, samples = np.zeros((1, 2)), np.zeros((6, 2))
    bandwidth = FLOOR * 6 ** (-1 / 6)
    assert kernel_log_density(points, samples)[0] == pytest.approx(-np.log(2 * np.pi) - 2 * np.log(bandwidth))
    assert neighbour_log_density(points, samples, 5)[0] == pytest.approx(np.log(5 / 6 / np.pi) - 2 * np.log(FLOOR))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    m=st.integers(2, 40),
    d=st.integers(1, 30),
    count=st.integers(1, 5),
    block=st.integers(1, 50),
)
def test_principal_components_are_scikit_learns(seed, m, d, count, block):
    """Streamed directions span what the whole matrix's do: the same variances, the same distances of components."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(m, d)) * 2.0 ** -np.arange(d) + 5
    found = principal_components(rows, count, seed=seed, block=block)
    wanted = min(count, d, m - 1)
    pca = PCA(wanted).fit(rows)
    np.testing.assert_allclose(found.variances, pca.explained_variance_, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(wanted), atol=1e-10)
    np.testing.assert_allclose(
        cdist(found.project(rows), found.project(rows)), cdist(pca.transform(rows), pca.transform(rows)), atol=1e-5
    )


def test_what_needs_reference_images_says_so():
    """Without them there is no score, and the class tells beforehand."""
    real, generated, _ = data(15)
    for name in ("calibrated-nearest", "density-ratio"):
        cls = registry()[name, "extension"]
        assert cls.needs_reference
        assert cls.learns
        with pytest.raises(ValueError, match="no reference images"):
            scored(name, real, generated)


def test_metrics_without_vectors_are_refused():
    """Components of an SSIM do not exist; nor do densities of angles in Euclidean components."""
    for name, parameters, told in (
        ("monte-carlo", {"components": 3, "metric": "ssim"}, "components are no grey values"),
        ("monte-carlo", {"components": 3, "metric": "band-fine"}, "components are no grey values"),
        ("density-ratio", {"metric": "shifted"}, "choose euclidean"),
        ("density-ratio", {"metric": "band-fine"}, "choose euclidean"),
        ("density-ratio", {"metric": "cosine"}, "choose euclidean"),
    ):
        assert told in create(name, "extension", parameters).refusal(grey=True)
    assert create("monte-carlo", "extension", {"metric": "ssim"}).refusal(grey=True) is None
    assert "grey values" in create("monte-carlo", "extension", {"metric": "ssim"}).refusal(grey=False)
