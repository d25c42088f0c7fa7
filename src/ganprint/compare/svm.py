"""Run 3 of the paper: a support vector machine on every concatenation [real; generated], three ways.

``as_coded`` can not run and says why. ``as_written`` is the text: an RBF machine with the library's defaults on all
pairs of development images, and the majority over all generated test images. ``corrected`` scales the features and
chooses C and gamma by grouped cross-validation.

All of it is exact on the full grid of pairs without building one: see :class:`ganprint.pairs.GridSVC`.
"""

from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.metrics import roc_auc_score

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State, register
from ganprint.pairs import GridSVC, generated_weights, scale_gamma, squared_distances
from ganprint.params import FrozenModel

__all__ = ["SVMAsCoded", "SVMAsWritten", "SVMCorrected"]

Rows = NDArray[np.float64]

_GENERATED_BLOCK = 2048


@register
class SVMAsCoded(Comparator):
    """The public notebook, which can not have produced a submission, so it is refused.

    Its fit has no stored output, the extraction of the test features was interrupted, and its prediction cells are text
    cells: run as code, they would overrun the training array after 40 000 rows and then predict an uninitialised array
    of 65 GB. It holds no vote and writes no file.
    """

    comparator = "svm"
    variant = "as_coded"

    def applicable(self, development: Development, test: Test) -> str | None:
        """Give the reason: there is nothing to run."""
        del development, test
        return (
            "the public notebook has no prediction that can run: its prediction cells are text, would overrun the "
            "training array after 40000 rows and then predict an uninitialised 65 GB array; it has no vote and writes "
            "no file"
        )

    def fit(self, development: Development, context: Context) -> Self:
        """Not reached: :meth:`applicable` refuses."""
        del context
        raise RuntimeError(self.applicable(development, Test(development.real, development.generated)))

    def score(self, test: Test, context: Context) -> Scores:
        """Not reached: :meth:`applicable` refuses."""
        del test, context
        raise RuntimeError("svm as_coded can not be fitted")


class AsWrittenParameters(FrozenModel):
    """Defaults of the library that the paper used.

    Attributes
    ----------
    c
        Penalty.
    gamma
        Kernel coefficient, or ``scale``.
    tol
        Largest violation of the optimality conditions.
    """

    c: float = Field(default=1.0, gt=0)
    gamma: float | Literal["scale"] = "scale"
    tol: float = Field(default=1e-3, gt=0)


class CorrectedParameters(FrozenModel):
    """What is tried.

    Attributes
    ----------
    c
        Penalties.
    gamma
        Kernel coefficients as multiples of ``scale`` (1 over width times variance of all concatenations).
    folds
        Grouped folds of the choice.
    tol
        Largest violation of the optimality conditions.
    """

    c: list[float] = Field(default_factory=lambda: [0.1, 1.0, 10.0], min_length=1)
    gamma: list[float] = Field(default_factory=lambda: [0.5, 1.0, 2.0], min_length=1)
    folds: int = Field(default=4, ge=2)
    tol: float = Field(default=1e-3, gt=0)


class _GridMachine(Comparator):
    """Saves and restores the machine as arrays."""

    machine_: GridSVC

    def state(self) -> State:
        """Give the machine's training rows and coefficients, and what else was fitted."""
        own = {name: np.asarray(value) for name, value in vars(self).items() if name.endswith("_")}
        del own["machine_"]
        return own | {f"machine.{name}": np.asarray(getattr(self.machine_, name)) for name in _MACHINE}

    def restore(self, state: State) -> Self:
        """Rebuild the machine."""
        super().restore({name: value for name, value in state.items() if not name.startswith("machine.")})
        self.machine_ = GridSVC()
        for name in _MACHINE:
            value = state[f"machine.{name}"]
            setattr(self.machine_, name, value if value.ndim else value.item())
        return self

    def figures(self) -> Figures:
        """Give how well the dual problem was solved, and how many coefficients it takes."""
        machine = self.machine_
        return Figures(
            {
                "gamma": machine.gamma_,
                "kkt_violation": machine.kkt_violation_,
                "duality_gap": machine.duality_gap_,
                "support_pairs": float(np.count_nonzero(machine.dual_coef_)),
            }
        )


_MACHINE = ("real_", "generated_", "gamma_", "dual_coef_", "intercept_", "kkt_violation_", "duality_gap_", "n_iter_")


