"""VCMI's first threshold: more alike a generated image than any two real images are alike."""

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import ABOVE_ZERO, best_dissimilarities, own_left_out

__all__ = ["SimilarityMax"]


@register
class SimilarityMax(Attack):
    """The largest similarity to a generated image, above the largest between two real ones.

    score(x) = max_g S(x, g) - max_{y != z} S(y, z): VCMI's ``threshold_max`` (2023 task), used when it is more than 0.
    S is the SSIM, or 1 - the mean squared error of two rows, by the metric. Within one corpus it ranks images as
    ``nearest`` does; what it adds is a threshold without labels. Two equal real images, or slices that nearly are, put
    it out of reach.

    Their code takes an image's mean similarity, itself included, for a pair of real images; here own pairs are left
    out. Transductive: the real images compared with each other are those that are scored.
    Cost: n m + n^2 distances, one pass.
    """

    comparator = "similarity-max"
    transductive = True
    used_from = ABOVE_ZERO

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the margin over the most similar two real images."""
        del context
        scores: Scores = own_left_out(seen).min() - best_dissimilarities(seen)
        return scores
