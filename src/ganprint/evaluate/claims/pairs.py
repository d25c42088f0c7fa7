"""Two runs on the same images, of which only the counts are known: what a paired test could have said.

McNemar's test needs the images on which the two differ. Counts do not tell which images those are, but they bound how
many there can be; the test's p is given for every table that the counts allow, smallest and largest.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganprint.errors import InputError
from ganprint.evaluate.claims.counts import Counts
from ganprint.evaluate.claims.tests import exact_mcnemar

__all__ = ["PairedRange", "paired_ranges"]

Part = Literal["all", "used", "not used"]


@dataclass(frozen=True)
class PairedRange:
    """All exact McNemar tests that the counts allow, on one part of the images.

    Attributes
    ----------
    part
        ``all`` images, the ``used`` or the ``not used`` ones.
    first_right, second_right, n
        Right answers of the two runs, and images.
    differ_least, differ_most
        Images on which the two can differ.
    p_smallest, p_largest
        Exact two-sided p over all tables.
    smallest_table, largest_table
        (only the first right, only the second right) of these two p.
    """

    part: Part
    first_right: int
    second_right: int
    n: int
    differ_least: int
    differ_most: int
    p_smallest: float
    p_largest: float
    smallest_table: tuple[int, int]
    largest_table: tuple[int, int]


def paired_ranges(first: Counts, second: Counts) -> tuple[PairedRange, PairedRange, PairedRange]:
    """Compare two runs on all images and class by class.

    Raises
    ------
    InputError
        When the two are not about as many used and not used images.
    """
    if (first.positives, first.negatives) != (second.positives, second.negatives):
        sizes = [f"{counts.positives} used and {counts.negatives} not used" for counts in (first, second)]
        raise InputError(f"counts: {sizes[0]} images beside {sizes[1]}; runs on other images can not be compared")
    used = _only_one_right(first.tp, second.tp, first.positives)
    not_used = _only_one_right(first.tn, second.tn, first.negatives)
    # The classes are free of each other, so every sum of their disagreements is possible.
    least = used[0] + not_used[0]
    both = least + np.arange(len(used) + len(not_used) - 1)[:, np.newaxis]
    return (
        _range("all", first.correct, second.correct, first.n, both),
        _range("used", first.tp, second.tp, first.positives, used),
        _range("not used", first.tn, second.tn, first.negatives, not_used),
    )


def _only_one_right(first: int, second: int, n: int) -> NDArray[np.int64]:
    """Give all possible (only the first right, only the second right): [tables, 2], fewest disagreements first."""
    both = np.arange(min(first, second), max(0, first + second - n) - 1, -1)
    return np.stack([first - both, second - both], axis=1)


def _range(part: Part, first: int, second: int, n: int, tables: NDArray[np.int64]) -> PairedRange:
    p = exact_mcnemar(tables[:, 0], tables[:, 1])
    differ = tables.sum(axis=1)
    smallest, largest = int(np.argmin(p)), int(np.argmax(p))
    return PairedRange(
        part,
        first,
        second,
        n,
        int(differ.min()),
        int(differ.max()),
        float(p[smallest]),
        float(p[largest]),
        (int(tables[smallest, 0]), int(tables[smallest, 1])),
        (int(tables[largest, 0]), int(tables[largest, 1])),
    )
