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
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State, register
from ganprint.compare.relation_network import RelationNetwork, build_network
from ganprint.compare.relation_training import (
    OptimiserParameters,
    grid_epochs,
    mean_scores,
    pair_epochs,
    pair_scores,
)
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed, generator

__all__ = ["RelationAsCoded", "RelationAsWritten", "RelationCorrected"]


_QUICK = {"depth": 10, "planes": 4, "epochs": 2, "learning_rate": 1e-2}


class PairParameters(OptimiserParameters):
    """Pair-by-pair training.

    Attributes
    ----------
    batch
        Pairs per step (the paper: 8).
    pairs_per_epoch
        How many of the shuffled pairs make an epoch; 0 for all of them, as the paper does.
    """

    batch: int = Field(default=8, ge=2)
    pairs_per_epoch: int = Field(default=0, ge=0)


class AsCodedParameters(PairParameters):
    """``score_batch``: pairs per call when scoring; the code's test script gives one."""

    score_batch: int = Field(default=1, ge=1)
    validation_folds: int = Field(default=5, ge=2)


class GridParameters(OptimiserParameters):
    """Training on grids.

    Attributes
    ----------
    real_per_class
        Used and, as many again, not used images per step.
    generated_per_step
        Generated images per step.
    steps_per_epoch
        Steps per epoch.
    validation_folds
        One grouped fold of so many chooses the epoch.
    """

    real_per_class: int = Field(default=4, ge=1)
    generated_per_step: int = Field(default=8, ge=1)
    steps_per_epoch: int = Field(default=100, ge=1)
    validation_folds: int = Field(default=4, ge=2)


class _Relation(Comparator):
    pixels = True
    accelerated = True
    Parameters: ClassVar[type[FrozenModel]] = OptimiserParameters
    parameters: OptimiserParameters

    def _scale(self, grey: torch.Tensor) -> torch.Tensor:
        # The authors' code gives the network 0..255, and the text does not say otherwise.
        return grey

    def _start(self, context: Context) -> RelationNetwork:
        self.losses_: NDArray[np.float64] = np.empty(0)
        network = build_network(self.parameters.depth, self.parameters.planes, derive_seed(context.seed, "weights"))
        return network.to(context.device)

    def _epoch_done(self, loss: float, context: Context) -> None:
        self.losses_ = np.append(self.losses_, loss)
        context.advance(len(self.losses_), self.parameters.epochs, "epoch")

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean pair score over all generated images, in [0, 1]."""
        return mean_scores(
            self.network_.to(context.device),
            test.real,
            test.generated.in_order()[0],
            self._scale,
            block=self.parameters.score_block,
            device=context.device,
        )

    def figures(self) -> Figures:
        """Give the loss per epoch."""
        return Figures({"last_loss": float(self.losses_[-1])}, curves={"loss": list(self.losses_)})

    def state(self) -> State:
        """Give losses and the network's tensors as arrays."""
        arrays = {
            name: np.asarray(value) for name, value in vars(self).items() if name.endswith("_") and name != "network_"
        }
        tensors = {f"network.{name}": value.cpu().numpy() for name, value in self.network_.state_dict().items()}
        return arrays | tensors

    def restore(self, state: State) -> Self:
        """Rebuild the network and take its tensors."""
        tensors = {name.removeprefix("network."): value for name, value in state.items() if name.startswith("network.")}
        super().restore({name: value for name, value in state.items() if not name.startswith("network.")})
        self.network_ = build_network(self.parameters.depth, self.parameters.planes, 0)
        self.network_.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
        return self


