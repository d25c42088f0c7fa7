"""VCMI's ensemble: ranking, corrected by a certain yes and a certain no."""

import numpy as np

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import best_dissimilarities, own_left_out, rank_margins, retrievals

__all__ = ["SimilarityEnsemble"]


@register
class SimilarityEnsemble(Attack):
    """The answer of ranking, then 1 where similarity-max says used, then 0 where retrieval says not used.

    VCMI's ``ensemble`` (2023 task) answers 0 or 1. score(x) = answer(x) + the margin of ``ranking``, which lies
    strictly between -1/2 and 1/2: it orders images of equal answer and changes none; used from 1/2. The no of retrieval
    comes last: it outvotes a similarity above all real pairs.

    Their code writes the answer into the array of ranking's own answers, which are changed by it, and its ranking is
    the faulty one (``ranking-as-coded``); here each part is what the rule of its name says. Transductive, as its parts.
    Cost: two passes of n m distances, m sorts of n, n^2 distances; memory n x block.
    """

    comparator = "similarity-ensemble"
    transductive = True
    used_from = 0.5

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the answer, and the rank within it."""
        del context
        margins = rank_margins(seen)
        surely = best_dissimilarities(seen) < own_left_out(seen).min()
        answers = ((margins > 0) | surely) & (retrievals(seen) > 0)
        scores: Scores = answers.astype(np.float64) + margins
        return scores
