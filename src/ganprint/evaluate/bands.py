"""Bands around ROC curves: how far the true positive rate at a given false positive rate may be off."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.evaluate.tables import ScoreTable, labels_of
from ganprint.evaluate.weighted import level_sums

__all__ = ["BAND_COLUMNS", "band_steps", "roc_band"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

BAND_COLUMNS = ("fpr", "tpr", "low", "high")

# Weights held at once, in numbers: 2 million are 16 MB per intermediate array.
_BLOCK = 2_000_000
_FINE = 100


def band_steps(negatives: int) -> Counts:
    """Give the numbers of false positives at which a band is computed, from 0 to all.

    With up to 100 not-used images every number; with more, every number up to 100, and above it at most 100 that are
    evenly spaced on a logarithmic axis. False positive rates are these numbers divided by ``negatives``: no finer rate
    can be observed.

    Examples
    --------
    >>> band_steps(3).tolist()
    [0, 1, 2, 3]
    """
    fine = np.arange(min(negatives, _FINE) + 1)
    coarse = np.geomspace(_FINE, negatives, _FINE + 1).round().astype(np.int64) if negatives > _FINE else fine
    return np.unique(np.concatenate([fine, coarse])).astype(np.int64)


def roc_band(table: ScoreTable, truth: Mapping[str, int], confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """Give a pointwise interval of the true positive rate at each false positive rate.

    The true positive rate at a false positive rate is the largest of all thresholds whose false positive rate does not
    exceed it. It is computed anew on every resample of whole groups, drawn with replacement, and the band is the
    central range of these values at each false positive rate (vertical averaging: Fawcett 2006; bands from it:
    Macskassy and Provost 2004). Each interval is for one false positive rate fixed beforehand: a whole curve leaves the
    band more often. At the lowest rates the figure hangs on the one or two highest scores of not-used images, where the
    bootstrap is known to be too sure (Bickel and Freedman 1981).

    Parameters
    ----------
    table
        Scores; decisions are not looked at.
    truth
        Id to 1 (used) or 0 (not used), for exactly the images of the table.
    confidence
        Level of each interval, for example 0.95.
    resamples
        Number of resamples; those that lack one of the classes are left out.
    seed
        Of the resamples. Tables of the same groups get the same resamples.

    Returns
    -------
    Columns ``fpr, tpr, low, high``, a row per number of false positives of :func:`band_steps`, tpr being that of the
    images themselves. No rows when there is a single group or class: then there is no band.

    Raises
    ------
    InputError
        When table and truth are not about the same images.
    """
    # Sorted by id, so that nothing depends on the order of the rows.
    order = np.argsort(table.ids, kind="stable")
    used, scores = labels_of(table, truth)[order], table.scores[order]
    names, member_of = np.unique(table.groups[order], return_inverse=True)
    negatives = int((1 - used).sum())
    none = pd.DataFrame({name: [] for name in BAND_COLUMNS}, dtype=np.float64)
    if len(names) == 1 or negatives in {0, len(used)}:
        return none
    steps = band_steps(negatives)
    rng = np.random.default_rng(seed)
    drawn = []
    rows = max(1, _BLOCK // len(used))
    for done in range(0, resamples, rows):
        weights = _times_drawn(rng, min(rows, resamples - done), len(names))[:, member_of]
        drawn.append(_true_positive_rates(*level_sums(weights, used, scores), steps, negatives))
    rates = np.concatenate(drawn)
    rates = rates[~np.isnan(rates[:, 0])]
    if not len(rates):
        return none
    low, high = np.quantile(rates, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    own = _true_positive_rates(*level_sums(np.ones((1, len(used))), used, scores), steps, negatives)[0]
    return pd.DataFrame({"fpr": steps / negatives, "tpr": own, "low": low, "high": high})


def _times_drawn(rng: np.random.Generator, rows: int, groups: int) -> Floats:
    """How often each group is drawn in each of ``rows`` resamples: [rows, groups]."""
    drawn = rng.integers(groups, size=(rows, groups)) + groups * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups).astype(np.float64)


def _true_positive_rates(positive: Floats, negative: Floats, steps: Counts, of: int) -> Floats:
    """Give the true positive rate of every resample at every step: [b, k], NaN rows where a class is missing.

    Parameters
    ----------
    positive, negative
        [b, levels], whole numbers: used and not-used images per distinct score, from low to high.
    steps, of
        [k], false positives out of so many not-used images; a resample that drew another number of them is allowed the
        same share, rounded down.
    """
    # Counts of decisions "used" at each threshold, beginning with the threshold above all scores.
    tp, fp = (np.pad(side[:, ::-1].cumsum(axis=1), ((0, 0), (1, 0))).astype(np.int64) for side in (positive, negative))
    allowed = steps[None, :] * fp[:, -1:] // of
    # One search for all resamples: those of later rows are moved behind those of earlier ones.
    behind = np.arange(len(fp))[:, None] * (fp.max() + 1)
    found = np.searchsorted((fp + behind).ravel(), (allowed + behind).ravel(), side="right") - 1
    reached = tp.ravel()[found].reshape(allowed.shape).astype(np.float64)
    both = (tp[:, -1] > 0) & (fp[:, -1] > 0)
    rates: Floats = np.full(reached.shape, np.nan)
    np.divide(reached, tp[:, -1:], out=rates, where=both[:, None])
    return rates