@register
class SVMAsWritten(_GridMachine):
    """The text: an RBF machine on all pairs of development images; score = share of pairs decided "used".

    The majority over the generated test images is a threshold of 0.5 on that share. The text names no pooling of the
    features; the notebook's is the maximum.
    """

    comparator = "svm"
    variant = "as_written"
    Parameters: ClassVar[type[FrozenModel]] = AsWrittenParameters
    parameters: AsWrittenParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Fit on every pair of development images."""
        del context
        development = development.in_order()
        machine = GridSVC(C=self.parameters.c, gamma=self.parameters.gamma, tol=self.parameters.tol)
        self.machine_ = machine.fit(development.real.rows, development.generated.rows, development.used)
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give the share of all generated images beside which each real image is decided "used"."""
        del context
        generated = test.generated.in_order()[0]
        return self.machine_.vote_share(test.real.rows, generated.rows, block=_GENERATED_BLOCK)


@register
class SVMCorrected(_GridMachine):
    """Scaled features, C and gamma by grouped cross-validation on the grid; score = mean decision value.

    Features are centred and scaled by the development images, real and generated together. For every gamma the Gram
    factors are computed once and serve all folds and all C. The pair (C, gamma) with the largest mean ROC AUC over the
    folds wins, the smallest C and then the smallest gamma among equals. The mean decision value over generated images
    keeps what the vote rounds away.
    """

    comparator = "svm"
    variant = "corrected"
    Parameters: ClassVar[type[FrozenModel]] = CorrectedParameters
    parameters: CorrectedParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Choose C and gamma, and fit on every pair of development images."""
        development = development.in_order()
        both = np.concatenate([development.real.rows, development.generated.rows]).astype(np.float64)
        self.mean_, self.deviation_ = both.mean(axis=0), both.std(axis=0)
        self.deviation_[self.deviation_ == 0] = 1.0
        real, generated = self._scaled(development.real.rows), self._scaled(development.generated.rows)
        scale = scale_gamma(real, generated)
        choices = self._held_out_aucs(real, generated, scale, development, context)
        (c, gamma), auc = max(choices.items(), key=lambda item: (item[1], -item[0][0], -item[0][1]))
        self.chosen_ = np.array([c, gamma * scale, auc])
        self.machine_ = GridSVC(C=c, gamma=gamma * scale, tol=self.parameters.tol).fit(
            real, generated, development.used
        )
        return self

    def _scaled(self, rows: NDArray[Any]) -> Rows:
        scaled: Rows = (rows - self.mean_) / self.deviation_
        return scaled

    def _held_out_aucs(
        self, real: Rows, generated: Rows, scale: float, development: Development, context: Context
    ) -> dict[tuple[float, float], float]:
        parameters = self.parameters
        folds = inner_fold_numbers(development.used, development.groups, parameters.folds, context.seed)
        real_distances, generated_distances = squared_distances(real), squared_distances(generated)
        aucs = {}
        for number, gamma in enumerate(parameters.gamma):
            real_gram = np.exp(-gamma * scale * real_distances)
            generated_gram = np.exp(-gamma * scale * generated_distances)
            weights = generated_weights(generated_gram)
            for c in parameters.c:
                machine = GridSVC(C=c, tol=parameters.tol)
                parts = []
                for fold in np.unique(folds):
                    held_out, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
                    machine.fit_gram(
                        real_gram[np.ix_(kept, kept)], generated_gram, development.used[kept], weights=weights
                    )
                    values = machine.mean_decision_gram(real_gram[np.ix_(held_out, kept)], generated_gram.mean(axis=0))
                    if len(np.unique(development.used[held_out])) == 2:
                        parts.append(float(roc_auc_score(development.used[held_out], values)))
                aucs[c, gamma] = float(np.mean(parts)) if parts else 0.5
            context.advance(number + 1, len(parameters.gamma), "gamma")
        return aucs

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean decision value over all generated images."""
        del context
        generated = test.generated.in_order()[0].rows
        blocks = (
            self._scaled(generated[start : start + _GENERATED_BLOCK])
            for start in range(0, len(generated), _GENERATED_BLOCK)
        )
        return self.machine_.mean_decision(self._scaled(test.real.rows), blocks, block=_GENERATED_BLOCK)

    def figures(self) -> Figures:
        """Give the choice as well; its held-out ROC AUC is the best of several and so optimistic."""
        figures = super().figures()
        chosen = {"chosen_c": float(self.chosen_[0]), "chosen_held_out_auc": float(self.chosen_[2])}
        return Figures({**figures.numbers, **chosen})
