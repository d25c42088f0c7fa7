"""Networks as stages in a row, so that any of several layers can be read, and several in one pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from ganprint.errors import InputError

__all__ = ["VECTORS", "Layers", "Stage", "last_layer"]

VECTORS = frozenset({"class_token", "descriptor"})
"""Names of the layers that are one vector per image, whatever its size: maps of one cell, which no grid divides."""


@dataclass(frozen=True)
class Stage:
    """A part of a network that takes what the part before it gives.

    Attributes
    ----------
    name
        Of the layer that is read behind it.
    module
        The part itself.
    maps
        Makes a feature map [n, d, h, w] of what the part gives, where that is none; without parameters.
    """

    name: str
    module: nn.Module
    maps: Callable[[], nn.Module] | None = None


def _upto(stages: Sequence[Stage], layer: str) -> int:
    names = [stage.name for stage in stages]
    if layer not in names:
        raise InputError(f"layer '{layer}': the network has none; allowed: {', '.join(names)}")
    return names.index(layer)


def last_layer(stages: Sequence[Stage], layer: str | None = None) -> nn.Sequential:
    """Give the network as far as a layer, as one sequence from images to its feature map.

    Parameters
    ----------
    stages
        In the order of the network.
    layer
        By name; the last one without a name. What comes after it is left out.

    Raises
    ------
    InputError
        When there is no such layer.
    """
    end = _upto(stages, stages[-1].name if layer is None else layer)
    parts = [stage.module for stage in stages[: end + 1]]
    maps = stages[end].maps
    return nn.Sequential(*parts, *([] if maps is None else [maps()]))


class Layers(nn.Module):
    """A network as far as the last of several layers, read in one pass.

    Parameters
    ----------
    stages
        In the order of the network.
    wanted
        Names of the layers.

    Raises
    ------
    InputError
        When there is no such layer.
    """

    def __init__(self, stages: Sequence[Stage], wanted: Sequence[str]) -> None:
        super().__init__()
        ends = [_upto(stages, name) for name in wanted]
        self.parts = nn.ModuleList(stage.module for stage in stages[: max(ends) + 1])
        self._places = ends
        self._maps = {end: made() for end in ends if (made := stages[end].maps) is not None}

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the maps [n, d, h, w] of the wanted layers, in their order."""
        found: dict[int, torch.Tensor] = {}
        for place, part in enumerate(self.parts):
            images = part(images)
            if place in self._places:
                found[place] = self._maps[place](images) if place in self._maps else images
                # An activation in the next part may write over its input.
                if place + 1 < len(self.parts):
                    images = images.clone()
        return tuple(found[place] for place in self._places)
