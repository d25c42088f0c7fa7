"""One ensemble of trees on chosen columns: units from strangers, where it starts from, and its trees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.boosting_columns import Column
from ganprint.compare.boosting_trees import Trees, TreesParameters, grown, lightgbm_parameters
from ganprint.compare.combined_weights import calibrated
from ganprint.params import FrozenModel

__all__ = ["Boosted", "Frame", "Recipe", "Setting", "Units", "mean_nearness"]

Floats = NDArray[np.float64]


class Setting(FrozenModel):
    """What is chosen on inner folds: principal components per view, number of trees, leaves of a tree."""

    components: int
    rounds: int
    leaves: int


@dataclass(frozen=True)
class Frame:
    """All columns of n images.

    Attributes
    ----------
    columns
        What the c columns are.
    values
        [n, c].
    """

    columns: tuple[Column, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.shape[1:] != (len(self.columns),):
            raise ValueError(f"{self.values.shape} values for {len(self.columns)} columns")

    def of(self, views: Sequence[str], components: int) -> "Frame":
        """Give the columns of some views, with so many principal components of each."""
        count: dict[str, int] = {}
        kept = []
        for place, column in enumerate(self.columns):
            count[column.view] = count.get(column.view, 0) + (column.kind == "component")
            late = column.kind == "component" and count[column.view] > components
            if column.view in views and not late:
                kept.append(place)
        return Frame(tuple(self.columns[place] for place in kept), self.values[:, kept])

    def beside(self, other: "Frame") -> "Frame":
        """Give the columns of both, of the same images."""
        return Frame(self.columns + other.columns, np.hstack([self.values, other.values]))

    def parts(self) -> dict[str, list[int]]:
        """Give the places of the columns of every view and of every kind."""
        found: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            found.setdefault(f"view-{column.view}", []).append(place)
            found.setdefault(f"kind-{column.kind}", []).append(place)
        return dict(sorted(found.items()))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Frame":
        """Give some of the images."""
        return Frame(self.columns, self.values[rows])


@dataclass(frozen=True)
class Units:
    """Mean and deviation [c] of strangers: what another number of generated images changes, theirs changes too.

    Columns that do not measure nearness keep their unit.
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, strangers: Frame) -> "Units":
        """Take them from images that no generated image is a copy of."""
        near = np.array([column.is_nearness for column in strangers.columns], dtype=bool)
        deviation = strangers.values.std(axis=0)
        # What is constant among strangers has no unit: equal values may differ by rounding alone.
        flat = deviation <= 1e-12 * np.abs(strangers.values).max(axis=0, initial=0.0)
        return cls(np.where(near, strangers.values.mean(axis=0), 0.0), np.where(near & ~flat, deviation, 1.0))

    def __call__(self, frame: Frame) -> Frame:
        """Bring the columns into these units."""
        return Frame(frame.columns, (frame.values - self.mean) / self.deviation)


@dataclass(frozen=True)
class Boosted:
    """A fitted ensemble.

    Attributes
    ----------
    units
        Of the not used images it was fitted with, beside the same generated images.
    start
        [2], slope and intercept of the log odds on :func:`mean_nearness` that the trees begin with; empty: none.
    trees
        The trees.
    """

    units: Units
    start: Floats
    trees: Trees

    def margins(self, frame: Frame, units: Units | None = None) -> Floats:
        """Give log odds of "used" [n]; ``units`` where the images stand beside other generated ones."""
        scaled = (units or self.units)(frame)
        margins = self.trees.margins(scaled.values)
        return margins + self.start[0] * mean_nearness(scaled) + self.start[1] if len(self.start) else margins


def mean_nearness(frame: Frame) -> Floats:
    """Give the mean [n] of the columns ``nearest``, every view with the same weight; 0 without such columns."""
    near = [column.view if column.kind == "nearest" else "" for column in frame.columns]
    views = sorted(set(near) - {""})
    if not views:
        return np.zeros(len(frame.values))
    names = np.array(near)
    found: Floats = np.mean([frame.values[:, names == view].mean(axis=1) for view in views], axis=0)
    return found


@dataclass(frozen=True)
class Recipe:
    """How an ensemble is fitted, besides what is chosen.

    Attributes
    ----------
    trees
        Of the trees.
    monotone
        Nearer never lowers the score.
    start
        Trees begin with a logistic regression on the mean nearness.
    seed
        Of the draws of rows, columns and thresholds.
    """

    trees: TreesParameters
    monotone: bool
    start: bool
    seed: int

    def fit(self, frame: Frame, used: NDArray[np.int8], setting: Setting) -> Boosted:
        """Fit to images [n] with their labels."""
        units = Units.of(frame.take(used == 0))
        scaled = units(frame)
        start, begin = np.empty(0), None
        if self.start:
            nearness = mean_nearness(scaled)
            line = calibrated(nearness, used)
            start = np.array([line.slope, line.intercept])
            begin = line.slope * nearness + line.intercept
        rises = [self.monotone and column.is_nearness for column in frame.columns]
        parameters = lightgbm_parameters(self.trees, setting.leaves, rises, self.seed)
        return Boosted(units, start, grown(parameters, setting.rounds, scaled.values, used, begin))
