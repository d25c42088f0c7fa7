"""Trainings that leave a fold out: logits and features of an image by a network that never saw its group."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.compare.data import Development
from ganprint.compare.fine_tuned_network import DividedBackbone, Tail, grey_images
from ganprint.compare.fine_tuned_training import FineTunedParameters, epochs
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Context
from ganprint.seeds import derive_seed

__all__ = ["CrossFit"]

Floats = NDArray[np.float64]
Folds = NDArray[np.intp]


class CrossFit:
    """Trainings on all folds but one of a development split, and one on the whole of it.

    Images are put in the order of their ids first; everything it gives is in that order.

    Parameters
    ----------
    development
        Grey values. Generated images are not looked at.
    parameters
        Of the training.
    context
        Seed, device, progress and checkpoints.

    Attributes
    ----------
    folds
        [n], which fold holds an image out.
    """

    def __init__(self, development: Development, parameters: FineTunedParameters, context: Context) -> None:
        self._split, self._parameters, self._context = development.in_order(), parameters, context
        self._seed = derive_seed(context.seed, "fine-tuned")
        split, device = self._split, context.device
        self.backbone = DividedBackbone.load(*parameters.network, device)
        self.folds: Folds = inner_fold_numbers(split.used, split.groups, parameters.folds, self._seed)
        self._used = torch.from_numpy(split.used.astype(np.float32)).to(device)
        images = grey_images(split.real.rows)
        seed = derive_seed(self._seed, "views")
        self._maps = self.backbone.maps_of_views(images, parameters.views, parameters.augmentation, seed, device)

    def logits_by_epoch(self) -> Floats:
        """Give the out-of-fold logits [epochs, n] after every epoch; a finished fold is kept in the checkpoints."""
        found = np.empty((self._parameters.epochs, len(self.folds)))
        count = int(self.folds.max()) + 1
        for fold in range(count):
            held_out = np.flatnonzero(self.folds == fold)
            found[:, held_out] = self._kept(fold, held_out)
            self._context.advance(fold + 1, count, "inner fold")
        return found

    def _kept(self, fold: int, held_out: Folds) -> Floats:
        checkpoints, weights = self._context.checkpoints, np.frombuffer(bytes.fromhex(self.backbone.sha256), np.uint8)
        kept = None if checkpoints is None else checkpoints.load(f"inner-{fold}")
        # A file of weights may have changed since under the same name.
        if kept is not None and np.array_equal(kept["weights"], weights):
            return kept["logits"]
        maps = self._maps[0, torch.from_numpy(held_out)]
        trained = islice(self._epochs(fold), self._parameters.epochs)
        logits = np.stack([tail.logits(maps) for tail, _ in trained])
        if checkpoints is not None:
            checkpoints.save(f"inner-{fold}", {"weights": weights, "logits": logits})
        return logits

    def _epochs(self, fold: int) -> Iterator[tuple[Tail, float]]:
        rows = torch.from_numpy(np.flatnonzero(self.folds != fold))
        return epochs(self.backbone, self._maps[:, rows], self._used[rows], self._parameters, self._seed_of(fold))

    def _seed_of(self, fold: int) -> int:
        return derive_seed(self._seed, "training", fold)

    def of_fold(self, fold: int, length: int) -> Tail:
        """Give the network that never saw a fold, after ``length`` epochs."""
        return next(islice(self._epochs(fold), length - 1, None))[0]

    def of_all(self, length: int) -> tuple[Tail, list[float]]:
        """Give the network trained on every image for ``length`` epochs, and its loss per epoch."""
        losses: list[float] = []
        trained = epochs(self.backbone, self._maps, self._used, self._parameters, self._seed_of(-1))
        while len(losses) < length:
            tail, loss = next(trained)
            losses.append(loss)
            self._context.tell("loss", len(losses), loss)
        return tail, losses
