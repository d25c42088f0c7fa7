"""Training of the relation network: pair by pair as the paper does, or on grids of real x generated images."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from ganprint.compare.data import Development, Images
from ganprint.compare.relation_network import DEPTHS, RelationNetwork
from ganprint.pairs import grid_logits, relation_blocks, relation_scores
from ganprint.params import FrozenModel

__all__ = [
    "OptimiserParameters",
    "PixelScale",
    "grid_epochs",
    "mean_scores",
    "pair_epochs",
    "pair_scores",
]

PixelScale = Callable[[torch.Tensor], torch.Tensor]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_IMAGES_PER_PASS = 64


class OptimiserParameters(FrozenModel):
    """Network and optimiser; the defaults are the paper's.

    Attributes
    ----------
    depth
        10, 12, 18, 34, 50, 101 or 152.
    planes
        Width of the stem.
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
    epochs: int = Field(default=100, ge=1)
    learning_rate: float = Field(default=1e-5, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0)
    milestones: list[int] = Field(default_factory=lambda: [120, 160])
    score_block: int = Field(default=64, ge=1)

    def model_post_init(self, context: Any, /) -> None:
        """Refuse depths that the paper does not name."""
        del context
        if self.depth not in DEPTHS:
            raise ValueError(f"depth {self.depth} is none of {', '.join(map(str, DEPTHS))}")


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


def _input(images: Images, rows: NDArray[np.intp], scale: PixelScale, device: str) -> torch.Tensor:
    side = int(np.sqrt(images.rows.shape[1]))
    grey = torch.from_numpy(images.rows[rows]).to(device).view(len(rows), 1, side, side)
    return scale(grey.to(torch.float32))


def pair_epochs(
    network: RelationNetwork,
    development: Development,
    parameters: OptimiserParameters,
    loss: Loss,
    scale: PixelScale,
    *,
    batch: int,
    pairs_per_epoch: int | None,
    rng: np.random.Generator,
    device: str,
) -> Iterator[float]:
    """Train on shuffled (real, generated) pairs, one batch a step; give the mean loss of each epoch.

    Parameters
    ----------
    loss
        Takes the scores [batch] in [0, 1] and the real images' labels [batch].
    pairs_per_epoch
        Only so many of the shuffled pairs; None for all of them, as the paper does. A last batch of one pair is left
        out (the authors' code crashes on it).
    """
    optimiser, scheduler = _optimiser(network, parameters)
    labels = torch.from_numpy(development.used.astype(np.float32)).to(device)
    columns = len(development.generated)
    for _ in range(parameters.epochs):
        network.train()
        pairs = rng.permutation(len(development.real) * columns)[:pairs_per_epoch]
        losses = []
        for start in range(0, len(pairs) - 1, batch):
            real, generated = np.divmod(pairs[start : start + batch], columns)
            scores = network(
                _input(development.real, real, scale, device), _input(development.generated, generated, scale, device)
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
    parameters: OptimiserParameters,
    scale: PixelScale,
    *,
    real_per_class: int,
    generated_per_step: int,
    steps_per_epoch: int,
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
        for _ in range(steps_per_epoch):
            drawn = [rng.choice(rows, min(real_per_class, len(rows)), replace=False) for rows in classes]
            real = np.concatenate(drawn)
            generated = rng.choice(
                len(development.generated), min(generated_per_step, len(development.generated)), replace=False
            )
            logits = grid_logits(
                network.relation,
                network.real(_input(development.real, real, scale, device)),
                network.generated(_input(development.generated, generated, scale, device)),
            )
            labels = torch.from_numpy(development.used[real].astype(np.float32)).to(device)
            value = criterion(logits, labels.unsqueeze(1).expand_as(logits))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(float(value.detach()))
        scheduler.step()
        yield float(np.mean(losses))


def _maps(backbone: nn.Module, images: Images, scale: PixelScale, device: str) -> Iterator[torch.Tensor]:
    for start in range(0, len(images), _IMAGES_PER_PASS):
        rows = np.arange(start, min(start + _IMAGES_PER_PASS, len(images)))
        yield backbone(_input(images, rows, scale, device))


def mean_scores(
    network: RelationNetwork, real: Images, generated: Images, scale: PixelScale, *, block: int, device: str
) -> NDArray[np.float64]:
    """Give the mean pair score of each real image over all generated ones, streaming over the latter."""
    network.eval()
    with torch.inference_mode():
        real_maps = torch.cat(list(_maps(network.real, real, scale, device)))
        generated_maps = _maps(network.generated, generated, scale, device)
        means = relation_scores(network.relation, real_maps, generated_maps, block=block)
        scores: NDArray[np.float64] = means.cpu().numpy().astype(np.float64)
        return scores


def pair_scores(
    network: RelationNetwork, real: Images, generated: Images, scale: PixelScale, *, block: int, device: str
) -> torch.Tensor:
    """Give the score of every pair [n_real, n_generated], in float32 on the CPU."""
    network.eval()
    with torch.inference_mode():
        real_maps = torch.cat(list(_maps(network.real, real, scale, device)))
        generated_maps = _maps(network.generated, generated, scale, device)
        blocks = relation_blocks(network.relation, real_maps, generated_maps, block=block)
        return torch.cat([scores.cpu() for scores in blocks], dim=1)
