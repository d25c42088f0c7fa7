"""A small convolutional autoencoder: what the generator's codes are the codes of.

It is fitted on patients of no split, so that nothing of a used or not-used patient is in its weights.
"""

from collections.abc import Callable
from concurrent.futures import Executor

import torch
from torch import Tensor, nn
from torch.nn import functional

from ganprint.corpus.phantom.muon import Muon
from ganprint.corpus.phantom.workers import set_gradients

__all__ = ["CODE_CHANNELS", "REDUCTION", "Autoencoder", "decode", "encode", "moved", "moves", "train_autoencoder"]

REDUCTION = 32
"""Pixels per cell of the code grid, along one side."""

CODE_CHANNELS = 16
_BLOCK = 32


class _Convolution(nn.Module):
    """A convolution whose weight is kept as the matrix [out, in x kernel x kernel] that Muon wants."""

    def __init__(self, inputs: int, outputs: int, kernel: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inputs, self.kernel = inputs, kernel
        fan_in = inputs * kernel * kernel
        self.weight = nn.Parameter(torch.randn(outputs, fan_in, generator=generator) / fan_in**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve [n, in, h, w] to [n, out, h, w]."""
        weight = self.weight.view(-1, self.kernel, self.kernel, self.inputs).permute(0, 3, 1, 2)
        return functional.conv2d(x, weight, self.bias, padding=self.kernel // 2)


class _Residual(nn.Module):
    """Two 3x3 convolutions beside the identity, with a learned share."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.one = _Convolution(channels, channels, 3, generator)
        self.two = _Convolution(channels, channels, 3, generator)
        self.share = nn.Parameter(torch.full((1,), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        """Refine [n, channels, h, w]."""
        hidden = functional.leaky_relu(self.one(functional.leaky_relu(self.norm(x), 0.1)), 0.1)
        refined: Tensor = x + self.share * self.two(hidden)
        return refined


class Autoencoder(nn.Module):
    """From images [n, 1, s, s] in [-1, 1] to codes [n, 16, s/32, s/32] and back.

    Parameters
    ----------
    width
        Channels of the layers at an eighth of the resolution; deeper layers have 96.
    generator
        Where the first weights come from.
    """

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        deep, fine = 96, 24

        def mix(inputs: int, outputs: int, kernel: int = 1) -> _Convolution:
            return _Convolution(inputs, outputs, kernel, generator)

        def refine(channels: int) -> _Residual:
            return _Residual(channels, generator)

        self.encoder = nn.Sequential(
            *(nn.PixelUnshuffle(8), mix(64, width), refine(width)),
            *(nn.PixelUnshuffle(2), mix(4 * width, deep), refine(deep)),
            *(nn.PixelUnshuffle(2), mix(4 * deep, deep), refine(deep)),
            mix(deep, CODE_CHANNELS),
        )
        self.decoder = nn.Sequential(
            *(mix(CODE_CHANNELS, deep), refine(deep)),
            *(mix(deep, 4 * deep), nn.PixelShuffle(2), refine(deep)),
            *(mix(deep, 4 * width), nn.PixelShuffle(2), refine(width)),
            *(mix(width, 4 * fine), nn.PixelShuffle(2), refine(fine)),
            *(mix(fine, 16, 3), nn.PixelShuffle(4)),
        )
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Give the images' reconstructions."""
        reconstruction: Tensor = self.decoder(self.encoder(images))
        return reconstruction


def moves(count: int, generator: torch.Generator) -> Tensor:
    """Draw affine changes [count, 2, 3]: of size (12 %) and of place (5 % of the width)."""
    change = torch.zeros(count, 2, 3)
    change[:, [0, 1], [0, 1]] = 1 + 0.12 * (2 * torch.rand(count, 2, generator=generator) - 1)
    change[:, :, 2] = 0.1 * (2 * torch.rand(count, 2, generator=generator) - 1)
    return change


def moved(images: Tensor, change: Tensor) -> Tensor:
    """Give the images [n, 1, s, s] after the affine changes [n, 2, 3]: more patients out of few."""
    grid = functional.affine_grid(change, list(images.shape), align_corners=False)
    result = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return result.contiguous(memory_format=torch.channels_last)


def train_autoencoder(
    images: Tensor,
    network: Autoencoder,
    *,
    steps: int,
    batch: int,
    generator: torch.Generator,
    executor: Executor,
    progress: Callable[[int, int], None],
) -> None:
    """Train ``network`` in place on ``images`` [n, 1, s, s], each step on ``batch`` moved ones.

    The loss is the squared plus 0.3 times the absolute error: the latter keeps edges sharper.
    """
    parameters = list(network.parameters())
    optimisers = [
        Muon([weight for weight in parameters if weight.ndim == 2], lr=0.02, executor=executor),
        torch.optim.Adam([weight for weight in parameters if weight.ndim != 2], lr=2e-3),
    ]

    def rate(step: int) -> float:
        return min(1.0, (step + 1) / 20) * (1 - step / steps)

    def loss(chosen: Tensor, change: Tensor) -> Tensor:
        seen = moved(chosen, change)
        error: Tensor = network(seen) - seen
        return error.square().mean() + 0.3 * error.abs().mean()

    schedules = [torch.optim.lr_scheduler.LambdaLR(optimiser, rate) for optimiser in optimisers]
    for step in range(steps):
        chosen = images[torch.randint(len(images), (batch,), generator=generator)]
        set_gradients(executor, parameters, loss, [chosen, moves(batch, generator)])
        for optimiser, schedule in zip(optimisers, schedules, strict=True):
            optimiser.step()
            schedule.step()
        progress(step + 1, steps)


def encode(network: Autoencoder, images: Tensor, executor: Executor) -> Tensor:
    """Give the codes [n, 16 x (s/32)^2] of images [n, 1, s, s]."""

    @torch.inference_mode()
    def encoded(block: Tensor) -> Tensor:
        codes: Tensor = network.encoder(block.contiguous(memory_format=torch.channels_last))
        return codes.flatten(1)

    return torch.cat(list(executor.map(encoded, torch.split(images, _BLOCK))))


@torch.inference_mode()
def decode(network: Autoencoder, codes: Tensor) -> Tensor:
    """Give the images [n, 1, s, s] of codes [n, 16 x (s/32)^2]."""
    cells = round((codes.shape[1] / CODE_CHANNELS) ** 0.5)
    block = codes.view(-1, CODE_CHANNELS, cells, cells)
    images: Tensor = network.decoder(block.contiguous(memory_format=torch.channels_last))
    return images
