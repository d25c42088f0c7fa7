"""Evidence: the order of suspects, shares of closer pairs, and what is said of each pair."""

import json

import numpy as np
import pytest
from audit_samples import slice_of, table_of

from ganprint.audit.evidence.pictures import encode_pictures
from ganprint.audit.evidence.search import EvidenceSearch, find_evidence
from ganprint.audit.evidence.shares import shares_below
from ganprint.audit.evidence.suspicion import find_neighbours, rank_suspects
from ganprint.errors import InputError

SEARCH = EvidenceSearch(images=3, evidences=2, patch=32, references=6)


def distance(view, i, j):
    return np.linalg.norm(view[i].astype(float) - view[j].astype(float))


@pytest.fixture(scope="module")
def planted():
    """Eight real and twelve generated images; generated 10 is a moved copy of real 1, test image 15 of 5."""
    greys = [slice_of(seed) for seed in range(20)]
    greys[10] = np.roll(greys[1], (2, -4), axis=(0, 1))
    greys[15] = greys[5].copy()
    return greys, table_of(greys, "UUNNTTTTggggggtttttt", ["a", "a", "b", "c", "d", "e", "f", "g"] + [""] * 12)


@pytest.mark.parametrize("block", [1, 3, 64])
def test_shares_are_those_of_a_plain_loop(block):
    """Protects the streaming counts: every limit's share, of all pairs and of different groups, whatever the block."""
    rng = np.random.default_rng(0)
    view, groups = rng.normal(size=(30, 4)).astype(np.float32), np.array(list("abcde") * 6)
    left, right = np.arange(12), np.arange(12, 30)
    limits = np.array([2.5, 0.0, distance(view, 0, 12), 1.0, 99.0])
    plain = [distance(view, i, j) for i in left for j in right]
    wanted = [np.mean(np.array(plain) < limit * (1 - 1e-12)) for limit in limits]
    assert shares_below(view, left, right, limits, block=block) == pytest.approx(wanted)
    different = [distance(view, i, j) for i in left for j in left if i < j and groups[i] != groups[j]]
    wanted = [np.mean(np.array(different) < limit) for limit in limits]
    assert shares_below(view, left, None, limits, groups=groups, block=block) == pytest.approx(wanted)
    assert np.isnan(shares_below(view, left[:1], None, limits)).all()


def test_a_pair_is_not_closer_than_itself():
    """Protects percentiles of the nearest pair: rounding in a matrix product must not make it 1 in n."""
    rng = np.random.default_rng(1)
    view = (1e3 + rng.normal(size=(40, 200))).astype(np.float32)
    left, right = np.arange(20), np.arange(20, 40)
    limits = np.array([min(distance(view, i, j) for i in left for j in right)])
    for block in (1, 7, 64):
        assert shares_below(view, left, right, limits, block=block)[0] == 0


@pytest.mark.parametrize("block", [1, 3, 64])
def test_neighbours_and_ratios_are_those_of_a_plain_loop(planted, block):
    """Protects the order's rule: nearest generated of the split over nearest real of another group of the split."""
    _, images = planted
    view = images.views["pixels"]
    for split in ("development", "test"):
        found = find_neighbours(images, view, split, 2, block=block)
        real, generated = images.rows("real", split), images.rows("generated", split)
        for place, row in enumerate(real):
            plain = sorted((distance(view, row, j), j) for j in generated)[:2]
            assert found.distances[place] == pytest.approx([far for far, _ in plain])
            assert found.generated[place].tolist() == [j for _, j in plain]
            other = min(distance(view, row, j) for j in real if images.groups[j] != images.groups[row])
            assert found.other[place] == pytest.approx(other)
            assert found.ratios()[place] == pytest.approx(plain[0][0] / other)


def test_suspects_are_ordered_by_their_smallest_ratio_and_name_its_view(planted):
    """Protects the order and its ties: by ratio, then by position; an exact copy comes first."""
    _, images = planted
    view = images.views["pixels"]
    rng = np.random.default_rng(0)
    views = {"pixels": view, "other": rng.normal(size=(20, 5)).astype(np.float32)}
    neighbours = {name: find_neighbours(images, rows, "test", 1) for name, rows in views.items()}
    suspects = rank_suspects(neighbours, 4)
    ratios = np.stack([neighbours[name].ratios() for name in views])
    assert [suspect.ratio for suspect in suspects] == sorted(ratios.min(axis=0))
    assert (suspects[0].place, suspects[0].view, suspects[0].ratio) == (1, "pixels", 0)
    for suspect in suspects:
        assert ratios[list(views).index(suspect.view), suspect.place] == suspect.ratio


def test_no_other_group_gives_no_ratio():
    """Protects against infinities in the file: a split of one group has neighbours and no ratio."""
    images = table_of([slice_of(seed) for seed in range(8)], "UUgggggg", ["a", "a"] + [""] * 6)
    evidence = find_evidence(images, SEARCH, slice_of, np.random.default_rng(0))
    assert [suspect["ratio"] for suspect in evidence["suspects"]] == [None, None]
    assert evidence["suspects"][0]["evidences"][0]["closer"]["real_real"] is None
    json.dumps(evidence, allow_nan=False)


def test_planted_copies_come_first_with_their_region(planted):
    """Protects the whole chain: suspect, neighbour, shares and region of a moved copy, and of an exact one."""
    greys, images = planted
    done = []
    evidence = find_evidence(images, SEARCH, greys.__getitem__, np.random.default_rng(0), done.append)
    assert sum(done) == len(evidence["suspects"]) == 6
    moved, exact = evidence["suspects"][0], evidence["suspects"][3]
    assert (moved["image"]["key"], exact["image"]["key"]) == ("development/real/image_1", "test/real/image_5")
    first = moved["evidences"][0]
    assert (first["image"]["id"], first["order"]) == ("image_10", 1)
    assert first["region"]["shift"] == [-4, 2]
    assert first["region"]["reference"]["below"] == 1
    assert first["closer"]["real_generated"] == 0
    assert exact["ratio"] == 0
    assert exact["evidences"][0]["distance"] == 0
    assert exact["image"]["membership"] == "unknown"


def test_evidence_is_deterministic_and_plain(planted):
    """Protects byte-identical files: same seed, same content, without NaN."""
    greys, images = planted
    made = [find_evidence(images, SEARCH, greys.__getitem__, np.random.default_rng(3)) for _ in range(2)]
    assert json.dumps(made[0], allow_nan=False) == json.dumps(made[1], allow_nan=False)


def test_pictures_fit_into_the_budget_or_are_refused():
    """Protects the page's size: the best quality that fits is taken, and too many images are refused by name."""
    greys = {row: slice_of(row) for row in range(6)}
    rows = list(greys)
    pictures, best = encode_pictures(greys.__getitem__, rows)
    size = sum(map(len, pictures.values()))
    smaller, quality = encode_pictures(greys.__getitem__, rows, size - 1)
    assert best == 90
    assert quality < 90
    assert sum(map(len, smaller.values())) < size
    with pytest.raises(InputError, match=r"lower audit\.images"):
        encode_pictures(greys.__getitem__, rows, 100)
