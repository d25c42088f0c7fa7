"""The two metrics that the paper considered beside its relation module: similarity to the mean of each class.

Its code inherits both from a base class of few-shot classifiers and never calls them, so no published number stands
beside these runs.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, register
from ganprint.pairs import nearest
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["PixelPrototype", "Prototype"]

Rows = NDArray[np.float64]
Version = Literal["none", "difference", "distances"]

_VERSIONS: tuple[Version, ...] = ("none", "difference", "distances")


class PrototypeParameters(FrozenModel):
    """What is compared, and how.

    Attributes
    ----------
    metric
        ``euclidean``: minus the Euclidean distance; ``cosine``: the cosine of the angle.
    generated
        What of the generated images is looked at. ``none``: nothing. ``difference``: an image stands for itself no
        longer, but for the absolute differences to its nearest generated image, feature by feature. ``distances``: it
        stands for the distances to its few nearest generated images. ``choose``: the one of the three with the largest
        ROC AUC on held-out groups of development images, the first of them among equals; that may be a bias of the
        split in the place of a fingerprint.
    neighbours
        How many distances.
    temperature
        Similarities are divided by it before the softmax: changes no ranking.
    folds
        Grouped folds of the choice.
    block
        Generated images per block of distances; bounds the memory, changes no score.
    """

    metric: Literal["euclidean", "cosine"] = "euclidean"
    generated: Literal["none", "difference", "distances", "choose"] = "none"
    neighbours: int = Field(default=2, ge=1, le=50)
    temperature: float = Field(default=1.0, gt=0)
    folds: int = Field(default=4, ge=2)
    block: int = Field(default=1024, ge=1)


@register
class Prototype(Comparator):
    """Softmax over the similarities to the mean of the used and to the mean of the not used development images.

    A class' prototype is the mean of its support set's features (Snell, Swersky and Zemel 2017, "Prototypical networks
    for few-shot learning", equation 1); the support set is the development real images. The score is the share of
    "used" in the softmax over both similarities (equation 2), a number in [0, 1]; from 0.5 the used prototype is the
    nearer one. Snell et al. square the distance; the paper's metric is the distance itself. The cosine is that of
    Vinyals et al. 2016, "Matching networks for one shot learning", here to the class mean.

    With ``generated: none`` no generated image is looked at. Such a run is as blind as the run ``blind``: what it finds
    is a bias of the split. The other versions look for the fingerprint. The Euclidean score of ``difference`` rises as
    the differences fall in those features in which they are smaller for used images: near enough a distance to the
    nearest generated image with weights learned from development images. Signed differences would not do: in both
    classes they point either way, and their means say little. ``distances`` has a few numbers to learn from instead of
    a long row, and finds a weaker leak.

    Under the cosine all rows are brought to unit length first, so that the nearest image is that of the smallest
    angle; between an image's differences or distances and a prototype only the direction counts.

    Distances shrink as generated images are added, so a threshold carries over from development to test images only as
    far as both splits have as many of them; ``none`` is free of that.
    """

    comparator = "prototype"
    variant = "extension"
    Parameters: ClassVar[type[FrozenModel]] = PrototypeParameters
    quick: ClassVar[Mapping[str, Any]] = {"generated": "difference", "block": 7}
    parameters: PrototypeParameters

    def applicable(self, development: Development, test: Test) -> str | None:
        """Give a reason when there are not enough generated images for the distances asked for."""
        wanted, there = self.parameters.neighbours, min(len(development.generated), len(test.generated))
        if self.parameters.generated in ("distances", "choose") and there < wanted:
            return f"{wanted} distances to generated images are asked for, and a split has {there} of these images"
        return None

    def fit(self, development: Development, context: Context) -> Self:
        """Choose the version, if that is asked for, and take the mean of each class."""
        real, order = development.real.in_order()
        used, groups = development.used[order], development.groups[order]
        asked = self.parameters.generated
        versions: tuple[Version, ...] = _VERSIONS if asked == "choose" else (asked,)
        seen = {version: self._seen(real, development.generated, version) for version in versions}
        chosen = versions[0]
        self.held_out_aucs_: Rows = np.empty(0)
        if len(versions) > 1:
            seed = derive_seed(context.seed, "prototype")
            folds = inner_fold_numbers(used, groups, self.parameters.folds, seed)
            self.held_out_aucs_ = np.array([self._held_out_auc(rows, used, folds) for rows in seen.values()])
            chosen = versions[int(np.argmax(self.held_out_aucs_))]
        self.version_ = np.int64(_VERSIONS.index(chosen))
        self.prototypes_ = _class_means(seen[chosen], used)
        return self

    def _values(self, rows: NDArray[Any]) -> Rows:
        return rows.astype(np.float64)

    def _scaled(self, rows: NDArray[Any]) -> Rows:
        values = self._values(rows)
        return _unit(values) if self.parameters.metric == "cosine" else values

    def _seen(self, real: Images, generated: Images, version: Version) -> Rows:
        """Give what stands for each real image [n, d]."""
        rows = self._scaled(real.rows)
        if version == "none":
            return rows
        block, order = self.parameters.block, np.argsort(generated.ids, kind="stable")
        blocks = (self._scaled(generated.rows[order[start : start + block]]) for start in range(0, len(order), block))
        count = self.parameters.neighbours if version == "distances" else 1
        distances, positions = nearest(rows, blocks, count, block=block)
        if version == "distances":
            return distances
        return np.abs(rows - self._scaled(generated.rows[order[positions[:, 0]]]))

    def _scores(self, rows: Rows, prototypes: Rows) -> Scores:
        similarities = np.stack([self._similarity(rows, prototype) for prototype in prototypes])
        # A softmax over two numbers is the logistic function of their difference.
        scores: Scores = expit((similarities[1] - similarities[0]) / self.parameters.temperature)
        return scores

    def _similarity(self, rows: Rows, prototype: Rows) -> Scores:
        if self.parameters.metric == "euclidean":
            distances: Scores = np.linalg.norm(rows - prototype, axis=1)
            return -distances
        cosines: Scores = (_unit(rows) * _unit(prototype[np.newaxis])).sum(axis=1)
        return cosines

    def _held_out_auc(self, rows: Rows, used: NDArray[np.int8], folds: NDArray[np.intp]) -> float:
        """Give the mean ROC AUC over the folds that hold out both classes; 0.5 when none does."""
        parts = []
        for fold in np.unique(folds):
            kept, held_out = folds != fold, folds == fold
            if len(np.unique(used[held_out])) == 2:
                scores = self._scores(rows[held_out], _class_means(rows[kept], used[kept]))
                parts.append(float(roc_auc_score(used[held_out], scores)))
        return float(np.mean(parts)) if parts else 0.5

    def score(self, test: Test, context: Context) -> Scores:
        """Give the share of "used" in the softmax over the similarities to both prototypes, in [0, 1]."""
        del context
        seen = self._seen(test.real, test.generated, _VERSIONS[int(self.version_)])
        return self._scores(seen, self.prototypes_)

    def figures(self) -> Figures:
        """Give the choice, when one was made; its held-out ROC AUC is the best of three and so optimistic."""
        names = (f"held_out_auc_generated_{version}" for version in _VERSIONS)
        aucs = dict(zip(names, map(float, self.held_out_aucs_), strict=False))
        return Figures({"looks_at_generated": float(self.version_ != 0), **aucs})


@register
class PixelPrototype(Prototype):
    """The same on grey values in 0..1 in the place of features.

    A copy that a generator made is near its original in every pixel; a network's features may look past that.
    """

    comparator = "prototype-pixels"
    pixels = True

    def _values(self, rows: NDArray[Any]) -> Rows:
        return rows.astype(np.float64) / 255


def _class_means(rows: Rows, used: NDArray[np.int8]) -> Rows:
    """Give the prototypes [2, d]: the mean of the not used rows, and that of the used ones."""
    return np.stack([rows[used == label].mean(axis=0) for label in (0, 1)])


def _unit(rows: Rows) -> Rows:
    """Give rows of length one; a row of zeros, which has no direction, stays as it is and is at right angles to all."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Rows = rows / np.where(lengths == 0, 1.0, lengths)
    return unit
