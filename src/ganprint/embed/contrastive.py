"""SimCLR: views of one slice are to be more alike than those of different ones (Chen et al. 2020, arXiv 2002.05709).

As a copy detector of synthetic CT: Dar et al. 2024 (arXiv 2402.01054).
"""

import torch
from torch.nn import functional

from ganprint.embed.pretraining_method import Method, Surroundings, mlp

__all__ = ["SimCLR", "nt_xent"]


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """Give the normalised temperature-scaled cross-entropy of two views of n images (Chen et al. 2020, equation 1).

    Of the 2 n - 1 other views in the batch, each view is to be most like the one of its own image; likeness is the
    cosine over the temperature.

    Parameters
    ----------
    first, second
        [n, d], row i of both from image i.
    temperature
        Above 0; the smaller, the more the hardest negatives count.

    Returns
    -------
    The mean over all 2 n views.
    """
    count = len(first)
    rows = functional.normalize(torch.cat([first, second]).float(), dim=1)
    # Half precision around a loss would cut the products of rows that are already float32.
    with torch.autocast(rows.device.type, enabled=False):
        likeness = rows @ rows.T / temperature
    itself = torch.eye(2 * count, dtype=torch.bool, device=rows.device)
    partner = torch.arange(2 * count, device=rows.device).roll(count)
    return functional.cross_entropy(likeness.masked_fill(itself, -torch.inf), partner)


class SimCLR(Method):
    """NT-Xent on a projection of two layers (ibid., section 2.1)."""

    def __init__(self, made_for: Surroundings) -> None:
        super().__init__()
        dimension, parameters = made_for.dimension, made_for.parameters
        self.projector = made_for.network("projector", lambda: mlp(dimension, dimension, parameters.projection))
        self._temperature = parameters.temperature

    def loss(self, inputs: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Give NT-Xent of the projections."""
        del inputs
        first, second = self.projector(pooled).chunk(2)
        return nt_xent(first, second, self._temperature)
