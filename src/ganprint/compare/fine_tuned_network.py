"""A backbone divided in two: stages that stay as they were, run once per image, and the last ones, which learn."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ganprint.embed.augment import augmentation, views
from ganprint.embed.backbones import BACKBONES, choose_preprocessing, load_network
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.preprocessing import Preprocessing
from ganprint.errors import InputError
from ganprint.pairs.square_rows import square_side
from ganprint.params import AugmentationParameters

__all__ = ["DividedBackbone", "Tail", "grey_images", "stages"]

_BLOCK = 64
_LEAST_DEVIATION, _LEAST_SHARE = 1e-6, 0.1


def stages(features: nn.Module, name: str) -> list[nn.Module]:
    """Give the stages of a feature extractor, first to last: run one after the other they are the extractor.

    A stage has weights; what has none (an activation, a pooling) is put to the stage before it.

    Parameters
    ----------
    features
        As a registered backbone gives it: a sequence of modules.
    name
        Of the backbone, for the message.

    Raises
    ------
    InputError
        When it is built otherwise.
    """
    if not isinstance(features, nn.Sequential):
        raise InputError(f"backbone '{name}': is no sequence of stages, so its last ones can not be trained alone")
    found: list[list[nn.Module]] = []
    for part in features:
        if found and next(part.parameters(), None) is None:
            found[-1].append(part)
        else:
            found.append([part])
    return [stage[0] if len(stage) == 1 else nn.Sequential(*stage) for stage in found]


class Tail(nn.Module):
    """The stages that learn, and a linear layer on their pooled, standardised features.

    It is kept in evaluation mode while it learns: batch-norm keeps the statistics of its weights, which a hundred
    images could not replace, and an image's features depend on no other image.

    Parameters
    ----------
    last
        The stages.
    dimension
        Channels d of their map.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, last: nn.Module, dimension: int) -> None:
        super().__init__()
        self.last = last
        self.head = nn.Linear(dimension, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("deviation", torch.ones(dimension))

    def features(self, maps: Tensor) -> Tensor:
        """Give the pooled features [n, d] of maps [n, c, h, w]."""
        pooled: Tensor = self.last(maps).mean(dim=(2, 3))
        return pooled

    def forward(self, maps: Tensor) -> Tensor:
        """Give the logits [n] of "used"."""
        standardised = (self.features(maps) - self.mean) / self.deviation
        # Rows of length about 1: otherwise a step of Adam, which moves all d weights alike, would move logits by d.
        logits: Tensor = self.head(standardised / len(self.mean) ** 0.5)[:, 0]
        return logits

    @torch.no_grad()
    def logits(self, maps: Tensor) -> NDArray[np.float64]:
        """Give the logits [n] as an array."""
        found: NDArray[np.float64] = self(maps).double().cpu().numpy()
        return found

    @torch.no_grad()
    def rows(self, maps: Tensor) -> NDArray[np.float32]:
        """Give the pooled features [n, d] as an array."""
        found: NDArray[np.float32] = self.features(maps).float().cpu().numpy()
        return found

    def set_scale(self, maps: Tensor) -> None:
        """Standardise by these images, so that one learning rate of the linear layer suits every backbone."""
        with torch.no_grad():
            features = self.features(maps)
            self.mean.copy_(features.mean(dim=0))
            deviation = features.std(dim=0, correction=0)
            # What hardly varies in the images may in their views or as the stages learn, and would drown the rest.
            least = max(_LEAST_SHARE * float(deviation.mean()), _LEAST_DEVIATION)
            self.deviation.copy_(deviation.clamp_min(least))


@dataclass(frozen=True)
class DividedBackbone:
    """A backbone with weights, cut before its last stages.

    Attributes
    ----------
    frozen
        The stages before the cut: evaluation mode, batch-norm folded.
    last
        Those after it, as loaded.
    dimension
        Length of the pooled features.
    preprocessing
        Its channel means and deviations turn grey values into input.
    size
        Side of the input in pixels; None: the images' own.
    sha256
        Of the weights.
    """

    frozen: nn.Module
    last: nn.Module
    dimension: int
    preprocessing: Preprocessing
    size: int | None
    sha256: str

    @classmethod
    def load(cls, name: str, weights: str, trained: int, size: int | None, device: str) -> "DividedBackbone":
        """Load a backbone and cut it so that ``trained`` stages learn.

        Raises
        ------
        InputError
            When the backbone or its weights are not to be had, or it has not so many stages.
        """
        network, found = load_network(name, weights)
        backbone = BACKBONES[name]
        parts = stages(backbone.features(network.eval()).eval(), name)
        if trained >= len(parts):
            raise InputError(f"parameter trained: {trained} of {name}'s {len(parts)} stages; at least one stays frozen")
        cut = len(parts) - trained
        last = nn.Sequential(*parts[cut:]).eval()
        frozen = fold_batch_norm(nn.Sequential(*parts[:cut]).eval()).requires_grad_(requires_grad=False)
        preprocessing = choose_preprocessing(backbone, "weights", size or 1, weights)
        frozen = frozen.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(frozen, last, backbone.dimension, preprocessing, size, found.sha256)

    def tail(self, device: str) -> Tail:
        """Give the last stages as loaded, with an untrained linear layer."""
        return Tail(deepcopy(self.last), self.dimension).eval().to(device)

    def blocks(self, rows: NDArray[Any], device: str) -> Iterator[Tensor]:
        """Yield the maps of grey values [n, s * s], some images at a time."""
        images = grey_images(rows)
        for start in range(0, len(images), _BLOCK):
            yield self.maps(images[start : start + _BLOCK], device)

    @torch.no_grad()
    def maps(self, images: Tensor, device: str) -> Tensor:
        """Give the maps at the cut, [n, c, h, w] on the device, of images [n, s, s] in uint8."""
        found, frozen = [], self.frozen.to(device)
        for start in range(0, len(images), _BLOCK):
            values = self.preprocessing.values(images[start : start + _BLOCK].to(device))
            if self.size is not None and self.size != values.shape[-1]:
                values = functional.interpolate(values, size=(self.size, self.size), mode="bilinear", antialias=True)
            found.append(frozen(values).contiguous())
        return torch.cat(found)

    def maps_of_views(
        self, images: Tensor, count: int, changes: AugmentationParameters, seed: int, device: str
    ) -> Tensor:
        """Give the maps [1 + count, n, c, h, w] of the images as they are, then of ``count`` random views of each."""
        change, every = augmentation(changes, images.shape[-1]), [self.maps(images, device)]
        # The transforms know torch's global generator alone.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            every += [self.maps(views(images, change), device) for _ in range(count)]
        return torch.stack(every)


def grey_images(rows: NDArray[Any]) -> Tensor:
    """Give uint8 rows [n, s * s] as images [n, s, s]."""
    side = square_side(rows)
    return torch.from_numpy(np.ascontiguousarray(rows)).view(-1, side, side)
