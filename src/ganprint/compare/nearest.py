"""The simplest attack of the literature, as a yardstick: the distance to the nearest generated image."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Comparator, Context, Scores, register
from ganprint.pairs import nearest
from ganprint.params import FrozenModel

__all__ = ["NearestNeighbour"]


class NearestParameters(FrozenModel):
    """``block``: generated images per block of distances; bounds the memory, changes no score."""

    block: int = Field(default=1024, ge=1)


@register
class NearestNeighbour(Comparator):
    """Minus the Euclidean distance to the nearest generated image, on grey values in 0..1: needs no label.

    GAN-Leaks' attack with samples alone (Chen, Yu, Zhang and Fritz 2020, "GAN-Leaks", full black-box setting). No
    published run of the task's authors; it tells what the plainest comparison of images finds on the same corpus.

    Distances shrink as generated images are added, so a threshold carries over from development to test images only as
    far as both splits have as many of them; the ranking does not depend on it.
    """

    comparator = "nearest"
    variant = "extension"
    pixels = True
    learns = False
    Parameters: ClassVar[type[FrozenModel]] = NearestParameters
    parameters: NearestParameters

    def fit(self, development: Development, context: Context) -> Self:
        """Fit nothing."""
        del development, context
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give minus the distance to the nearest generated image."""
        del context
        generated = _grey(test.generated.in_order()[0])
        distances, _ = nearest(_grey(test.real), generated, 1, block=self.parameters.block)
        scores: Scores = -distances[:, 0].astype(np.float64)
        return scores


def _grey(images: Images) -> NDArray[np.float32]:
    return images.rows.astype(np.float32) / np.float32(255)
