"""Transfer learning: the last stages of a backbone learn used against not used from development images alone."""

from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from ganprint.compare.combined_weights import Calibration, calibrated
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.fine_tuned_folds import CrossFit
from ganprint.compare.fine_tuned_network import DividedBackbone, Tail
from ganprint.compare.fine_tuned_training import FineTunedParameters
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State, register
from ganprint.errors import InputError
from ganprint.params import FrozenModel

__all__ = ["FineTuned"]

Floats = NDArray[np.float64]

_TENSOR = "tail."


@register
class FineTuned(Comparator):
    """A backbone's last stages fine-tuned on used against not used images, or generated ones; a probability.

    The stages before them run once per image and view; the last ones and a linear layer learn on their maps by binary
    cross-entropy (AdamW), with batch-norm's statistics as they came. Inner folds by group give every development image
    the logits of a network that never saw its group; a probability is fitted to them (Platt 1999) after every epoch,
    the number of epochs with its least log loss is taken, and a network is trained so long on all development images.

    Task ``used`` looks at no generated image, so it is blind to the generator: where used and not used patients are
    drawn alike it can only learn by heart. Task ``generated`` learns what generated development images look like
    beside not used real ones. No test image, real or generated, is trained on, and scoring looks at the image alone.

    Attributes
    ----------
    out_of_fold_
        [n], in the order of the development's real images: the probability of each by a network that never saw its
        group, in the unit of :meth:`score`. The two numbers of the calibration are fitted to all of them.
    """

    comparator = "fine-tuned"
    variant = "extension"
    pixels = True
    accelerated = True
    Parameters: ClassVar[type[FrozenModel]] = FineTunedParameters
    quick: ClassVar[dict[str, Any]] = FineTunedParameters.quick
    parameters: FineTunedParameters
    out_of_fold_: Floats
    _tail: Tail

    def fit(self, development: Development, context: Context) -> Self:
        """Choose the number of epochs out of fold, calibrate, and train on all development images."""
        trainings = CrossFit(development, self.parameters, context)
        used = development.in_order().used
        logits = trainings.logits_by_epoch()
        calibrations = [calibrated(row, used) for row in logits]
        probabilities = [calibration(row) for calibration, row in zip(calibrations, logits, strict=True)]
        self.inner_loss_ = np.array([log_loss(used, row, labels=[0, 1]) for row in probabilities])
        self.inner_auc_ = np.array([roc_auc_score(used, row) for row in logits])
        best = int(np.argmin(self.inner_loss_.round(6)))
        calibration = calibrations[best]
        self.chosen_ = np.array([best + 1, calibration.slope, calibration.intercept])
        self.out_of_fold_ = np.empty(len(used))
        self.out_of_fold_[development.real.in_order()[1]] = calibration(logits[best])
        self._backbone = trainings.backbone
        self._tail, losses = trainings.of_all(best + 1)
        self.losses_, self.weights_sha256_ = np.array(losses), _bytes(self._backbone.sha256)
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give the probability of "used" of each real image; the generated ones play no part."""
        probability = Calibration(float(self.chosen_[1]), float(self.chosen_[2]))
        return probability(self.logits(test.real, context))

    def logits(self, images: Images, context: Context) -> Floats:
        """Give the logits [n] of new images by the network trained on all development images."""
        tail = self._tail.to(context.device)
        return np.concatenate([tail.logits(maps) for maps in self._backbone.blocks(images.rows, context.device)])

    def features(self, images: Images, context: Context) -> NDArray[np.float32]:
        """Give the pooled features [n, d] of new images by the network trained on all development images."""
        tail = self._tail.to(context.device)
        return np.concatenate([tail.rows(maps) for maps in self._backbone.blocks(images.rows, context.device)])

    def figures(self) -> Figures:
        """Give the choice; its inner ROC AUC is a little optimistic, since the epoch is the best of several."""
        epoch = int(self.chosen_[0])
        numbers = {"chosen_epochs": float(epoch), "calibration_slope": float(self.chosen_[1])}
        numbers |= {"inner_auc": float(self.inner_auc_[epoch - 1]), "inner_loss": float(self.inner_loss_[epoch - 1])}
        curves = {"loss": self.losses_, "inner_loss": self.inner_loss_, "inner_auc": self.inner_auc_}
        return Figures(
            numbers,
            curves={name: values.tolist() for name, values in curves.items()},
            details={"weights_sha256": self.weights_sha256_.tobytes().hex()},
        )

    def state(self) -> State:
        """Give what was fitted, with the tensors of the stages that learned; the others come with the weights."""
        tensors = {_TENSOR + name: value.cpu().numpy() for name, value in self._tail.state_dict().items()}
        return super().state() | tensors

    def restore(self, state: State) -> Self:
        """Load the backbone again and take what :meth:`state` gave; return self.

        Raises
        ------
        InputError
            When the backbone's weights are not to be had, or not those of the fit.
        """
        super().restore({name: value for name, value in state.items() if name.endswith("_")})
        self._backbone = DividedBackbone.load(*self.parameters.network, "cpu")
        if not np.array_equal(_bytes(self._backbone.sha256), self.weights_sha256_):
            weights = self.parameters.weights
            raise InputError(f"weights '{weights}': not those that the model was trained from; run 'dvc repro'")
        self._tail = self._backbone.tail("cpu")
        tensors = {name: value for name, value in state.items() if name.startswith(_TENSOR)}
        self._tail.load_state_dict(
            {name.removeprefix(_TENSOR): torch.from_numpy(np.array(value)) for name, value in tensors.items()}
        )
        return self


def _bytes(digest: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(digest), np.uint8)
