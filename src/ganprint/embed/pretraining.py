"""Weights `pretrained-here`: a backbone learns, without labels, to know a slice again in its augmented views.

One loop for all methods (:mod:`pretraining_methods`): the two views of one slice are the positives. Training as a copy
detector is from Dar et al. 2024 (arXiv 2402.01054). Nothing but pixels comes in here, and patients if a block says so.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.embed.augment import augmentation, views
from ganprint.embed.augment_together import views_together
from ganprint.embed.backbones import BACKBONES, CLASSIFIER, choose_preprocessing, load_network
from ganprint.embed.pretraining_batches import any_batches, batch_count, patient_batches
from ganprint.embed.pretraining_method import Method, Surroundings
from ganprint.embed.pretraining_methods import METHODS
from ganprint.embed.pretraining_schedule import rate_factor
from ganprint.embed.pretraining_spread import Spread, spread_of
from ganprint.embed.weights import State
from ganprint.errors import InputError
from ganprint.params import PretrainingParameters
from ganprint.seeds import derive_seed

__all__ = ["Pretraining"]

_PROBED = 256
"""Images, at most, whose features' spread is looked at."""


class Pretraining:
    """A training under way, epoch by epoch.

    Every epoch draws from a generator of its own, seeded by the seed and its number, so a training that goes on from
    :meth:`state` ends with the same bytes as one that was never interrupted.

    Parameters
    ----------
    parameters
        Of the block in params.yaml.
    seed
        Of the method's networks, the order of the images and their views.
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
    spreads
        Of the features of up to 256 images, as they are: before training, and after each finished epoch.

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
        made_for = Surroundings(self._features, backbone.dimension, parameters, seed)
        self._method: Method = METHODS[parameters.method](made_for).to(device)
        learned = [value for name, value in network.named_parameters() if not name.startswith(CLASSIFIER)]
        self._optimiser = torch.optim.AdamW(
            [*learned, *self._method.learned()],
            lr=parameters.learning_rate,
            weight_decay=parameters.weight_decay,
        )
        self._change = augmentation(parameters.augmentation, parameters.size)
        self._half = torch.autocast(device, torch.bfloat16, enabled=parameters.dtype == "bfloat16")
        self.losses: list[float] = []
        self.spreads: list[Spread] = []

    @property
    def epochs(self) -> int:
        """How many epochs there are to be."""
        return self._parameters.epochs

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return len(self.losses) >= self.epochs

    @property
    def collapsed(self) -> bool:
        """Whether the features of different images were as good as one after the last finished epoch."""
        return bool(self.spreads) and self.spreads[-1].collapsed

    def steps(self, count: int, patients: Sequence[str] | None = None) -> int:
        """Give the steps of an epoch of ``count`` images."""
        batch = self._parameters.batch
        return count // max(min(batch, count), 1) if patients is None else batch_count(patients, batch)

    def epoch(
        self,
        images: NDArray[np.uint8],
        patients: Sequence[str] | None = None,
        advance: Callable[[float], object] = lambda _: None,
    ) -> float:
        """Go once through the images [n, size, size] in random order; give the mean loss.

        The images left over when n is no multiple of the batch are left out of this epoch.

        Parameters
        ----------
        images
            After the preprocessing's geometry.
        patients
            Of each image, empty for generated ones, where batches go by patient (:func:`patient_batches`).
        advance
            Called with the loss of every step.

        Raises
        ------
        InputError
            When there are fewer than two images, or the loss is not finite.
        """
        if len(images) < 2 or not self.steps(len(images), patients):
            raise InputError(f"pretraining: {len(images)} images are too few; there is nothing to tell them from")
        if not self.spreads:
            self.spreads.append(self._spread(images))
        per_epoch, stack, batch = self.steps(len(images), patients), torch.from_numpy(images), self._parameters.batch
        losses = []
        self._network.train()
        self._method.train()
        # The transforms know torch's global generator alone.
        # Networks that leave out blocks at random draw on their own device.
        on_cuda = torch.device(self._device).type == "cuda"
        with torch.random.fork_rng(devices=[self._device] if on_cuda else []):
            seed = derive_seed(self._seed, "epoch", len(self.losses))
            torch.default_generator.manual_seed(seed)
            if on_cuda:
                with torch.cuda.device(self._device):
                    torch.cuda.manual_seed(seed)
            batches = any_batches(len(images), batch) if patients is None else patient_batches(patients, batch)
            for number, rows in enumerate(batches):
                losses.append(self._step(stack[rows], len(self.losses) * per_epoch + number, per_epoch))
                advance(losses[-1])
        mean = float(np.mean(losses))
        if not np.isfinite(mean):
            raise InputError(f"pretraining: the loss of epoch {len(self.losses) + 1} is {mean}; lower learning_rate")
        self.losses.append(mean)
        self.spreads.append(self._spread(images))
        return mean

    def _step(self, images: torch.Tensor, step: int, per_epoch: int) -> float:
        chosen = self._parameters
        total = chosen.epochs * per_epoch
        for group in self._optimiser.param_groups:
            group["lr"] = chosen.learning_rate * rate_factor(step, chosen.warmup * per_epoch, total)
        with self._half:
            loss = self._loss(images)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._method.follow(self._features, (step + 1) / total)
        return float(loss.detach())

    def _views(self, images: torch.Tensor, times: int) -> torch.Tensor:
        if self._parameters.batched_views:
            ready = images.to(self._device).repeat(times, 1, 1)
            return views_together(ready, self._parameters.augmentation, torch.default_generator)
        return torch.cat([views(images, self._change) for _ in range(times)]).to(self._device)

    def _loss(self, images: torch.Tensor) -> torch.Tensor:
        inputs = self.preprocessing.values(self._views(images, 2))
        return self._method.loss(inputs, self._features(inputs).mean(dim=(2, 3)))

    @torch.inference_mode()
    def _spread(self, images: NDArray[np.uint8]) -> Spread:
        """Look at the features as an embedding will have them: of images unchanged, in evaluation mode."""
        rows = images[:: -(-len(images) // _PROBED)]
        self._network.eval()
        found = []
        for start in range(0, len(rows), self._parameters.batch):
            part = torch.from_numpy(rows[start : start + self._parameters.batch]).to(self._device)
            found.append(self._features(self.preprocessing.values(part)).mean(dim=(2, 3)).float().cpu().numpy())
        return spread_of(np.concatenate(found))

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
            "method": self._method.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "losses": list(self.losses),
            "spreads": [(spread.effective_rank, spread.deviation) for spread in self.spreads],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a :meth:`state` of a training with the same parameters, seed and images."""
        self._network.load_state_dict(state["network"])
        self._method.load_state_dict(state["method"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.losses = list(state["losses"])
        self.spreads = [Spread(*figures) for figures in state["spreads"]]
