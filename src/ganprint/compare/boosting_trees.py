"""The trees of the boosting ensemble: LightGBM under settings that make every fit the same to the last byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.params import FrozenModel

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["Trees", "TreesParameters", "grown", "lightgbm_parameters"]

Floats = NDArray[np.float64]


class TreesParameters(FrozenModel):
    """What all trees of an ensemble have in common.

    Attributes
    ----------
    learning_rate
        Factor of every tree.
    least_in_leaf
        Images that a leaf has at least.
    columns, rows
        Share of the columns and of the images that a tree sees.
    random_thresholds
        Try one threshold per column, drawn at random, and not all ("extremely randomised": Geurts, Ernst and Wehenkel
        2006). Sums of such trees are smoother.
    bins
        Values per column that are told apart.
    """

    learning_rate: float = Field(default=0.1, gt=0, le=1)
    least_in_leaf: int = Field(default=20, ge=1)
    columns: float = Field(default=1.0, gt=0, le=1)
    rows: float = Field(default=1.0, gt=0, le=1)
    random_thresholds: bool = False
    bins: int = Field(default=255, ge=2)


@dataclass(frozen=True)
class Trees:
    """Trees that were grown, read back from their text: what is scored now and after loading is the same.

    Attributes
    ----------
    text
        LightGBM's own format.
    booster
        Made of it.
    """

    text: str
    booster: "Booster"

    @classmethod
    def read(cls, text: str) -> "Trees":
        """Make trees from their text."""
        from lightgbm import Booster  # noqa: PLC0415  (seconds, which other comparators do not need)

        return cls(text, Booster(model_str=text))

    def margins(self, matrix: Floats) -> Floats:
        """Give the sum [n] of the trees' values for the rows [n, c]: log odds."""
        found: Floats = np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=1), dtype=np.float64)
        return found

    def gains(self) -> Floats:
        """Give how much of the loss the splits on every column [c] took away."""
        return np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)


def lightgbm_parameters(chosen: TreesParameters, leaves: int, rises: Sequence[bool], seed: int) -> dict[str, Any]:
    """Give LightGBM's parameters: one thread and a fixed order of sums, so that a repetition gives the same bytes.

    ``rises`` [c] says of which columns a larger value may not lower the score.
    """
    found: dict[str, Any] = {
        "objective": "binary", "num_leaves": leaves, "learning_rate": chosen.learning_rate,
        "min_data_in_leaf": chosen.least_in_leaf, "feature_fraction": chosen.columns,
        "bagging_fraction": chosen.rows, "bagging_freq": int(chosen.rows < 1), "extra_trees": chosen.random_thresholds,
        "max_bin": chosen.bins, "min_data_in_bin": 1, "seed": seed % 2**31,
        "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    return found | ({"monotone_constraints": [int(value) for value in rises]} if any(rises) else {})


def grown(
    parameters: dict[str, Any], rounds: int, matrix: Floats, used: NDArray[np.int8], start: Floats | None
) -> Trees:
    """Grow trees one after the other, each on what the sum of ``start`` and those before has left.

    Parameters
    ----------
    parameters
        Of :func:`lightgbm_parameters`.
    rounds
        Number of trees.
    matrix
        [n, c].
    used
        [n], 1 or 0.
    start
        [n], log odds to begin with; they are no part of the trees. None: the share of used images.
    """
    from lightgbm import Dataset, train  # noqa: PLC0415

    data = Dataset(matrix, used.astype(np.float64), init_score=start, params=parameters, free_raw_data=True)
    return Trees.read(train(parameters, data, rounds).model_to_string())
