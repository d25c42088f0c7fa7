"""VCMI's ranking, done right: the mean rank of a real image among the generated images' lists."""

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import ABOVE_ZERO, rank_margins

__all__ = ["Ranking"]


@register
class Ranking(Attack):
    """How far above the middle generated images rank this real image, by similarity.

    score(x) = ((n + 1) / 2 - mean_g rank_g(x)) / n, rank 1 = the most similar of the n real images, equals sharing the
    mean of their ranks. What VCMI's ``ranking`` (2023 task) sets out to do: its threshold is the mean of all ranks in
    the real images' own lists, which is the middle whatever the images are; used when above it. Images in the middle of
    the cloud rank well beside any generator, used or not: expect little of it.

    Their code averages row numbers in place of ranks: ``ranking-as-coded``. Transductive: ranks are among the images
    that are scored.
    Cost: n m distances and m sorts of n, one pass of its own; memory n x block.
    """

    comparator = "ranking"
    transductive = True
    used_from = ABOVE_ZERO

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the margin of the mean rank over the middle."""
        del context
        return rank_margins(seen)
