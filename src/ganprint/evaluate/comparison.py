"""Is one run better than another? Paired tests and intervals on the same images."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from ganprint.evaluate.intervals import Resampled, bootstrap_interval
from ganprint.evaluate.multiplicity import holm
from ganprint.evaluate.split_scores import SplitScores

__all__ = ["Comparison", "compare_pairs", "delong", "delong_p", "mcnemar_p", "paired_difference"]

Floats = NDArray[np.float64]
_SAME = 1e-12


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same images; differences are a minus b.

    Attributes
    ----------
    a, b
        The runs.
    mcnemar_p, mcnemar_p_holm
        Of being right equally often (:func:`mcnemar_p`), two-sided; then corrected for all pairs of the family.
    auc_difference, low, high
        Of the ROC AUC, with the interval of the paired bootstrap by group; ``None`` where undefined.
    delong_p, p_holm
        Of equal ROC AUC (:func:`delong`), two-sided; then corrected for all pairs of the family.
    f1_difference, f1_low, f1_high
        Of F1, with the interval of the paired bootstrap by group.
    note
        What must be known to read it; empty when nothing.
    """

    a: str
    b: str
    mcnemar_p: float
    mcnemar_p_holm: float | None
    auc_difference: float | None
    low: float | None
    high: float | None
    delong_p: float | None
    p_holm: float | None
    f1_difference: float | None
    f1_low: float | None
    f1_high: float | None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)


def compare_pairs(
    split: SplitScores, pairs: Sequence[tuple[str, str]], drawn: Sequence[Resampled], confidence: float
) -> list[Comparison]:
    """Compare pairs of runs; Holm's correction is over these pairs, for each test on its own.

    Parameters
    ----------
    split
        Scores, decisions and truth.
    pairs
        Names of the runs: the family.
    drawn
        [R], the resamples of every run: of the same groups, by the same seed.
    confidence
        Level of the intervals.
    """
    right = split.decisions == split.used
    places = [(split.names.index(a), split.names.index(b)) for a, b in pairs]
    equal = [mcnemar_p(right[a], right[b], split.groups) for a, b in places]
    areas = delong(split.scores, split.used, split.groups)
    ranked = [None if areas is None else delong_p(*areas, a, b) for a, b in places]
    corrected = zip(equal, holm(equal), ranked, holm(ranked), strict=True)
    found = []
    for (a, b), (mcnemar, mcnemar_holm, area, area_holm) in zip(places, corrected, strict=True):
        difference = drawn[a].minus(drawn[b])
        auc, auc_low, auc_high, auc_note = paired_difference(difference, "roc_auc", confidence)
        f1, f1_low, f1_high, f1_note = paired_difference(difference, "f1", confidence)
        note = "; ".join(filter(None, (auc_note, f1_note)))
        found.append(
            Comparison(split.names[a], split.names[b], mcnemar, mcnemar_holm, auc, auc_low, auc_high, area, area_holm,
                       f1, f1_low, f1_high, note)
        )  # fmt: skip
    return found


def mcnemar_p(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], groups: NDArray[np.str_]) -> float:
    """Test whether two runs are right equally often, exactly and two-sided.

    Every group has a balance: on how many of its images a alone is right, less those on which b alone is. Under the
    null each balance might as well have had the other sign, independently of the other groups; the exact distribution
    of their sum is found by convolution. Where every image is its own group this is McNemar's (1947) exact test, the
    binomial one on the images that divide the runs; else it is Fisher's randomisation test of paired sums (1935).

    Parameters
    ----------
    right_a, right_b
        [n], whether the run is right about the image.
    groups
        [n].
    """
    member_of = np.unique(groups, return_inverse=True)[1]
    balances = np.rint(np.bincount(member_of, right_a.astype(np.float64) - right_b)).astype(np.intp)
    chance = np.ones(1)
    for step in np.abs(balances[balances != 0]):
        spread = np.zeros(len(chance) + 2 * step)
        spread[: len(chance)] += chance / 2
        spread[2 * step :] += chance / 2
        chance = spread
    sums = np.arange(len(chance)) - len(chance) // 2
    return min(1.0, float(chance[np.abs(sums) >= abs(balances.sum())].sum()))


def delong(scores: Floats, used: NDArray[np.int8], groups: NDArray[np.str_]) -> tuple[Floats, Floats] | None:
    """Give the ROC AUC of R runs and their covariance.

    DeLong, DeLong and Clarke-Pearson (1988), by mid-ranks (Sun and Xu 2014). Where images share groups, the components
    are summed within groups (Obuchowski 1997), which equals DeLong's when every image is its own group.

    Parameters
    ----------
    scores
        [R, n].
    used, groups
        [n].

    Returns
    -------
    Areas [R] and covariance [R, R]; ``None`` when a class has fewer than two groups.
    """
    names, member_of = np.unique(groups, return_inverse=True)
    of_used, of_not_used = used == 1, used == 0
    with_used, with_not_used = (len(np.unique(member_of[part])) for part in (of_used, of_not_used))
    if min(with_used, with_not_used) < 2:
        return None
    m, n = int(of_used.sum()), int(of_not_used.sum())
    together = rankdata(scores, axis=1)
    above = (together[:, of_used] - rankdata(scores[:, of_used], axis=1)) / n
    below = 1 - (together[:, of_not_used] - rankdata(scores[:, of_not_used], axis=1)) / m
    areas = above.mean(axis=1)
    # Deviations summed within groups, [R, groups].
    a = _sums(above - areas[:, None], member_of[of_used], len(names)) / m
    b = _sums(below - areas[:, None], member_of[of_not_used], len(names)) / n
    mixed = a @ b.T * (len(names) / (len(names) - 1))
    covariance = a @ a.T * (with_used / (with_used - 1)) + b @ b.T * (with_not_used / (with_not_used - 1))
    return areas, covariance + mixed + mixed.T


def delong_p(areas: Floats, covariance: Floats, a: int, b: int) -> float | None:
    """Give the two-sided p value of equal areas of two runs; ``None`` when they differ without any variance."""
    difference = float(areas[a] - areas[b])
    variance = float(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
    if abs(difference) <= _SAME:
        return 1.0
    return float(2 * norm.sf(abs(difference) / np.sqrt(variance))) if variance > _SAME**2 else None


def _sums(values: Floats, member_of: NDArray[np.intp], groups: int) -> Floats:
    return np.stack([np.bincount(member_of, row, minlength=groups) for row in values])


def paired_difference(
    difference: Resampled, name: str, confidence: float
) -> tuple[float | None, float | None, float | None, str]:
    """Give value, limits and note of the difference of one figure between two runs on the same resamples."""
    value = difference.estimates.get(name, np.nan)
    interval = None if np.isnan(value) else bootstrap_interval(difference, name, confidence)
    if interval is None:
        return (None if np.isnan(value) else value), None, None, ""
    because = interval.percentiles_because
    return value, interval.low, interval.high, f"{name}: percentiles instead of BCa, since {because}" if because else ""
