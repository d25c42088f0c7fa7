"""The simplest attack of the literature, as a yardstick: the distance to the nearest generated image."""

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register

__all__ = ["NearestNeighbour"]


@register
class NearestNeighbour(Attack):
    """Minus the distance to the nearest generated image: needs no label.

    score(x) = -min_g d(x, g): GAN-Leaks' attack with samples alone (Chen, Yu, Zhang and Fritz 2020, "GAN-Leaks", full
    black-box setting). No published run of the task's authors; it tells what the plainest comparison of images finds on
    the same corpus. Cost: n m distances, one pass.

    Distances shrink as generated images are added, so a threshold carries over from development to test images only as
    far as both splits have as many of them; the ranking does not depend on it.
    """

    comparator = "nearest"

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give minus the distance to the nearest generated image."""
        del context
        scores: Scores = -seen.neighbours().distances[:, 0]
        return scores
