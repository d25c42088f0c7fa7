"""Out-of-fold features of a fine-tuned backbone for whoever learns from them, and how networks' spaces are aligned.

A row of an image that the network has learned by heart tells its label; so each development image's row comes from a
network that never saw its group. The trap: every fold has a network of its own, so rows of different folds lie in
different spaces, and new images in another one again. Here every network looks at the same images, the generated
development ones, and what it gives for them sets mean and unit of its features. That does not make one space of them.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.data import Development
from ganprint.compare.fine_tuned_folds import CrossFit
from ganprint.compare.fine_tuned_network import DividedBackbone, Tail
from ganprint.compare.fine_tuned_training import FineTunedParameters
from ganprint.compare.protocol import Context

__all__ = ["Alignment", "FoldFeatures", "out_of_fold_features"]

Rows = NDArray[np.float32]
Alignment = Literal["none", "standardised"]

_ANCHORS = 512
_LEAST_SHARE, _LEAST_DEVIATION = 0.1, 1e-6


@dataclass(frozen=True)
class FoldFeatures:
    """Features by networks that never saw the image's group.

    Attributes
    ----------
    rows
        [n, d], in the order of the development's real images.
    folds
        [n], which network a row is from: rows of one number lie in one space, before they are aligned.
    """

    rows: Rows
    folds: NDArray[np.intp]
    _backbone: DividedBackbone
    _tail: Tail
    _space: "_Space"
    _device: str

    def of_new(self, rows: NDArray[Any]) -> Rows:
        """Give the features [m, d] of images in no fold, grey values [m, s * s], by the network that saw all folds."""
        return self._space.of(_features(self._backbone, self._tail, rows, self._device))


@dataclass(frozen=True)
class _Space:
    """An affine map of every feature: (row - mean) / deviation."""

    mean: Rows
    deviation: Rows

    def of(self, features: Rows) -> Rows:
        found: Rows = (features - self.mean) / self.deviation
        return found


def out_of_fold_features(
    development: Development,
    parameters: FineTunedParameters,
    context: Context,
    length: int,
    alignment: Alignment = "standardised",
) -> FoldFeatures:
    """Train on all folds but one, fold by fold, and on all of them; give every image the features of its network.

    Parameters
    ----------
    length
        Number of epochs, for example what :class:`ganprint.compare.fine_tuned.FineTuned` chose.
    alignment
        ``none``; or ``standardised``: every feature less its mean and over its deviation among the generated
        development images, as that network sees them.
    """
    trainings, ordered = CrossFit(development, parameters, context), development.in_order()
    anchors, backbone, device = ordered.generated.rows[:_ANCHORS], trainings.backbone, context.device
    whole = trainings.of_all(length)[0]
    aim = _space(_features(backbone, whole, anchors, device), alignment)
    found = np.empty((len(trainings.folds), backbone.dimension), np.float32)
    for fold in range(int(trainings.folds.max()) + 1):
        tail, held_out = trainings.of_fold(fold, length), np.flatnonzero(trainings.folds == fold)
        space = _space(_features(backbone, tail, anchors, device), alignment)
        found[held_out] = space.of(_features(backbone, tail, ordered.real.rows[held_out], device))
    # From the order of ids back to the order given.
    given = np.argsort(development.real.in_order()[1])
    return FoldFeatures(found[given], trainings.folds[given], backbone, whole, aim, device)


def _features(backbone: DividedBackbone, tail: Tail, rows: NDArray[Any], device: str) -> Rows:
    return np.concatenate([tail.rows(maps) for maps in backbone.blocks(rows, device)])


def _space(anchors: Rows, alignment: Alignment) -> _Space:
    if alignment == "none":
        return _Space(np.zeros_like(anchors[0]), np.ones_like(anchors[0]))
    deviation = anchors.std(axis=0)
    return _Space(anchors.mean(axis=0), np.maximum(deviation, max(_LEAST_SHARE * deviation.mean(), _LEAST_DEVIATION)))
