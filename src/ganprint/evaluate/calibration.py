"""Calibration: of the images that a run calls used with probability 0.8, 8 in 10 should be used.

Scores between 0 and 1 are taken at their word. Other scores are no probabilities; what is judged then is the best that
development data makes of their order, see :func:`probabilities`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from ganprint.evaluate.intervals import exact_interval
from ganprint.evaluate.tables import ScoreTable, labels_of

__all__ = ["CALIBRATION_COLUMNS", "MappingName", "Probabilities", "probabilities", "reliability"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
MappingName = Literal["none", "platt"]

CALIBRATION_COLUMNS = (
    "lowest",
    "highest",
    "probability",
    "images",
    "used",
    "observed",
    "low",
    "high",
    "brier",
    "brier_constant",
    "expected_calibration_error",
)

_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Probabilities:
    """A probability of having been used for every image.

    Attributes
    ----------
    mapping
        ``none`` when the scores themselves lie in [0, 1]; ``platt`` when they were mapped.
    development
        [n_development]; ``None`` when they can not be mapped without having seen the image's own group.
    test
        [n_test].
    """

    mapping: MappingName
    development: Floats | None
    test: Floats


def probabilities(development: ScoreTable, truth: Mapping[str, int], test: ScoreTable) -> Probabilities:
    """Give the scores of one run as probabilities.

    When all scores of both splits lie in [0, 1] they are the probabilities. Otherwise each score becomes its rank among
    the development scores (the share below it, ties counting half), and the rank a probability by the sigmoid of Platt
    (1999), fitted on the out-of-fold development scores and labels with his targets (N+ + 1) / (N+ + 2) and
    1 / (N- + 2). Higher scores mean *used*: where they went with *not used* on development data, the sigmoid that fits
    best and does not fall is level, and all images get the same probability. Test images are mapped by the sigmoid of
    the whole development split; development images by one that was fitted on other groups alone (5 folds of whole
    groups, fewer with fewer groups, with shares of used images as even as that allows: where sigmoids are level,
    uneven folds alone would set low probabilities beside high shares). Test labels are not looked at.

    Parameters
    ----------
    development, test
        Scores of the same run or reading.
    truth
        Id to 1 (used) or 0 (not used), for exactly the development images.

    Raises
    ------
    InputError
        When the truth is not about the development images.
    """
    used = labels_of(development, truth)
    everything = np.concatenate([development.scores, test.scores])
    if everything.min() >= 0 and everything.max() <= 1:
        return Probabilities("none", development.scores, test.scores)
    mapped = _platt(development.scores, used, test.scores)
    return Probabilities("platt", _cross_fitted(development, used), mapped)


def reliability(
    table: ScoreTable, probability: Floats, truth: Mapping[str, int], bins: int, confidence: float
) -> pd.DataFrame:
    """Give the share of used images per bin of probability, beside what the probabilities promise.

    Bins hold about equally many images; images of equal probability are never parted, so there may be fewer bins than
    asked for. The expected calibration error is the mean over all images of their bin's |share - mean probability|
    (Naeini et al. 2015); it grows with the number of bins, and is above 0 for perfect probabilities, too. The Brier
    score (Brier 1950) is the mean squared difference between probability and truth; ``brier_constant`` is that of
    answering every image with the share of used images.

    Parameters
    ----------
    table
        The images; scores and decisions are not looked at.
    probability
        [n], in the order of the table, each in [0, 1].
    truth
        Id to 1 (used) or 0 (not used), for exactly the images of the table.
    bins
        Largest number of bins.
    confidence
        Level of the intervals of the shares: exact (Clopper and Pearson 1934), taking images as independent.

    Returns
    -------
    A row per bin, from low to high: ``lowest, highest`` and mean ``probability``, number of ``images`` and of ``used``
    ones, ``observed`` share of used images with ``low, high``; and in every row the split's ``brier, brier_constant,
    expected_calibration_error``.

    Raises
    ------
    InputError
        When table and truth are not about the same images.
    ValueError
        When a probability is not in [0, 1].
    """
    used = labels_of(table, truth)
    if probability.shape != used.shape or not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("probabilities must be one number in [0, 1] per image")
    found = pd.DataFrame({"bin": _bins(probability, bins), "probability": probability, "used": used.astype(np.int64)})
    grouped = found.groupby("bin")
    rows = pd.DataFrame(
        {
            "lowest": grouped["probability"].min(),
            "highest": grouped["probability"].max(),
            "probability": grouped["probability"].mean(),
            "images": grouped.size(),
            "used": grouped["used"].sum(),
        }
    ).reset_index(drop=True)
    rows["observed"] = rows["used"] / rows["images"]
    limits = [exact_interval(int(k), int(n), confidence) for k, n in zip(rows["used"], rows["images"], strict=True)]
    rows["low"], rows["high"] = (np.array(side) for side in zip(*limits, strict=True))
    share = float(used.mean())
    error = float(((rows["observed"] - rows["probability"]).abs() * rows["images"]).sum() / len(used))
    rows["brier"] = float(brier_score_loss(used, probability, pos_label=1))
    rows["brier_constant"] = share * (1 - share)
    rows["expected_calibration_error"] = error
    return rows[list(CALIBRATION_COLUMNS)]


def _bins(values: Floats, bins: int) -> NDArray[np.intp]:
    """Number of each value's bin: that of the middle of its rank among all, so that equal values stay together."""
    return np.minimum((bins * (_ranks(values, values) + 0.5)).astype(np.intp), bins - 1)


def _ranks(among: Floats, values: Floats) -> Floats:
    """Share of ``among`` below each value, ties counting half, less 0.5: from -0.5 to 0.5."""
    ordered = np.sort(among)
    below, not_above = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (below + not_above) / (2 * len(ordered)) - 0.5


def _platt(scores: Floats, used: Labels, others: Floats) -> Floats:
    """Fit the sigmoid to the ranks of ``scores`` and give the probabilities of ``others``."""
    positives = int(used.sum())
    promised = np.where(used == 1, (positives + 1) / (positives + 2), 1 / (len(used) - positives + 2))
    # A target between 0 and 1 is a used and a not-used image with weights.
    ranks = np.tile(_ranks(scores, scores), 2)[:, None]
    labels, weights = np.repeat([1, 0], len(used)), np.concatenate([promised, 1 - promised])
    sigmoid = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(ranks, labels, sample_weight=weights)
    if sigmoid.coef_[0, 0] <= 0:
        return np.full(len(others), promised.mean())
    mapped: Floats = sigmoid.predict_proba(_ranks(scores, others)[:, None])[:, list(sigmoid.classes_).index(1)]
    return mapped


def _cross_fitted(development: ScoreTable, used: Labels) -> Floats | None:
    groups = len(np.unique(development.groups))
    if groups == 1:
        return None
    count = min(_FOLDS, groups)
    rarer = np.unique(used, return_counts=True)[1].min()
    folds = StratifiedGroupKFold(count) if rarer >= count else GroupKFold(count)
    mapped = np.empty(len(used))
    order = np.argsort(development.ids, kind="stable")
    scores, labels = development.scores[order], used[order]
    for fitted, held_out in folds.split(scores, labels, development.groups[order]):
        if not len(held_out):
            continue  # groups of very different sizes may leave a fold without any
        mapped[order[held_out]] = _platt(scores[fitted], labels[fitted], scores[held_out])
    return mapped
