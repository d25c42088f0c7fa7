"""What the generator learns from: the codes of slices, as they are and moved a little, centred and scaled."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["CodeScale", "LearningSet", "fit_code_scale"]


@dataclass(frozen=True)
class CodeScale:
    """Centre and scale of the codes of patients who are in no split.

    One scale serves all numbers of a code: the generator's noise then drowns the fine differences first and the
    shape of the body last, and denoising goes from coarse to fine.

    Attributes
    ----------
    mean
        [d] mean code.
    spread
        Root mean square of the deviations from it.
    """

    mean: Tensor
    spread: float

    def enter(self, codes: Tensor) -> Tensor:
        """Give codes [n, d] centred and scaled to about unit variance."""
        return (codes - self.mean) / self.spread

    def leave(self, scaled: Tensor) -> Tensor:
        """Give the codes [n, d] that :meth:`enter` came from."""
        return scaled * self.spread + self.mean


def fit_code_scale(codes: Tensor) -> CodeScale:
    """Fit centre and scale to codes [n, d]."""
    mean = codes.mean(dim=0)
    return CodeScale(mean, max(float((codes - mean).square().mean().sqrt()), 1e-6))


@dataclass(frozen=True)
class LearningSet:
    """Codes to draw training batches from.

    Attributes
    ----------
    exact
        [n, d] codes of the slices as they are.
    moved
        [m, d] codes of the same slices, moved and resized a little.
    exact_share
        Probability that a drawn code is an exact one: augmentation lowers memorisation, its absence raises it.
    """

    exact: Tensor
    moved: Tensor
    exact_share: float

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``count`` codes [count, d] with replacement."""
        exact = self.exact[torch.randint(len(self.exact), (count,), generator=generator)]
        moved = self.moved[torch.randint(len(self.moved), (count,), generator=generator)]
        return torch.where(torch.rand((count, 1), generator=generator) < self.exact_share, exact, moved)
