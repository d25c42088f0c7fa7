"""Training of the relation network: pair by pair as the paper does, or on grids of real x generated images."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import nn

from ganprint.compare.data import Development
from ganprint.compare.relation_initial import initial_refusal
from ganprint.compare.relation_network import DEPTHS, RelationNetwork, StemName
from ganprint.compare.relation_scoring import PixelScale, network_input
from ganprint.pairs import grid_logits
from ganprint.params import FrozenModel

__all__ = ["GridParameters", "OptimiserParameters", "PairParameters", "grid_epochs", "pair_epochs"]

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class OptimiserParameters(FrozenModel):
    """Network and optimiser; the defaults are the paper's.

    Attributes
    ----------
    depth
        10, 12, 18, 34, 50, 101 or 152.
    planes
        Width of the stem.
    stem
        ``big`` (7 x 7, stride 2) or ``small`` (3 x 3, stride 1: four times the work).
    zero_init_residual
        Start residual branches at zero; loaded weights take the place of these zeros.
    shared
        One backbone for both roles.
    initial
        ``scratch``, ``imagenet`` (torchvision's; 64 planes, depth 18 and above) or ``file:PATH``: what training starts
        from.
    epochs
        Number of epochs.
    learning_rate, momentum, weight_decay
        Of stochastic gradient descent.
    milestones
        Epochs after which the rate is divided by ten; the paper's 120 and 160 lie beyond its 100 epochs.
    score_block
        Generated images per block of pairs when scoring: bounds the memory, changes no score.
    """

    depth: int = 101
    planes: int = Field(default=64, ge=2)
    stem: StemName = "big"
    zero_init_residual: bool = True
    shared: bool = False
    initial: str = Field(default="scratch", pattern=r"^(scratch|imagenet|file:.+)$")
    epochs: int = Field(default=100, ge=1)
    learning_rate: float = Field(default=1e-5, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0)
    milestones: list[int] = Field(default_factory=lambda: [120, 160])
    score_block: int = Field(default=64, ge=1)

    def model_post_init(self, context: Any, /) -> None:
        """Refuse depths that the paper does not name, and initial weights that do not exist."""
        del context
        if self.depth not in DEPTHS:
            raise ValueError(f"depth {self.depth} is none of {', '.join(map(str, DEPTHS))}")
        if (refusal := initial_refusal(self.initial, self.depth, self.planes)) is not None:
            raise ValueError(refusal)


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


def _optimiser(
    network: nn.Module, parameters: OptimiserParameters
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=parameters.learning_rate,
        momentum=parameters.momentum,
        weight_decay=parameters.weight_decay,
    )
    return optimiser, torch.optim.lr_scheduler.MultiStepLR(optimiser, parameters.milestones, gamma=0.1)


def pair_epochs(
    network: RelationNetwork,
    development: Development,
    parameters: PairParameters,
    loss: Loss,
    scale: PixelScale,
    *,
    rng: np.random.Generator,
    device: str,
) -> Iterator[float]:
    """Train on shuffled (real, generated) pairs, one batch a step; give the mean loss of each epoch.

    A last batch of one pair is left out: the authors' code crashes on it.

    Parameters
    ----------
    loss
        Takes the scores [batch] in [0, 1] and the real images' labels [batch].
    """
    optimiser, scheduler = _optimiser(network, parameters)
    labels = torch.from_numpy(development.used.astype(np.float32)).to(device)
    columns = len(development.generated)
    for _ in range(parameters.epochs):
        network.train()
        pairs = rng.permutation(len(development.real) * columns)[: parameters.pairs_per_epoch or None]
        losses = []
        for start in range(0, len(pairs) - 1, parameters.batch):
            real, generated = np.divmod(pairs[start : start + parameters.batch], columns)
            scores = network(
                network_input(development.real, real, scale, device),
                network_input(development.generated, generated, scale, device),
            )
            value = loss(scores, labels[torch.from_numpy(real).to(device)])
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(float(value.detach()))
        scheduler.step()
        yield float(np.mean(losses))


def grid_epochs(
    network: RelationNetwork,
    development: Development,
    parameters: GridParameters,
    scale: PixelScale,
    *,
    rng: np.random.Generator,
    device: str,
) -> Iterator[float]:
    """Train on grids: m + n backbone passes give m * n pairs; give the mean loss of each epoch.

    Every step draws as many used as not used images, so the base rate can not be learned.
    """
    optimiser, scheduler = _optimiser(network, parameters)
    criterion = nn.BCEWithLogitsLoss()
    classes = [np.flatnonzero(development.used == label) for label in (0, 1)]
    for _ in range(parameters.epochs):
        network.train()
        losses = []
        for _ in range(parameters.steps_per_epoch):
            drawn = [rng.choice(rows, min(parameters.real_per_class, len(rows)), replace=False) for rows in classes]
            real = np.concatenate(drawn)
            shown = min(parameters.generated_per_step, len(development.generated))
            generated = rng.choice(len(development.generated), shown, replace=False)
            logits = grid_logits(
                network.relation,
                network.real(network_input(development.real, real, scale, device)),
                network.generated(network_input(development.generated, generated, scale, device)),
            )
            labels = torch.from_numpy(development.used[real].astype(np.float32)).to(device)
            value = criterion(logits, labels.unsqueeze(1).expand_as(logits))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(float(value.detach()))
        scheduler.step()
        yield float(np.mean(losses))
