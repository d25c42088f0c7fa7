"""VCMI's ranking as its code does it: an average of row numbers, which depends on the order of the files."""

import numpy as np

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.data import Test
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import ABOVE_ZERO

__all__ = ["RankingAsCoded"]


@register
class RankingAsCoded(Attack):
    """VCMI's ranking with its fault: ``argsort`` is taken for ranks, so the order of the files decides.

    For the n real images in the order of their names, 0 .. n - 1, every generated image g sorts them from the least to
    the most similar; the image *at place j by name* gets the mean over g of the number of the image at place j of that
    list: score(j) = (mean_g argsort(S(., g))[j] - (n - 1) / 2) / n, used when it is more than 0. It says nothing about
    image j. But the last places of the lists hold the most similar images: where names put one class before the other,
    as those of the development split do (``not_used_...``, ``used_...``), the numbers that stand at the places of one
    class tell which class is more alike. The least tendency, real or by chance, becomes a verdict on nearly every image
    at once, right or wrong: ROC AUCs far from 1/2, beyond any interval, on images that leak nothing. On a test split
    without such names nothing of it is left. Shown for the audit, not for use.

    (Their evaluation has another fault that touches no answer: with one method chosen, ``evaluate`` is given the halves
    the wrong way round, used for not used; with 'all' it is not.)

    Transductive, by rows' numbers. Cost: n m distances and m sorts of n, one pass of its own; memory n x block.
    """

    comparator = "ranking-as-coded"
    transductive = True
    used_from = ABOVE_ZERO

    def score(self, test: Test, context: Context) -> Scores:
        """Attack the test images in the order of their ids, as a sorted listing of the folder gives them."""
        real, order = test.real.in_order()
        scores = np.empty(len(order))
        scores[order] = super().score(Test(real, test.generated), context)
        return scores

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the margin of the mean number at each place; real rows are taken to be in the order of their names."""
        del context
        n, count = len(seen.real), 0
        sums = np.zeros(n, dtype=np.int64)
        for rows in seen.blocks():
            sums += np.argsort(-seen.measure.to(rows), axis=0, kind="stable").sum(axis=1)
            count += len(rows)
        scores: Scores = (sums - count * (n - 1) / 2) / (count * n)
        return scores
