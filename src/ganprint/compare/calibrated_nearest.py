"""The nearest generated image, set against the nearest real image that was not used."""

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, Scores, register

__all__ = ["CalibratedNearest"]


@register
class CalibratedNearest(Attack):
    """The distance to the nearest not used image less that to the nearest generated one.

    score(x) = min_r d(x, r) - min_g d(x, g): an ordinary image is near to everything, so that being near to a generated
    one says little of it. After GAN-Leaks' calibration (Chen, Yu, Zhang and Fritz 2020), which subtracts the distance
    to samples of a second generator trained on other images; real images in their place are van Breugel et al.'s
    (2023).

    Needs: real images r that were not used. An image to be scored must not be one of them: its own distance, 0, would
    make its score one of the lowest. Cost: n (m + r) distances, one pass.

    Traps not repeated: published code compares exp of these differences, and squared distances of raw grey values there
    overflow or come to 0; here the differences themselves are the scores. More reference images make the first distance
    smaller: a threshold from development scores (out of fold, four fifths of the reference) is a little high for test
    ones.
    """

    comparator = "calibrated-nearest"
    needs_reference = True
    learns = True

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the difference of the two smallest distances."""
        del context
        scores: Scores = seen.reference_distances().min(axis=1) - seen.neighbours().distances[:, 0]
        return scores
