"""What is known of the editions of the task, and which one a corpus looks like."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ganprint.errors import InputError

__all__ = ["EDITIONS", "Edition", "edition_named", "nearest_edition"]


@dataclass(frozen=True)
class Edition:
    """Facts of one edition; what is not known is left out and not verified.

    Attributes
    ----------
    name
        The year.
    counts
        Images of each part (see :data:`ganprint.corpus.layouts.PARTS`).
    size
        Width and height in pixels of every image.
    formats
        The kinds of PNG that are expected.
    test_ids
        Ids of the real test images.
    """

    name: str
    counts: Mapping[str, int]
    size: tuple[int, int] | None
    formats: frozenset[str]
    test_ids: tuple[str, ...] = field(default=(), repr=False)


EDITIONS = (
    # Table of the task's overview, and the ids of the organisers' validator.
    Edition(
        name="2023",
        counts={
            "development/real_used": 80,
            "development/real_not_used": 80,
            "development/generated": 500,
            "test/real_unknown": 200,
            "test/generated": 10_000,
        },
        size=(256, 256),
        formats=frozenset({"8-bit grey", "8-bit palette"}),
        test_ids=tuple(f"real_unknown_{number:04d}" for number in range(1, 201)),
    ),
    # Subtask 1; the counts of the test split are not known.
    Edition(
        name="2025",
        counts={
            "development/real_used": 100,
            "development/real_not_used": 100,
            "development/generated": 5_000,
        },
        size=None,
        formats=frozenset({"8-bit palette"}),
    ),
)


def edition_named(name: str) -> Edition:
    """Give the edition of a year.

    Raises
    ------
    InputError
        When nothing is known of it.
    """
    for edition in EDITIONS:
        if edition.name == name:
            return edition
    known = ", ".join(edition.name for edition in EDITIONS)
    raise InputError(f"edition: received {name!r}, known are {known}")


def nearest_edition(counts: Mapping[str, int]) -> Edition:
    """Give the edition whose counts are nearest: least mean ``|log(count / expected)|`` over the parts it knows."""

    def distance(edition: Edition) -> float:
        logs = [abs(math.log(max(counts.get(part, 0), 0.5) / wanted)) for part, wanted in edition.counts.items()]
        return sum(logs) / len(logs)

    return min(EDITIONS, key=distance)
