"""Run 1 of the paper: the relation network, three ways.

``as_coded`` trains with the softmax across the batch, keeps the checkpoint that the code's rule keeps, and scores one
pair per call, which after that softmax is exactly 1: every image gets the same answer. ``as_written`` drops the
softmax and keeps the rest. ``corrected`` uses scaled pixels, logits, balanced grids of pairs, and the epoch with the
best ROC AUC on held-out real images.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from sklearn.metrics import roc_auc_score
from torch import nn

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Context, Figures, Scores, register
from ganprint.compare.relation_base import RelationComparator
from ganprint.compare.relation_network import RelationNetwork
from ganprint.compare.relation_training import GridParameters, PairParameters, grid_epochs, pair_epochs
from ganprint.params import FrozenModel
from ganprint.seeds import generator

__all__ = ["RelationAsCoded", "RelationAsWritten", "RelationCorrected"]

_QUICK = {"depth": 10, "planes": 4, "epochs": 2, "learning_rate": 1e-2}


class AsCodedParameters(PairParameters):
    """``score_batch``: pairs per call when scoring; the code's test script gives one."""

    score_batch: int = Field(default=1, ge=1)
    validation_folds: int = Field(default=5, ge=2)


@register
class RelationAsCoded(RelationComparator):
    """The public code: the loss sees a softmax of the scores across the batch of 8 pairs.

    Its checkpoint rule keeps an epoch whose validation accuracy beats the best so far. Validation takes two pairs of
    one real image at a time, of which the softmax puts exactly one at or above 0.5, so the accuracy is 0.5 whatever
    the network, and the first epoch is kept. Scoring gives one pair per call, whose softmax is exactly 1. The scores
    before that softmax are a reading of their own.
    """

    comparator = "relation"
    variant = "as_coded"
    Parameters: ClassVar[type[FrozenModel]] = AsCodedParameters
    quick: ClassVar[Mapping[str, Any]] = {**_QUICK, "pairs_per_epoch": 32}
    parameters: AsCodedParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Train; keep the network of the first epoch with the best validation accuracy."""
        parameters = self.parameters
        development = development.in_order()
        folds = inner_fold_numbers(development.used, development.groups, parameters.validation_folds, context.seed)
        training, held_out = (development.take(np.flatnonzero(part)) for part in (folds != 0, folds == 0))
        network = self.start(context)
        best = deepcopy(network.state_dict())
        self.accuracies_: NDArray[np.float64] = np.empty(0)
        for loss in pair_epochs(
            network,
            training,
            parameters,
            _batch_softmax_loss,
            self.scale,
            rng=generator(context.seed, "pairs"),
            device=context.device,
        ):
            accuracy = self._validation_accuracy(network, held_out)
            if accuracy > self.accuracies_.max(initial=0.0):
                best = deepcopy(network.state_dict())
            self.accuracies_ = np.append(self.accuracies_, accuracy)
            self.epoch_done(loss, context)
        network.load_state_dict(best)
        self.network_ = network.eval()
        return self

    def _validation_accuracy(self, network: RelationNetwork, held_out: Development) -> float:
        answers = batch_softmax(self.pair_scores(network, held_out.real, held_out.generated), 2) >= 0.5
        right = answers.numpy() == (held_out.used[:, np.newaxis] == 1)
        return float(right.mean())

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
        """Give loss and validation accuracy per epoch: the latter is 0.5 whatever is learned."""
        numbers = {"validation_accuracy": float(self.accuracies_.max()), "last_loss": float(self.losses_[-1])}
        return Figures(numbers, curves={"loss": list(self.losses_), "validation_accuracy": list(self.accuracies_)})


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
        network = self.start(context)
        for loss in pair_epochs(
            network,
            development.in_order(),
            self.parameters,
            nn.functional.binary_cross_entropy,
            self.scale,
            rng=generator(context.seed, "pairs"),
            device=context.device,
        ):
            self.epoch_done(loss, context)
        self.network_ = network.eval()
        return self


@register
class RelationCorrected(RelationComparator):
    """The idea with its faults mended.

    Pixels are centred and scaled by the development images' mean and deviation; the loss takes logits; every step
    draws as many used as not used images; batch-norm in the relation module averages over steps (momentum 0.1) instead
    of keeping the last batch; the epoch with the best ROC AUC on a held-out group fold of real images is kept.
    """

    comparator = "relation"
    variant = "corrected"
    Parameters: ClassVar[type[FrozenModel]] = GridParameters
    quick: ClassVar[Mapping[str, Any]] = {**_QUICK, "steps_per_epoch": 4}
    parameters: GridParameters

    def scale(self, grey: torch.Tensor) -> torch.Tensor:
        """Centre and scale by the development images' mean and deviation."""
        return (grey - float(self.mean_)) / float(self.deviation_)

    def fit(self, development: Development, context: Context) -> Self:
        """Train on grids of pairs; keep the network of the epoch that ranks held-out real images best."""
        parameters = self.parameters
        development = development.in_order()
        self.mean_ = np.float64(development.real.rows.mean(dtype=np.float64))
        self.deviation_ = np.float64(max(development.real.rows.std(dtype=np.float64), 1.0))
        folds = inner_fold_numbers(development.used, development.groups, parameters.validation_folds, context.seed)
        training, held_out = (development.take(np.flatnonzero(part)) for part in (folds != 0, folds == 0))
        network = self.start(context)
        for module in network.relation.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.1
        best = deepcopy(network.state_dict())
        self.aucs_: NDArray[np.float64] = np.empty(0)
        for loss in grid_epochs(
            network,
            training,
            parameters,
            self.scale,
            rng=generator(context.seed, "grids"),
            device=context.device,
        ):
            auc = self._held_out_auc(network, held_out)
            if auc > self.aucs_.max(initial=-1.0):
                best = deepcopy(network.state_dict())
            self.aucs_ = np.append(self.aucs_, auc)
            self.epoch_done(loss, context)
        network.load_state_dict(best)
        self.network_ = network.eval()
        return self

    def _held_out_auc(self, network: RelationNetwork, held_out: Development) -> float:
        if held_out.used.min() == held_out.used.max():
            return 0.5  # one class alone ranks nothing: the first epoch is kept
        return float(roc_auc_score(held_out.used, self.mean_scores(network, held_out.real, held_out.generated)))

    def figures(self) -> Figures:
        """Give loss and held-out ROC AUC per epoch; the best of the latter chose the epoch, so it is optimistic."""
        numbers = {"kept_epoch": float(np.argmax(self.aucs_)), "kept_epoch_held_out_auc": float(self.aucs_.max())}
        return Figures(numbers, curves={"loss": list(self.losses_), "held_out_auc": list(self.aucs_)})


def batch_softmax(scores: torch.Tensor, batch: int) -> torch.Tensor:
    """Apply a softmax across each batch of pairs, as the authors' code does (``use_softmax=True``).

    Parameters
    ----------
    scores
        [n_real, n_generated], pairs in the order real image by real image.
    batch
        Pairs per call; a batch may straddle two real images, and the last may be smaller.

    Returns
    -------
    [n_real, n_generated]: within each batch the numbers add up to 1, so a batch of one is exactly 1.
    """
    flat = scores.reshape(-1)
    whole = len(flat) // batch * batch
    parts = [flat[:whole].view(-1, batch).softmax(dim=1).view(-1), flat[whole:].softmax(dim=0)]
    return torch.cat(parts).view_as(scores)


def _batch_softmax_loss(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return nn.functional.binary_cross_entropy(scores.softmax(dim=-1), labels)
