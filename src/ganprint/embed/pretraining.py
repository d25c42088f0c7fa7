"""Weights `pretrained-here`: a backbone learns, without labels, to know a slice again in its augmented views.

SimCLR (Chen et al. 2020, arXiv 2002.05709) as a copy detector (Dar et al. 2024, arXiv 2402.01054): the two views of one
slice are the positives, the views of the other slices in the batch the negatives. Nothing but pixels comes in here.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.embed.augment import augmentation, views
from ganprint.embed.backbones import BACKBONES, CLASSIFIER, choose_preprocessing, load_network
from ganprint.embed.contrastive import nt_xent, projector, rate_factor
from ganprint.embed.weights import State, seeded_network
from ganprint.errors import InputError
from ganprint.params import PretrainingParameters
from ganprint.seeds import derive_seed

__all__ = ["Pretraining"]


class Pretraining:
    """A training under way, epoch by epoch.

    Every epoch draws from a generator of its own, seeded by the seed and its number, so a training that goes on from
    :meth:`state` ends with the same bytes as one that was never interrupted.

    Parameters
    ----------
    parameters
        Of the block in params.yaml.
    seed
        Of the projector, the order of the images and their views.
    device
        torch's device type.

    Attributes
    ----------
    preprocessing
        How an image is made ready; give :meth:`epoch` images after its ``geometry``.
    start
        The weights that training began with.
    losses
        Mean loss of each finished epoch.

    Raises
    ------
    InputError
        When the backbone is unknown or has no such weights.
    """

    def __init__(self, parameters: PretrainingParameters, seed: int, device: str) -> None:
        self._parameters = parameters
        self._seed = seed
        self._device = device
        network, self.start = load_network(parameters.backbone, parameters.start)
        backbone = BACKBONES[parameters.backbone]
        self.preprocessing = choose_preprocessing(backbone, parameters.preprocessing, parameters.size)
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._features = backbone.features(self._network)
        self._projector = seeded_network(
            lambda: projector(backbone.dimension, parameters.projection), derive_seed(seed, "projector")
        ).to(device)
        learned = [value for name, value in network.named_parameters() if not name.startswith(CLASSIFIER)]
        self._optimiser = torch.optim.AdamW(
            [*learned, *self._projector.parameters()],
            lr=parameters.learning_rate,
            weight_decay=parameters.weight_decay,
        )
        self._change = augmentation(parameters.augmentation, parameters.size)
        self.losses: list[float] = []

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return len(self.losses) >= self._parameters.epochs

    def epoch(self, images: NDArray[np.uint8]) -> float:
        """Go once through the images [n, size, size] in random order; give the mean loss.

        The images left over when n is no multiple of the batch are left out of this epoch.

        Raises
        ------
        InputError
            When there are fewer than two images, or the loss is not finite.
        """
        if len(images) < 2:
            raise InputError(f"pretraining: {len(images)} images are too few; there is nothing to tell them from")
        batch = min(self._parameters.batch, len(images))
        steps = len(images) // batch
        stack = torch.from_numpy(images)
        losses = []
        self._network.train()
        self._projector.train()
        # The transforms know torch's global generator alone.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derive_seed(self._seed, "epoch", len(self.losses)))
            order = torch.randperm(len(images))
            for step in range(steps):
                rows = stack[order[step * batch : (step + 1) * batch]]
                losses.append(self._step(rows, len(self.losses) * steps + step, steps))
        mean = float(np.mean(losses))
        if not np.isfinite(mean):
            raise InputError(f"pretraining: the loss of epoch {len(self.losses) + 1} is {mean}; lower learning_rate")
        self.losses.append(mean)
        return mean

    def _step(self, images: torch.Tensor, step: int, per_epoch: int) -> float:
        chosen = self._parameters
        factor = rate_factor(step, chosen.warmup * per_epoch, chosen.epochs * per_epoch)
        for group in self._optimiser.param_groups:
            group["lr"] = chosen.learning_rate * factor
        loss = self._loss(images)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return float(loss.detach())

    def _loss(self, images: torch.Tensor) -> torch.Tensor:
        pair = torch.cat([views(images, self._change), views(images, self._change)]).to(self._device)
        maps = self._features(self.preprocessing.values(pair))
        first, second = self._projector(maps.mean(dim=(2, 3))).chunk(2)
        return nt_xent(first, second, self._parameters.temperature)

    def weights(self) -> State:
        """Give the state dict of the backbone without its classifier, on the CPU, in the registered network's names."""
        state = self._network.state_dict()
        return {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in state.items()
            if not name.startswith(CLASSIFIER)
        }

    def state(self) -> dict[str, Any]:
        """Give all that a later process needs to go on after the last finished epoch: tensors and plain values."""
        return {
            "network": self._network.state_dict(),
            "projector": self._projector.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "losses": list(self.losses),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a :meth:`state` of a training with the same parameters, seed and images."""
        self._network.load_state_dict(state["network"])
        self._projector.load_state_dict(state["projector"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.losses = list(state["losses"])
