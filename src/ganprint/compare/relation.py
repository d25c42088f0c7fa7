"""Run 1 of the paper: the relation network, three ways.

``as_coded`` trains with the softmax across the batch, keeps the checkpoint that the code's rule keeps, and scores one
pair per call, which after that softmax is exactly 1: every image gets the same answer. ``as_written`` drops the
softmax and keeps the rest. ``corrected`` learns from pairs that do belong together, on grids, and keeps the epoch with
the best ROC AUC on held-out real images.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from sklearn.metrics import roc_auc_score
from torch import nn

from ganprint.compare.auc_error import auc_standard_error
from ganprint.compare.controls import noise_like
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Context, Figures, Scores, register
from ganprint.compare.relation_base import RelationComparator
from ganprint.compare.relation_copies import CorrectedParameters, copy_steps, label_steps
from ganprint.compare.relation_epochs import Training
from ganprint.compare.relation_network import RelationNetwork
from ganprint.compare.relation_scoring import Mean
from ganprint.compare.relation_softmax import SHUFFLED, batch_softmax, batch_softmax_loss, shuffled_batches
from ganprint.compare.relation_training import PairParameters, pair_steps
from ganprint.pairs import area_under_points
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["RelationAsCoded", "RelationAsWritten", "RelationCorrected"]

_QUICK = {"depth": 10, "planes": 4, "epochs": 2, "learning_rate": 1e-2}

_NOISE_IMAGES = 200
"""Images of noise for a network that sees no generated image: more of the same tell nothing."""


class AsCodedParameters(PairParameters):
    """``score_batch``: pairs per call when scoring; the code's test script gives one."""

    score_batch: int = Field(default=1, ge=1)
    validation_folds: int = Field(default=5, ge=2)


@register
class RelationAsCoded(RelationComparator):
    """The public code: the loss sees a softmax of the scores across the batch of 8 pairs.

    Its checkpoint rule keeps an epoch whose "AUC", the area under the points (prediction, label), beats the accuracy of
    the epoch that was kept last. Validation takes two pairs of one real image at a time, of which the softmax puts
    exactly one at or above 0.5 unless their scores are equal, so that accuracy is 0.5 whatever the network; the area
    stays below, since all predictions lie between .27 and .73; and the first epoch is kept. With an odd number of
    generated images batches straddle real images, and the accuracy is another one. Scoring gives one pair per call,
    whose softmax is exactly 1. The scores before that softmax are a reading of their own.
    """

    comparator = "relation"
    variant = "as_coded"
    Parameters: ClassVar[type[FrozenModel]] = AsCodedParameters
    quick: ClassVar[Mapping[str, Any]] = {**_QUICK, "pairs_per_epoch": 32}
    parameters: AsCodedParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Train; keep the network of the epoch that the code's rule keeps."""
        training, held_out = held_out_fold(development, self.parameters.validation_folds, context)
        network = self.start(context)
        self.train(
            Training(
                network,
                self.parameters,
                context,
                judge=lambda: self._validated(network, held_out),
                judged_as=("area_under_points", "validation_accuracy"),
            ),
            lambda epoch: pair_steps(
                network,
                training,
                self.parameters,
                batch_softmax_loss,
                self.scale,
                seed=derive_seed(context.seed, "pairs", epoch),
                device=context.device,
            ),
        )
        self.network_ = network
        scores = self.pair_scores(network, held_out.real, held_out.generated)
        found = shuffled_batches(scores, self.parameters.batch, derive_seed(context.seed, "batches"))
        self.shuffled_: NDArray[np.float64] = np.array(list(found.values()))
        return self

    def _validated(self, network: RelationNetwork, held_out: Development) -> tuple[float, float]:
        predictions = batch_softmax(self.pair_scores(network, held_out.real, held_out.generated), 2).numpy()
        labels = np.broadcast_to(held_out.used[:, np.newaxis], predictions.shape)
        area = area_under_points(predictions.ravel().astype(np.float64), labels.ravel().astype(np.float64))
        return area, float(((predictions >= 0.5) == (labels == 1)).mean())

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean over generated images of the scores after the softmax across calls of ``score_batch`` pairs."""
        if self.parameters.score_batch == 1:
            # exp(s) / exp(s): no network needs to be asked.
            return np.ones(len(test.real))
        scores = self.pair_scores(self.network_.to(context.device), test.real, test.generated.in_order()[0])
        return batch_softmax(scores, self.parameters.score_batch).to(torch.float64).mean(dim=1).numpy()

    def other_readings(self, test: Test, context: Context) -> dict[str, Scores]:
        """Give the mean of the network's own scores, before the softmax that makes them all equal."""
        return {"before the softmax": super().score(test, context)}

    def figures(self) -> Figures:
        """Give loss, area and validation accuracy per epoch, and what shuffling the batches changes."""
        figures = super().figures()
        area, accuracy = self.judged_.T.tolist()
        numbers = {"validation_accuracy": max(accuracy), **dict(zip(SHUFFLED, self.shuffled_.tolist(), strict=True))}
        curves = {"area_under_points": area, "validation_accuracy": accuracy}
        return replace(figures, numbers={**figures.numbers, **numbers}, curves={**(figures.curves or {}), **curves})


