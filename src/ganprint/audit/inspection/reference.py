"""Real images beside reference images that were certainly not used: as a set, and one by one.

Both were scored against the same generated images. If the real images were not used either, the two sets can be
exchanged, whatever the attack: the tests need nothing else of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ganprint.evaluate.conformal import Calibration, answer
from ganprint.evaluate.intervals import bootstrap_interval, resample_groups
from ganprint.evaluate.multiplicity import holm
from ganprint.evaluate.set_level import SetComparison, compare_sets
from ganprint.evaluate.weighted import weighted_auc

__all__ = ["Beside", "ColumnTest", "ImageAnswers", "answer_images", "minus_blind", "test_columns"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Beside:
    """Who was scored, and how figures are made.

    Attributes
    ----------
    real
        [n], 1 for real images, 0 for calibration images.
    groups
        [n].
    confidence, resamples, permutations
        Of intervals and tests.
    seed
        Of both; the same for every column, so that figures of columns can be paired.
    """

    real: NDArray[np.int8]
    groups: NDArray[np.str_]
    confidence: float
    resamples: int
    permutations: int
    seed: int


@dataclass(frozen=True)
class ColumnTest:
    """The set-level test of one column, and its p corrected for the number of columns (Holm)."""

    comparison: SetComparison
    p_holm: float


@dataclass(frozen=True, eq=False)
class ImageAnswers:
    """P values of the real images [n]: how likely an image that was not used scores as high; and the corrected ones.

    Attributes
    ----------
    p
        Conformal, by group; none is below 1 / (calibration groups + 1).
    false_discovery
        Corrected after Benjamini and Hochberg: among images called out at a level, the expected share of wrong ones is
        below it, where p values depend on one another positively alone. That is proven for conformal p values of
        independent images and a score fixed beforehand (Bates, Candes, Lei, Romano and Sesia 2023). Here images of one
        patient hang together, groups weigh alike, and ranks depend on all images scored: it is taken to hold, not
        proven. ``holm`` needs no such thing.
    holm
        Corrected after Holm: the probability that any image is called out wrongly is below the level.
    least
        The smallest p that is possible.
    """

    p: Floats
    false_discovery: Floats
    holm: Floats
    least: float


def test_columns(columns: Mapping[str, Floats], beside: Beside) -> dict[str, ColumnTest]:
    """Test, for each column of scores [n], whether real images score higher than calibration images.

    Permutation by group, one-sided. Empty when one of the sets is.
    """
    found: dict[str, SetComparison] = {}
    for name, scores in columns.items():
        comparison = compare_sets(
            scores,
            beside.real,
            beside.groups,
            side="higher",
            confidence=beside.confidence,
            resamples=beside.resamples,
            permutations=beside.permutations,
            rng=np.random.default_rng(beside.seed),
        )
        if comparison is not None:
            found[name] = comparison
    corrected = holm([comparison.p for comparison in found.values()])
    return {
        name: ColumnTest(comparison, 1.0 if p is None else p)
        for (name, comparison), p in zip(found.items(), corrected, strict=True)
    }


test_columns.__test__ = False  # type: ignore[attr-defined]  # not a test case, whatever pytest thinks of the name


def answer_images(scores: Floats, beside: Beside) -> ImageAnswers:
    """Answer about each real image by one column of scores [n]."""
    real = beside.real == 1
    calibration = Calibration(scores[~real], np.zeros((~real).sum(), dtype=np.int8), beside.groups[~real])
    p = answer(calibration, scores[real], beside.groups[real], 1 - beside.confidence).p_not_used
    corrected = [1.0 if value is None else value for value in holm(p.tolist())]
    least = 1 / (1 + len(np.unique(calibration.groups)))
    return ImageAnswers(p, np.asarray(false_discovery_control(p)), np.array(corrected), least)


def minus_blind(scores: Floats, blind: Floats, beside: Beside, *, tried: int = 1) -> tuple[float, float, float] | None:
    """Give a column's ROC AUC less that of an answer that never saw generated images, with its interval.

    None when there is a single group.

    Parameters
    ----------
    scores, blind
        [n], of the column and of that answer.
    beside
        Who was scored.
    tried
        Columns of which this one was chosen for its ROC AUC: the best of many is better than the blind answer by chance
        alone, so the interval has the level of one of so many (Bonferroni).
    """
    drawn = [
        resample_groups(
            beside.groups,
            lambda weights, values=values: weighted_auc(weights, beside.real, values),  # type: ignore[misc]
            resamples=beside.resamples,
            rng=np.random.default_rng(beside.seed),
        )
        for values in (scores, blind)
    ]
    difference = drawn[0].minus(drawn[1])
    interval = bootstrap_interval(difference, "roc_auc", 1 - (1 - beside.confidence) / tried)
    return None if interval is None else (difference.estimates["roc_auc"], interval.low, interval.high)
