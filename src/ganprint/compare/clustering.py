"""Run 2 of the paper: hierarchical clustering of features, three ways.

``as_coded`` is the submitted file's recipe: Ward with two clusters on the real test images alone, the cluster number
written as the label. It looks at no generated image, no development image and no label, so which cluster is called
"used" is a coin toss; the other naming is reported beside it. ``as_written`` is the text: feature agglomeration, Ward
on the development images, test images to the nearest cluster. ``corrected`` cuts the tree by a rule on development
data, and each cluster carries its share of used images.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import cdist, pdist
from sklearn.cluster import AgglomerativeClustering, FeatureAgglomeration

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, register
from ganprint.params import FrozenModel

__all__ = ["ClusteringAsCoded", "ClusteringAsWritten", "ClusteringCorrected"]

Rows = NDArray[np.float64]


@register
class ClusteringAsCoded(Comparator):
    """Ward with two clusters on the images to be scored, and nothing else; score = cluster number (0 or 1).

    The images are put in the order of their ids first, as the numbering of the clusters depends on it. Published: 111
    of 200 in one cluster, 89 in the other, which are the TP + FP and TN + FN of the paper's Table 1.
    """

    comparator = "clustering"
    variant = "as_coded"
    learns = False

    def fit(self, development: Development, context: Context) -> Self:
        """Do nothing: the code never looks at the development split."""
        del development, context
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give the cluster number of each real image, 0 or 1; the generated images are not looked at."""
        del context
        real, order = test.real.in_order()
        rows = real.rows.astype(np.float64)
        labels = np.zeros(len(real))
        if len(real) > 1:
            labels = AgglomerativeClustering(n_clusters=2, linkage="ward").fit_predict(rows).astype(np.float64)
            self.tree_ = linkage(rows, "ward")
        scores = np.empty(len(real))
        scores[order] = labels
        return scores

    def other_readings(self, test: Test, context: Context) -> dict[str, Scores]:
        """Give the same clusters with the names exchanged: nothing in the method prefers one naming."""
        return {"other naming": 1.0 - self.score(test, context)}

    def figures(self) -> Figures:
        """Give the tree of the images scored last, cut between its two clusters."""
        if not hasattr(self, "tree_"):
            return Figures({})
        return Figures({}, linkage=(self.tree_, _cut_height(self.tree_, 2)))


class TreeParameters(FrozenModel):
    """What is done before the tree is built.

    Attributes
    ----------
    agglomerated_features
        Features are merged to this many by feature agglomeration; 0 keeps them as they are.
    """

    agglomerated_features: int = Field(default=32, ge=0)


class AsWrittenParameters(TreeParameters):
    """``clusters``: the number read off the dendrogram by eye (the notebook prints 8)."""

    clusters: int = Field(default=8, ge=2)


class CorrectedParameters(TreeParameters):
    """How the tree is cut.

    Attributes
    ----------
    max_clusters
        Cuts into 2 to this many clusters are tried.
    prior
        Weight, in images, of the development share of used images in each cluster's share.
    folds
        Grouped folds of the held-out log loss that chooses the cut.
    """

    agglomerated_features: int = Field(default=0, ge=0)
    max_clusters: int = Field(default=20, ge=2)
    prior: float = Field(default=2.0, gt=0)
    folds: int = Field(default=4, ge=2)


