"""Reading what the stage ``compare`` wrote: score tables by reading and split, or the reason of a refusal."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ganprint.audit.summary import OWN_READING, SWAPPED_READING
from ganprint.errors import InputError
from ganprint.evaluate.tables import ScoreTable
from ganprint.stages.places import Places

__all__ = [
    "CONTROL_FILE",
    "OWN_READING",
    "REFUSAL_FILE",
    "SCORES_FILE",
    "SWAPPED_READING",
    "THRESHOLD_FILE",
    "Compared",
    "read_compared",
]

SCORES_FILE = "scores.csv"
CONTROL_FILE = "control.csv"
REFUSAL_FILE = "refusal.json"
THRESHOLD_FILE = "threshold.json"

_COLUMNS = ["reading", "split", "id", "group", "score", "decision", "fold"]


@dataclass(frozen=True)
class Compared:
    """What a run has to show for itself.

    Attributes
    ----------
    run
        Its name.
    refusal
        Why it did not run; then there is no table.
    tables
        By (reading, split).
    record
        Parameters, seeds, embedding and provenance.
    thresholds
        By reading: value, rule, number of scores it saw and the figure it made largest.
    folds
        Development id to the fold that held it out.
    """

    run: str
    refusal: str | None
    tables: dict[tuple[str, str], ScoreTable]
    record: dict[str, Any]
    thresholds: dict[str, dict[str, Any]]
    folds: dict[str, int]

    def readings(self) -> list[str]:
        """Give the names of the readings, the run's own first."""
        return list(dict.fromkeys(reading for reading, _ in self.tables))

    def own(self, split: Literal["development", "test"]) -> ScoreTable:
        """Give the run's own scores on a split."""
        return self.tables[OWN_READING, split]


def read_compared(places: Places, run: str) -> Compared:
    """Read the results of one run.

    Raises
    ------
    InputError
        When they are missing or are not what the stage writes.
    """
    folder = places.compared(run)
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if (folder / REFUSAL_FILE).is_file():
            refusal = json.loads((folder / REFUSAL_FILE).read_text(encoding="utf-8"))
            return Compared(run, str(refusal["reason"]), {}, record, {}, {})
        table = pd.read_csv(
            folder / SCORES_FILE,
            dtype={"reading": str, "split": str, "id": str, "group": str, "score": np.float64, "decision": np.int8},
            keep_default_na=False,
        )
        thresholds = json.loads((folder / THRESHOLD_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: no such file; run 'ganprint compare {run}' or 'dvc repro' first") from None
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: can not be read ({' '.join(str(error).split())}); run 'dvc repro'") from None
    if list(table.columns) != _COLUMNS:
        raise InputError(f"{folder / SCORES_FILE}: columns are {', '.join(table.columns)}; run 'dvc repro'")
    tables = {}
    for reading in table["reading"].unique():
        for split in ("development", "test"):
            part = table[(table["reading"] == reading) & (table["split"] == split)]
            columns = part[["id", "group", "score", "decision"]]
            tables[str(reading), split] = ScoreTable.from_frame(columns, f"{folder / SCORES_FILE}, {reading}, {split}")
    out_of_fold = table[(table["reading"] == OWN_READING) & (table["split"] == "development")]
    folds = dict(zip(out_of_fold["id"], out_of_fold["fold"].astype(int), strict=True))
    return Compared(run, None, tables, record, thresholds, folds)
