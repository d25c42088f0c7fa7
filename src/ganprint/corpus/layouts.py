"""The folder layouts a corpus is handed out or kept in, as one table, and how a tree of folders is matched to them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ganprint.corpus.index import Membership, Role, Split
from ganprint.errors import InputError

__all__ = ["LAYOUTS", "PARTS", "Layout", "Part", "Slot", "match_layout", "normalised"]


@dataclass(frozen=True)
class Part:
    """One of the five parts of a corpus; ``name`` is its folder in the kit's own layout."""

    name: str
    split: Split
    role: Role
    membership: Membership


PARTS = (
    Part("development/real_used", "development", "real", "used"),
    Part("development/real_not_used", "development", "real", "not_used"),
    Part("development/generated", "development", "generated", ""),
    Part("test/real_unknown", "test", "real", "unknown"),
    Part("test/generated", "test", "generated", ""),
)


@dataclass(frozen=True)
class Slot:
    """Where a layout keeps one part.

    Attributes
    ----------
    wanted
        The folder as people write it, for error messages.
    place
        Pattern of the end of the parent's normalised path.
    folder
        Pattern of the folder's normalised name.
    beside
        Pattern of a folder that must lie in the same place: tells development from test where the places' names do not.
    """

    wanted: str
    place: str
    folder: str
    beside: str = ""


@dataclass(frozen=True)
class Layout:
    """A layout: its name, a slot for each of :data:`PARTS` in their order, and whether places are merged."""

    name: str
    slots: tuple[Slot, Slot, Slot, Slot, Slot]
    merged: bool = False


_UNKNOWN = r"real_unknown(_[0-9]+)?"
_GENERATED = r"generated(_[0-9]+)?"
_TEST_2023 = r"img_test|test/test_[0-9]+"

LAYOUTS = (
    Layout(
        "ganprint",
        (
            Slot("development/real_used", "development", "real_used"),
            Slot("development/real_not_used", "development", "real_not_used"),
            Slot("development/generated", "development", "generated"),
            Slot("test/real_unknown", "test", "real_unknown"),
            Slot("test/generated", "test", "generated"),
        ),
    ),
    Layout(
        "imageclef-2023",
        (
            Slot("img_real/used", "img_real", "used"),
            Slot("img_real/not_used", "img_real", "not_used"),
            Slot("img_gen/generated", "img_gen", _GENERATED),
            Slot("img_test/real_unknown_1 or test/test_1/real_unknown_1", _TEST_2023, _UNKNOWN),
            Slot("test/test_1/generated_1 or img_test/generated_1", _TEST_2023, _GENERATED),
        ),
    ),
    Layout(
        "relation-network",
        (
            Slot("train/real_used and validate/real_used", "train|validate", "real_used"),
            Slot("train/real_unused and validate/real_unused", "train|validate", "real_unused"),
            Slot("train/generated and validate/generated", "train|validate", "generated"),
            Slot("test/real_all", "test", "real_all"),
            Slot("test/generated", "test", "generated"),
        ),
        merged=True,
    ),
    # The last resort: no names of places are known for 2025, so neighbours tell development from test.
    Layout(
        "imageclef-2025",
        (
            Slot("real_used", ".*", "real_used"),
            Slot("real_not_used beside real_used", ".*", "real_not_used", beside="real_used"),
            Slot("generated beside real_used", ".*", _GENERATED, beside="real_used"),
            Slot("real_unknown", ".*", _UNKNOWN),
            Slot("generated beside real_unknown", ".*", _GENERATED, beside=_UNKNOWN),
        ),
    ),
)


def normalised(path: str) -> str:
    """Lower case, and one underscore for each run of hyphens, blanks and underscores.

    Examples
    --------
    >>> normalised("Development/Real-Not Used")
    'development/real_not_used'
    """
    return re.sub(r"[-_ ]+", "_", path.lower())


def match_layout(folders: Mapping[str, int], root: str) -> tuple[Layout, dict[Part, tuple[str, ...]]]:
    """Find the layout of a tree.

    Parameters
    ----------
    folders
        Every folder's path relative to the root (``/`` between, the root itself is empty), and its number of PNGs.
    root
        What to call the tree in an error.

    Returns
    -------
    The layout and the folders of each part.

    Raises
    ------
    InputError
        When no layout is complete, more than one is, or two folders claim one part.
    """
    filled = sorted(path for path, count in folders.items() if count)
    found = {layout: {part: _claims(slot, filled) for part, slot in _slots(layout)} for layout in LAYOUTS}
    complete = [layout for layout in LAYOUTS if all(found[layout].values())]
    if not complete:
        raise InputError(_incomplete(found, folders, root))
    special = [layout for layout in complete if layout is not LAYOUTS[-1]]
    if len(special) > 1:
        names = " and ".join(layout.name for layout in special)
        raise InputError(f"{root}: holds two complete layouts, {names}; give the folder of one of them")
    layout = (special or complete)[0]
    for part, paths in found[layout].items():
        _refuse_rivals(layout, part, paths, root)
    shared = set(found[layout][PARTS[2]]) & set(found[layout][PARTS[4]])
    if shared:
        raise InputError(
            f"{root}: {', '.join(sorted(shared))} could be generated images of either split; "
            f"put the splits into folders development and test"
        )
    return layout, found[layout]


def _slots(layout: Layout) -> Iterable[tuple[Part, Slot]]:
    return zip(PARTS, layout.slots, strict=True)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _claims(slot: Slot, filled: list[str]) -> tuple[str, ...]:
    names: dict[str, list[str]] = {}
    for path in filled:
        names.setdefault(_parent(path), []).append(normalised(path).rpartition("/")[2])
    chosen = []
    for path in filled:
        place, _, name = normalised(path).rpartition("/")
        fits = re.fullmatch(slot.folder, name) and re.fullmatch(rf"(.*/)?({slot.place})", place)
        if fits and (not slot.beside or any(re.fullmatch(slot.beside, other) for other in names[_parent(path)])):
            chosen.append(path)
    return tuple(chosen)


def _refuse_rivals(layout: Layout, part: Part, paths: tuple[str, ...], root: str) -> None:
    """Refuse two places for one part (of one name, where a layout merges places), and two spellings of one folder."""
    places = {normalised(_parent(path)).rpartition("/")[2] if layout.merged else "": _parent(path) for path in paths}
    rivals = {_parent(path) for path in paths} - set(places.values())
    if rivals or len({normalised(path) for path in paths}) < len(paths):
        raise InputError(f"{root}: {part.name} is ambiguous, found {', '.join(paths)}; leave one of them")


def _incomplete(found: Mapping[Layout, Mapping[Part, tuple[str, ...]]], folders: Mapping[str, int], root: str) -> str:
    """Say what the nearest layout lacks, where it was looked for, and what is there instead."""
    nearest = max(LAYOUTS, key=lambda layout: sum(1 for paths in found[layout].values() if paths))
    lacks = [f"{part.name} (looked for {slot.wanted})" for part, slot in _slots(nearest) if not found[nearest][part]]
    seen = [f"{path or '.'} ({count} PNG)" for path, count in sorted(folders.items()) if count or path]
    more = f" and {len(seen) - 20} more" if len(seen) > 20 else ""
    note = ""
    if not found[nearest][PARTS[4]] and found[nearest][PARTS[3]]:
        note = "; the comparators need the generated images of the test split too"
    return (
        f"{root}: not a complete corpus in a known layout; nearest is {nearest.name}, which lacks images for "
        f"{', '.join(lacks)}{note}; folders found: {', '.join(seen[:20]) or 'none'}{more}"
    )
