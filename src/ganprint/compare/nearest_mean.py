"""The mean nearness of the few nearest generated images."""

from typing import ClassVar

import numpy as np
from pydantic import Field
from scipy.special import logsumexp

from ganprint.compare.attack import Attack, AttackParameters, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.pairs import neighbourhood, pair_distances
from ganprint.pairs.spread_rows import evenly_spread
from ganprint.params import FrozenModel

__all__ = ["NearestMean", "spacing"]

# Generated images among which distances are looked up, to find the scale.
_LOOKED_AT = 64


class NearestMeanParameters(AttackParameters):
    """``neighbours`` that are averaged over."""

    neighbours: int = Field(default=5, ge=1)


@register
class NearestMean(Attack):
    """The mean of exp(-distance / scale) over the five nearest generated images, as its logarithm.

    score(x) = log mean_{i <= k} exp(-d_i / s), with d_1 <= d_2 ... the distances of x to its nearest generated images,
    k = 5. IBM's ai-privacy-toolkit (attack "MembershipKnnProbabilities") has the mean of exp(-d): a Parzen estimate
    after GAN-Leaks (Chen, Yu, Zhang and Fritz 2020). The logarithm changes no ranking.

    The scale s is the usual distance of a generated image to its nearest other one (:func:`spacing`): it depends on the
    view and the generator, not on the images scored.

    Needs: nothing. Cost: (n + 64) m distances, four passes.

    Trap not repeated: exp(-d) of grey values 0..255, or of any view with distances over 745, is 0 for every image, so
    all are tied and the ROC AUC is 0.5; over 37 already the difference to the next is lost in a sum. Scale and
    logarithm keep every difference. With fewer than k generated images all are taken.
    """

    comparator = "nearest-mean"
    Parameters: ClassVar[type[FrozenModel]] = NearestMeanParameters
    parameters: NearestMeanParameters

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the logarithm of the mean."""
        del context
        nearest = seen.neighbours(self.parameters.neighbours).distances[:, : self.parameters.neighbours]
        scores: Scores = logsumexp(-nearest / spacing(seen), axis=1) - np.log(nearest.shape[1])
        return scores


def spacing(seen: Seen) -> float:
    """Give the median distance of generated images to their nearest other one.

    Looked up for 64 images evenly spread over the rows, or all when there are fewer. Equal images are passed over; when
    there is nothing else (one image, or copies of one), the scale is 1.
    """
    some = evenly_spread(seen.generated, _LOOKED_AT, block=seen.block)
    found = neighbourhood(pair_distances(some, seen.metric), seen.generated, 2, block=seen.block).distances
    # The nearest is the image itself.
    others = found[:, 1:][found[:, 1:] > 0]
    return float(np.median(others)) if others.size else 1.0
