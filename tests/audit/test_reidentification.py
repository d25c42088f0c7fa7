"""Re-identification: group distances against plain loops, p values at a planted leak and at none."""

import itertools

import numpy as np
import pytest
from audit_samples import slice_of, table_of

from ganprint.audit.evidence.reidentification import group_distances, reidentification, won_images


def corpus(seed, *, leak, patients=16, slices=3, generated=60):
    """Make patients in feature space; with ``leak`` generated images lie about used patients, else about others."""
    rng = np.random.default_rng(seed)
    centres = 4 * rng.normal(size=(patients, 12))
    strangers = 4 * rng.normal(size=(patients, 12))
    used = rng.permutation(np.repeat([True, False], patients // 2))
    rows = np.repeat(centres, slices, axis=0) + rng.normal(size=(patients * slices, 12))
    sources = centres[used] if leak else strangers
    made = sources[rng.integers(len(sources), size=generated)] + 1.5 * rng.normal(size=(generated, 12))
    kinds = "".join(("U" if flag else "N") * slices for flag in used) + "g" * generated
    groups = [f"p{number}" for number in np.repeat(np.arange(patients), slices)] + [""] * generated
    views = {"a": np.concatenate([rows, made]).astype(np.float32)}
    return table_of([slice_of(0, 16)] * len(kinds), kinds, groups, views)


def ask(images, copies=None, permutations=500, seed=0):
    copies = np.zeros(len(images.ids), bool) if copies is None else copies
    rng = np.random.default_rng(seed)
    return reidentification(images, copies, permutations=permutations, confidence=0.95, rng=rng)


def test_group_distances_are_those_of_plain_loops():
    """Protects nearest and second nearest slice per group, over the edges of blocks."""
    rng = np.random.default_rng(0)
    view = rng.normal(size=(1200, 3)).astype(np.float32)
    members = [np.array([3, 700, 5]), np.array([9]), np.array([1100, 2])]
    generated = np.arange(20, 620)
    found = group_distances(view, generated, members)
    for m, g in itertools.product((0, 511, 512, 599), range(3)):
        plain = sorted(np.linalg.norm(view[generated[m]].astype(float) - view[k].astype(float)) for k in members[g])
        assert found[0, m, g] == pytest.approx(plain[0])
        assert found[1, m, g] == (pytest.approx(plain[1]) if len(plain) > 1 else np.inf)


def test_ties_are_shared():
    """Protects the counts: every generated image counts once, half and half when two groups are equally near."""
    assert won_images(np.array([[1.0, 1.0, 2.0], [3.0, 2.0, 9.0]])).tolist() == [0.5, 1.5, 0]


def test_a_planted_patient_leak_is_recognised():
    """Protects power: generated images about used patients, none of them a copy of a slice."""
    found = ask(corpus(1, leak=True))
    assert found["recognisable"] is True
    assert found["groups"] == {"used": 8, "not_used": 8, "single": 0, "mixed": 0}
    share = next(row for row in found["tests"] if (row["level"], row["statistic"]) == ("patient", "share_won"))
    assert share["value"] > 0.9
    assert share["expected"] == pytest.approx(0.5, abs=0.05)
    assert share["p"] < 0.01


def test_false_alarms_are_rare_where_nothing_leaked():
    """Protects the level: over 40 corpora without a leak at most 5 % and noise are called recognisable."""
    alarms = [ask(corpus(seed, leak=False, generated=30), permutations=199)["recognisable"] for seed in range(40)]
    assert sum(alarms) <= 5


def test_p_is_exact_against_all_relabellings():
    """Protects the permutation test: few groups, so that all relabellings can be gone through."""
    images = corpus(2, leak=True, patients=6, generated=25)
    real, generated = images.rows("real"), images.rows("generated")
    names = np.unique(images.groups[real])
    members = [real[images.groups[real] == name] for name in names]
    used = np.array([images.memberships[member[0]] == "used" for member in members])
    won = won_images(group_distances(images.views["a"], generated, members)[0]) / len(generated)
    every = [won[list(chosen)].sum() for chosen in itertools.combinations(range(6), 3)]
    exact = np.mean(np.array(every) >= won[used].sum() - 1e-12)
    found = ask(images, permutations=4000)
    row = next(row for row in found["tests"] if (row["level"], row["statistic"]) == ("slice", "share_won"))
    assert row["p"] == pytest.approx(exact, abs=0.02)
    assert row["p_holm"] >= row["p"]
    reached = row["p"] * 4001
    assert reached == pytest.approx(round(reached))
    assert reached >= 1


def test_copies_are_set_aside():
    """Protects the question: were copies of slices kept, they would make their patients recognisable."""
    images = corpus(3, leak=False)
    copies = np.zeros(len(images.ids), bool)
    generated = images.rows("generated")
    used = images.rows("real")[images.memberships[images.rows("real")] == "used"]
    images.views["a"][generated[:24]] = images.views["a"][used[:24]]
    before = next(r for r in ask(images)["tests"] if (r["level"], r["statistic"]) == ("slice", "closer_by"))
    copies[generated[:24]] = True
    found = ask(images, copies)
    after = next(r for r in found["tests"] if (r["level"], r["statistic"]) == ("slice", "closer_by"))
    assert before["p"] < 0.01
    assert after["p"] > 0.05
    assert found["generated"] == {"all": 60, "set_aside": 24, "looked_at": 36}


def test_reasons_why_it_can_not_be_asked():
    """Protects against a verdict where there are no patients, one membership, or no generated image left."""
    single = table_of([slice_of(0, 16)] * 5, "UUNNg", views={"a": np.eye(5, dtype=np.float32)})
    assert "no group has several" in ask(single)["reason"]
    same = table_of([slice_of(0, 16)] * 5, "UUUUg", ["a", "a", "b", "b", ""], {"a": np.eye(5, dtype=np.float32)})
    assert "same membership" in ask(same)["reason"]
    mixed = table_of([slice_of(0, 16)] * 5, "UNUNg", ["a", "a", "b", "b", ""], {"a": np.eye(5, dtype=np.float32)})
    assert ask(mixed)["groups"]["mixed"] == 2
    images = corpus(1, leak=True)
    gone = ask(images, images.roles == "generated")
    assert "is left" in gone["reason"]
    for found in (ask(single), ask(same), gone):
        assert (found["assessable"], found["recognisable"], found["tests"]) == (False, None, [])


def test_most_resembled_groups_are_counted_without_labels():
    """Protects the table of both splits: won images sum up to the generated ones, expected ones too."""
    images = corpus(1, leak=True)
    rows = ask(images)["most_resembled"]["development"]["a"]
    assert sum(row["won"] for row in rows) == pytest.approx(60)
    assert sum(row["expected"] for row in rows) == pytest.approx(60)
    assert [row["won"] for row in rows] == sorted((row["won"] for row in rows), reverse=True)
    assert ask(images)["most_resembled"]["test"]["a"] == []
