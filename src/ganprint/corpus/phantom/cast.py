"""Who is in the corpus: patients per split, the fair coins, opaque patient names and image ids."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganprint.corpus.index import Split
from ganprint.corpus.phantom.patient import draw_patient, render_slice, slice_depths
from ganprint.seeds import generator

__all__ = ["Member", "Population", "draw_cast", "patient_slices", "shuffled_numbers"]

Population = Literal["development", "test", "other"]


@dataclass(frozen=True)
class Member:
    """One patient of the corpus.

    Attributes
    ----------
    split, number
        What the patient's anatomy is seeded by: the split and the place in it.
    used
        What the coin said: the generator may see this patient.
    group
        The patient's name in the corpus, whose number says nothing of split or coin.
    """

    split: Split
    number: int
    used: bool
    group: str


def shuffled_numbers(seed: int, what: str, count: int) -> list[int]:
    """Give 1 to ``count`` in a random order of the axis ``what``."""
    return [int(number) + 1 for number in generator(seed, "phantom", "order", what).permutation(count)]


def draw_cast(seed: int, development: int, test: int) -> list[Member]:
    """Draw the patients of both splits.

    Every patient is used or not by an independent fair coin, which is what one-run audits assume (Steinke, Nasr and
    Jagielski 2023, "Privacy auditing with one (1) training run"). When all coins of a split fall alike, that split
    could not be told apart at all: the split's coins are then thrown again, which happens with probability
    2^(1 - patients).
    """
    names = shuffled_numbers(seed, "patients", development + test)
    places: list[tuple[Split, int]] = [("development", number) for number in range(development)]
    places += [("test", number) for number in range(test)]
    coins = {"development": _coins(seed, "development", development), "test": _coins(seed, "test", test)}
    return [
        Member(split, number, bool(coins[split][number]), f"patient_{name:03d}")
        for (split, number), name in zip(places, names, strict=True)
    ]


def _coins(seed: int, split: Split, count: int) -> NDArray[np.bool_]:
    throw = 0
    while True:
        coins = np.array(
            [generator(seed, "phantom", "coin", split, number, throw).random() < 0.5 for number in range(count)]
        )
        if 0 < coins.sum() < count:
            return coins
        throw += 1


def patient_slices(seed: int, population: Population, number: int, count: int, size: int) -> NDArray[np.uint8]:
    """Render a patient's slices [count, size, size].

    The seed's axes are the population and the patient's place in it: not the coin, and no other patient.
    """
    patient = draw_patient(generator(seed, "phantom", "anatomy", population, number), size)
    return np.stack(
        [
            render_slice(patient, depth, generator(seed, "phantom", "noise", population, number, index))
            for index, depth in enumerate(slice_depths(patient, count))
        ]
    )
