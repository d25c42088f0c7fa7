"""Trainings that leave a fold out: logits and features of an image by a network that never saw its group."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprint.compare.data import Development
from ganprint.compare.fine_tuned_network import DividedBackbone, Tail, grey_images
from ganprint.compare.fine_tuned_training import FineTunedParameters, epochs
from ganprint.compare.folds import inner_fold_numbers
from ganprint.compare.protocol import Context
from ganprint.seeds import derive_seed, generator

__all__ = ["CrossFit"]

Floats = NDArray[np.float64]
Folds = NDArray[np.intp]

_NO_FOLD = -1


class CrossFit:
    """Trainings on all folds but one of a development split, and one on the whole of it.

    Images are put in the order of their ids first; everything it gives is in that order.

    Parameters
    ----------
    development
        Grey values.
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
        self._seed, split = derive_seed(context.seed, "fine-tuned"), self._split
        self.backbone = DividedBackbone.load(*parameters.network, context.device)
        self.folds: Folds = inner_fold_numbers(split.used, split.groups, parameters.folds, self._seed)
        self._maps = self._of(grey_images(split.real.rows), "views")
        self._trained = np.arange(len(split.used))
        positive = split.used
        if parameters.task == "generated":
            drawn = self._drawn()
            self._maps = torch.cat([self._maps, self._of(grey_images(split.generated.rows[drawn]), "generated")], dim=1)
            # Every training has all of the generated images; used images are in none.
            generated = len(split.used) + np.arange(len(drawn))
            self._trained = np.concatenate([np.flatnonzero(split.used == 0), generated])
            positive = (np.arange(len(split.used) + len(drawn)) >= len(split.used)).astype(np.int8)
        self._positive = torch.from_numpy(positive.astype(np.float32)).to(context.device)

    def _drawn(self) -> Folds:
        # As many as there are real images: more would only lengthen an epoch.
        total = len(self._split.generated)
        count = min(total, len(self._split.real))
        return np.sort(generator(self._seed, "generated").permutation(total)[:count])

    def _of(self, images: Tensor, what: str) -> Tensor:
        chosen, seed = self._parameters, derive_seed(self._seed, what)
        return self.backbone.maps_of_views(images, chosen.views, chosen.augmentation, seed, self._context.device)

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
        maps = self._maps[0, torch.from_numpy(held_out).to(self._maps.device)]
        trained = islice(self._epochs(fold), self._parameters.epochs)
        logits = np.stack([tail.logits(maps) for tail, _ in trained])
        if checkpoints is not None:
            checkpoints.save(f"inner-{fold}", {"weights": weights, "logits": logits})
        return logits

    def _epochs(self, fold: int) -> Iterator[tuple[Tail, float]]:
        real = self._trained[self._trained < len(self.folds)]
        kept = np.concatenate([real[self.folds[real] != fold], self._trained[len(real) :]])
        rows, seed = torch.from_numpy(kept).to(self._maps.device), derive_seed(self._seed, "training", fold)
        return epochs(self.backbone, self._maps[:, rows], self._positive[rows], self._parameters, seed)

    def of_fold(self, fold: int, length: int) -> Tail:
        """Give the network that never saw a fold, after ``length`` epochs."""
        return next(islice(self._epochs(fold), length - 1, None))[0]

    def of_all(self, length: int) -> tuple[Tail, list[float]]:
        """Give the network trained on every image for ``length`` epochs, and its loss per epoch."""
        losses: list[float] = []
        trained = self._epochs(_NO_FOLD)
        while len(losses) < length:
            tail, loss = next(trained)
            losses.append(loss)
            self._context.tell("loss", len(losses), loss)
        return tail, losses
