"""A folder of images in any known layout: what it holds, and the images one by one."""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganprint.corpus.groups import GROUPS_FILE, read_groups
from ganprint.corpus.index import CorpusImage, is_id, natural_key
from ganprint.corpus.layouts import PARTS, Part, match_layout
from ganprint.corpus.png import MAX_PIXELS, grey_png
from ganprint.errors import InputError

__all__ = ["IMPORT_FILE", "MAX_FILE_BYTES", "LeftOut", "Scan", "ScannedImage", "images_of", "read_limited", "scan"]

MAX_FILE_BYTES = 64 << 20
"""Default limit on the size of one image file: 64 MiB."""

IMPORT_FILE = "import.json"
"""The report that ``import_official`` leaves in the folder it writes."""


@dataclass(frozen=True)
class ScannedImage:
    """One image file of a folder: its id (file stem), part, group, and path relative to the root."""

    id: str
    part: Part
    group: str
    path: str


@dataclass(frozen=True)
class LeftOut:
    """A file that is no image of the corpus, relative to the root, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Scan:
    """What a folder holds.

    Attributes
    ----------
    root
        The folder.
    layout
        Name of the layout that was recognised.
    images
        In the order of the parts, ids in natural order within each.
    left_out
        Every other file, with its reason.
    groups
        Path of groups.csv relative to the root, if there is one.
    """

    root: Path
    layout: str
    images: tuple[ScannedImage, ...]
    left_out: tuple[LeftOut, ...]
    groups: str | None

    def counts(self) -> dict[str, int]:
        """Give the number of images of each part, by the part's folder in the kit's own layout."""
        found = Counter(image.part for image in self.images)
        return {part.name: found[part] for part in PARTS}


def scan(root: Path) -> Scan:
    """Recognise the layout of a folder and list its images and every other file.

    Raises
    ------
    InputError
        When the folder is missing, holds a link or a special file, is in no known layout, lacks a part, or has two
        images of one id in a split and role; or when groups.csv is bad.
    """
    if not root.is_dir():
        what = "is a file; import-official reads archives" if root.exists() else "no such folder; check corpus.path"
        raise InputError(f"{root}: {what}")
    folders: dict[str, list[str]] = {}
    left_out: list[LeftOut] = []
    for path, is_folder in _walk(root):
        if is_folder:
            folders.setdefault(path, [])
        elif reason := _no_image(path):
            left_out.append(LeftOut(path, reason))
        else:
            folders.setdefault(path.rpartition("/")[0], []).append(path)
    layout, matched = match_layout({path: len(files) for path, files in folders.items()}, str(root))
    taken = {folder for chosen in matched.values() for folder in chosen}
    left_out += [
        LeftOut(path, "in a folder of no part")
        for folder, files in folders.items()
        if folder not in taken
        for path in files
    ]
    chosen = [(part, path) for part in PARTS for folder in matched[part] for path in folders[folder]]
    groups_path = _groups_path(root, taken)
    images = _images(root, chosen, groups_path)
    others = tuple(
        sorted((item for item in left_out if item.path not in {groups_path, IMPORT_FILE}), key=lambda item: item.path)
    )
    return Scan(root, layout.name, images, others, groups_path)


def images_of(
    scanned: Scan, *, max_file_bytes: int = MAX_FILE_BYTES, max_pixels: int = MAX_PIXELS
) -> Iterator[CorpusImage]:
    """Read and convert the images of a folder, one at a time, in the order of the scan.

    Parameters
    ----------
    scanned
        What :func:`scan` found.
    max_file_bytes, max_pixels
        Limits on the size of one file and on width times height.

    Raises
    ------
    InputError
        When an image can not be read or converted (see :func:`ganprint.corpus.png.grey_png`).
    """
    for item in scanned.images:
        path = scanned.root / item.path
        grey = grey_png(read_limited(path, max_file_bytes), str(path), max_pixels=max_pixels)
        yield CorpusImage(
            id=item.id,
            role=item.part.role,
            split=item.part.split,
            membership=item.part.membership,
            group=item.group,
            png=grey.png,
            width=grey.width,
            height=grey.height,
            conversion=grey.conversion or "",
        )


def read_limited(path: Path, max_bytes: int) -> bytes:
    """Read a file whole, unless it is larger than ``max_bytes``.

    Raises
    ------
    InputError
        When it is larger or can not be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror})") from None
    if len(data) > max_bytes:
        raise InputError(f"{path}: larger than the {max_bytes} bytes allowed for one image")
    return data


def _walk(root: Path) -> Iterator[tuple[str, bool]]:
    """Give every path below the root, relative and with ``/``, and whether it is a folder; refuse links by name."""
    yield "", True
    pending = [root]
    while pending:
        folder = pending.pop()
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            relative = Path(entry.path).relative_to(root).as_posix()
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                raise InputError(
                    f"{entry.path}: a link, which could lead anywhere; put a copy of the file in its place"
                )
            if stat.S_ISDIR(mode):
                pending.append(Path(entry.path))
                yield relative, True
            elif stat.S_ISREG(mode):
                yield relative, False
            else:
                raise InputError(f"{entry.path}: neither a file nor a folder; remove it")


def _no_image(path: str) -> str:
    """Say why a file is no image; empty when it may be one."""
    *folders, name = path.split("/")
    if name.startswith(".") or any(folder.startswith(".") or folder == "__MACOSX" for folder in folders):
        return "hidden"
    suffix = Path(name).suffix
    if suffix.lower() == ".png":
        return ""
    return f"extension {suffix}, not .png" if suffix else "no extension"


def _groups_path(root: Path, folders: Iterable[str]) -> str | None:
    """Look for groups.csv in the root and in the folders that wrap all parts."""
    common = os.path.commonpath([f"./{folder}" for folder in folders])
    base = root / common
    places = [place for place in (base, *base.parents) if place == root or root in place.parents]
    found = [place / GROUPS_FILE for place in places if (place / GROUPS_FILE).is_file()]
    if len(found) > 1:
        raise InputError(f"{found[0]}: there is also {found[1]}; leave one of them")
    return found[0].relative_to(root).as_posix() if found else None


def _images(root: Path, chosen: list[tuple[Part, str]], groups_path: str | None) -> tuple[ScannedImage, ...]:
    seen: dict[tuple[str, str, str], str] = {}
    for part, path in chosen:
        if not is_id(Path(path).stem):
            raise InputError(
                f"{root}: {path!r} is no id for a submission (comma, quote, outer blank); rename the image"
            )
        # Compared without case: the store must also be readable on a disk that does not tell cases apart.
        key = (part.split, part.role, Path(path).stem.casefold())
        if key in seen:
            raise InputError(f"{root}: {seen[key]} and {path} have the same id in {part.split}; rename one of them")
        seen[key] = path
    real = {(part.split, Path(path).stem) for part, path in chosen if part.role == "real"}
    groups = read_groups(root / groups_path, real) if groups_path else {}
    images = []
    for part, path in chosen:
        name = Path(path).stem
        group = groups.get((part.split, name), name) if part.role == "real" else ""
        images.append(ScannedImage(name, part, group, path))
    order = {part: number for number, part in enumerate(PARTS)}
    return tuple(sorted(images, key=lambda image: (order[image.part], natural_key(image.id))))
