"""The nearest real rows that carry a label, looked up in one sorted order for all labellings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Neighbours"]

# The nearest row of a label nearly always is among the first few; only rows without one are looked at whole.
_FIRST = 16

Mark = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Neighbours:
    """Distances of some images to all real rows, and the real rows in order of them.

    Attributes
    ----------
    distances
        [b, R].
    order
        [b, R], nearest first; ties by position.
    """

    distances: NDArray[np.float64]
    order: NDArray[np.intp]

    @classmethod
    def of(cls, squares: NDArray[np.float64]) -> "Neighbours":
        """Make them from squared distances."""
        distances = np.sqrt(squares)
        return cls(distances, np.argsort(distances, axis=1, kind="stable"))

    def nearest(self, marked: NDArray[np.bool_], count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Give distances and positions, [b, count], of the nearest marked rows; infinite and -1 where there are none.

        Parameters
        ----------
        marked
            [R].
        count
            How many.
        """
        return self.matching(lambda _, rows: marked[rows], count)

    def within(self, cells: NDArray[np.intp], own: NDArray[np.intp]) -> NDArray[np.float64]:
        """Give the distance, [b], to the nearest real row of the own cell.

        Parameters
        ----------
        cells
            [R]; -1 for rows that do not count.
        own
            [b].
        """
        return self.matching(lambda images, rows: cells[rows] == own[images][:, None], 1)[0][:, 0]

    def matching(self, mark: Mark, count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Give the nearest rows for which ``mark`` (images, rows in order) is true, as :meth:`nearest` does."""
        images = np.arange(len(self.order))
        found = _places(mark(images, self.order[:, :_FIRST]), count)
        missing = np.flatnonzero(found[:, -1] < 0)
        if len(missing) and self.order.shape[1] > _FIRST:
            found[missing] = _places(mark(missing, self.order[missing]), count)
        rows = np.where(found < 0, -1, np.take_along_axis(self.order, np.maximum(found, 0), axis=1))
        away = np.take_along_axis(self.distances, np.maximum(rows, 0), axis=1)
        # A row never is its own neighbour: its infinite distance says so.
        rows = np.where(np.isinf(away), -1, rows)
        return np.where(rows < 0, np.inf, away), rows


def _places(marks: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """Give the places of the first ``count`` marks of every row; -1 where there are fewer."""
    left, every = marks.copy(), np.arange(len(marks))
    found = np.full((len(marks), count), -1)
    for number in range(count):
        at = left.argmax(axis=1)
        found[:, number] = np.where(left[every, at], at, -1)
        left[every, at] = False
    return found
