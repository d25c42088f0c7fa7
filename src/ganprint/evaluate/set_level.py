"""Were these images, as a set, used? Differences between sets need far fewer images than answers about each."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.intervals import Resampled, bootstrap_interval, resample_groups
from ganprint.evaluate.permutation import auc_p
from ganprint.evaluate.weighted import weighted_auc

__all__ = ["SetComparison", "Side", "compare_sets", "set_comparison"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
Side = Literal["higher", "lower"]


@dataclass(frozen=True)
class SetComparison:
    """A set of images beside a reference set.

    Attributes
    ----------
    effect
        Probability that a random image of the set outscores a random reference image, ties counting half; 0.5 without
        a difference. The set's mean rank is (effect - 0.5) times the number of all images above the reference's.
    low, high
        Interval by group bootstrap; ``None`` when there is none.
    p
        Of the permutation test by group, one-sided.
    side
        What the test looks for: that the set scores ``higher`` or ``lower`` than the reference.
    set_images, set_groups, reference_images, reference_groups
        Numbers.
    note
        What must be known to read it; empty when nothing.
    """

    effect: float
    low: float | None
    high: float | None
    p: float
    side: Side
    set_images: int
    set_groups: int
    reference_images: int
    reference_groups: int
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)


def compare_sets(
    scores: Floats,
    in_set: Labels,
    groups: NDArray[np.str_],
    *,
    side: Side,
    confidence: float,
    resamples: int,
    permutations: int,
    rng: np.random.Generator,
    note: str = "",
) -> SetComparison | None:
    """Compare a set with a reference set; ``None`` when one of them is empty.

    Parameters
    ----------
    scores, groups
        [n] each.
    in_set
        [n], 1 for images of the set, 0 for reference images.
    side
        What the test looks for.
    confidence, resamples
        Of the interval.
    permutations
        Draws of the test (:mod:`ganprint.evaluate.permutation`; here the sets are what is exchanged).
    rng
        Source of chance.
    note
        Goes into the result.
    """
    drawn = resample_groups(groups, lambda weights: weighted_auc(weights, in_set, scores), resamples=resamples, rng=rng)
    p = auc_p(in_set, scores if side == "higher" else -scores, groups, permutations, rng)
    return (
        None
        if p is None
        else set_comparison(drawn, p, scores, in_set, groups, side=side, confidence=confidence, note=note)
    )


def set_comparison(
    drawn: Resampled,
    p: float,
    scores: Floats,
    in_set: Labels,
    groups: NDArray[np.str_],
    *,
    side: Side,
    confidence: float,
    note: str = "",
) -> SetComparison:
    """Put a comparison together from resamples and a p value that are at hand."""
    effect = float(weighted_auc(np.ones((1, len(scores))), in_set, scores)["roc_auc"][0])
    interval = bootstrap_interval(drawn, "roc_auc", confidence)
    notes = [note]
    if interval is not None and interval.percentiles_because:
        notes.append(f"percentiles instead of BCa, since {interval.percentiles_because}")
    members = int(in_set.sum())
    return SetComparison(
        effect,
        None if interval is None else interval.low,
        None if interval is None else interval.high,
        p,
        side,
        members,
        len(np.unique(groups[in_set == 1])),
        len(scores) - members,
        len(np.unique(groups[in_set == 0])),
        "; ".join(filter(None, notes)),
    )
