"""What a registered network is: how it is built, where it is read, which weights are published for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import nn

from ganprint.embed.layers import VECTORS, Stage, last_layer
from ganprint.embed.preprocessing import Interpolation
from ganprint.embed.weights import State, Weights
from ganprint.errors import InputError

__all__ = ["CLASSIFIER", "Backbone", "Trained", "staged"]

CLASSIFIER = ("fc.", "classifier.", "head.", "heads.", "AuxLogits.")
"""How the names of a classifier's tensors begin: features do not pass through it."""


@dataclass(frozen=True)
class Trained:
    """What the weights of a backbone were trained with: (resize, crop) in pixels, interpolation, mean, deviation."""

    resize: int
    crop: int
    interpolation: Interpolation
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class Backbone:
    """A registered network.

    Attributes
    ----------
    dimension
        Length d of the pooled features.
    build
        Makes the network with whatever initial weights torch draws.
    features
        The part of the network that gives the feature map [n, d, h, w].
    trained
        Preprocessing of the published ImageNet weights.
    sources
        Reads the published weights, by source name; ``file:``, ``random:`` and ``pretrained-here`` need no entry.
    stages
        The network as stages in a row, where other layers than the last can be read.
    layers
        Their names and dimensions; the last one is read without a name.
    trained_by
        Preprocessing of published weights by source name, where it is another.
    names
        Renames the tensors of published weights that have other names than the network.
    least, multiple
        Smallest side of the input in pixels, and what it must be a multiple of.
    """

    dimension: int
    build: Callable[[], nn.Module]
    features: Callable[[nn.Module], nn.Module]
    trained: Callable[[], Trained]
    sources: Mapping[str, Callable[[nn.Module], Weights]]
    stages: Callable[[nn.Module], list[Stage]] | None = None
    layers: dict[str, int] = field(default_factory=dict)
    trained_by: Mapping[str, Callable[[], Trained]] = field(default_factory=dict)
    names: Callable[[State], State] = dict
    least: int = 1
    multiple: int = 1

    def check(self, name: str, size: int, layer: str | None, grid: int = 0) -> None:
        """See that an input side, a layer and the cells along a side of its map suit this network, called ``name``.

        Raises
        ------
        InputError
            When they do not.
        """
        if layer is not None and layer not in self.layers:
            allowed = (
                f"allowed: {', '.join(self.layers)}" if self.layers else "it has only its last one; leave layer out"
            )
            raise InputError(f"layer '{layer}': {name} has none; {allowed}")
        if size < self.least or size % self.multiple:
            wanted = f"at least {self.least}" + (f", a multiple of {self.multiple}" if self.multiple > 1 else "")
            raise InputError(f"size {size}: does not suit {name}, which needs {wanted} pixels")
        # A single cell is what the average is, so it does no harm.
        if grid > 1:
            self._check_grid(grid, layer)

    def _check_grid(self, grid: int, layer: str | None) -> None:
        # Without layers it is the autoencoder, whose code is a vector.
        last = next(reversed(self.layers), None)
        if (layer or last) not in {None, *VECTORS}:
            return
        maps = [name for name in self.layers if name not in VECTORS]
        wanted = f"name a layer with a map (allowed: {', '.join(maps)})" if maps else "leave grid out"
        raise InputError(f"grid {grid}: this layer is one vector per image; {wanted}")


def staged(stages: Callable[[nn.Module], list[Stage]]) -> Callable[[nn.Module], nn.Module]:
    """Give ``features`` of a backbone from its ``stages``."""
    return lambda network: last_layer(stages(network))
