"""Training of the relation network: what all variants share, and steps on pairs as the paper does them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from pydantic import Field, PositiveInt, field_validator
from torch import nn

from ganprint.compare.data import Development
from ganprint.compare.relation_initial import initial_refusal
from ganprint.compare.relation_network import DEPTHS, RelationNetwork, StemName
from ganprint.compare.relation_scoring import PixelScale, ScoreDtype, network_input
from ganprint.errors import InputError
from ganprint.params import FrozenModel
from ganprint.seeds import generator

__all__ = ["OptimiserParameters", "PairParameters", "check_finite", "optimiser", "pair_steps"]

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
        Generated images per block of pairs when scoring; an interrupted scoring goes on after its last whole block.
    score_memory
        Bound in MiB of what scoring holds besides weights, images and the real images' maps; 0: 2048 on a CPU, half of
        what is free on a GPU.
    score_dtype
        float32, bfloat16, or auto: bfloat16 where the processor multiplies it, float32 elsewhere.
    """

    depth: int = 101
    planes: int = Field(default=64, ge=2)
    stem: StemName = "big"
    zero_init_residual: bool = True
    shared: bool = False
    initial: str = Field(default="scratch", pattern=r"^(scratch|imagenet|file:.+)$")
    epochs: int = Field(default=100, ge=1)
    learning_rate: float = Field(default=1e-5, gt=0, allow_inf_nan=False)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0, allow_inf_nan=False)
    milestones: list[PositiveInt] = Field(default_factory=lambda: [120, 160])
    score_block: int = Field(default=64, ge=1)
    score_memory: int = Field(default=0, ge=0)
    score_dtype: ScoreDtype = "float32"

    def model_post_init(self, context: Any, /) -> None:
        """Refuse depths that the paper does not name, and initial weights that do not exist."""
        del context
        if self.depth not in DEPTHS:
            raise ValueError(f"depth {self.depth} is none of {', '.join(map(str, DEPTHS))}")
        if (refusal := initial_refusal(self.initial, self.depth, self.planes)) is not None:
            raise ValueError(refusal)

    def rate(self, epoch: int) -> float:
        """Give the learning rate of an epoch, counted from 0: divided by ten for every milestone that lies behind."""
        passed = sum(milestone <= epoch for milestone in self.milestones)
        rate: float = self.learning_rate / 10**passed
        return rate


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

    @field_validator("pairs_per_epoch")
    @classmethod
    def _more_than_one(cls, pairs: int) -> int:
        if pairs == 1:
            raise ValueError(
                "one pair makes no step, since a last batch of one is left out; give 0 for all, or 2 or more"
            )
        return pairs


def optimiser(network: nn.Module, parameters: OptimiserParameters) -> torch.optim.Optimizer:
    """Make the optimiser: stochastic gradient descent with momentum and weight decay."""
    return torch.optim.SGD(
        network.parameters(),
        lr=parameters.learning_rate,
        momentum=parameters.momentum,
        weight_decay=parameters.weight_decay,
    )


def check_finite(values: torch.Tensor) -> None:
    """Refuse scores or a loss that are no numbers any more.

    Raises
    ------
    InputError
        When a value is infinite or not a number.
    """
    if not bool(torch.isfinite(values).all()):
        raise InputError(
            "training of the relation network diverged: scores or loss are not finite; give a smaller learning_rate, "
            "or other initial weights"
        )


def pair_steps(
    network: RelationNetwork,
    development: Development,
    parameters: PairParameters,
    loss: Loss,
    scale: PixelScale,
    *,
    seed: int,
    device: str,
) -> Iterator[torch.Tensor]:
    """Give the loss of each step of one epoch on shuffled (real, generated) pairs, one batch a step.

    A last batch of one pair is left out: the authors' code crashes on it.

    Parameters
    ----------
    loss
        Takes the scores [batch] in [0, 1] and the real images' labels [batch].
    seed
        Of this epoch's order.
    """
    labels = torch.from_numpy(development.used.astype(np.float32)).to(device)
    columns = len(development.generated)
    pairs = generator(seed).permutation(len(development.real) * columns)[: parameters.pairs_per_epoch or None]
    for start in range(0, len(pairs) - 1, parameters.batch):
        real, generated = np.divmod(pairs[start : start + parameters.batch], columns)
        scores = network(
            network_input(development.real, real, scale, device),
            network_input(development.generated, generated, scale, device),
        )
        check_finite(scores)  # before the loss, which fails on such scores, on CUDA for good
        yield loss(scores, labels[torch.from_numpy(real).to(device)])
