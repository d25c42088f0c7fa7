"""Intervals: exact for proportions, bootstrap by group for everything.

The bootstrap draws whole groups (patients, volumes), since images of one group are not independent. Its limits are
percentiles. BCa limits are not used: SciPy gives none where all resamples agree (a perfect ranking, a recall of 0) or
where one of them leaves a figure undefined, and these are the cases that an audit meets.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, binomtest, bootstrap

from ganprint.evaluate.weighted import weighted_figures

__all__ = ["Resampled", "exact_interval", "percentile_interval", "resample"]

Floats = NDArray[np.float64]

# Weights held at once, in numbers: 2 million are 16 MB per intermediate array.
_BLOCK = 2_000_000


def exact_interval(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Give the two-sided interval of Clopper and Pearson (1934) for a proportion of n independent images."""
    interval = binomtest(successes, n).proportion_ci(confidence_level=confidence, method="exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Resampled:
    """Figures of all resamples.

    Attributes
    ----------
    figures
        Name to [resamples]; NaN where a resample leaves the figure undefined.
    resamples
        Their number; 0 when there was nothing to resample (a single group).
    """

    figures: dict[str, Floats]
    resamples: int

    @property
    def degenerate(self) -> int:
        """How many resamples lacked one of the classes."""
        return int(np.isnan(self.figures["roc_auc"]).sum()) if self.resamples else 0


def resample(
    used: NDArray[np.int8],
    scores: Floats,
    decisions: NDArray[np.int8],
    groups: NDArray[np.str_],
    *,
    resamples: int,
    rng: np.random.Generator,
) -> Resampled:
    """Compute all figures on resamples of groups, drawn with replacement.

    Parameters
    ----------
    used, scores, decisions, groups
        [n] each. The result depends on the images and not on their order.
    resamples
        Number of resamples.
    rng
        Source of chance.
    """
    names, member_of = np.unique(groups, return_inverse=True)
    if len(names) == 1:
        return Resampled({}, 0)
    keys: list[str] = []

    def statistic(drawn: NDArray[np.intp], axis: int = -1) -> Floats:
        del axis  # scipy always hands over the drawn groups on the last axis
        figures = weighted_figures(_times_drawn(drawn)[:, member_of], used, scores, decisions)
        keys[:] = figures
        return np.stack(list(figures.values()))

    with warnings.catch_warnings():
        # SciPy's own limits, which are not used, are undefined as soon as one resample is; it warns of them.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = bootstrap(
            (np.arange(len(names)),),
            statistic,
            n_resamples=resamples,
            batch=max(1, _BLOCK // len(used)),
            vectorized=True,
            method="percentile",
            rng=rng,
        )
    return Resampled(dict(zip(keys, result.bootstrap_distribution, strict=True)), resamples)


def percentile_interval(values: Floats, confidence: float) -> tuple[float, float] | None:
    """Give the central range of the defined values; ``None`` when there are none."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _times_drawn(drawn: NDArray[np.intp]) -> Floats:
    """Count how often each group was drawn: [b, groups] indices to [b, groups] counts."""
    rows, groups = drawn.shape
    places = drawn + groups * np.arange(rows)[:, None]
    return np.bincount(places.ravel(), minlength=rows * groups).reshape(rows, groups).astype(np.float64)
