"""All figures of one run on one split, each with its interval."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from ganprint.evaluate.figures import COUNTS, Evaluation, Figure
from ganprint.evaluate.intervals import Resampled, bootstrap_interval, exact_interval, resample
from ganprint.evaluate.tables import ScoreTable, labels_of
from ganprint.evaluate.weighted import FALSE_POSITIVE_RATES

__all__ = ["metrics"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

_UNDEFINED = {
    "precision": "undefined: no image was called used",
    "recall": "undefined: no image is used",
    "specificity": "undefined: every image is used",
    "f1": "undefined: no image is used and none was called used",
    "kappa": "undefined: truth and decisions are one and the same class",
}
_ONE_CLASS = "undefined: all images are of one class"
_ONE_GROUP = "no interval: a single group can not be resampled"


def metrics(table: ScoreTable, truth: Mapping[str, int], confidence: float, resamples: int, seed: int) -> Evaluation:
    """Evaluate scores and decisions.

    Values are scikit-learn's. Proportions have exact intervals of Clopper and Pearson, which take images as
    independent; where images share groups, the bootstrap by group stands beside them. All other figures have
    bootstrap intervals: BCa, or percentiles where the note says so.

    Parameters
    ----------
    table
        Scores and decisions.
    truth
        Id to 1 (used) or 0 (not used), for exactly the images of the table.
    confidence
        Level of the intervals, for example 0.95.
    resamples
        Number of bootstrap resamples of groups.
    seed
        Of the bootstrap.

    Raises
    ------
    InputError
        When table and truth are not about the same images.
    """
    # Sorted by id, so that not even the last digit of a sum depends on the order of the rows.
    order = np.argsort(table.ids, kind="stable")
    used = labels_of(table, truth)[order]
    scores, decisions, groups = table.scores[order], table.decisions[order], table.groups[order]
    drawn = resample(used, scores, decisions, groups, resamples=resamples, rng=np.random.default_rng(seed))
    ranking = _ranking_values(used, scores)
    figures = _proportions(used, decisions, len(np.unique(groups)), confidence, drawn)
    figures |= {
        name: _bootstrapped(name, value, used, confidence, drawn)
        for name, value in (_agreement_values(used, decisions) | ranking).items()
    }
    counts = sk.confusion_matrix(used, decisions, labels=[0, 1])[[1, 0, 0, 1], [1, 0, 1, 0]]
    figures |= {
        name: Figure(float(count), None, None, "count", len(used)) for name, count in zip(COUNTS, counts, strict=True)
    }
    return Evaluation(figures, len(used), len(np.unique(groups)), confidence, drawn.resamples, drawn.degenerate)


def _proportions(
    used: Labels, decisions: Labels, groups: int, confidence: float, drawn: Resampled
) -> dict[str, Figure]:
    """Proportions with exact intervals; undefined where nothing stands below the line."""
    values = {
        "accuracy": sk.accuracy_score(used, decisions),
        "precision": sk.precision_score(used, decisions, zero_division=np.nan),
        "specificity": sk.recall_score(used, decisions, pos_label=0, zero_division=np.nan),
        "recall": sk.recall_score(used, decisions, zero_division=np.nan),
        "prevalence": used.mean(),
    }
    denominators = {
        "precision": int(decisions.sum()),
        "recall": int(used.sum()),
        "specificity": len(used) - int(used.sum()),
    }
    note = f"the exact interval takes {len(used)} images of {groups} groups as independent" * (groups < len(used))
    figures = {}
    for name, value in values.items():
        n = denominators.get(name, len(used))
        if n == 0:
            figures[name] = Figure(None, None, None, "exact", 0, _UNDEFINED[name])
            continue
        low, high = exact_interval(round(value * n), n, confidence)
        beside = bootstrap_interval(drawn, name, confidence) if note else None
        if beside is None:
            figures[name] = Figure(float(value), low, high, "exact", n, note)
            continue
        said = f"{note}; by group: {_percentiles(beside.percentiles_because)}" if beside.percentiles_because else note
        figures[name] = Figure(float(value), low, high, "exact", n, said, beside.low, beside.high)
    return figures


def _agreement_values(used: Labels, decisions: Labels) -> dict[str, float | None]:
    """F1 and kappa; ``None`` where undefined."""
    classes = set(used.tolist()) | set(decisions.tolist())
    return {
        "f1": float(sk.f1_score(used, decisions)) if 1 in classes else None,
        "kappa": float(sk.cohen_kappa_score(used, decisions)) if len(classes) == 2 else None,
    }


def _ranking_values(used: Labels, scores: Floats) -> dict[str, float | None]:
    """Figures of the order of the scores; all ``None`` when a class is missing."""
    if len(np.unique(used)) == 1:
        return dict.fromkeys(["roc_auc", "average_precision", *FALSE_POSITIVE_RATES])
    fpr, tpr, _ = sk.roc_curve(used, scores, drop_intermediate=False)
    return {
        "roc_auc": float(sk.roc_auc_score(used, scores)),
        "average_precision": float(sk.average_precision_score(used, scores)),
        **{name: float(tpr[fpr <= rate].max()) for name, rate in FALSE_POSITIVE_RATES.items()},
    }


def _bootstrapped(name: str, value: float | None, used: Labels, confidence: float, drawn: Resampled) -> Figure:
    """One figure with its bootstrap interval."""
    if value is None:
        return Figure(None, None, None, "bootstrap by group", len(used), _UNDEFINED.get(name, _ONE_CLASS))
    notes = _resolution(name, used)
    low, high = None, None
    if not drawn.resamples:
        notes.append(_ONE_GROUP)
    elif (interval := bootstrap_interval(drawn, name, confidence)) is not None:
        low, high = interval.low, interval.high
        if interval.percentiles_because:
            notes.append(_percentiles(interval.percentiles_because))
    notes += _about_resamples(drawn.figures[name]) if drawn.resamples else []
    return Figure(value, low, high, "bootstrap by group", len(used), "; ".join(notes))


def _resolution(name: str, used: Labels) -> list[str]:
    negatives = len(used) - int(used.sum())
    if name not in FALSE_POSITIVE_RATES or negatives * FALSE_POSITIVE_RATES[name] >= 1:
        return []
    finest = 100 / negatives
    return [f"{negatives} not-used images resolve no rate under {finest:.3g} %: this is the rate without any error"]


def _about_resamples(values: Floats) -> list[str]:
    undefined = int(np.isnan(values).sum())
    notes = [f"{undefined} of {len(values)} resamples leave it undefined and are left out"] if undefined else []
    if undefined < len(values) and np.nanmin(values) == np.nanmax(values):
        notes.append("the interval has no width, which is no sign of certainty")
    return notes


def _percentiles(reason: str) -> str:
    return f"percentiles instead of BCa, since {reason}"
