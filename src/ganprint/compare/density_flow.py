"""A small normalising flow: the logarithm of a density, learned from samples."""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprint.compare.densities import FLOOR
from ganprint.seeds import derive_seed, generator

__all__ = ["CouplingFlow", "flow_log_density"]

Floats = NDArray[np.float64]

_LAYERS, _HIDDEN, _LARGEST_STRETCH = 6, 32, 2.0
_BATCH, _HELD_OUT, _RATE = 256, 0.2, 2e-3
# Steps between two looks at what is held out, and looks without progress after which training ends.
_BETWEEN, _PATIENCE = 10, 30


class CouplingFlow(nn.Module):
    """Affine coupling layers (Dinh, Sohl-Dickstein and Bengio 2017, "Density estimation using Real NVP").

    Every layer shifts and stretches half of the coordinates by what the other half says; the halves take turns. The
    logarithm of a stretch is kept within 2 in either direction, so that no point is sent to infinity. At the start the
    flow is the identity: a normal density.

    Parameters
    ----------
    width
        Number of coordinates c.
    random
        Source of the first weights.
    """

    def __init__(self, width: int, random: torch.Generator) -> None:
        super().__init__()
        places = torch.arange(width)
        self.masks = [((places + layer) % 2 == 0).double() for layer in range(_LAYERS)]
        self.layers = nn.ModuleList(_Conditioner(width, random) for _ in range(_LAYERS))

    def forward(self, points: Tensor) -> Tensor:
        """Give log p [n] of points [n, c]."""
        log_stretch = torch.zeros(len(points), dtype=points.dtype)
        for mask, layer in zip(self.masks, self.layers, strict=True):
            shift, stretch = (layer(points * mask) * (1 - mask).repeat(2)).chunk(2, dim=1)
            stretch = _LARGEST_STRETCH * torch.tanh(stretch / _LARGEST_STRETCH)
            points = points * torch.exp(stretch) + shift
            log_stretch = log_stretch + stretch.sum(dim=1)
        normal = -(points**2).sum(dim=1) / 2 - points.shape[1] / 2 * np.log(2 * np.pi)
        found: Tensor = normal + log_stretch
        return found


def flow_log_density(points: Floats, samples: Floats, seed: int, *, steps: int = 3000) -> Floats:
    """Give log p of points [n, c] by a flow trained on samples [m, c].

    Centred and scaled samples, a fifth of them held out; Adam on the mean log density of the others, in batches of 256.
    Every ten steps the held-out samples are looked at: the weights under which they fared best are kept, those before
    the first step among them, and training ends 300 steps later without progress, or after ``steps``. So few samples,
    from which nothing can be learned, leave the density normal.

    Raises
    ------
    ValueError
        When there is no sample.
    """
    if not len(samples):
        raise ValueError("there is no sample")
    mean, deviation = samples.mean(axis=0), np.maximum(samples.std(axis=0), FLOOR)
    order = generator(seed, "held out").permutation(len(samples))
    standard = torch.from_numpy(((samples - mean) / deviation)[order])
    held_out = max(1, int(_HELD_OUT * len(samples)))
    # A single sample is both: nothing can be held out.
    flow = _trained(standard[held_out:] if len(samples) > 1 else standard, standard[:held_out], seed, steps)
    with torch.no_grad():
        standardised = flow(torch.from_numpy((points - mean) / deviation))
    density: Floats = standardised.numpy() - np.log(deviation).sum()
    return density


class _Conditioner(nn.Module):
    """Shift and stretch [n, 2 c] from coordinates [n, c]; 0 before it has learned."""

    def __init__(self, width: int, random: torch.Generator) -> None:
        super().__init__()
        drawn = torch.randn(_HIDDEN, width, generator=random, dtype=torch.float64)
        self.inner = nn.Parameter(drawn / width**0.5)
        self.inner_offset = nn.Parameter(torch.zeros(_HIDDEN, dtype=torch.float64))
        self.outer = nn.Parameter(torch.zeros(2 * width, _HIDDEN, dtype=torch.float64))
        self.outer_offset = nn.Parameter(torch.zeros(2 * width, dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        hidden = torch.tanh(nn.functional.linear(points, self.inner, self.inner_offset))
        return nn.functional.linear(hidden, self.outer, self.outer_offset)


@dataclass
class _Best:
    """The weights that fared best on what was held out, and how many looks ago that was."""

    loss: float = np.inf
    ago: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def look(self, flow: CouplingFlow, held_out: Tensor) -> None:
        with torch.no_grad():
            loss = -float(flow(held_out).mean())
        self.ago += 1
        if loss < self.loss:
            self.loss, self.ago, self.weights = loss, 0, copy.deepcopy(flow.state_dict())


def _trained(samples: Tensor, held_out: Tensor, seed: int, steps: int) -> CouplingFlow:
    random = torch.Generator().manual_seed(derive_seed(seed, "flow"))
    flow = CouplingFlow(samples.shape[1], random)
    optimiser = torch.optim.Adam(flow.parameters(), lr=_RATE)
    best = _Best()
    best.look(flow, held_out)
    for step in range(1, steps + 1):
        batch = samples[torch.randperm(len(samples), generator=random)[:_BATCH]]
        optimiser.zero_grad()
        (-flow(batch).mean()).backward()
        optimiser.step()
        if step % _BETWEEN == 0:
            best.look(flow, held_out)
        if best.ago >= _PATIENCE:
            break
    flow.load_state_dict(best.weights)
    return flow
