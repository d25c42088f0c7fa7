"""A small convolutional autoencoder for square grey images of any side: its code is a view, its error an attack."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "CODE",
    "Autoencoder",
    "CodeMap",
    "Decoder",
    "Encoder",
    "GreyAutoencoder",
    "Schedule",
    "grey_tensor",
    "learn",
    "reconstruction_errors",
]

CODE = 128
"""Length of the backbone's code, as VCMI's."""

_GRID = 4
"""Cells along one side of the map that the code is made of, whatever the image's side."""

_HALVINGS = 4
_GROUPS = 4


def _normalised(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    # Group norm looks at one image: a score can depend neither on the batch nor on the last batches of a training.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1), nn.GroupNorm(_GROUPS, outputs), nn.LeakyReLU(0.2, inplace=True)
    )


def _on_grid(maps: Tensor) -> Tensor:
    # Adaptive average pooling as two matrix products: torch's own has no deterministic gradient on CUDA.
    unit = torch.eye(maps.shape[-1], device=maps.device, dtype=maps.dtype)
    average = functional.adaptive_avg_pool1d(unit, _GRID)
    return average.T @ maps @ average


class Encoder(nn.Module):
    """From images [n, 1, s, s] in [-1, 1] to codes [n, code]: four halvings, then a linear layer.

    Parameters
    ----------
    width
        Channels after the first halving, a multiple of 4; every further one doubles them.
    code
        Length of the code.
    """

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        channels = [1, *(width * 2**depth for depth in range(_HALVINGS))]
        self.blocks = nn.Sequential(*(_normalised(a, b, 2) for a, b in pairwise(channels)))
        self.code = nn.Linear(channels[-1] * _GRID**2, code)

    def forward(self, images: Tensor) -> Tensor:
        """Give the codes."""
        # Averaging over the whole map would forget where things are; a coarse grid keeps it at any side.
        code: Tensor = self.code(_on_grid(self.blocks(images)).flatten(1))
        return code


class Decoder(nn.Module):
    """From codes [n, code] to images [n, 1, s, s] in [-1, 1]; parameters as of :class:`Encoder`."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        channels = [width * 2**depth for depth in reversed(range(_HALVINGS))]
        self.grid = nn.Linear(code, channels[0] * _GRID**2)
        self.blocks = nn.ModuleList(_normalised(a, b) for a, b in pairwise([*channels, width]))
        self.image = nn.Conv2d(width, 1, 3, 1, 1)

    def forward(self, codes: Tensor, side: int) -> Tensor:
        """Give the images of ``side`` pixels."""
        maps = functional.leaky_relu(self.grid(codes), 0.2).view(len(codes), -1, _GRID, _GRID)
        for depth, block in zip(reversed(range(_HALVINGS)), self.blocks, strict=True):
            maps = block(functional.interpolate(maps, size=max(_GRID, math.ceil(side / 2**depth))))
        images: Tensor = torch.tanh(self.image(maps))
        return images


class Autoencoder(nn.Module):
    """An encoder and a decoder; parameters as of :class:`Encoder`."""

    def __init__(self, width: int = 8, code: int = CODE) -> None:
        super().__init__()
        self.encoder = Encoder(width, code)
        self.decoder = Decoder(width, code)

    def forward(self, images: Tensor) -> Tensor:
        """Give the images' reconstructions."""
        return self.decoder(self.encoder(images), images.shape[-1])  # type: ignore[no-any-return]


class GreyAutoencoder(nn.Module):
    """The autoencoder as a backbone: of images [n, 3, s, s] that repeat one channel, it looks at the first."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Autoencoder(code=CODE)

    def forward(self, images: Tensor) -> Tensor:
        """Give the reconstructions [n, 1, s, s]."""
        reconstructions: Tensor = self.network(images[:, :1])
        return reconstructions


class CodeMap(nn.Module):
    """The codes of a :class:`GreyAutoencoder` as maps [n, code, 1, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Give the codes."""
        code: Tensor = self.network.network.encoder(images[:, :1])  # type: ignore[union-attr,operator]
        return code[:, :, None, None]


@dataclass(frozen=True)
class Schedule:
    """How long to learn: Adam's ``steps``, images per step, and the learning rate, which falls to 0 by a cosine."""

    steps: int
    batch: int
    learning_rate: float


def learn(
    network: nn.Module,
    loss: Callable[[torch.Generator], Tensor],
    schedule: Schedule,
    seed: int,
    advance: Callable[[int, int], None],
) -> list[float]:
    """Minimise a loss over the parameters of ``network``, in place, leaving it in evaluation mode.

    Parameters
    ----------
    loss
        Gives the loss of one step; what is random in it comes from the generator (on the CPU) that it is given.
    seed
        Of that generator.
    advance
        Called with (steps done, steps).

    Returns
    -------
    The loss of every step.
    """
    drawn = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.learning_rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.steps)
    losses = []
    network.train()
    for step in range(schedule.steps):
        optimiser.zero_grad()
        value = loss(drawn)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
        losses.append(float(value.detach()))
        advance(step + 1, schedule.steps)
    network.eval()
    return losses


def grey_tensor(rows: NDArray[np.uint8], device: str = "cpu") -> Tensor:
    """Give grey values [n, s * s] as images [n, 1, s, s] in [-1, 1]."""
    side = math.isqrt(rows.shape[1])
    return torch.from_numpy(np.ascontiguousarray(rows)).to(device).view(-1, 1, side, side).float() / 127.5 - 1


@torch.inference_mode()
def reconstruction_errors(
    reconstruct: Callable[[Tensor], Tensor], images: Tensor, targets: Tensor | None = None, block: int = 256
) -> NDArray[np.float64]:
    """Give the mean squared error [n] between ``targets`` [n or 1, 1, s, s] and the reconstructions of ``images``.

    Parameters
    ----------
    reconstruct
        From images to images.
    images
        [n, 1, s, s].
    targets
        What the reconstructions are held against; the images themselves by default.
    block
        Images taken together.
    """
    found = []
    for start in range(0, len(images), block):
        part = images[start : start + block]
        aim = part if targets is None else targets if len(targets) == 1 else targets[start : start + block]
        found.append((reconstruct(part) - aim).square().mean(dim=(1, 2, 3)).double().cpu().numpy())
    return np.concatenate(found)
