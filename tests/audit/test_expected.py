"""Expected numbers: each has a verdict, and none is called reproduced without the images that it depends on."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.cluster import AgglomerativeClustering

from ganprint.audit.paper.expected import CLUSTERS, HEIGHTS, expected_rows, expected_table
from ganprint.audit.paper.expected_check import Here
from ganprint.audit.paper.expected_tree import TreeNumbers, cluster_test, clusters_at, development_tree

NOT_CHECKABLE = "not checkable without the official images"
PAPER = Here(
    official=True,
    counts={
        "development/real/used": 80,
        "development/real/not_used": 80,
        "development/generated": 500,
        "test/real/unknown": 200,
        "test/generated": 10_000,
    },
    sizes={"256x256": 10_860},
    tree=TreeNumbers(0.5679261, [height + 0.1 for height in HEIGHTS], list(CLUSTERS)[::-1], None),
    nonzero={
        "rows not used": 80,
        "rows generated": 500,
        "nonzero not used": 77_938,
        "nonzero generated": 127,
        "width": 8,
    },
    ones=111,
)
OF_IMAGES = ("images-", "image-size", "cluster-ones-here", "cophenetic", "merge-height", "cluster-table", "svm-nonzero")


def rows(here):
    return {row.id: row for row in expected_rows(here)}


def test_no_image_dependent_number_is_reproduced_elsewhere():
    """Protects the rule of the table: on another corpus, even equal numbers are shown for information only."""
    found = rows(replace(PAPER, official=False))
    for name, row in found.items():
        if name.startswith(OF_IMAGES):
            assert row.verdict == NOT_CHECKABLE, name
            assert row.here is not None
            assert row.note == "value here for information"
    assert sum(name.startswith(OF_IMAGES) for name in found) == 5 + 1 + 1 + 1 + 14 + 1 + 1


def test_official_images_get_verdicts():
    """Protects the verdicts with the organisers' images: within tolerance reproduced, else by how much and why."""
    found = rows(PAPER)
    for name, row in found.items():
        if name.startswith(OF_IMAGES) and name != "svm-nonzero":
            assert row.verdict == "reproduced", name
    assert found["svm-nonzero"].here == 500 * 77_938 + 80 * 127
    assert found["svm-nonzero"].note.endswith("features here are not those of the Keras network")
    assert rows(replace(PAPER, keras=True))["svm-nonzero"].note.endswith("; features are those of the Keras network")
    far = rows(replace(PAPER, tree=replace(PAPER.tree, heights=[height + 0.2 for height in HEIGHTS]), ones=89))
    assert far["merge-height-01"].verdict == "differs"
    assert far["merge-height-01"].note.startswith("by +0.2")
    assert far["cluster-ones-here"].note == "by -22; the same clusters named the other way"


def test_numbers_without_images():
    """Protects what can be checked anywhere: all of it is reproduced but the hand-made floor at k = 0."""
    found = rows(Here())
    differing = [name for name, row in found.items() if row.verdict == "differs"]
    networks = [name for name in found if name.startswith(("shape-", "parameters-"))]
    assert set(differing) == {"loss-floor-0", *networks}, "networks are given by the stage"
    assert "-ln(7/8)" in found["loss-floor-0"].note
    assert found["table-1-f1"].verdict == "reproduced"
    assert found["clusters-cut-40"].here == 4
    content = expected_table(Here())
    assert sum(content["verdicts"].values()) == len(content["rows"]) == len({row["id"] for row in content["rows"]})
    json.dumps(content, allow_nan=False)


def test_published_clusters_hold_no_signal():
    """Protects chi-squared 5.48, 7 df, p 0.60 against the definition with plain loops."""
    total = [sum(line[k] for line in CLUSTERS) for k in range(2)]
    statistic = 0.0
    for line in CLUSTERS:
        for k in range(2):
            wanted = (line[0] + line[1]) * total[k] / sum(total)
            statistic += (line[k] - wanted) ** 2 / wanted
    test = cluster_test([line[:2] for line in CLUSTERS])
    assert test.chi2 == pytest.approx(statistic)
    assert f"{test.chi2:.2f} {test.df} {test.p:.2f}" == "5.48 7 0.60"
    assert test.p == pytest.approx(chi2.sf(statistic, 7))
    assert cluster_test([(3, 0), (2, 0)]) is None
    assert cluster_test([(3, 2), (0, 0)]) is None


def test_development_tree_against_scikit_learn():
    """Protects the tree: its clusters and merge heights are those of another implementation of Ward."""
    rng = np.random.default_rng(0)
    not_used, used = rng.normal(0, 1, (12, 5)), rng.normal(0.5, 1, (9, 5))
    generated = rng.normal(3, 1, (20, 5))
    tree = development_tree(not_used, used, generated, clusters=4, heights=6)
    both = np.concatenate([not_used, used, generated])
    other = AgglomerativeClustering(n_clusters=4, linkage="ward", compute_distances=True).fit(both)
    kind = np.repeat([0, 1, 2], [12, 9, 20])
    table = [tuple(int(((other.labels_ == label) & (kind == k)).sum()) for k in range(3)) for label in range(4)]
    assert sorted(tree.table) == sorted(table)
    assert tree.heights == pytest.approx(sorted(other.distances_, reverse=True)[:6])
    assert clusters_at(tree.heights, (tree.heights[2] + tree.heights[3]) / 2) == 4
    assert 0 < tree.cophenetic < 1
