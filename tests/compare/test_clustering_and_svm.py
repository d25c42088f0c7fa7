"""Clustering and SVM comparators against plain code on data small enough for it."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import AgglomerativeClustering, FeatureAgglomeration
from sklearn.svm import SVC

from ganprint.compare.clustering import _cut_height
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create


def test_as_coded_clustering_is_blind(splits):
    """It is scikit-learn's Ward of the test images: other development and generated images change nothing."""
    development, test, _ = splits(False)
    other, _, _ = splits(False, seed=9)
    run = create("clustering", "as_coded", {})
    scores = run.fit(development, Context(1)).score(test, Context(1))
    expected = AgglomerativeClustering(2, linkage="ward").fit_predict(test.real.rows.astype(float))
    np.testing.assert_array_equal(scores, expected)
    blind = Test(test.real, other.generated)
    np.testing.assert_array_equal(run.fit(other, Context(7)).score(blind, Context(7)), scores)
    np.testing.assert_array_equal(run.other_readings(test, Context(1))["other naming"], 1 - scores)


def test_as_written_clustering_against_scikit_learn(splits):
    """Agglomerated features, Ward, eight clusters, nearest centroid, share of used images: rebuilt with plain calls."""
    development, test, _ = splits(False)
    run = create("clustering", "as_written", {"agglomerated_features": 10, "clusters": 5}).fit(development, Context(1))
    rows = np.concatenate([development.real.rows, development.generated.rows]).astype(float)
    merge = FeatureAgglomeration(n_clusters=10).fit(rows)
    merged = merge.transform(rows)
    labels = fcluster(linkage(merged, "ward"), 5, "maxclust")
    real = labels[: len(development.real)]
    base = development.used.mean()
    expected = []
    for row in merge.transform(test.real.rows.astype(float)):
        names = np.unique(labels)
        nearest = names[np.argmin([np.linalg.norm(row - merged[labels == name].mean(axis=0)) for name in names])]
        inside = development.used[real == nearest]
        expected.append(inside.mean() if len(inside) else base)
    np.testing.assert_allclose(run.score(test, Context(1)), expected)
    assert 0 < run.figures().numbers["cophenetic_correlation"] <= 1


def test_corrected_clustering_finds_separable_groups():
    """Where used and not used images lie apart, the rule cuts so that shares tell them apart."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [10, 0], [0, 10], [10, 10]])
    where = np.repeat([0, 1, 2, 3], 10)
    used = np.isin(where, (1, 2)).astype(np.int8)  # no single split of the plane tells them apart
    real = Images(np.array([f"r{i:02d}" for i in range(40)]), centres[where] + rng.normal(0, 0.3, (40, 2)))
    generated = Images(np.array(["g0", "g1"]), np.array([[30.0, 30.0], [31.0, 30.0]]))
    groups = np.array([f"p{i // 2:02d}" for i in range(40)])
    run = create("clustering", "corrected", {"max_clusters": 8}).fit(
        Development(real, used, groups, generated), Context(1)
    )
    scores = run.score(Test(real, generated), Context(1))
    assert scores[used == 1].min() > 0.8 > 0.2 > scores[used == 0].max()
    assert len(run.centroids_) >= 5


def test_cut_height_separates_kept_from_undone_merges():
    """The dotted line of the dendrogram crosses exactly as many branches as there are clusters."""
    tree = linkage(np.random.default_rng(0).normal(size=(20, 3)), "ward")
    for clusters in range(1, 21):
        assert 1 + int((tree[:, 2] > _cut_height(tree, clusters)).sum()) == clusters


@pytest.mark.parametrize("c", [0.1, 1.0, 100.0])
def test_as_written_svm_against_svc_on_every_pair(splits, c):
    """The vote share is that of scikit-learn's SVC fitted and asked pair by pair."""
    development, test, _ = splits(False)
    keep = np.arange(0, len(development.real), 2)
    development = development.take(keep)
    development = Development(
        development.real, development.used, development.groups, development.generated.take(np.arange(8))
    )
    test = Test(test.real.take(np.arange(10)), test.generated.take(np.arange(6)))
    run = create("svm", "as_written", {"c": c, "tol": 1e-5}).fit(development, Context(1))
    pairs = [np.concatenate([r, g]) for r in development.real.rows for g in development.generated.rows]
    plain = SVC(C=c, tol=1e-5).fit(np.array(pairs), np.repeat(development.used, 8))
    asked = np.array([np.concatenate([r, g]) for r in test.real.rows for g in test.generated.rows])
    values = plain.decision_function(asked).reshape(10, 6)
    assert np.abs(run.machine_.decision_function(test.real.rows, test.generated.rows) - values).max() < 1e-3
    clear = np.abs(values) > 1e-3
    assert clear.all()
    np.testing.assert_allclose(run.score(test, Context(1)), (values > 0).mean(axis=1))


def test_corrected_svm_chooses_among_what_it_was_given(splits):
    """The choice is one of the offered pairs, made on held-out groups, and is reported with its optimistic figure."""
    development, _, _ = splits(False)
    offered = {"c": [0.5, 5.0], "gamma": [0.5, 1.0], "folds": 3}
    run = create("svm", "corrected", offered).fit(development, Context(1))
    assert run.figures().numbers["chosen_c"] in offered["c"]
    assert 0 <= run.figures().numbers["chosen_held_out_auc"] <= 1
    assert run.machine_.kkt_violation_ <= run.parameters.tol
