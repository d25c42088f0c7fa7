"""Training of a backbone's last stages on maps that were computed once."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ganprint.compare.fine_tuned_network import DividedBackbone, Tail
from ganprint.errors import InputError
from ganprint.params import AugmentationParameters, FrozenModel
from ganprint.seeds import generator

__all__ = ["FineTunedParameters", "epochs"]


class FineTunedParameters(FrozenModel):
    """What is trained, and how.

    Attributes
    ----------
    backbone, weights
        A registered network and where its weights come from: ``packaged``, ``imagenet``, ``file:PATH`` or
        ``random:SEED``.
    task
        ``used``: tell used from not used real images; generated ones are not looked at. ``generated``: tell generated
        development images from not used real ones; a real image's score is how generated it looks.
    trained
        How many of its last stages learn.
    size
        Side of the network's input in pixels; None: the view's own.
    epochs
        Largest number of passes over the images; how many are made is chosen out of fold.
    folds
        Inner folds by group.
    batch
        Images per step.
    head_rate, stage_rate, weight_decay
        Rates of the linear layer and of the stages, and the decay of both; of AdamW.
    views
        Random views that are made of each image, once; a step sees an image itself or one of them.
    augmentation
        What makes a view.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = Field(default="packaged", pattern=r"^(imagenet|packaged|file:.+|random:[0-9]+)$")
    task: Literal["used", "generated"] = "used"
    trained: int = Field(default=2, ge=1)
    size: int | None = Field(default=None, ge=32, le=1024)
    epochs: int = Field(default=12, ge=1)
    folds: int = Field(default=3, ge=2)
    batch: int = Field(default=32, ge=1)
    head_rate: float = Field(default=1e-2, gt=0)
    stage_rate: float = Field(default=1e-4, ge=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    views: int = Field(default=4, ge=0)
    augmentation: AugmentationParameters = AugmentationParameters()

    quick: ClassVar[dict[str, Any]] = {"epochs": 2, "folds": 2, "views": 1}

    @property
    def network(self) -> tuple[str, str, int, int | None]:
        """Give backbone, weights, number of stages that learn, and side of the input."""
        return self.backbone, self.weights, self.trained, self.size


def epochs(
    backbone: DividedBackbone, maps: Tensor, positive: Tensor, parameters: FineTunedParameters, seed: int
) -> Iterator[tuple[Tail, float]]:
    """Train without end, and give the tail, which is trained on in place, and the mean loss after every epoch.

    Binary cross-entropy, both classes of equal weight; every image once an epoch, as it is or in one of its views.

    Parameters
    ----------
    backbone
        Whose last stages are copied and trained.
    maps
        [1 + views, n, c, h, w], as :meth:`DividedBackbone.maps_of_views` gives them.
    positive
        [n], 1.0 or 0.0; both occur.
    seed
        Of order and views.

    Raises
    ------
    InputError
        When the loss is not finite.
    """
    device, count = str(maps.device), maps.shape[1]
    tail = backbone.tail(device)
    tail.set_scale(maps[0])
    share = positive.mean()
    weights = torch.where(positive == 1, 0.5 / share, 0.5 / (1 - share))
    groups = [
        {"params": list(tail.head.parameters()), "lr": parameters.head_rate},
        {"params": list(tail.last.parameters()), "lr": parameters.stage_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=parameters.weight_decay)
    drawn = generator(seed, "epochs")
    while True:
        order, view = drawn.permutation(count), drawn.integers(len(maps), size=count)
        losses = []
        for start in range(0, count, parameters.batch):
            rows = torch.from_numpy(order[start : start + parameters.batch]).to(device)
            seen = maps[torch.from_numpy(view[start : start + parameters.batch]).to(device), rows]
            loss = functional.binary_cross_entropy_with_logits(tail(seen), positive[rows], weights[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(float(loss.detach()))
        mean = float(np.mean(losses))
        if not np.isfinite(mean):
            raise InputError(f"fine-tuned: the loss is {mean}; lower head_rate or stage_rate")
        yield tail, mean
