"""What the values of a metadata column give away: file names, identities, dates, an order, or the answer itself.

Two kinds of finding. What can be no trait of an image is refused in any case. What looks like a leak and may be none is
refused unless the user names the column under ``corpus.metadata_allow``. The membership of the development split is
looked at, to protect it; the truth of the test split never is.

A number that tells the sides apart by intervals, by a digit or by each of its values is refused only where chance does
not explain it. Chance is counted by patients, not by images: it is the share of the ways to deal the sides out to the
patients that would look as pure. Slices of one patient go together, and to look at one of each can only take changes of
side away, so the share is a bound from above.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import fisher_exact, mannwhitneyu, spearmanr

from ganprint.corpus.index import natural_key
from ganprint.corpus.metadata_values import as_number, dates_among, numbers_of

__all__ = ["MAX_CATEGORIES", "Leak", "find_leak"]

MAX_CATEGORIES = 32
"""Most categories of a column of text."""

_LEAST = 8  # fewer images, or groups, show an order or an identity by chance
# Whole ages (normal, 12 years of deviation) of 25 patients are all different in 1 of 3500 tables, of 10 in 1 of 3.
_LEAST_NUMBERS = 25
_NEAR = 0.99  # of 1: what separates or orders all but a few images is as good as what does so for all
_LEAST_SIDE = 4
_ID_LENGTH = 4
_ONE_OF = 10_000  # what chance does once in so many tables, or more rarely, is not put down to chance
_INTERVALS = 16  # an interval holds at least a 16th of the images, or any order could be cut into pure pieces
_PLACES = 16  # decimal places looked at, from the last one on
_DIGITS = 9  # significant ones: features are stored with single precision, which knows no more

_Numbers = NDArray[np.float64]
_Mask = NDArray[np.bool_]
_Classes = NDArray[np.int64]
_USED, _SPLITS = ("used", "not used development"), ("real development", "real test")
_ROLES = ("real", "generated")
_FILE = re.compile(r".*\.(png|jpe?g|tiff?|bmp|gif|webp|dcm|dicom|nii|nii\.gz|mha|mhd|nrrd|npy|npz|csv)", re.IGNORECASE)
_HASH = re.compile(  # digests of usual lengths, UUIDs, DICOM's unique identifiers
    r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9]+(\.[0-9]+){4,}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Leak:
    """Why a column is refused.

    Attributes
    ----------
    reason
        For the message.
    may_be_allowed
        Whether the user may say that it is none.
    """

    reason: str
    may_be_allowed: bool


def find_leak(images: pd.DataFrame, cells: pd.Series) -> Leak | None:
    """Give the first leak found in a column.

    Parameters
    ----------
    images
        Columns split, role, id, membership, group; one row per image of the corpus, numbered from 0.
    cells
        [n_images], text in the order of ``images``; empty where the value is unknown, and known somewhere.
    """
    known = cells != ""
    ids, texts = images["id"][known], cells[known]
    if names := _names(ids, texts):
        return Leak(f"it holds names of files or images (first {names[0]!r})", False)
    if hashes := [cell for cell in texts if _HASH.fullmatch(cell)]:
        return Leak(f"it holds hashes or identifiers (first {hashes[0]!r})", False)
    if dates := dates_among(list(texts)):
        return Leak(f"it holds dates or times (first {dates[0]!r}), which tell when an image or file was made", True)
    numbers = numbers_of(list(texts))
    if numbers is None and texts.nunique() > MAX_CATEGORIES:
        return Leak(f"it has {texts.nunique()} different texts, and at most {MAX_CATEGORIES} are categories", False)
    if numbers is None:
        return _identity(images, texts) or _presence(images, known) or _telling_categories(images, texts)
    values = pd.Series(numbers, index=texts.index)
    whole = bool((values == values.round()).all())
    identity = _identity(images, values, _LEAST_NUMBERS) if whole else None
    return identity or _order(images, values) or _presence(images, known) or _telling_numbers(images, values)


def _names(ids: pd.Series, cells: pd.Series) -> list[str]:
    """Give the cells that name a file or their image.

    A text does so that contains the id. Digits of a number contain a short id by chance, so a number must be the id,
    and in half of the cells: one measure of 1203 for the image 1203 says nothing.
    """
    names, same = [], []
    for name, cell in zip(ids, cells, strict=True):
        number, long = as_number(cell), len(name) >= _ID_LENGTH
        if number is not None and long and (name == cell or as_number(name) == number):
            same.append(cell)
        elif number is None and ((long and name.casefold() in cell.casefold()) or _FILE.fullmatch(cell)):
            names.append(cell)
    return names or (same if 2 * len(same) >= len(cells) else [])


def _identity(images: pd.DataFrame, values: pd.Series, least: int = _LEAST) -> Leak | None:
    """Find a text or whole number that is another one for each image, or for each group."""
    if len(values) >= least and values.is_unique:
        return Leak("it is another text or whole number for each image: an identifier", True)
    groups = images.loc[values.index, "group"]
    grouped = groups != ""
    pairs = pd.DataFrame({"group": groups[grouped], "value": values[grouped]}).drop_duplicates()
    one_to_one = pairs["group"].is_unique and pairs["value"].is_unique
    if one_to_one and len(pairs) >= least:
        return Leak("it is another text or whole number for each group (patient): an identifier", True)
    return None


def _order(images: pd.DataFrame, values: pd.Series) -> Leak | None:
    """Find a number that follows the order of the ids, among images of a split and role whose ids begin alike."""
    blocks: dict[tuple[str, ...], list[tuple[str, float]]] = defaultdict(list)
    part = images.loc[values.index]
    for split, role, name, value in zip(part["split"], part["role"], part["id"], values, strict=True):
        blocks[split, role, re.sub("[0-9]+", "#", name)].append((name, value))
    for block in blocks.values():
        ordered = sorted(block, key=lambda item: natural_key(item[0]))
        found = [value for _, value in ordered]
        if len(found) < _LEAST or len(set(found)) == 1:
            continue
        correlation = float(spearmanr(np.arange(len(found)), found).statistic)
        if abs(correlation) >= _NEAR:
            where = f"from {ordered[0][0]} to {ordered[-1][0]}"
            return Leak(f"it follows the order of the ids ({where}: rank correlation {correlation:.3f})", True)
    return None


def _contrasts(images: pd.DataFrame) -> dict[tuple[str, str], tuple[pd.Series, pd.Series]]:
    """Give the sides that a column must not tell apart, as masks by their names."""
    real, development = images["role"] == "real", images["split"] == "development"
    return {
        _USED: (images["membership"] == "used", images["membership"] == "not_used"),
        _SPLITS: (real & development, real & ~development),
        _ROLES: (real, ~real),
    }


def _presence(images: pd.DataFrame, known: pd.Series) -> Leak | None:
    for (one, other), (ours, theirs) in _contrasts(images).items():
        if not ours.any() or not theirs.any():
            continue
        first, second = float(known[ours].mean()), float(known[theirs].mean())
        alone = abs(first - second) >= _NEAR or (first == 0) != (second == 0)
        if alone or _too_few_to_compare(images, known, (ours, theirs)):
            return Leak(f"it is known of {first:.0%} of the {one} and of {second:.0%} of the {other} images", True)
    return None


def _too_few_to_compare(images: pd.DataFrame, known: pd.Series, sides: tuple[pd.Series, pd.Series]) -> bool:
    """Say whether one side knows too few values to compare them, and a smaller share than chance explains.

    Fisher's exact test; a share known of the images is taken for that share of the patients, who may have more slices
    on one side.
    """
    if min(int((known & side).sum()) for side in sides) >= _LEAST_SIDE:
        return False
    every = np.array([_patients(images[side]) for side in sides])
    told = np.array([round(float(known[side].mean()) * count) for side, count in zip(sides, every, strict=True)])
    return float(fisher_exact(np.stack([told, every - told])).pvalue) * _ONE_OF <= 1


def _patients(images: pd.DataFrame) -> int:
    """Count the groups; an image without one counts for itself."""
    named = images["group"] != ""
    return int(images.loc[named, "group"].nunique() + (~named).sum())


def _telling_categories(images: pd.DataFrame, values: pd.Series) -> Leak | None:
    """Find categories that only one side has; the distance is total variation, 1 when no category is on both."""
    contrasts = _contrasts(images)
    for names in (_USED, _SPLITS):
        ours, theirs = (values[side[values.index]] for side in contrasts[names])
        if min(len(ours), len(theirs)) < _LEAST_SIDE:
            continue
        both = pd.DataFrame({"ours": ours.value_counts(normalize=True), "theirs": theirs.value_counts(normalize=True)})
        both = both.fillna(0.0)
        distance = 0.5 * float((both["ours"] - both["theirs"]).abs().sum())
        if distance >= _NEAR:
            return Leak(f"its values tell the {names[0]} from the {names[1]} images", True)
    return None


def _telling_numbers(images: pd.DataFrame, values: pd.Series) -> Leak | None:
    """Find numbers of which one side has the larger ones, other intervals, other digits or other values."""
    contrasts = _contrasts(images)
    for names in (_USED, _SPLITS):
        ours, theirs = (values[side[values.index]] for side in contrasts[names])
        if min(len(ours), len(theirs)) < _LEAST_SIDE:
            continue
        tell = f"tell the {names[0]} from the {names[1]} images"
        area = float(mannwhitneyu(ours, theirs).statistic) / (len(ours) * len(theirs))
        if max(area, 1 - area) >= _NEAR:
            return Leak(f"its values {tell}", True)
        both, first = np.concatenate([ours, theirs]), np.arange(len(ours) + len(theirs)) < len(ours)
        patients = _patients(images.loc[ours.index]), _patients(images.loc[theirs.index])
        if _told_by_intervals(both, first, patients):
            return Leak(f"intervals of its values {tell}", True)
        if _told_by_classes(both, first, patients):
            return Leak(f"digits or repeated values {tell}", True)
    groups = images.loc[values.index, "group"]
    # A number of its own for each patient is no category: it separates whatever goes by patient.
    few = values.nunique() <= min(MAX_CATEGORIES, groups[groups != ""].nunique() // 2)
    return _telling_categories(images, values) if few else None


def _told_by_intervals(values: _Numbers, first: _Mask, patients: tuple[int, int]) -> bool:
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
    return ways * _ONE_OF <= comb(one + other, one)


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


def _told_by_classes(values: _Numbers, first: _Mask, patients: tuple[int, int]) -> bool:
    """Find a decimal place, its parity, or the whole value, whose classes hold one side each, all but a few images."""
    deals, everyone = comb(sum(patients), patients[0]), sum(patients)
    for classes in _classes(values):
        ours, theirs = (np.bincount(classes[side], minlength=classes.max() + 1) for side in (first, ~first))
        wrong = int(np.minimum(ours, theirs).sum())
        if wrong > _few(first):
            continue
        pure = 2 ** int(np.count_nonzero(ours + theirs)) * sum(comb(everyone, count) for count in range(wrong + 1))
        if pure * 2 * _PLACES * _ONE_OF <= deals:  # so many classings are tried
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
    return round((1 - _NEAR) * 2 * int(min(first.sum(), (~first).sum())))
