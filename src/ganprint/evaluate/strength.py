"""AUC against the strength of a leak: one row per phantom, bands over phantoms, and from which level on a run sees it.

A phantom has few patients, and its AUC scatters with them. Phantoms of one level differ in everything that is left to
chance (patients, coins, networks), so their scatter holds all of it: the band is Student's t interval of their mean.
A level with a single phantom has the bootstrap by group of that phantom instead, which holds the patients' scatter
alone.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import t as student

from ganprint.evaluate.intervals import bootstrap_interval, resample_groups
from ganprint.evaluate.tables import ScoreTable, labels_of
from ganprint.evaluate.weighted import weighted_auc

__all__ = ["BAND_COLUMNS", "POINT_COLUMNS", "auc_with_interval", "bands", "seen_from"]

POINT_COLUMNS = ("run", "split", "level", "phantom", "auc", "low", "high", "images", "groups")
BAND_COLUMNS = ("run", "split", "level", "phantoms", "auc", "low", "high", "least", "most", "band")

_CHANCE = 0.5
_T, _GROUPS = "t over phantoms", "bootstrap by group"


def auc_with_interval(
    table: ScoreTable, truth: Mapping[str, int], *, confidence: float, resamples: int, rng: np.random.Generator
) -> dict[str, float | int]:
    """Give the ROC AUC of one run on one split of one phantom, and its interval by resampled groups.

    Returns
    -------
    ``auc``, ``low``, ``high``, ``images``, ``groups``; the limits are 0 and 1 when nothing could be resampled.

    Raises
    ------
    InputError
        When table and truth are not about the same images.
    """
    used = labels_of(table, truth)
    drawn = resample_groups(
        table.groups, lambda weights: weighted_auc(weights, used, table.scores), resamples=resamples, rng=rng
    )
    auc = float(weighted_auc(np.ones((1, len(used))), used, table.scores)["roc_auc"][0])
    limits = bootstrap_interval(drawn, "roc_auc", confidence)
    low, high = (0.0, 1.0) if limits is None else (limits.low, limits.high)
    return {"auc": auc, "low": low, "high": high, "images": len(used), "groups": len(np.unique(table.groups))}


def bands(points: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Give mean and band per run, split and level.

    Parameters
    ----------
    points
        Columns :data:`POINT_COLUMNS`, one row per run, split, level and phantom.
    confidence
        Of the bands.

    Returns
    -------
    Columns :data:`BAND_COLUMNS`, in the order of the runs in ``points``, levels rising. ``auc`` is the mean over the
    phantoms, ``least`` and ``most`` the smallest and the largest of them, ``low`` and ``high`` the band, ``band`` how
    it was made: ``t over phantoms`` (cut off at 0 and 1) or, for a single phantom, ``bootstrap by group``.
    """
    rows = []
    for (run, split, level), part in points.sort_values("level", kind="stable").groupby(
        ["run", "split", "level"], sort=False
    ):
        values = part["auc"].to_numpy(dtype=float)
        low, high, how = float(part["low"].iloc[0]), float(part["high"].iloc[0]), _GROUPS
        if len(values) > 1:
            half = float(student.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
            low, high, how = max(values.mean() - half, 0.0), min(values.mean() + half, 1.0), _T
        rows.append((run, split, level, len(values), values.mean(), low, high, values.min(), values.max(), how))
    table = pd.DataFrame(rows, columns=list(BAND_COLUMNS))
    order = {run: place for place, run in enumerate(points["run"].unique())}
    return table.sort_values(
        ["run", "split", "level"], key=lambda column: column.map(order) if column.name == "run" else column
    ).reset_index(drop=True)


def seen_from(found: pd.DataFrame) -> pd.DataFrame:
    """Give per run and split the smallest level whose band lies above 0.5.

    With many runs some band lies above 0.5 by chance, at the null too (about one in forty at 95 %). So a second level
    is given beside it: the smallest one from which on every band of the study lies above 0.5.

    Parameters
    ----------
    found
        Of :func:`bands`.

    Returns
    -------
    Columns ``run, split, first, onwards``; NaN where there is no such level.
    """
    rows = []
    for (run, split), part in found.groupby(["run", "split"], sort=False):
        ordered = part.sort_values("level")
        above = ordered["low"].to_numpy(dtype=float) > _CHANCE
        levels = ordered["level"].to_numpy(dtype=float)
        onwards = np.logical_and.accumulate(above[::-1])[::-1]
        rows.append((run, split, _smallest(levels, above), _smallest(levels, onwards)))
    return pd.DataFrame(rows, columns=["run", "split", "first", "onwards"])


def _smallest(levels: np.ndarray, chosen: np.ndarray) -> float:
    return float(levels[chosen].min()) if chosen.any() else float("nan")
