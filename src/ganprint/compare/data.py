"""What a comparator sees: rows of one view with ids, and nothing that could leak a test label."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Development", "Ids", "Images", "Test"]

Ids = NDArray[np.str_]


@dataclass(frozen=True)
class Images:
    """Images of one role and split, as rows of the run's view.

    Attributes
    ----------
    ids
        [n], file stems.
    rows
        [n, d]: float32 features, or uint8 grey values of square images, row by row.
    further
        The same images in the run's further views, by the name of the embedding: rows as above.
    """

    ids: Ids
    rows: NDArray[Any]
    further: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rows in (self.rows, *self.further.values()):
            if len(self.ids) != len(rows):
                raise ValueError(f"{len(self.ids)} ids for {len(rows)} rows")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.intp]) -> "Images":
        """Give the images of these row numbers, in their order."""
        return Images(self.ids[rows], self.rows[rows], {name: view[rows] for name, view in self.further.items()})

    def in_order(self) -> tuple["Images", NDArray[np.intp]]:
        """Give the images sorted by id, and the row number that each had: the way to be blind to row order."""
        order = np.argsort(self.ids, kind="stable")
        return self.take(order), order


@dataclass(frozen=True)
class Development:
    """The development split: labels of the real images are known.

    Attributes
    ----------
    real
        n real images.
    used
        [n], 1 for used, 0 for not used.
    groups
        [n], patient or volume.
    generated
        Samples of the generator.
    """

    real: Images
    used: NDArray[np.int8]
    groups: Ids
    generated: Images

    def __post_init__(self) -> None:
        if not len(self.real) == len(self.used) == len(self.groups):
            raise ValueError(f"{len(self.real)} images, {len(self.used)} labels, {len(self.groups)} groups")

    def take(self, rows: NDArray[np.intp]) -> "Development":
        """Give a part of the real images with all generated ones."""
        return Development(self.real.take(rows), self.used[rows], self.groups[rows], self.generated)

    def in_order(self) -> "Development":
        """Give the same split with real and generated images sorted by id."""
        real, order = self.real.in_order()
        return Development(real, self.used[order], self.groups[order], self.generated.in_order()[0])


@dataclass(frozen=True)
class Test:
    """Real images to be scored beside generated ones; there is no label to look at."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    real: Images
    generated: Images
