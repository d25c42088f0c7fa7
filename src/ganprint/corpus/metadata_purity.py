"""Whether intervals, digits or repeated values of a number hold one side each, beyond what chance explains.

Chance is counted by patients, not by images: it is the share of the ways to deal the sides out to the patients that
would look as pure. Slices of one patient go together, and to look at one of each can only take changes of side away, so
the share is a bound from above.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import comb

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEAR", "ONE_OF", "told_by_classes", "told_by_intervals"]

NEAR = 0.99
"""Of 1: what separates or orders all but a few images is as good as what does so for all."""

ONE_OF = 10_000
"""What chance does once in so many tables, or more rarely, is not put down to chance."""

_INTERVALS = 16  # an interval holds at least a 16th of the images, or any order could be cut into pure pieces
_PLACES = 16  # decimal places looked at, from the last one on
_DIGITS = 9  # significant ones: features are stored with single precision, which knows no more
_Numbers = NDArray[np.float64]
_Mask = NDArray[np.bool_]
_Classes = NDArray[np.int64]


def told_by_intervals(values: _Numbers, first: _Mask, patients: tuple[int, int]) -> bool:
    """Find intervals of values that hold one side each, all but a few images.

    The chance is that of the runs test (Wald and Wolfowitz 1940); a wrong image makes two runs more at most.
    """
    wrong, intervals = _best_intervals(values, first)
    if wrong > _few(first):
        return False
    (one, other), ways = patients, 0
    for runs in range(2, intervals + 2 * wrong + 1):
        more, fewer = (runs - 1) // 2, runs // 2 - 1
        ways += comb(one - 1, more) * comb(other - 1, fewer) + comb(one - 1, fewer) * comb(other - 1, more)
    return ways * ONE_OF <= comb(one + other, one)


def _best_intervals(values: _Numbers, first: _Mask) -> tuple[int, int]:
    """Cut the ordered values so that fewest images lie on the wrong side; give these images, and the intervals."""
    _, places = np.unique(values, return_inverse=True)
    until = np.concatenate([[0], np.cumsum(np.bincount(places))])
    ours = np.concatenate([[0], np.cumsum(np.bincount(places[first], minlength=len(until) - 1))])
    before = (ours.tolist(), (until - ours).tolist())  # images before a place: wrong in an interval of that side
    starts = (np.searchsorted(until, until - len(values) / _INTERVALS, side="right") - 1).tolist()
    never = (len(values) + 1, 0)
    best = [((0, 0), (0, 0))]  # before each place, by the side of the last interval
    for place in range(1, len(until)):
        here = []
        for side, wrong in enumerate(before):
            ways = [never]
            if place > 1:  # the last interval goes on
                old = best[place - 1][side]
                ways.append((old[0] + wrong[place] - wrong[place - 1], old[1]))
            for start in range(starts[place - 1] + 1, starts[place] + 1):  # a new one has just become long enough
                old = best[start][1 - side]
                ways.append((old[0] + wrong[place] - wrong[start], old[1] + 1))
            here.append(min(ways))
        best.append((here[0], here[1]))
    return min(best[-1])


def told_by_classes(values: _Numbers, first: _Mask, patients: tuple[int, int]) -> bool:
    """Find a decimal place, its parity, or the whole value, whose classes hold one side each, all but a few images."""
    deals, everyone = comb(sum(patients), patients[0]), sum(patients)
    for classes in _classes(values):
        ours, theirs = (np.bincount(classes[side], minlength=classes.max() + 1) for side in (first, ~first))
        wrong = int(np.minimum(ours, theirs).sum())
        if wrong > _few(first):
            continue
        pure = 2 ** int(np.count_nonzero(ours + theirs)) * sum(comb(everyone, count) for count in range(wrong + 1))
        if pure * 2 * _PLACES * ONE_OF <= deals:  # so many classings are tried
            return True
    return False


def _classes(values: _Numbers) -> Iterator[_Classes]:
    """Give for each number its value, and at each decimal place its digit and whether that is odd, as classes."""
    yield np.unique(values, return_inverse=True)[1]
    parts = [Decimal(f"{abs(value):.{_DIGITS}g}").normalize().as_tuple() for value in values]
    lowest = [int(part.exponent) for part in parts]
    highest = max(len(part.digits) + low for part, low in zip(parts, lowest, strict=True))
    texts = ["".join(map(str, part.digits)) for part in parts]
    for place in range(min(lowest), min(highest, min(lowest) + _PLACES)):
        known = [(text, len(text) - 1 - place + low) for text, low in zip(texts, lowest, strict=True)]
        digits = np.array([int(text[at]) if 0 <= at < len(text) else 0 for text, at in known])
        yield digits
        yield digits % 2


def _few(first: _Mask) -> int:
    """Give how many images may be wrong: a share of all, were both sides as large as the smaller one."""
    return round((1 - NEAR) * 2 * int(min(first.sum(), (~first).sum())))
