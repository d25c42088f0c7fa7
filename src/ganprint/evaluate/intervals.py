"""Intervals: exact for proportions, bootstrap by group for everything.

The bootstrap draws whole groups (patients, volumes), since images of one group are not independent. Its limits are
bias-corrected and accelerated (BCa: Efron 1987; DiCiccio and Efron 1996; formulas as in Efron and Tibshirani 1993,
equations 14.9 to 14.15). SciPy's own BCa gives no limits where all resamples agree (a perfect ranking, a recall of 0)
or where one of them leaves a figure undefined, and these are the cases that an audit meets; so SciPy draws, the limits
are computed here, and percentiles stand in where the correction is undefined.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, binomtest, bootstrap, norm

from ganprint.evaluate.weighted import weighted_figures

__all__ = [
    "BootstrapInterval",
    "Resampled",
    "bootstrap_interval",
    "exact_interval",
    "resample",
    "resample_groups",
]

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], dict[str, Floats]]

# Weights held at once, in numbers: 2 million are 16 MB per intermediate array.
_BLOCK = 2_000_000
# Figures closer than this are taken for one figure whose sums were rounded differently.
_SAME = 1e-12


def exact_interval(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Give the two-sided interval of Clopper and Pearson (1934) for a proportion of n independent images."""
    interval = binomtest(successes, n).proportion_ci(confidence_level=confidence, method="exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Resampled:
    """Figures of all resamples, and what the bias correction needs.

    Attributes
    ----------
    figures
        Name to [resamples]; NaN where a resample leaves the figure undefined.
    estimates
        Name to the figure of the images themselves; NaN where undefined.
    jackknife
        Name to [groups]: the figure without each of the groups in turn; NaN where undefined.
    resamples
        Their number; 0 when there was nothing to resample (a single group), and then the mappings are empty.
    """

    figures: dict[str, Floats]
    estimates: dict[str, float]
    jackknife: dict[str, Floats]
    resamples: int

    @property
    def degenerate(self) -> int:
        """How many resamples lacked one of the classes."""
        return int(np.isnan(self.figures["roc_auc"]).sum()) if self.resamples else 0

    def minus(self, other: "Resampled") -> "Resampled":
        """Give the differences of every figure, resample by resample: both must have drawn the same groups."""
        if self.resamples != other.resamples:
            raise ValueError(f"{self.resamples} and {other.resamples} resamples can not be paired")
        return Resampled(
            {name: values - other.figures[name] for name, values in self.figures.items()},
            {name: value - other.estimates[name] for name, value in self.estimates.items()},
            {name: values - other.jackknife[name] for name, values in self.jackknife.items()},
            self.resamples,
        )


@dataclass(frozen=True)
class BootstrapInterval:
    """Limits of a bootstrap.

    Attributes
    ----------
    low, high
        The limits.
    percentiles_because
        Empty for BCa limits; else why they are percentiles.
    """

    low: float
    high: float
    percentiles_because: str = ""


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
        Source of chance; the same state and groups give the same resamples whatever the scores.
    """
    return resample_groups(
        groups, lambda weights: weighted_figures(weights, used, scores, decisions), resamples=resamples, rng=rng
    )


def resample_groups(
    groups: NDArray[np.str_], statistic: Statistic, *, resamples: int, rng: np.random.Generator
) -> Resampled:
    """Compute figures on resamples of groups, on the images themselves, and without each of the groups.

    Parameters
    ----------
    groups
        [n].
    statistic
        From weights [b, n] (how often every image counts) to name -> [b].
    resamples
        Number of resamples.
    rng
        Source of chance.
    """
    names, member_of = np.unique(groups, return_inverse=True)
    if len(names) == 1:
        return Resampled({}, {}, {}, 0)
    keys: list[str] = []
    rows = max(1, _BLOCK // len(groups))

    def of_drawn(drawn: NDArray[np.intp], axis: int = -1) -> Floats:
        del axis  # scipy always hands over the drawn groups on the last axis
        figures = statistic(_times_drawn(drawn)[:, member_of])
        keys[:] = figures
        return np.stack(list(figures.values()))

    with warnings.catch_warnings():
        # SciPy's own limits, which are not used, are undefined as soon as one resample is; it warns of them.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = bootstrap(
            (np.arange(len(names)),),
            of_drawn,
            n_resamples=resamples,
            batch=rows,
            vectorized=True,
            method="percentile",
            rng=rng,
        )
    figures = dict(zip(keys, result.bootstrap_distribution, strict=True))
    estimates = {name: float(values[0]) for name, values in statistic(np.ones((1, len(groups)))).items()}
    left_out = [
        statistic((member_of != np.arange(start, min(start + rows, len(names)))[:, None]).astype(np.float64))
        for start in range(0, len(names), rows)
    ]
    jackknife = {name: np.concatenate([part[name] for part in left_out]) for name in keys}
    return Resampled(figures, estimates, jackknife, resamples)


def bootstrap_interval(drawn: Resampled, name: str, confidence: float) -> BootstrapInterval | None:
    """Give the BCa interval of a figure by name, or percentiles where BCa is undefined; ``None`` without a resample.

    Resamples that leave the figure undefined are left out.
    """
    values = drawn.figures[name] if drawn.resamples else np.empty(0)
    defined = values[~np.isnan(values)]
    if not defined.size:
        return None
    levels, reason = _levels(defined, drawn.estimates[name], drawn.jackknife[name], confidence)
    low, high = np.quantile(defined, levels)
    return BootstrapInterval(float(low), float(high), reason)


def _levels(values: Floats, estimate: float, jackknife: Floats, confidence: float) -> tuple[Floats, str]:
    """Which quantiles of the resamples are the limits, and why they are the plain ones (empty for BCa)."""
    plain = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if np.ptp(values) <= _SAME:
        return plain, "all resamples agree"
    if np.isnan(estimate) or np.isnan(jackknife).any():
        return plain, "without one of the groups it is undefined"
    equal = np.abs(values - estimate) <= _SAME
    # Ties count half: figures of few images take few values, and many resamples fall on the estimate itself.
    share = float(np.mean((values < estimate) & ~equal) + np.mean(equal) / 2)
    if not 0 < share < 1:
        return plain, "all resamples lie on one side of it"
    influence = jackknife.mean() - jackknife
    if np.abs(influence).max() <= _SAME:
        return plain, "no single group changes it"
    acceleration = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    shifted = norm.ppf(share) + norm.ppf(plain)
    stretch = 1 - acceleration * shifted
    if stretch.min() <= 0:
        return plain, "single groups decide it"
    return np.asarray(norm.cdf(norm.ppf(share) + shifted / stretch), dtype=np.float64), ""


def _times_drawn(drawn: NDArray[np.intp]) -> Floats:
    """Count how often each group was drawn: [b, groups] indices to [b, groups] counts."""
    rows, groups = drawn.shape
    places = drawn + groups * np.arange(rows)[:, None]
    return np.bincount(places.ravel(), minlength=rows * groups).reshape(rows, groups).astype(np.float64)
