"""A baseline that is blind to the generated images: what it can tell is a bias of the split, and no leak.

Das, Zhang and Tramer (2024, "Blind baselines beat membership inference attacks for foundation models") show that many
published attacks do no better than such an answer.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, register
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["Blind"]

Rows = NDArray[np.float64]


class BlindParameters(FrozenModel):
    """``c``: inverse strengths of the penalty to choose from; ``folds``: grouped folds of that choice."""

    c: list[float] = Field(default_factory=lambda: [1e-4, 1e-3, 1e-2, 1e-1], min_length=1)
    folds: int = Field(default=4, ge=2)


@register
class Blind(Comparator):
    """Logistic regression on features of the real images alone; generated images are never looked at.

    Features are centred and scaled by the development real images. The penalty with the largest ROC AUC over the
    pooled grouped folds wins, the strongest among equals. The score is the log odds of "used".
    """

    comparator = "blind"
    variant = "extension"
    Parameters: ClassVar[type[FrozenModel]] = BlindParameters
    quick: ClassVar[Mapping[str, Any]] = {"c": [1e-2, 1e-1], "folds": 2}
    parameters: BlindParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Choose the penalty and fit on the development real images."""
        development = development.in_order()
        rows = development.real.rows.astype(np.float64)
        self.mean_, self.deviation_ = rows.mean(axis=0), rows.std(axis=0)
        self.deviation_[self.deviation_ == 0] = 1.0
        scaled = self._scaled(rows)
        seed = derive_seed(context.seed, "blind")
        folds = inner_fold_numbers(development.used, development.groups, self.parameters.folds, seed)
        aucs = {c: _held_out_auc(scaled, development.used, folds, c) for c in sorted(self.parameters.c)}
        best = max(aucs, key=lambda c: aucs[c])
        fitted = _regression(best).fit(scaled, development.used)
        self.chosen_ = np.array([best, aucs[best]])
        self.weights_: Rows = fitted.coef_[0].astype(np.float64)
        self.bias_ = np.float64(fitted.intercept_[0])
        return self

    def _scaled(self, rows: NDArray[Any]) -> Rows:
        scaled: Rows = (rows - self.mean_) / self.deviation_
        return scaled

    def score(self, test: Test, context: Context) -> Scores:
        """Give the log odds of "used" of each real image."""
        del context
        scores: Scores = (self._scaled(test.real.rows) * self.weights_).sum(axis=1) + self.bias_
        return scores

    def figures(self) -> Figures:
        """Give the choice; its held-out ROC AUC is the best of several and so optimistic."""
        return Figures({"chosen_c": float(self.chosen_[0]), "chosen_held_out_auc": float(self.chosen_[1])})


def _regression(c: float) -> LogisticRegression:
    return LogisticRegression(C=c, max_iter=1000)


def _held_out_auc(scaled: Rows, used: NDArray[np.int8], folds: NDArray[np.intp], c: float) -> float:
    values = np.empty(len(used))
    for fold in np.unique(folds):
        kept, held_out = folds != fold, folds == fold
        values[held_out] = _regression(c).fit(scaled[kept], used[kept]).decision_function(scaled[held_out])
    return float(roc_auc_score(used, values))
