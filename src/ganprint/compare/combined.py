"""Several attacks in several views as one answer: what to trust is learned on the development images."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.metrics import roc_auc_score

from ganprint.compare.combined_members import MembersParameters, Team
from ganprint.compare.combined_weights import Calibration, calibrated, learned_weights
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State, register
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["Combined"]

Floats = NDArray[np.float64]
Folds = NDArray[np.intp]

_OWN = "rows"
_FURTHER = "rows of "


class CombinedParameters(MembersParameters):
    """Members, and how they are weighed.

    Attributes
    ----------
    regularisation
        Strengths of the pull towards equal weights to choose from.
    folds
        Grouped folds inside the fit: of that choice, of the calibration, and of what is reference to whom.
    """

    regularisation: list[Annotated[float, Field(ge=0)]] = Field(default_factory=lambda: [0.1, 1.0, 10.0], min_length=1)
    folds: int = Field(default=4, ge=2)


@register
class Combined(Comparator):
    """A weighted sum of attacks, learned with labels, as a calibrated probability of "used".

    Every member's score is brought to mean 0 and deviation 1 of the development not used images, scored by the same
    attack beside the same generated images. They are strangers to both sets, so what changes scores from one set to
    another, above all the number of generated images, changes theirs too and cancels. The weights are those of a
    logistic regression, none negative, pulled towards equal ones (:func:`learned_weights`); the pull with the largest
    ROC AUC over inner grouped folds wins, the strongest among equals. The probability is fitted to the out-of-fold
    sums (Platt 1999).

    Members that need reference images get the not used images of the other folds, for every development image alike;
    an image to be scored gets the mean over the folds left out, which is the same in expectation. The inner choice is
    a little optimistic for them, since a fold's not used images were reference to the rest; outer folds are not.

    Needs: labels. Cost: that of the members, and theirs again for the not used development images.
    """

    comparator = "combined"
    variant = "extension"
    pixels = None
    several = True
    Parameters: ClassVar[type[FrozenModel]] = CombinedParameters
    quick: ClassVar[Mapping[str, Any]] = {
        "members": [{"attack": "local-ratio"}, {"attack": "nearest"}, {"attack": "calibrated-nearest"}],
        "folds": 2,
    }
    parameters: CombinedParameters

    def __init__(self, parameters: FrozenModel | None = None) -> None:
        super().__init__(parameters)
        self._team = Team(self.parameters.members)

    def applicable(self, development: Development, test: Test) -> str | None:
        """Refuse a member that can not run on the views."""
        del test
        return self._team.refusal(development.real)

    def fit(self, development: Development, context: Context) -> Self:
        """Weigh the members and calibrate their sum."""
        split = development.in_order()
        seed = derive_seed(context.seed, "combined")
        folds = inner_fold_numbers(split.used, split.groups, self.parameters.folds, seed)
        strangers = np.flatnonzero(split.used == 0)
        self._strangers, self.folds_ = split.real.take(strangers), folds[strangers]
        every = np.concatenate([folds, self.folds_])
        scores = self._team.crossed(split.real, split.generated, context, every, self._strangers)
        values = {s: _out_of_fold(scores, split.used, folds, s) for s in sorted(self.parameters.regularisation)}
        aucs = {strength: float(roc_auc_score(split.used, found)) for strength, found in values.items()}
        best = max(reversed(aucs), key=lambda strength: round(aucs[strength], 12))
        self.weights_ = learned_weights(_standardised(scores, scores[strangers]), split.used, best)
        calibration = calibrated(values[best], split.used)
        self.chosen_ = np.array([best, aucs[best], calibration.slope, calibration.intercept])
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give the probability of "used" of each real image."""
        generated = test.generated.in_order()[0]
        folds = np.concatenate([self.folds_, self.folds_])
        beside = self._team.crossed(self._strangers, generated, context, folds, self._strangers)
        values = _standardised(self._scores(test.real, generated, context), beside) @ self.weights_
        return Calibration(float(self.chosen_[2]), float(self.chosen_[3]))(values)

    def _scores(self, real: Images, generated: Images, context: Context) -> Floats:
        if not self._team.needs_reference:
            return self._team.scores(real, generated, context)
        parts = []
        for fold in np.unique(self.folds_):
            # As if the images lay in that fold: it is left out for them, as it was for the development images in it.
            folds = np.concatenate([np.full(len(real), fold), self.folds_])
            parts.append(self._team.crossed(real, generated, context, folds, self._strangers))
        mean: Floats = np.mean(parts, axis=0)
        return mean

    def figures(self) -> Figures:
        """Give the weights and the choice; its inner ROC AUC is the best of several and so a little optimistic."""
        names = ("chosen_regularisation", "inner_auc", "calibration_slope", "calibration_intercept")
        numbers = dict(zip(names, map(float, self.chosen_), strict=True))
        weights = dict(zip(self._team.labels, map(float, self.weights_), strict=True))
        return Figures(
            numbers | {f"weight-{label}": weight for label, weight in weights.items()}, details={"weights": weights}
        )

    def state(self) -> State:
        """Give what was fitted, with the rows of the not used development images in every view."""
        further = {_FURTHER + name: rows for name, rows in self._strangers.further.items()}
        return super().state() | {_OWN: self._strangers.rows} | further

    def restore(self, state: State) -> Self:
        """Take back what :meth:`state` gave; return self."""
        further = {name.removeprefix(_FURTHER): rows for name, rows in state.items() if name.startswith(_FURTHER)}
        ids = np.arange(len(state[_OWN])).astype(np.str_)
        self._strangers = Images(ids, state[_OWN], further)
        return super().restore({name: value for name, value in state.items() if name.endswith("_")})


def _standardised(scores: Floats, strangers: Floats) -> Floats:
    deviation = strangers.std(axis=0)
    # What is constant among strangers has no unit of its own: equal scores may differ by rounding alone.
    flat = deviation <= 1e-12 * np.abs(strangers).max(axis=0, initial=0.0)
    found: Floats = (scores - strangers.mean(axis=0)) / np.where(flat, 1.0, deviation)
    return found


def _out_of_fold(scores: Floats, used: NDArray[np.int8], folds: Folds, strength: float) -> Floats:
    values = np.empty(len(used))
    for fold in np.unique(folds):
        kept, held_out = folds != fold, folds == fold
        scaled = _standardised(scores, scores[kept & (used == 0)])
        values[held_out] = scaled[held_out] @ learned_weights(scaled[kept], used[kept], strength)
    return values
