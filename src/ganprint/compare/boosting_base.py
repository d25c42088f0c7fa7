"""What both variants of the boosting ensemble share: views assessed one by one, a choice, trees, a probability."""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.boosting_choice import Inner, within_one_error
from ganprint.compare.boosting_columns import Column, Projection, names_of_views, rows_of
from ganprint.compare.boosting_model import Boosted, Frame, Recipe, Setting, Units
from ganprint.compare.boosting_trees import Trees, TreesParameters
from ganprint.compare.combined_weights import Calibration, calibrated
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State
from ganprint.errors import InputError
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["Boosting", "BoostingParameters"]

Floats = NDArray[np.float64]

_OWN_ROWS = "rows"
_FURTHER_ROWS = "rows of "
_UNITS = "units of "
_PARTS_OF_UNITS = ("mean", "deviation", "axes")


class BoostingParameters(FrozenModel):
    """What both variants can be told.

    Attributes
    ----------
    metadata
        Further views whose columns are joined as they are; no backbone, so not assessed.
    rounds, leaves
        Numbers of trees and of leaves to choose from.
    trees
        What all trees have in common.
    folds
        Grouped folds inside the fit: of all choices and of the calibration.
    exchanges
        Repetitions behind every permutation importance; 0: none is computed.
    """

    metadata: list[str] = Field(default_factory=list)
    rounds: list[int] = Field(default_factory=lambda: [100], min_length=1)
    leaves: list[int] = Field(default_factory=lambda: [31], min_length=1)
    trees: TreesParameters = TreesParameters()
    folds: int = Field(default=4, ge=2)
    exchanges: int = Field(default=5, ge=0)


