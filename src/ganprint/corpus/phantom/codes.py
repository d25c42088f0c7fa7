"""The space in which the generator works: the autoencoder's codes, turned to their main directions and scaled."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["CodeSpace", "fit_code_space"]


@dataclass(frozen=True)
class CodeSpace:
    """Main directions of the codes of patients who are in no split.

    Attributes
    ----------
    mean
        [d] mean code.
    directions
        [k, d] orthonormal main directions.
    spread
        [k] standard deviation along each direction.
    """

    mean: Tensor
    directions: Tensor
    spread: Tensor

    def enter(self, codes: Tensor) -> Tensor:
        """Give the coordinates [n, k], about unit variance, of codes [n, d]."""
        return ((codes - self.mean) @ self.directions.T) / self.spread

    def leave(self, coordinates: Tensor) -> Tensor:
        """Give the codes [n, d] of coordinates [n, k]."""
        return (coordinates * self.spread) @ self.directions + self.mean


def fit_code_space(codes: Tensor, dimensions: int) -> CodeSpace:
    """Fit at most ``dimensions`` main directions to codes [n, d]; directions without spread are left out."""
    mean = codes.mean(dim=0)
    _, values, directions = torch.linalg.svd(codes - mean, full_matrices=False)
    spread = values / len(codes) ** 0.5
    kept = min(dimensions, int((spread > 1e-4 * spread[0]).sum()))
    return CodeSpace(mean, directions[:kept], spread[:kept])
