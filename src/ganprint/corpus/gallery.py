"""A plain folder of images: no layout, no splits, no labels; subfolders are looked into."""

import csv
import hashlib
import io
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprint.corpus.folder import MAX_FILE_BYTES, read_limited
from ganprint.corpus.index import is_id, natural_key
from ganprint.corpus.png import grey_png
from ganprint.errors import InputError

__all__ = ["Gallery", "GalleryImage", "read_gallery", "read_image_groups"]

_LEAST_SIDE = 16


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """One file: id (file stem), path relative to the folder, size in bytes, time of its last change in ns."""

    id: str
    path: str
    size: int
    changed: int


@dataclass(frozen=True)
class Gallery:
    """A folder and its images in natural order of their ids, and how many other files were passed over."""

    root: Path
    images: tuple[GalleryImage, ...]
    others: int = 0

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def ids(self) -> NDArray[np.str_]:
        """The ids [n]."""
        return np.array([image.id for image in self.images], dtype=np.str_)

    @cached_property
    def key(self) -> str:
        """SHA-256 over path, size and time of change of every file: another one means that something was changed."""
        lines = (f"{image.path}\0{image.size}\0{image.changed}\n" for image in self.images)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def load(self, row: int) -> tuple[NDArray[np.uint8], str]:
        """Read one image: grey values [h, w], and the SHA-256 of size and pixels (empty for a single grey value).

        Raises
        ------
        InputError
            When the file can not be read, is no image that is grey beyond doubt, or is too small; it is named.
        """
        path = self.root / self.images[row].path
        grey = grey_png(read_limited(path, MAX_FILE_BYTES), str(path))
        if min(grey.width, grey.height) < _LEAST_SIDE:
            raise InputError(f"{path}: {grey.width}x{grey.height} pixels; at least {_LEAST_SIDE} a side are needed")
        with Image.open(io.BytesIO(grey.png), formats=("PNG",)) as image:
            pixels = np.asarray(image, dtype=np.uint8)
        if pixels.min() == pixels.max():
            return pixels, ""
        return pixels, hashlib.sha256(f"{grey.height}x{grey.width}:".encode() + pixels.tobytes()).hexdigest()


def read_gallery(root: Path) -> Gallery:
    """List the images of a folder and its subfolders; hidden files and files of other kinds are passed over.

    Raises
    ------
    InputError
        When there is no such folder or no image in it, it holds a link, or a file's stem is no id or is there twice.
    """
    if not root.is_dir():
        raise InputError(f"{root}: {'is a file, give a folder' if root.exists() else 'no such folder'} of PNG images")
    paths, others = _paths(root)
    if not paths:
        raise InputError(f"{root}: no PNG image in it or its subfolders ({others} other files); save the images as PNG")
    seen: dict[str, Path] = {}
    for path in paths:
        if not is_id(path.stem):
            raise InputError(f"{path}: the name is no id (comma, quote, outer blank, unprintable); rename the image")
        other = seen.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise InputError(f"{path}: {other} has the same id '{path.stem}'; rename one of them")
    images = [_image(root, path) for path in paths]
    return Gallery(root, tuple(sorted(images, key=lambda image: (natural_key(image.id), image.id))), others)


def read_image_groups(path: Path, known: Collection[str]) -> dict[str, str]:
    """Read a CSV ``id,group``: which patient or volume a real or reference image comes from.

    Parameters
    ----------
    path
        The file.
    known
        Ids of all real and reference images; an image without a line is its own group.

    Returns
    -------
    Id -> group.

    Raises
    ------
    InputError
        For another header, a malformed or repeated line, or ids of no image.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can not be read as CSV: {' '.join(str(error).split())}") from None
    if not rows or rows[0] != ["id", "group"]:
        raise InputError(f"{path}: header is {','.join(rows[0]) if rows else 'missing'!r}, wanted is id,group")
    groups: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or not row[1].strip() or not row[1].isprintable():
            raise InputError(f"{path} line {line}: received {','.join(row)!r}, wanted is id,group, none empty")
        if row[0] in groups:
            raise InputError(f"{path} line {line}: id {row[0]} is there twice; leave one line")
        groups[row[0]] = row[1]
    if strangers := [name for name in groups if name not in known]:
        raise InputError(
            f"{path}: {len(strangers)} lines name no real or reference image, first {strangers[0]}; take them out"
        )
    return groups


def _paths(root: Path) -> tuple[list[Path], int]:
    paths, others = [], 0
    for folder, folders, names in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in sorted([*folders, *names]):
            if (Path(folder) / name).is_symlink():
                raise InputError(f"{Path(folder) / name}: a link, which could lead anywhere; put a copy in its place")
        found = [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
        images = [path for path in found if path.suffix.lower() == ".png"]
        paths += images
        others += len(found) - len(images)
    return paths, others


def _unreadable(error: OSError) -> None:
    raise InputError(f"{error.filename}: can not be read ({error.strerror})")


def _image(root: Path, path: Path) -> GalleryImage:
    state = path.stat()
    return GalleryImage(path.stem, path.relative_to(root).as_posix(), state.st_size, state.st_mtime_ns)
