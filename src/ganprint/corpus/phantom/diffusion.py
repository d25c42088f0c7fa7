"""The generator: a small denoising diffusion network on the autoencoder's codes.

How long it trains decides how much it memorises: briefly trained it knows the population's shape, trained for long on
few slices it gives those slices back.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganprint.corpus.phantom.codes import LearningSet
from ganprint.corpus.phantom.workers import set_gradients

__all__ = ["Denoiser", "denoised", "train_denoiser"]

_TIME_FREQUENCIES = 32
_LARGEST_TIME = 0.995
"""Sampling starts just below pure noise, where the estimate of the noise still says something of the code."""


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Give a linear layer whose weights come from ``generator``, not from PyTorch's global one."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    nn.init.normal_(layer.weight, std=inputs**-0.5, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


class Denoiser(nn.Module):
    """Estimates the code behind a noisy one; a residual network of fully connected layers.

    Parameters
    ----------
    code
        Numbers per code.
    width, depth
        Units per layer and number of layers.
    generator
        Where the first weights come from.
    """

    def __init__(self, code: int, width: int, depth: int, generator: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, 5, _TIME_FREQUENCIES)))
        self.enter = _linear(code + 2 * _TIME_FREQUENCIES, width, generator)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), _linear(width, width, generator), nn.SiLU()) for _ in range(depth - 1)
        )
        self.leave = nn.Sequential(nn.LayerNorm(width), _linear(width, code, generator))

    def forward(self, noisy: Tensor, time: Tensor) -> Tensor:
        """Give the estimated clean codes [n, code] of noisy codes [n, code] at times [n] in (0, 1)."""
        assert isinstance(self.frequencies, Tensor)
        phase = time[:, None] * self.frequencies
        hidden = self.enter(torch.cat([noisy, phase.sin(), phase.cos()], dim=1))
        for layer in self.layers:
            hidden = hidden + layer(hidden)
        estimate: Tensor = self.leave(hidden)
        return estimate


def _shares(time: Tensor) -> tuple[Tensor, Tensor]:
    """Give the shares of code and noise at ``time``: the cosine schedule (Nichol and Dhariwal 2021)."""
    angle = time * (torch.pi / 2)
    return angle.cos()[:, None], angle.sin()[:, None]


def train_denoiser(
    codes: LearningSet,
    network: Denoiser,
    *,
    steps: int,
    batch: int,
    rate: float,
    generator: torch.Generator,
    executor: Executor,
    progress: Callable[[int, int], None],
) -> None:
    """Train ``network`` in place on ``codes`` of about unit variance for ``steps`` steps of Adam.

    Every step sees ``batch`` codes, each at its own time with its own noise; the rate falls
    to zero along a half cosine.
    """
    parameters = list(network.parameters())
    optimiser = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    def loss(clean: Tensor, time: Tensor, noise: Tensor) -> Tensor:
        signal, spread = _shares(time)
        error: Tensor = network(signal * clean + spread * noise, time) - clean
        return error.square().mean()

    for step in range(steps):
        clean = codes.draw(batch, generator)
        time = torch.rand(batch, generator=generator) * _LARGEST_TIME
        noise = torch.randn(clean.shape, generator=generator)
        set_gradients(executor, parameters, loss, [clean, time, noise])
        optimiser.step()
        schedule.step()
        progress(step + 1, steps)


@torch.inference_mode()
def denoised(network: Denoiser, noise: Tensor, steps: int) -> Tensor:
    """Turn pure noise [n, code] into codes in ``steps`` deterministic steps (DDIM, Song, Meng and Ermon 2021)."""
    count, state = len(noise), noise
    times = torch.linspace(_LARGEST_TIME, 0, steps + 1)
    for now, after in pairwise(times):
        signal, spread = _shares(now.expand(count))
        clean = network(state, now.expand(count))
        left = (state - signal * clean) / spread
        signal, spread = _shares(after.expand(count))
        state = signal * clean + spread * left
    return state
