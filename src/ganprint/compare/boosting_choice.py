"""What the boosting ensemble is made of, chosen on inner grouped folds; and what the choice rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ganprint.compare.boosting_model import Boosted, Frame, Recipe, Setting
from ganprint.seeds import generator

__all__ = ["Inner", "standard_error", "within_one_error"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]


@dataclass(frozen=True)
class Inner:
    """Inner folds of a fit.

    Attributes
    ----------
    used, groups, folds
        [n], of the development images of the fit.
    recipe
        Of the ensembles.
    """

    used: Labels
    groups: NDArray[np.str_]
    folds: NDArray[np.intp]
    recipe: Recipe

    def margins(self, frame: Frame, setting: Setting) -> Floats:
        """Give out-of-fold log odds [n]."""
        return self._joined(frame, self._fits(frame, setting))

    def auc(self, margins: Floats) -> float:
        """Give the ROC AUC of out-of-fold log odds."""
        return float(roc_auc_score(self.used, margins))

    def error(self, margins: Floats) -> float:
        """Give the standard error of that AUC."""
        return standard_error(margins, self.used, self.groups)

    def permutation_importances(
        self, frame: Frame, setting: Setting, parts: Mapping[str, Sequence[int]], repetitions: int
    ) -> dict[str, float]:
        """Give by how much the ROC AUC falls when held-out images exchange the columns of a part with each other.

        Parameters
        ----------
        parts
            Name to places of columns; all of a part are exchanged together.
        repetitions
            Exchanges that the mean is taken of.
        """
        fits = self._fits(frame, setting)
        whole = self.auc(self._joined(frame, fits))

        def without(name: str) -> float:
            places, found = list(parts[name]), []
            for repetition in range(repetitions):
                rng, values = generator(self.recipe.seed, "exchange", name, repetition), frame.values.copy()
                for fold in range(len(fits)):
                    rows = np.flatnonzero(self.folds == fold)[:, np.newaxis]
                    values[rows, places] = frame.values[rng.permutation(rows), places]
                found.append(self.auc(self._joined(Frame(frame.columns, values), fits)))
            return float(np.mean(found))

        return {name: whole - without(name) for name in parts}

    def _fits(self, frame: Frame, setting: Setting) -> list[Boosted]:
        kept = [np.flatnonzero(self.folds != fold) for fold in range(int(self.folds.max()) + 1)]
        return [self.recipe.fit(frame.take(rows), self.used[rows], setting) for rows in kept]

    def _joined(self, frame: Frame, fits: Sequence[Boosted]) -> Floats:
        found = np.empty(len(self.used))
        for fold, fit in enumerate(fits):
            rows = np.flatnonzero(self.folds == fold)
            found[rows] = fit.margins(frame.take(rows))
        return found


def standard_error(margins: Floats, used: Labels, groups: NDArray[np.str_]) -> float:
    """Give the standard error of a ROC AUC by leaving out one group after the other.

    sqrt((G - 1) / G sum (a_g - mean a)^2), the jackknife (Efron and Tibshirani 1993, equation 11.5) over G groups;
    groups without which a class would be missing are passed over. Images of a patient are not independent, so that
    formulas for single images are too sure.
    """
    areas = []
    for group in np.unique(groups):
        kept = groups != group
        if 0 < used[kept].sum() < kept.sum():
            areas.append(roc_auc_score(used[kept], margins[kept]))
    if len(areas) < 2:
        return 0.0
    return float(np.sqrt((len(areas) - 1) * np.var(areas)))


def within_one_error(aucs: Mapping[str, float], error_of: Callable[[str], float]) -> tuple[str, ...]:
    """Give the candidates that are not worse than the best one by more than the standard error of its ROC AUC.

    The rule of one standard error (Breiman, Friedman, Olshen and Stone 1984, section 3.4.3), in the order given.

    Examples
    --------
    >>> within_one_error({"a": 0.80, "b": 0.77, "c": 0.60}, lambda best: 0.05)
    ('a', 'b')
    """
    best = max(aucs, key=lambda name: round(aucs[name], 12))
    limit = aucs[best] - error_of(best)
    return tuple(name for name, auc in aucs.items() if name == best or auc >= limit)
