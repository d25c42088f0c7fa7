"""Columns of the boosting ensemble: how near generated images are, the images' own vectors, and what else is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.attack import Seen
from ganprint.compare.data import Images
from ganprint.pairs import Metric
from ganprint.params import FrozenModel

__all__ = ["OWN", "Column", "Nearness", "Projection", "is_grey", "names_of_views", "rows_of"]

Floats = NDArray[np.float64]
Kind = Literal["nearest", "local-ratio", "component", "vector", "metadata"]

OWN = "own"
"""What a run's own embedding is called beside its further views, which have names."""


@dataclass(frozen=True)
class Column:
    """One column: of which view it is and what kind of number it has."""

    view: str
    kind: Kind

    @property
    def is_nearness(self) -> bool:
        """True when a larger value means nearer to the generated images."""
        return self.kind in {"nearest", "local-ratio"}


def names_of_views(images: Images) -> tuple[str, ...]:
    """Give the views of images: the own one, then the further ones by name."""
    return (OWN, *sorted(images.further))


def rows_of(images: Images, view: str) -> NDArray[Any]:
    """Give the rows [n, d] of a view."""
    return images.rows if view == OWN else images.further[view]


def is_grey(images: Images, view: str) -> bool:
    """Tell whether a view has grey values, and not features."""
    return bool(rows_of(images, view).dtype == np.uint8)


class Nearness(FrozenModel):
    """How it is measured how near generated images are.

    Attributes
    ----------
    grey_metrics, vector_metrics
        Metrics in views of grey values and of features.
    neighbours
        Generated images that make up the surroundings of the nearest one; 0: no columns of kind ``local-ratio``.
    block
        Generated images looked at together; bounds the memory, changes no score.
    """

    grey_metrics: list[Metric] = Field(
        default_factory=lambda: list[Metric](["band-fine", "band-middle", "band-coarse"]), min_length=1
    )
    vector_metrics: list[Literal["euclidean", "cosine"]] = Field(
        default_factory=lambda: list[Literal["euclidean", "cosine"]](["cosine"]), min_length=1
    )
    neighbours: int = Field(default=0, ge=0)
    block: int = Field(default=1024, ge=1)

    def metrics(self, images: Images, view: str) -> Sequence[Metric]:
        """Give the metrics of a view."""
        return self.grey_metrics if is_grey(images, view) else list[Metric](self.vector_metrics)

    def columns(self, images: Images, views: Sequence[str]) -> tuple[Column, ...]:
        """Name the columns of :meth:`measured`."""
        kinds: tuple[Kind, ...] = ("nearest", "local-ratio") if self.neighbours else ("nearest",)
        return tuple(Column(view, kind) for view in views for _ in self.metrics(images, view) for kind in kinds)

    def measured(
        self, real: Images, generated: Images, views: Sequence[str], scales: Mapping[str, "Projection"]
    ) -> Floats:
        """Measure real images [n] beside generated ones: [n, c], each value larger when nearer.

        ``nearest`` is minus the distance to the nearest generated image, ``local-ratio`` minus its share of the mean
        distance to the nearest ``neighbours`` (0 when all of these are copies). ``scales``: views brought to mean 0 and
        deviation 1 of every column first.
        """
        found = []
        for view in views:
            sides = [rows_of(real, view), rows_of(generated, view)]
            if view in scales:
                sides = [scales[view].scaled(rows) for rows in sides]
            for metric in self.metrics(real, view):
                seen = Seen(sides[0], sides[1], None, metric, self.block)
                nearest = seen.neighbours(max(1, self.neighbours)).distances
                found.append(-nearest[:, 0])
                if self.neighbours:
                    around, ratio = nearest.mean(axis=1), np.zeros(len(nearest))
                    np.divide(nearest[:, 0], around, out=ratio, where=around > 0)
                    found.append(-ratio)
        return np.column_stack(found) if found else np.empty((len(real), 0))


@dataclass(frozen=True)
class Projection:
    """Units and principal components of a view, from real images without a label.

    Attributes
    ----------
    mean, deviation
        [d], of every column.
    axes
        [k, d], directions of largest variance of the columns in these units, each with its largest entry above 0.
    """

    mean: Floats
    deviation: Floats
    axes: Floats

    @classmethod
    def fit(cls, rows: NDArray[Any], components: int, *, unit: bool) -> "Projection":
        """Fit to rows [n, d], with at most min(n - 1, d) components; ``unit``: columns get deviation 1."""
        values = rows.astype(np.float64)
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        # A column that hardly varies has no unit of its own: it keeps that of the others.
        deviation = np.maximum(deviation, 1e-3 * deviation.max(initial=0.0)) if unit else np.ones_like(mean)
        deviation[deviation == 0] = 1.0
        axes = np.empty((0, len(mean)))
        if components:
            axes = np.linalg.svd((values - mean) / deviation, full_matrices=False)[2]
            axes = axes[: min(components, len(values) - 1)]
            largest = np.abs(axes).argmax(axis=1)
            axes = axes * np.sign(axes[np.arange(len(axes)), largest])[:, np.newaxis]
        return cls(mean, deviation, axes)

    def scaled(self, rows: NDArray[Any]) -> Floats:
        """Give the columns [n, d] in these units."""
        found: Floats = (rows.astype(np.float64) - self.mean) / self.deviation
        return found

    def components(self, rows: NDArray[Any]) -> Floats:
        """Give the components [n, k]."""
        found: Floats = self.scaled(rows) @ self.axes.T
        return found
