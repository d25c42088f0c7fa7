"""VCMI's second threshold: more alike a generated image than real images usually are alike."""

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import ABOVE_ZERO, best_dissimilarities, own_left_out

__all__ = ["SimilarityAverage"]

_DEVIATIONS = 3


@register
class SimilarityAverage(Attack):
    """The largest similarity to a generated image, above mean + 3 standard deviations of the real pairs'.

    score(x) = max_g S(x, g) - (mean + 3 sd of S(y, z), y != z real): VCMI's ``threshold_avg`` (2023 task), used when it
    is more than 0. S is the SSIM, or 1 - the mean squared error of two rows, by the metric; of a Euclidean distance it
    is the square that counts, as mean and deviation depend on it. Within one corpus it ranks images as ``nearest``
    does. Where distances between real images vary much, mean + 3 sd is more than 1, and nothing can be called used.

    Their code counts an image's mean similarity, itself included, as a pair of real images; here own pairs are left
    out. Transductive: the real images compared with each other are those that are scored.
    Cost: n m + n^2 distances, one pass.
    """

    comparator = "similarity-average"
    transductive = True
    used_from = ABOVE_ZERO

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the margin over mean + 3 standard deviations of the real pairs."""
        del context
        between = own_left_out(seen)
        scores: Scores = between.mean() - _DEVIATIONS * between.std() - best_dissimilarities(seen)
        return scores