class Boosting(Comparator):
    """Base of the boosting ensembles: a variant says which columns there are and what is chosen from."""

    comparator = "boosting"
    several = True
    parameters: BoostingParameters

    @abstractmethod
    def learned_units(self, real: Images, views: Sequence[str]) -> dict[str, Projection]:
        """Learn units and components of views from real images, without a label."""

    @abstractmethod
    def frame(self, real: Images, generated: Images, views: Sequence[str]) -> Frame:
        """Give the columns of views; nearness in any unit."""

    @abstractmethod
    def recipe(self, seed: int) -> Recipe:
        """Give how an ensemble is fitted."""

    @abstractmethod
    def settings(self) -> list[Setting]:
        """Give what is chosen from, the simplest first."""

    @property
    def named_views(self) -> list[str]:
        """Give the further views that the parameters name."""
        return self.parameters.metadata

    def applicable(self, development: Development, test: Test) -> str | None:
        """See that the run has the views which its parameters name.

        Raises
        ------
        InputError
            When it has not.
        """
        del test
        for name in self.named_views:
            if name not in development.real.further:
                raise InputError(f"no further view '{name}', which the parameters name; add it to further_views")
        return None

    def fit(self, development: Development, context: Context) -> Self:
        """Assess the views, choose, grow the trees and calibrate."""
        split = development.in_order()
        seed = derive_seed(context.seed, "boosting")
        folds = inner_fold_numbers(split.used, split.groups, self.parameters.folds, seed)
        inner = Inner(split.used, split.groups, folds, self.recipe(seed))
        views = [name for name in names_of_views(split.real) if name not in self.parameters.metadata]
        self._units = self.learned_units(split.real, views)
        frame = self.frame(split.real, split.generated, views).beside(self._metadata(split.real))
        self._kept, assessed = self._assess(inner, frame, views)
        self._setting, margins = self._choose(inner, frame)
        self._calibration = calibrated(margins, split.used)
        chosen = self._chosen(frame)
        self._model = inner.recipe.fit(chosen, split.used, self._setting)
        self._strangers = split.real.take(np.flatnonzero(split.used == 0))
        self._importances = self._weigh(inner, chosen)
        self._numbers = {"inner_auc": inner.auc(margins)} | {f"inner_auc-{view}": auc for view, auc in assessed.items()}
        return self

    def _assess(self, inner: Inner, frame: Frame, views: Sequence[str]) -> tuple[list[str], dict[str, float]]:
        """Keep the views that are effective alone, under the simplest setting."""
        simplest = self.settings()[0]
        margins = {view: inner.margins(frame.of([view], simplest.components), simplest) for view in views}
        aucs = {view: inner.auc(found) for view, found in margins.items()}
        return list(within_one_error(aucs, lambda best: inner.error(margins[best]))), aucs

    def _choose(self, inner: Inner, frame: Frame) -> tuple[Setting, Floats]:
        """Choose the setting of the largest out-of-fold ROC AUC, the simplest of equals; give that one's log odds."""
        best, margins, largest = self.settings()[0], np.empty(0), -1.0
        for setting in self.settings():
            found = inner.margins(frame.of([*self._kept, *self.parameters.metadata], setting.components), setting)
            auc = round(inner.auc(found), 12)
            if auc > largest:
                best, margins, largest = setting, found, auc
        return best, margins

    def _chosen(self, frame: Frame) -> Frame:
        return frame.of([*self._kept, *self.parameters.metadata], self._setting.components)

    def _metadata(self, real: Images) -> Frame:
        rows = {name: rows_of(real, name).astype(np.float64) for name in self.parameters.metadata}
        columns = tuple(Column(name, "metadata") for name, values in rows.items() for _ in range(values.shape[1]))
        return Frame(columns, np.hstack([np.empty((len(real), 0)), *rows.values()]))

    def _weigh(self, inner: Inner, frame: Frame) -> dict[str, dict[str, float]]:
        """Give importances: shares of what the trees' splits took of the loss, and what held-out images lose."""
        parts, gains = frame.parts(), self._model.trees.gains()
        total = float(gains.sum()) or 1.0
        found = {"gain": {name: float(gains[places].sum()) / total for name, places in parts.items()}}
        if self.parameters.exchanges:
            repetitions = self.parameters.exchanges
            found["exchange"] = inner.permutation_importances(frame, self._setting, parts, repetitions)
        return found

    def score(self, test: Test, context: Context) -> Scores:
        """Give the probability of "used" of each real image."""
        del context
        real = _below(test.real, self._strangers)
        columns = self.frame(real, test.generated.in_order()[0], self._kept).beside(self._metadata(real))
        chosen, count = self._chosen(columns), len(test.real)
        units = Units.of(chosen.take(np.arange(count, len(real))))
        return self._calibration(self._model.margins(chosen.take(np.arange(count)), units))

    def figures(self) -> Figures:
        """Give what was chosen, and the importances by view and by kind of column.

        The inner ROC AUC is the best of several and so a little optimistic.
        """
        numbers = self._numbers | {f"chosen_{name}": float(value) for name, value in self._setting}
        numbers |= {"calibration_slope": self._calibration.slope, "calibration_intercept": self._calibration.intercept}
        if len(self._model.start):
            numbers["start_slope"] = float(self._model.start[0])
        for how, parts in self._importances.items():
            numbers |= {f"{how}-{name}": value for name, value in parts.items()}
        return Figures(numbers, details={"kept": self._kept, "importances": self._importances})

    def state(self) -> State:
        """Give what was fitted: LightGBM's text and the rest as arrays, with the not used images' rows."""
        rest = {
            "kept": self._kept, "setting": self._setting.model_dump(), "importances": self._importances,
            "calibration": [self._calibration.slope, self._calibration.intercept], "numbers": self._numbers,
        }  # fmt: skip
        found: State = {"trees": _bytes(self._model.trees.text), "choice": _bytes(json.dumps(rest))}
        found |= {"start": self._model.start, "mean": self._model.units.mean, "deviation": self._model.units.deviation}
        for view, units in self._units.items():
            found |= {f"{_UNITS}{view}: {part}": getattr(units, part) for part in _PARTS_OF_UNITS}
        further = {_FURTHER_ROWS + name: rows for name, rows in self._strangers.further.items()}
        return found | {_OWN_ROWS: self._strangers.rows} | further

    def restore(self, state: State) -> Self:
        """Take back what :meth:`state` gave; return self."""
        rest = json.loads(_text(state["choice"]))
        self._kept, self._setting = rest["kept"], Setting(**rest["setting"])
        self._importances, self._numbers = rest["importances"], rest["numbers"]
        self._calibration = Calibration(*rest["calibration"])
        units = Units(state["mean"], state["deviation"])
        self._model = Boosted(units, state["start"], Trees.read(_text(state["trees"])))
        views = {name.removeprefix(_UNITS).rsplit(": ", 1)[0] for name in state if name.startswith(_UNITS)}
        self._units = {
            view: Projection(*(state[f"{_UNITS}{view}: {part}"] for part in _PARTS_OF_UNITS)) for view in sorted(views)
        }
        further = {
            name.removeprefix(_FURTHER_ROWS): rows for name, rows in state.items() if name.startswith(_FURTHER_ROWS)
        }
        ids = np.arange(len(state[_OWN_ROWS])).astype(np.str_)
        self._strangers = Images(ids, state[_OWN_ROWS], further)
        return self


def _below(images: Images, others: Images) -> Images:
    """Give both, one below the other: what is measured of an image does not depend on its neighbours."""
    further: Mapping[str, Any] = {
        name: np.concatenate([rows, others.further[name]]) for name, rows in images.further.items()
    }
    ids = np.concatenate([images.ids, others.ids])
    return Images(ids, np.concatenate([images.rows, others.rows]), further)


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _text(values: NDArray[np.uint8]) -> str:
    return values.tobytes().decode()
