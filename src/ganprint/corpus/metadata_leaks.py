"""What the values of a metadata column give away: file names, identities, dates, an order, or the answer itself.

Two kinds of finding. What can be no trait of an image is refused in any case. What looks like a leak and may be none is
refused unless the user names the column under ``corpus.metadata_allow``. The membership of the development split is
looked at, to protect it; the truth of the test split never is.

A number that tells the sides apart by intervals, by a digit or by each of its values is refused only where chance does
not explain it (:mod:`ganprint.corpus.metadata_purity`).
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, mannwhitneyu, spearmanr

from ganprint.corpus.index import natural_key
from ganprint.corpus.metadata_purity import NEAR, ONE_OF, told_by_classes, told_by_intervals
from ganprint.corpus.metadata_values import as_number, dates_among, numbers_of

__all__ = ["MAX_CATEGORIES", "Leak", "find_label_leak", "find_leak"]

MAX_CATEGORIES = 32
"""Most categories of a column of text."""

_LEAST = 8  # fewer images, or groups, show an order or an identity by chance
# Whole ages (normal, 12 years of deviation) of 25 patients are all different in 1 of 3500 tables, of 10 in 1 of 3.
_LEAST_NUMBERS = 25
_LEAST_SIDE = 4
_ID_LENGTH = 4

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
        return _identity(images, texts) or _telling(images, cells)
    values = pd.Series(numbers, index=texts.index)
    whole = bool((values == values.round()).all())
    identity = _identity(images, values, _LEAST_NUMBERS) if whole else None
    return identity or _order(images, values) or _telling(images, cells)


def find_label_leak(images: pd.DataFrame, cells: pd.Series) -> Leak | None:
    """Give what in a column tells used from not used images and is not explained by chance: nothing allows that.

    Chance is the share of the ways to deal the sides out to the patients that would tell as much. Parameters as of
    :func:`find_leak`.
    """
    labelled = images[images["membership"].isin(["used", "not_used"])]
    mine = cells[labelled.index]
    leak = _telling(labelled, mine)
    if leak is None:
        return None
    sides = _contrasts(labelled)[_USED]
    if _presence(labelled, mine != "") is not None:
        return Leak(leak.reason, False) if _known_beyond_chance(labelled, mine != "", sides) else None
    one, other = (_patients(labelled[side & (mine != "")]) for side in sides)
    classes = 1 if numbers_of(list(mine[mine != ""])) is not None else mine.nunique()
    return Leak(leak.reason, False) if comb(one + other, one) >= 2**classes * ONE_OF else None


def _telling(images: pd.DataFrame, cells: pd.Series) -> Leak | None:
    """Find what tells sides apart by being known, or by its values."""
    known = cells != ""
    numbers = numbers_of(list(cells[known]))
    if found := _presence(images, known):
        return found
    if numbers is None:
        return _telling_categories(images, cells[known])
    return _telling_numbers(images, pd.Series(numbers, index=cells.index[known]))


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
        if abs(correlation) >= NEAR:
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
        alone = abs(first - second) >= NEAR or (first == 0) != (second == 0)
        if alone or _too_few_to_compare(images, known, (ours, theirs)):
            return Leak(f"it is known of {first:.0%} of the {one} and of {second:.0%} of the {other} images", True)
    return None


def _too_few_to_compare(images: pd.DataFrame, known: pd.Series, sides: tuple[pd.Series, pd.Series]) -> bool:
    """Say whether one side knows too few values to compare them, and a smaller share than chance explains."""
    few = min(int((known & side).sum()) for side in sides) < _LEAST_SIDE
    return few and _known_beyond_chance(images, known, sides)


def _known_beyond_chance(images: pd.DataFrame, known: pd.Series, sides: tuple[pd.Series, pd.Series]) -> bool:
    """Say whether the shares known of two sides differ by more than chance explains.

    Fisher's exact test; a share known of the images is taken for that share of the patients, who may have more slices
    on one side.
    """
    every = np.array([_patients(images[side]) for side in sides])
    told = np.array([round(float(known[side].mean()) * count) for side, count in zip(sides, every, strict=True)])
    return float(fisher_exact(np.stack([told, every - told])).pvalue) * ONE_OF <= 1


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
        if distance >= NEAR:
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
        if max(area, 1 - area) >= NEAR:
            return Leak(f"its values {tell}", True)
        both, first = np.concatenate([ours, theirs]), np.arange(len(ours) + len(theirs)) < len(ours)
        patients = _patients(images.loc[ours.index]), _patients(images.loc[theirs.index])
        if told_by_intervals(both, first, patients):
            return Leak(f"intervals of its values {tell}", True)
        if told_by_classes(both, first, patients):
            return Leak(f"digits or repeated values {tell}", True)
    groups = images.loc[values.index, "group"]
    # A number of its own for each patient is no category: it separates whatever goes by patient.
    few = values.nunique() <= min(MAX_CATEGORIES, groups[groups != ""].nunique() // 2)
    return _telling_categories(images, values) if few else None
