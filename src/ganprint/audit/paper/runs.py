"""What finished runs of this project have to show to the paper's findings: scores, figures and refusals, no labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.summary import OWN_READING
from ganprint.evaluate.tables import ScoreTable

__all__ = ["Effect", "FinishedRun", "FinishedRuns", "NotMeasuredError", "Probe"]

SPLITS = ("test", "development")


@dataclass(frozen=True)
class Effect:
    """A measured effect.

    Attributes
    ----------
    sentence
        What the numbers say.
    numbers
        Name to number.
    """

    sentence: str
    numbers: Mapping[str, float]


class NotMeasuredError(Exception):
    """An effect can not be measured with the runs at hand.

    Attributes
    ----------
    reason
        Which run is missing and why.
    known
        What follows from the published counts alone; ``None`` when nothing does.
    """

    def __init__(self, reason: str, known: Effect | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.known = known


@dataclass(frozen=True)
class FinishedRun:
    """One run.

    Attributes
    ----------
    name
        Its name.
    refusal
        Why it did not run; then there is nothing else.
    tables
        (reading, split) to scores and decisions.
    figures
        Reading to split to figure to value, for the splits whose truth is known.
    numbers, curves
        What its fit has to show.
    parameters
        Parameters of its comparator.
    """

    name: str
    refusal: str | None
    tables: Mapping[tuple[str, str], ScoreTable] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, list[float]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def table(self, reading: str = OWN_READING, split: str = "test") -> ScoreTable:
        """Give the scores of a reading.

        Raises
        ------
        NotMeasuredError
            When the run was refused or has no such reading.
        """
        if self.refusal is not None:
            raise NotMeasuredError(f"run {self.name} was refused")
        if (reading, split) not in self.tables:
            raise NotMeasuredError(f"run {self.name} has no reading '{reading}'")
        return self.tables[reading, split]

    def decisions(self, reading: str = OWN_READING) -> NDArray[np.int8]:
        """Give the decisions on the test split, in the order of the ids."""
        table = self.table(reading)
        return table.decisions[np.argsort(table.ids, kind="stable")]

    def figure(self, name: str, reading: str = OWN_READING) -> dict[str, float]:
        """Give a figure by split, where the truth is known and the figure defined: ``{"test roc_auc": 0.5, ...}``."""
        splits = self.figures.get(reading, {})
        values = {f"{split} {name}": splits.get(split, {}).get(name) for split in SPLITS}
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class Probe:
    """A comparator scored anew with one of its inputs exchanged.

    Attributes
    ----------
    images
        Real test images.
    changed
        Input that was exchanged to the number of images whose score changed.
    """

    images: int
    changed: Mapping[str, int]


@dataclass(frozen=True)
class FinishedRuns:
    """All runs at hand.

    Attributes
    ----------
    runs
        By name.
    missing
        Name of a run of params.yaml that has no results to why.
    probes
        By name of the run.
    """

    runs: Mapping[str, FinishedRun]
    missing: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, Probe] = field(default_factory=dict)

    def run(self, name: str) -> FinishedRun:
        """Give a run.

        Raises
        ------
        NotMeasuredError
            When it is not in params.yaml or has no results yet.
        """
        if name in self.runs:
            return self.runs[name]
        raise NotMeasuredError(self.missing.get(name, f"run {name} is not in params.yaml"))
