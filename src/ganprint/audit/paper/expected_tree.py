"""The development tree of the paper's run 2: Ward on all development images' features, as its notebook draws it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import pdist
from scipy.stats import chi2_contingency

__all__ = ["ClusterTest", "TreeNumbers", "cluster_test", "clusters_at", "development_tree"]

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class ClusterTest:
    """Pearson's chi-squared of used against not used over clusters."""

    chi2: float
    df: int
    p: float


@dataclass(frozen=True)
class TreeNumbers:
    """What the notebook prints of its tree.

    Attributes
    ----------
    cophenetic
        Correlation of merge heights with distances.
    heights
        The largest merge heights, largest first.
    table
        [clusters, 3]: not used, used and generated images per cluster.
    test
        Used against not used over the clusters; ``None`` when all real images lie in one.
    """

    cophenetic: float
    heights: list[float]
    table: list[tuple[int, int, int]]
    test: ClusterTest | None


def development_tree(not_used: Rows, used: Rows, generated: Rows, clusters: int, heights: int) -> TreeNumbers:
    """Grow the tree and cut it.

    Parameters
    ----------
    not_used, used, generated
        Features [n, d] of each kind of development image; the tree's row order is not used, used, generated.
    clusters
        Where to cut.
    heights
        How many of the largest merge heights to give.
    """
    rows = np.concatenate([not_used, used, generated]).astype(np.float64)
    kind = np.repeat([0, 1, 2], [len(not_used), len(used), len(generated)])
    tree = linkage(rows, "ward")
    labels = fcluster(tree, clusters, criterion="maxclust")
    table = [tuple(int(((labels == label) & (kind == k)).sum()) for k in range(3)) for label in np.unique(labels)]
    largest = np.sort(tree[:, 2])[::-1][:heights]
    return TreeNumbers(
        float(cophenet(tree, pdist(rows))[0]),
        largest.tolist(),
        table,  # type: ignore[arg-type]
        cluster_test([line[:2] for line in table]),  # type: ignore[misc]
    )


def cluster_test(table: list[tuple[int, int]]) -> ClusterTest | None:
    """Test used against not used over clusters, [clusters, 2]; clusters without a real image are left out."""
    counts = np.array([line for line in table if sum(line) > 0])
    if len(counts) < 2 or (counts.sum(axis=0) == 0).any():
        return None
    result = chi2_contingency(counts, correction=False)
    return ClusterTest(float(result.statistic), int(result.dof), float(result.pvalue))


def clusters_at(heights: list[float], cut: float) -> int:
    """Give the number of clusters when the tree with these largest merge heights is cut at a height."""
    return 1 + sum(height > cut for height in heights)