@register
class RelationAsWritten(RelationComparator):
    """The text: a relation score in [0, 1] per pair, cross-entropy, no softmax across the batch, the last epoch.

    The text names no rule from pair scores to an image's answer; the mean pair score is the score, and drafts of the
    paper name 0.5 as the threshold.
    """

    comparator = "relation"
    variant = "as_written"
    Parameters: ClassVar[type[FrozenModel]] = PairParameters
    quick: ClassVar[Mapping[str, Any]] = {**_QUICK, "pairs_per_epoch": 32}
    parameters: PairParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Train on shuffled pairs; keep the network of the last epoch."""
        network, ordered = self.start(context), development.in_order()
        self.train(
            Training(network, self.parameters, context),
            lambda epoch: pair_steps(
                network,
                ordered,
                self.parameters,
                nn.functional.binary_cross_entropy,
                self.scale,
                seed=derive_seed(context.seed, "pairs", epoch),
                device=context.device,
            ),
        )
        self.network_ = network
        return self


@register
class RelationCorrected(RelationComparator):
    """The idea with its faults mended.

    The fault that matters most is the target: the paper gives every pair the label of its real image, though hardly any
    generated image has to do with a given real one. So there is nothing between the two to be learned, and the network
    learns the 160 real images by heart (``objective: labels`` does that, for comparison). In the relation network of
    Sung et al. 2018 the target says whether two images belong together. Such pairs can be had: an image and a changed
    copy of it (``objective: copies``). The score of a real image is the logarithm of the mean odds of its pairs, which
    a few close pairs decide and many unrelated ones do not drown, and which hardly grows with their number (by up to a
    seventh of the scores' spread from 500 to 2000 generated images).

    Further: pixels are centred and scaled by the development images' mean and deviation; the loss takes logits; every
    step draws as many used as not used images; batch-norm in the relation module averages over steps (momentum 0.1)
    instead of keeping the last batch; the epoch that is kept is the last whose ROC AUC on a held-out group fold of real
    images is less than one standard error below the best: smaller differences tell nothing, and the loss has gone on.
    Labels balance the draw and choose that epoch; they are no target of the loss.
    """

    comparator = "relation"
    variant = "corrected"
    Parameters: ClassVar[type[FrozenModel]] = CorrectedParameters
    quick: ClassVar[Mapping[str, Any]] = {**_QUICK, "steps_per_epoch": 4}
    parameters: CorrectedParameters

    def scale(self, grey: torch.Tensor) -> torch.Tensor:
        """Centre and scale by the development images' mean and deviation."""
        return (grey - float(self.mean_)) / float(self.deviation_)

    def fit(self, development: Development, context: Context) -> Self:
        """Train on grids of pairs; keep the last epoch that ranks held-out real images as well as the best."""
        parameters = self.parameters
        development = development.in_order()
        self.mean_ = np.float64(development.real.rows.mean(dtype=np.float64))
        self.deviation_ = np.float64(max(development.real.rows.std(dtype=np.float64), 1.0))
        if parameters.generated == "noise":
            ids = np.array([f"noise_{number:04d}" for number in range(_NOISE_IMAGES)])
            noise = noise_like(development.real, ids, derive_seed(context.seed, "noise"))
            self.noise_: NDArray[np.uint8] = noise.rows
            development = Development(development.real, development.used, development.groups, noise)
        training, held_out = held_out_fold(development, parameters.validation_folds, context)
        network = self.start(context)
        for module in network.relation.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.1
        steps = copy_steps if parameters.objective == "copies" else label_steps

        def epoch_steps(epoch: int) -> Iterator[torch.Tensor]:
            seed = derive_seed(context.seed, "grids", epoch)
            return steps(network, training, parameters, self.scale, seed=seed, device=context.device)

        self.train(
            Training(
                network,
                parameters,
                context,
                judge=lambda: self._judged(network, held_out),
                judged_as=("held_out_auc", ""),
                floor=-1.0,
                patience=parameters.patience,
            ),
            epoch_steps,
        )
        self.network_ = network
        own = self._scores(network, development.real, development.generated)
        self.centre_, self.spread_ = np.float64(own.mean()), np.float64(max(own.std(), np.finfo(np.float32).tiny))
        return self

    def _judged(self, network: RelationNetwork, held_out: Development) -> tuple[float, float]:
        """Give the ROC AUC of held-out images, and the same less one standard error by groups."""
        groups = [len(np.unique(held_out.groups[held_out.used == label])) for label in (1, 0)]
        if not all(groups):
            return 0.5, 0.0  # one class alone ranks nothing: the last epoch is kept
        auc = float(roc_auc_score(held_out.used, self._scores(network, held_out.real, held_out.generated)))
        return auc, auc - auc_standard_error(auc, *groups)

    def _scores(
        self, network: RelationNetwork, real: Images, generated: Images, context: Context | None = None
    ) -> Scores:
        mean: Mean = "log_odds" if self.parameters.objective == "copies" else "scores"
        return self.mean_scores(network, real, generated, context, mean)

    def _generated(self, test: Test) -> Images:
        if self.parameters.generated == "noise":
            return Images(np.array([f"noise_{number:04d}" for number in range(len(self.noise_))]), self.noise_)
        return test.generated.in_order()[0]

    def score(self, test: Test, context: Context) -> Scores:
        """Give the logarithm of the mean odds over all generated images, or the mean score with ``objective: labels``.

        In units of the standard deviation of the development real images' scores, from their mean: otherwise networks
        of different folds have scores that can not be told apart from one another's.
        """
        scores = self._scores(self.network_.to(context.device), test.real, self._generated(test), context)
        standardised: Scores = (scores - self.centre_) / self.spread_
        return standardised

    def figures(self) -> Figures:
        """Give loss and held-out ROC AUC per epoch; the latter chose the epoch, so the kept one's is optimistic."""
        figures, held_out = super().figures(), self.judged_[:, 0].tolist()
        numbers = {**figures.numbers, "kept_epoch_held_out_auc": held_out[int(self.kept_epoch_)]}
        return replace(figures, numbers=numbers, curves={**(figures.curves or {}), "held_out_auc": held_out})


def held_out_fold(development: Development, folds: int, context: Context) -> tuple[Development, Development]:
    """Give what is trained on, and one grouped fold of so many that is held out, both in the order of their ids."""
    ordered = development.in_order()
    numbers = inner_fold_numbers(ordered.used, ordered.groups, folds, context.seed)
    return ordered.take(np.flatnonzero(numbers != 0)), ordered.take(np.flatnonzero(numbers == 0))
