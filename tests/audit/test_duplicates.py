"""Near-duplicates: the counts, lists and the chance level, against plain loops over all pairs."""

import io
import itertools

import imagehash
import numpy as np
import pytest
from audit_samples import slice_of, table_of
from PIL import Image

from ganprint.audit.evidence.duplicates import find_duplicates
from ganprint.audit.evidence.fingerprints import bits_between, fingerprint, stack
from ganprint.audit.evidence.near import near_rule

BITS = 4


def brightened(grey, by=3):
    return np.clip(grey.astype(int) + by, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def planted():
    """Eleven images; 0 = 1 within a group, 2 ~ 6 across splits, 3 ~ 4 across labels, 5 = 8 real and generated."""
    base = [slice_of(seed) for seed in range(11)]
    base[1] = base[0].copy()
    base[6] = brightened(base[2])
    base[4] = base[3][:, ::-1].copy()
    base[8] = base[5].copy()
    base[10] = brightened(base[9])
    groups = ["a", "a", "b", "c", "d", "e", "f", "f", "", "", ""]
    return base, table_of(base, "UUUUNNTTgtt", groups)


def plain(images, greys, rule):
    """Count near pairs by relation, one pair after the other, with imagehash's own difference."""
    counts = {}
    for i, j in itertools.combinations(range(len(greys)), 2):
        hashes = [imagehash.phash(Image.fromarray(grey)) for grey in (greys[i], greys[j], greys[i][:, ::-1].copy())]
        bits = min(hashes[0] - hashes[1], hashes[2] - hashes[1])
        far = {
            name: np.linalg.norm(view[i].astype(float) - view[j].astype(float)) for name, view in images.views.items()
        }
        near = bits <= rule.bits or any(far[name] < limit for name, limit in rule.limits.items())
        exact = greys[i].shape == greys[j].shape and (greys[i] == greys[j]).all()
        real = [images.roles[k] == "real" for k in (i, j)]
        relations = []
        if all(real):
            relations += ["real", "within_group" if images.groups[i] == images.groups[j] else "between_groups"]
            relations += ["across_splits"] * (images.splits[i] != images.splits[j])
            relations += ["used_not_used"] * ({images.memberships[i], images.memberships[j]} == {"used", "not_used"})
        else:
            relations += ["real_generated"] if any(real) else ["generated"]
        for name in relations:
            found = counts.setdefault(name, {"pairs": 0, "exact": 0, "hash": 0, "near": 0})
            for what, holds in (
                ("pairs", True),
                ("exact", exact),
                ("hash", bits <= rule.bits),
                ("near", near or exact),
            ):
                found[what] += bool(holds)
    return counts


@pytest.mark.parametrize("block", [1, 3, 4, 100])
def test_counts_are_those_of_a_plain_loop_whatever_the_block(planted, block):
    """Protects that no pair is lost, counted twice or put into a wrong relation at a block's edge."""
    greys, images = planted
    rule = near_rule(images, BITS, block=block)
    relations = find_duplicates(images, rule, block=block).content["relations"]
    wanted = plain(images, greys, rule)
    for name, counts in wanted.items():
        found = relations[name]
        assert {
            "pairs": found["pairs"],
            **{key: found["counts"][key] for key in ("exact", "hash", "near")},
        } == counts, name
    assert {name for name in relations if relations[name]["pairs"]} == set(wanted)


def test_content_does_not_depend_on_the_block_and_lists_have_a_cap(planted):
    """Protects determinism of the written file, and that a capped list holds the closest pairs, counts being whole."""
    _, images = planted
    whole = find_duplicates(images, near_rule(images, 64), listed=100).content
    for block in (1, 2, 5):
        assert find_duplicates(images, near_rule(images, 64, block=block), listed=100, block=block).content == whole
        capped = find_duplicates(images, near_rule(images, 64), listed=2, block=block).content["relations"]
        for name, relation in whole["relations"].items():
            assert capped[name]["listed"] == relation["listed"][:2], name
            assert capped[name]["counts"] == relation["counts"], name
    assert len(whole["relations"]["real"]["listed"]) == 28
    assert whole["relations"]["generated"]["listed"] == []


def test_planted_pairs_are_listed_with_ids_labels_and_distances(planted):
    """Protects what a reader needs: both images, why they are near, mirrored or not, exact ones first."""
    _, images = planted
    found = find_duplicates(images, near_rule(images, BITS))
    relations = found.content["relations"]
    (label,) = relations["used_not_used"]["listed"]
    assert (label["left"]["id"], label["right"]["id"], label["mirrored"]) == ("image_3", "image_4", True)
    assert (label["left"]["membership"], label["right"]["membership"]) == ("used", "not_used")
    (split,) = relations["across_splits"]["listed"]
    assert (split["left"]["key"], split["right"]["key"]) == ("development/real/image_2", "test/real/image_6")
    assert split["distances"]["pixels"] == pytest.approx(3 * 16, rel=0.2)
    copy = relations["real_generated"]["listed"][0]
    assert copy["exact"]
    assert (copy["left"]["id"], copy["right"]["id"]) == ("image_5", "image_8")
    assert copy["distances"]["pixels"] == 0
    assert np.flatnonzero(found.generated_near_real).tolist() == [8]
    kinds = {kind["kind"]: kind for kind in relations["real_generated"]["images"]}
    assert kinds["development/real/not_used"] == {"kind": "development/real/not_used", "images": 2, "near": 1}
    assert kinds["development/real/used"]["near"] == 0


def test_one_duplicate_across_groups_does_not_hide_others():
    """Protects the chance level: were near hashes not left out of it, 0 would be the limit and nothing be near."""
    greys = [slice_of(seed) for seed in range(6)]
    greys[1] = greys[0].copy()
    images = table_of(greys, "UUNNTg")
    rule = near_rule(images, BITS)
    rows = images.views["pixels"].astype(float)
    wanted = min(np.linalg.norm(rows[i] - rows[j]) for i, j in itertools.combinations(range(5), 2) if {i, j} != {0, 1})
    assert rule.limits["pixels"] == pytest.approx(wanted)
    assert find_duplicates(images, rule).content["relations"]["between_groups"]["counts"]["near"] == 1


def test_without_a_second_group_a_view_finds_nothing():
    """Protects against a limit made up where chance can not be measured."""
    images = table_of([slice_of(0), slice_of(1), slice_of(2)], "UUg", ["a", "a", ""])
    rule = near_rule(images, 0)
    assert rule.limits == {"pixels": None}
    content = find_duplicates(images, rule).content
    assert content["relations"]["within_group"]["counts"]["near"] == 0
    assert content["chance"] == {"hash_share": None}


def test_exact_means_pixels_and_not_files():
    """Protects that packing does not matter and that the same bytes in another shape are another image."""
    grey = slice_of(3)
    streams = [io.BytesIO(), io.BytesIO()]
    for stream, level in zip(streams, (0, 9), strict=True):
        Image.fromarray(grey).save(stream, "PNG", compress_level=level)
    assert streams[0].getvalue() != streams[1].getvalue()
    prints = [fingerprint(np.asarray(Image.open(stream))) for stream in streams]
    assert prints[0] == prints[1]
    assert fingerprint(np.zeros((4, 8), np.uint8)).pixels != fingerprint(np.zeros((8, 4), np.uint8)).pixels
    changed = grey.copy()
    changed[0, 0] ^= 1
    assert fingerprint(changed).pixels != prints[0].pixels


def test_bits_are_those_of_imagehash():
    """Protects the packing of 64 bits: counts equal imagehash's own difference, upright and mirrored."""
    greys = [slice_of(seed) for seed in range(5)]
    greys.append(greys[0][:, ::-1].copy())
    hashes = [imagehash.phash(Image.fromarray(grey)) for grey in greys]
    flipped = [imagehash.phash(Image.fromarray(grey[:, ::-1].copy())) for grey in greys]
    bits, mirrored = bits_between(stack(map(fingerprint, greys)), np.arange(6), np.arange(6))
    for i, j in itertools.product(range(6), repeat=2):
        direct, other = hashes[i] - hashes[j], flipped[i] - hashes[j]
        assert (bits[i, j], mirrored[i, j]) == (min(direct, other), other < direct)
    assert bits[0, 5] == 0
    assert mirrored[0, 5]
