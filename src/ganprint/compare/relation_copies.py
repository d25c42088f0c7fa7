"""Steps of the corrected relation network: on grids of images and copies of them, or of images and labels."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch.nn import functional

from ganprint.compare.data import Development
from ganprint.compare.relation_network import RelationNetwork
from ganprint.compare.relation_scoring import PixelScale, network_input
from ganprint.compare.relation_training import OptimiserParameters
from ganprint.embed.augment import View, augmentation, views
from ganprint.pairs import grid_logits
from ganprint.params import AugmentationParameters
from ganprint.seeds import derive_seed, generator

__all__ = ["CorrectedParameters", "copy_loss", "copy_steps", "label_steps"]


def _slight_changes() -> AugmentationParameters:
    return AugmentationParameters(
        shift=0.02, rotation=2.0, crop=0.05, flip=0.0, brightness=0.1, contrast=0.1, noise=0.02, blur=1.5
    )


class CorrectedParameters(OptimiserParameters):
    """Training on grids.

    Attributes
    ----------
    objective
        ``copies``: the pairs that belong together are an image and a changed copy of it; ``labels``: as the paper has
        it, every pair has the label of its real image.
    augmentation
        What a copy may have undergone: changes that a generator makes to what it has memorised, and that a fingerprint
        survives. No mirror images by default: a generator makes them only if it was trained on them.
    generated
        ``images``, or ``noise`` in their place when training and when scoring: a network that never sees what the
        generator made, the baseline for all others.
    real_per_class
        Used and, as many again, not used images per step; as many as the smaller class has where that is fewer.
    generated_per_step
        Generated images per step.
    steps_per_epoch
        Steps per epoch.
    validation_folds
        One grouped fold of so many chooses the epoch, by the ROC AUC of its real images.
    patience
        Stop after so many epochs that are worse than the best by more than a standard error; 0: never.
    precision
        Of training: float32, bfloat16 (mixed: weights and sums stay in float32), or auto: bfloat16 on CUDA alone, since
        on CPUs training in it is slower.
    """

    objective: Literal["copies", "labels"] = "copies"
    augmentation: AugmentationParameters = Field(default_factory=_slight_changes)
    generated: Literal["images", "noise"] = "images"
    real_per_class: int = Field(default=8, ge=1)
    generated_per_step: int = Field(default=16, ge=1)
    steps_per_epoch: int = Field(default=100, ge=1)
    validation_folds: int = Field(default=4, ge=2)
    patience: int = Field(default=10, ge=0)
    precision: Literal["float32", "bfloat16", "auto"] = "float32"

    def autocast(self, device: str) -> torch.autocast:
        """Give the context of a step's forward pass."""
        device_type = torch.device(device).type
        mixed = self.precision == "bfloat16" or (self.precision == "auto" and device_type == "cuda")
        return torch.autocast(device_type, torch.bfloat16, enabled=mixed)


def copy_loss(logits: torch.Tensor) -> torch.Tensor:
    """Give the loss of a grid whose diagonal pairs are an image and its copy.

    Each image has to find its copy among all copies, and each copy its image among all images: the mean cross-entropy
    of rows and columns (van den Oord, Li and Vinyals 2018, arXiv 1807.03748, equation 4, both ways). At its optimum the
    exponential of a logit is, but for one factor, the density of the copy given the image over that of any copy.

    Parameters
    ----------
    logits
        [n, n].
    """
    own = torch.arange(len(logits), device=logits.device)
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


def copy_steps(
    network: RelationNetwork,
    development: Development,
    parameters: CorrectedParameters,
    scale: PixelScale,
    *,
    seed: int,
    device: str,
) -> Iterator[torch.Tensor]:
    """Give the loss of each step of one epoch on images beside changed copies of them.

    A step takes real images, as many used as not used, and generated ones; all of them pass the backbone of the real
    images, their copies that of the generated ones: n + n passes for n * n pairs. No label decides a pair.

    Parameters
    ----------
    seed
        Of this epoch's images and changes.
    """
    side = int(np.sqrt(development.real.rows.shape[1]))
    change = augmentation(parameters.augmentation, side)
    for step, (real, generated) in enumerate(_drawn(development, parameters, seed)):
        rows = np.concatenate([development.real.rows[real], development.generated.rows[generated]])
        grey = torch.from_numpy(rows).view(-1, side, side)
        copies = _copies(grey, change, derive_seed(seed, "changes", step))
        first, second = (scale(part.to(device).unsqueeze(1).to(torch.float32)) for part in (grey, copies))
        with parameters.autocast(device):
            logits = grid_logits(network.relation, network.real(first), network.generated(second))
        yield copy_loss(logits.float())


def _copies(grey: torch.Tensor, change: View, seed: int) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):  # the transforms know torch's global generator alone
        torch.default_generator.manual_seed(seed)
        return views(grey, change)


def label_steps(
    network: RelationNetwork,
    development: Development,
    parameters: CorrectedParameters,
    scale: PixelScale,
    *,
    seed: int,
    device: str,
) -> Iterator[torch.Tensor]:
    """Give the loss of each step of one epoch on real images beside generated ones, pairs labelled as the real image.

    m + n backbone passes give m * n pairs. Every step draws as many used as not used images, so the base rate can not
    be learned.
    """
    for real, generated in _drawn(development, parameters, seed):
        with parameters.autocast(device):
            logits = grid_logits(
                network.relation,
                network.real(network_input(development.real, real, scale, device)),
                network.generated(network_input(development.generated, generated, scale, device)),
            )
        labels = torch.from_numpy(development.used[real].astype(np.float32)).to(device)
        yield functional.binary_cross_entropy_with_logits(logits.float(), labels.unsqueeze(1).expand_as(logits))


def _drawn(
    development: Development, parameters: CorrectedParameters, seed: int
) -> Iterator[tuple[np.ndarray[tuple[int], np.dtype[np.intp]], np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Row numbers of real and of generated images of each step of an epoch."""
    rng = generator(seed, "rows")
    classes = [np.flatnonzero(development.used == label) for label in (0, 1)]
    each = min(parameters.real_per_class, *map(len, classes))
    shown = min(parameters.generated_per_step, len(development.generated))
    for _ in range(parameters.steps_per_epoch):
        drawn = [rng.choice(rows, each, replace=False) for rows in classes]
        yield np.concatenate(drawn), rng.choice(len(development.generated), shown, replace=False)
