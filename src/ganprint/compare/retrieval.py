"""VCMI's retrieval: generated images fetch the real image that they are most like."""

import numpy as np

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.compare.similarity_rules import retrievals

__all__ = ["Retrieval"]


@register
class Retrieval(Attack):
    """How many generated images have this real image as their most similar one.

    score(x) = #{g: argmax_y S(y, g) = x}: VCMI's ``retrieval`` (2023 task), used from 1. With many more generated than
    real images nearly every image is fetched at least once, and the count says more than that rule.

    Equal real images are fetched together; their code's ``argmax`` gives all to the first by file name and calls the
    others not used. Transductive: the real images compete for every generated one.
    Cost: n m distances, one pass.
    """

    comparator = "retrieval"
    transductive = True
    used_from = 1.0

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the number of generated images that fetch each real one."""
        del context
        return retrievals(seen).astype(np.float64)
