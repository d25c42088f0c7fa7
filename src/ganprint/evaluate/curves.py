"""Curves as tables: what plots of an evaluation are drawn from."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, roc_curve

from ganprint.evaluate.tables import ScoreTable, labels_of

__all__ = ["confusion_counts", "roc_points", "score_histogram"]


def roc_points(table: ScoreTable, truth: Mapping[str, int]) -> pd.DataFrame:
    """Give the ROC curve: ``fpr, tpr, threshold`` from (0, 0) to (1, 1), one point per distinct score.

    The first threshold is the next number above the highest score. Without images of both classes there is no curve
    and the table has no rows.
    """
    used = labels_of(table, truth)
    if len(np.unique(used)) == 1:
        return pd.DataFrame({"fpr": [], "tpr": [], "threshold": []}, dtype=np.float64)
    fpr, tpr, thresholds = roc_curve(used, table.scores, drop_intermediate=False)
    thresholds[0] = np.nextafter(table.scores.max(), np.inf)
    return pd.DataFrame({"fpr": fpr, "tpr": tpr, "threshold": thresholds})


def score_histogram(table: ScoreTable, truth: Mapping[str, int], bins: int) -> pd.DataFrame:
    """Give how many images have a score in each of ``bins`` equally wide bins: ``low, high, used, not_used``.

    A bin includes its lower edge, the last one its upper edge as well.
    """
    used = labels_of(table, truth)
    low, high = table.scores.min(), table.scores.max()
    narrowest = 2 * bins * np.spacing(np.abs(table.scores).max())
    if high - low < narrowest:
        # Scores that differ in their last bits alone, or not at all, leave no room for bins between them.
        low, high = low - max(0.5, narrowest), high + max(0.5, narrowest)
    edges = np.linspace(low, high, bins + 1)
    counts = {
        name: np.histogram(table.scores[used == label], edges)[0] for name, label in (("used", 1), ("not_used", 0))
    }
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counts})


def confusion_counts(table: ScoreTable, truth: Mapping[str, int]) -> pd.DataFrame:
    """Give the four counts: ``actual, predicted, count`` with the words ``used`` and ``not_used``."""
    counts = confusion_matrix(labels_of(table, truth), table.decisions, labels=[1, 0])
    words = ("used", "not_used")
    rows = [(a, p, int(counts[i, j])) for i, a in enumerate(words) for j, p in enumerate(words)]
    return pd.DataFrame(rows, columns=["actual", "predicted", "count"])
