"""The nearest generated image, set against the generated images around it."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from ganprint.compare.attack import Attack, AttackParameters, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.params import FrozenModel

__all__ = ["LocalRatio"]


class LocalRatioParameters(AttackParameters):
    """``neighbours`` that make up the surroundings, and ``alpha``, the factor of their mean distance."""

    neighbours: int = Field(default=50, ge=1)
    alpha: float = Field(default=0.5, gt=0)


@register
class LocalRatio(Attack):
    """Minus the distance to the nearest generated image, in units of that to its nearest 50.

    score(x) = -d_1 / (alpha mean(d_1 ... d_k)), with d_1 <= d_2 ... the distances of x to its nearest generated images,
    k = 50, alpha = 0.5: between -1 / alpha and 0. After Carlini et al. (2023, "Extracting training data from diffusion
    models"), who take a generated image and its nearest training images; here the roles are swapped, since the question
    is about a real image. Alpha changes no ranking.

    Needs: nothing. Cost: n m distances, one pass; memory n (k + block).

    Traps: k exact copies make it 0 / 0, which is taken for what it is for one copy, 0, the highest score. A generator
    that collapsed onto an image gives it k near copies, and the ratio then says "like its surroundings", that is, not
    used. With fewer than k generated images all are taken; with one the score is -1 / alpha whatever the image, and 0
    for a copy.
    """

    comparator = "local-ratio"
    Parameters: ClassVar[type[FrozenModel]] = LocalRatioParameters
    parameters: LocalRatioParameters

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give minus the ratio."""
        del context
        nearest = seen.neighbours(self.parameters.neighbours).distances[:, : self.parameters.neighbours]
        around = self.parameters.alpha * nearest.mean(axis=1)
        ratio = np.zeros(len(nearest))
        np.divide(nearest[:, 0], around, out=ratio, where=around > 0)
        scores: Scores = 0.0 - ratio
        return scores