@register
class RelationAsCoded(_Relation):
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
        network = self._start(context)
        best = deepcopy(network.state_dict())
        self.accuracies_: NDArray[np.float64] = np.empty(0)
        for loss in pair_epochs(
            network,
            training,
            parameters,
            _batch_softmax_loss,
            self._scale,
            batch=parameters.batch,
            pairs_per_epoch=parameters.pairs_per_epoch or None,
            rng=generator(context.seed, "pairs"),
            device=context.device,
        ):
            accuracy = self._validation_accuracy(network, held_out, context)
            if accuracy > self.accuracies_.max(initial=0.0):
                best = deepcopy(network.state_dict())
            self.accuracies_ = np.append(self.accuracies_, accuracy)
            self._epoch_done(loss, context)
        network.load_state_dict(best)
        self.network_ = network.eval()
        return self

    def _validation_accuracy(self, network: RelationNetwork, held_out: Development, context: Context) -> float:
        scores = pair_scores(
            network,
            held_out.real,
            held_out.generated,
            self._scale,
            block=self.parameters.score_block,
            device=context.device,
        )
        answers = batch_softmax(scores, 2) >= 0.5
        right = answers.numpy() == (held_out.used[:, np.newaxis] == 1)
        return float(right.mean())

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean over generated images of the scores after the softmax across calls of ``score_batch`` pairs."""
        if self.parameters.score_batch == 1:
            # exp(s) / exp(s): no network needs to be asked.
            return np.ones(len(test.real))
        scores = pair_scores(
            self.network_.to(context.device),
            test.real,
            test.generated.in_order()[0],
            self._scale,
            block=self.parameters.score_block,
            device=context.device,
        )
        return batch_softmax(scores, self.parameters.score_batch).to(torch.float64).mean(dim=1).numpy()

    def other_readings(self, test: Test, context: Context) -> dict[str, Scores]:
        """Give the mean of the network's own scores, before the softmax that makes them all equal."""
        return {"before the softmax": super().score(test, context)}

    def figures(self) -> Figures:
        """Give loss and validation accuracy per epoch: the latter is 0.5 whatever is learned."""
        numbers = {"validation_accuracy": float(self.accuracies_.max()), "last_loss": float(self.losses_[-1])}
        return Figures(numbers, curves={"loss": list(self.losses_), "validation_accuracy": list(self.accuracies_)})


@register
class RelationAsWritten(_Relation):
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
        network = self._start(context)
        for loss in pair_epochs(
            network,
            development.in_order(),
            self.parameters,
            nn.functional.binary_cross_entropy,
            self._scale,
            batch=self.parameters.batch,
            pairs_per_epoch=self.parameters.pairs_per_epoch or None,
            rng=generator(context.seed, "pairs"),
            device=context.device,
        ):
            self._epoch_done(loss, context)
        self.network_ = network.eval()
        return self


@register
class RelationCorrected(_Relation):
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

    def _scale(self, grey: torch.Tensor) -> torch.Tensor:
        return (grey - float(self.mean_)) / float(self.deviation_)

    def fit(self, development: Development, context: Context) -> Self:
        """Train on grids of pairs; keep the network of the epoch that ranks held-out real images best."""
        parameters = self.parameters
        development = development.in_order()
        self.mean_ = np.float64(development.real.rows.mean(dtype=np.float64))
        self.deviation_ = np.float64(max(development.real.rows.std(dtype=np.float64), 1.0))
        folds = inner_fold_numbers(development.used, development.groups, parameters.validation_folds, context.seed)
        training, held_out = (development.take(np.flatnonzero(part)) for part in (folds != 0, folds == 0))
        network = self._start(context)
        for module in network.relation.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.1
        best = deepcopy(network.state_dict())
        self.aucs_: NDArray[np.float64] = np.empty(0)
        for loss in grid_epochs(
            network,
            training,
            parameters,
            self._scale,
            real_per_class=parameters.real_per_class,
            generated_per_step=parameters.generated_per_step,
            steps_per_epoch=parameters.steps_per_epoch,
            rng=generator(context.seed, "grids"),
            device=context.device,
        ):
            auc = self._held_out_auc(network, held_out, context)
            if auc > self.aucs_.max(initial=-1.0):
                best = deepcopy(network.state_dict())
            self.aucs_ = np.append(self.aucs_, auc)
            self._epoch_done(loss, context)
        network.load_state_dict(best)
        self.network_ = network.eval()
        return self

    def _held_out_auc(self, network: RelationNetwork, held_out: Development, context: Context) -> float:
        if held_out.used.min() == held_out.used.max():
            return 0.5  # one class alone ranks nothing: the first epoch is kept
        scores = mean_scores(
            network,
            held_out.real,
            held_out.generated,
            self._scale,
            block=self.parameters.score_block,
            device=context.device,
        )
        return float(roc_auc_score(held_out.used, scores))

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
