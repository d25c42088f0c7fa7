"""Mode collapse: the figures against plain arithmetic, and sets whose answer is known."""

import itertools

import numpy as np
import pytest
from audit_samples import slice_of, table_of

from ganprint.audit.evidence.collapse import CollapseRule, collapse_check, vendi_score
from ganprint.pairs.distances import squared_distances


def features(real, generated, groups=None):
    """Put rows of features into a table whose images do not matter."""
    rows = np.concatenate([real, generated]).astype(np.float32)
    kinds = "U" * len(real) + "g" * len(generated)
    if groups is not None:
        groups = [*groups, *[""] * len(generated)]
    return table_of([slice_of(0, 16)] * len(rows), kinds, groups, {"a": rows, "b": 2 * rows, "c": rows + 1})


def check(images, rule=None, seed=0):
    return collapse_check(images, "development", np.random.default_rng(seed), rule)


def test_vendi_score_has_its_known_values():
    """Protects the effective number: n for images far apart, k for k equal-sized heaps, in between by its formula."""
    far = np.full((5, 5), 1e6)
    np.fill_diagonal(far, 0)
    assert vendi_score(far, 1.0) == pytest.approx(5)
    heaps = np.kron(far, np.ones((3, 3)))
    assert vendi_score(heaps, 1.0) == pytest.approx(5)
    # Two images with kernel k have the eigenvalues (1 + k) / 2 and (1 - k) / 2.
    k = np.exp(-0.5)
    halves = np.array([(1 + k) / 2, (1 - k) / 2])
    assert vendi_score(np.array([[0.0, 1.0], [1.0, 0.0]]), 1.0) == pytest.approx(
        np.exp(-(halves * np.log(halves)).sum())
    )


def test_same_population_is_not_collapsed_and_few_modes_are():
    """Protects the flag both ways, and that shifting or scaling all features does not change it."""
    rng = np.random.default_rng(3)
    real = rng.normal(size=(60, 20))
    alike = check(features(real, rng.normal(size=(200, 20))))
    assert alike["collapsed"] is False
    assert alike["views"]["a"]["closer"]["generated"] == pytest.approx(0.05, abs=0.03)
    modes = rng.normal(size=(1, 20)) + 0.2 * rng.normal(size=(200, 20))
    found = check(features(real, modes))
    assert found["collapsed"] is True
    numbers = found["views"]["a"]["effective_number"]
    assert numbers["generated"] < 0.2 * numbers["real"]
    assert found["views"]["a"]["closer"]["generated"] == 1


def test_one_mode_in_three_views_is_outvoted():
    """Protects the majority: a set is called collapsed when more than half of the views say so."""
    rng = np.random.default_rng(3)
    images = features(rng.normal(size=(40, 20)), rng.normal(size=(80, 20)))
    images.views["a"][40:] = 0.01 * rng.normal(size=(80, 20))
    found = check(images)
    assert [found["views"][name]["collapsed"] for name in "abc"] == [True, False, False]
    assert found["collapsed"] is False


def test_pairs_are_those_of_a_plain_loop():
    """Protects which pairs are compared: real ones of different groups, every generated one once."""
    rng = np.random.default_rng(4)
    real, generated = rng.normal(size=(12, 3)) + 1, rng.normal(size=(9, 3)) + 2
    groups = list("aaabbbcccddd")
    figures = check(features(real, generated, groups))["views"]["a"]
    real, generated = real.astype(np.float32).astype(float), generated.astype(np.float32).astype(float)
    pairs = [(real[i], real[j]) for i, j in itertools.combinations(range(12), 2) if groups[i] != groups[j]]
    others = list(itertools.combinations(generated, 2))
    for role, those in (("real", pairs), ("generated", others)):
        distances = [np.linalg.norm(x - y) for x, y in those]
        assert figures["distances"][role] == pytest.approx(np.quantile(distances, figures["distances"]["at"]))
        cosines = [x @ y / np.linalg.norm(x) / np.linalg.norm(y) for x, y in those]
        assert figures["cosine"][role] == pytest.approx(np.mean(np.array(cosines) >= 0.95))
    limit = figures["distances"]["real"][1]
    assert figures["closer"]["generated"] == np.mean([np.linalg.norm(x - y) < limit for x, y in others])


def test_matched_draws_have_one_image_per_group():
    """Protects the fairness of effective numbers: slices of one patient must not make real images look collapsed."""
    rng = np.random.default_rng(5)
    patients = rng.normal(size=(15, 8))
    real = np.repeat(patients, 4, axis=0) + 1e-6 * rng.normal(size=(60, 8))
    figures = check(features(real, rng.normal(size=(50, 8)), np.repeat(np.arange(15), 4)))["views"]["a"]
    assert figures["effective_number"]["images"] == 15
    scale = figures["distances"]["real"][3] / 2
    assert figures["effective_number"]["real"] == pytest.approx(
        vendi_score(squared_distances(patients), scale), rel=1e-3
    )


def test_subsample_is_seeded_and_stated_and_too_little_is_said():
    """Protects determinism and honesty: same seed, same figures; sizes say what was looked at."""
    rng = np.random.default_rng(6)
    images = features(rng.normal(size=(20, 4)), rng.normal(size=(90, 4)))
    rule = CollapseRule(images=30, draws=3)
    first = check(images, rule, seed=1)
    assert first == check(images, rule, seed=1)
    assert first != check(images, rule, seed=2)
    assert (first["sizes"]["generated"], first["sizes"]["generated_in_all"]) == (30, 90)
    few = check(features(rng.normal(size=(8, 4)), rng.normal(size=(9, 4)), ["a"] * 4 + ["b"] * 4))
    assert few["collapsed"] is None
    assert "three groups" in few["reason"]