class _DevelopmentTree(Comparator):
    """Shared by the two variants that cluster the development images, real and generated together."""

    def _grow(self, development: Development, agglomerated_features: int) -> tuple[Rows, NDArray[np.int8]]:
        rows = np.concatenate([development.real.rows, development.generated.rows]).astype(np.float64)
        wanted = min(agglomerated_features or rows.shape[1], rows.shape[1])
        if wanted < rows.shape[1]:
            self.feature_labels_ = FeatureAgglomeration(n_clusters=wanted).fit(rows).labels_
        else:
            self.feature_labels_ = np.arange(rows.shape[1])
        rows = self._merge(rows)
        self.tree_ = linkage(rows, "ward")
        # Correlation of the tree's merge heights with the distances: the paper prints it as the tree's quality.
        self.cophenetic_correlation_ = np.float64(cophenet(self.tree_, pdist(rows))[0])
        return rows, development.used

    def _merge(self, rows: Rows) -> Rows:
        count = int(self.feature_labels_.max()) + 1
        if count == rows.shape[1]:
            return rows
        return np.stack([rows[:, self.feature_labels_ == label].mean(axis=1) for label in range(count)], axis=1)

    def _cut(self, rows: Rows, used: NDArray[np.int8], clusters: int, prior: float) -> None:
        """Cut the tree and leave centroids and shares of used images; the real images come first in ``rows``."""
        labels = _cluster_numbers(self.tree_, clusters)
        self.centroids_ = np.stack([rows[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
        self.shares_ = _shares(labels[: len(used)], used, labels.max() + 1, prior)
        self.cut_height_ = np.float64(_cut_height(self.tree_, len(self.centroids_)))

    def score(self, test: Test, context: Context) -> Scores:
        """Give the share of used development images in the cluster whose centroid is nearest."""
        del context
        distances = cdist(self._merge(test.real.rows.astype(np.float64)), self.centroids_)
        scores: Scores = self.shares_[np.argmin(distances, axis=1)]
        return scores

    def figures(self) -> Figures:
        """Give the development tree with its cut, and its cophenetic correlation."""
        numbers = {
            "clusters": float(len(self.centroids_)),
            "cophenetic_correlation": float(self.cophenetic_correlation_),
        }
        return Figures(numbers, linkage=(self.tree_, float(self.cut_height_)))


@register
class ClusteringAsWritten(_DevelopmentTree):
    """Feature agglomeration, Ward on the development images, a fixed number of clusters, nearest cluster.

    The text does not say how a cluster becomes a label; the share of used images among its real development images
    is the score, so that a threshold of 0.5 is the majority. A cluster of generated images alone gets the share of the
    whole development split.
    """

    comparator = "clustering"
    variant = "as_written"
    Parameters: ClassVar[type[FrozenModel]] = AsWrittenParameters
    quick: ClassVar[Mapping[str, Any]] = {"agglomerated_features": 4, "clusters": 3}
    parameters: AsWrittenParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Build the tree and cut it into the given number of clusters."""
        del context
        rows, used = self._grow(development.in_order(), self.parameters.agglomerated_features)
        self._cut(rows, used, min(self.parameters.clusters, len(rows)), prior=0.0)
        return self


@register
class ClusteringCorrected(_DevelopmentTree):
    """The tree is cut where held-out development images are predicted best.

    The rule: for 2 to ``max_clusters`` clusters, every grouped fold's images get the share of used images that the
    other folds' images have in their cluster, (used + prior * base) / (n + prior). The cut with the smallest log loss
    wins, the smallest number of clusters among equals. The tree itself sees no label, so it is built once.
    """

    comparator = "clustering"
    variant = "corrected"
    Parameters: ClassVar[type[FrozenModel]] = CorrectedParameters
    parameters: CorrectedParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Build the tree, choose the cut, keep the shares."""
        parameters = self.parameters
        development = development.in_order()
        rows, used = self._grow(development, parameters.agglomerated_features)
        folds = inner_fold_numbers(used, development.groups, parameters.folds, context.seed)
        counts = list(range(2, min(parameters.max_clusters, len(rows)) + 1))
        losses = [self._held_out_loss(count, used, folds) for count in counts]
        self.held_out_log_loss_ = np.asarray(losses)
        self._cut(rows, used, counts[int(np.argmin(losses))], parameters.prior)
        return self

    def _held_out_loss(self, clusters: int, used: NDArray[np.int8], folds: NDArray[np.intp]) -> float:
        labels = _cluster_numbers(self.tree_, clusters)[: len(used)]
        chance = np.empty(len(used))
        for fold in np.unique(folds):
            held_out = folds == fold
            shares = _shares(labels[~held_out], used[~held_out], clusters, self.parameters.prior)
            chance[held_out] = shares[labels[held_out]]
        return float(-np.mean(np.log(np.where(used == 1, chance, 1.0 - chance))))

    def figures(self) -> Figures:
        """Give the tree and its cut, and the held-out log loss of every cut that was tried."""
        figures = super().figures()
        numbers = {**figures.numbers, "held_out_log_loss": float(self.held_out_log_loss_.min())}
        return Figures(numbers, figures.linkage, {"held_out_log_loss": list(self.held_out_log_loss_)})


def _cluster_numbers(tree: Rows, clusters: int) -> NDArray[np.intp]:
    """Cut into at most this many clusters, numbered from 0."""
    numbers: NDArray[Any] = fcluster(tree, clusters, criterion="maxclust") - 1
    return numbers.astype(np.intp)


def _cut_height(tree: Rows, clusters: int) -> float:
    """Give the height half-way between the last merge that the cut keeps and the first that it undoes."""
    heights = np.concatenate([[0.0], tree[:, 2]])
    kept = len(heights) - clusters
    return float((heights[kept] + heights[kept + 1]) / 2) if kept + 1 < len(heights) else float(heights[-1])


def _shares(labels: NDArray[np.intp], used: NDArray[np.int8], clusters: int, prior: float) -> Scores:
    """Give each cluster's share of used images, drawn towards the overall share by ``prior`` images."""
    base = float(used.mean())
    total = np.bincount(labels, minlength=clusters).astype(np.float64)
    hits = np.bincount(labels, weights=used, minlength=clusters)
    empty = total + prior == 0
    shares: Scores = np.where(empty, base, (hits + prior * base) / np.where(empty, 1.0, total + prior))
    return shares
