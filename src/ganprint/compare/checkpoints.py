"""Where long work keeps what it has done, so that a killed fit or scoring goes on instead of beginning anew.

Comparators see this interface alone; whoever runs them decides where the arrays lie.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["Checkpoints"]


class Checkpoints(Protocol):
    """A store of named sets of arrays that outlives the process.

    It belongs to one fit of one run (a fold, or the whole split) with these parameters, images, code and machine: what
    other circumstances left is never given back, so a name need only tell apart the parts of one fit's work. A set is
    kept whole or not at all, and everything is deleted once the run's results are complete.
    """

    def load(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Give what was saved last under a name, or None when nothing was."""

    def save(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays of numbers or booleans under a name of letters, digits, ``.``, ``_`` and ``-``."""
