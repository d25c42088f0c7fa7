"""All runs on one split as arrays in one order: what tests over several runs work on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.errors import InputError
from ganprint.evaluate.tables import ScoreTable, labels_of

__all__ = ["SplitScores", "stack"]


@dataclass(frozen=True, eq=False)
class SplitScores:
    """Scores and decisions of R runs on the same n images, in the order of the ids.

    Attributes
    ----------
    names
        [R], the runs.
    ids, groups
        [n].
    used
        [n], 1 for used, 0 for not used.
    scores, decisions
        [R, n].
    """

    names: tuple[str, ...]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    used: NDArray[np.int8]
    scores: NDArray[np.float64]
    decisions: NDArray[np.int8]

    def take(self, images: NDArray[np.intp]) -> "SplitScores":
        """Give a part of the images."""
        return SplitScores(
            self.names,
            self.ids[images],
            self.groups[images],
            self.used[images],
            self.scores[:, images],
            self.decisions[:, images],
        )


def stack(tables: Mapping[str, ScoreTable], truth: Mapping[str, int]) -> SplitScores:
    """Put the tables of all runs into one order, beside the truth.

    Parameters
    ----------
    tables
        Run to table; at least one.
    truth
        Id to 1 (used) or 0 (not used), for exactly the images of every table.

    Raises
    ------
    InputError
        When a table is not about the images of the truth, or two tables put an image into different groups.
    """
    ordered = {name: np.argsort(table.ids, kind="stable") for name, table in tables.items()}
    first = next(iter(tables))
    used = labels_of(tables[first], truth)[ordered[first]]
    groups = tables[first].groups[ordered[first]]
    for name, table in tables.items():
        labels_of(table, truth)
        if not np.array_equal(table.groups[ordered[name]], groups):
            raise InputError(f"run {name}: other groups than run {first}; compute both from the same corpus")
    return SplitScores(
        tuple(tables),
        tables[first].ids[ordered[first]],
        groups,
        used,
        np.stack([table.scores[ordered[name]] for name, table in tables.items()]),
        np.stack([table.decisions[ordered[name]] for name, table in tables.items()]),
    )
