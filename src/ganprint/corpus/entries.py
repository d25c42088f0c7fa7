"""Entries of an archive on their way to the disk: names that stay below the folder, sizes that stay within limits."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ganprint.errors import InputError

__all__ = ["ARCHIVE_SUFFIXES", "ArchiveLimits", "EntryWriter", "is_archive_name"]

ARCHIVE_SUFFIXES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")
_CHUNK = 16 << 10


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may unpack to; all bytes are counted as they are written, whatever the headers say.

    Attributes
    ----------
    files
        Files and folders in all, nested archives included (the 2023 edition has about 11 000).
    total_bytes
        Bytes in all.
    file_bytes
        Bytes of one file.
    nested_bytes
        Bytes of one archive within the archive.
    ratio
        Bytes unpacked per byte of the archive, judged beyond ``ratio_from`` bytes.
    ratio_from
        See ``ratio``: small archives of flat images may compress well.
    depth
        Folders above one file.
    """

    files: int = 50_000
    total_bytes: int = 8 << 30
    file_bytes: int = 64 << 20
    nested_bytes: int = 4 << 30
    ratio: int = 100
    ratio_from: int = 16 << 20
    depth: int = 20


def is_archive_name(name: str) -> bool:
    """Say whether a file's name is that of an archive which the kit unpacks."""
    base = name.lower().replace("\\", "/").rpartition("/")[2]
    return base.endswith(ARCHIVE_SUFFIXES) and not base.startswith(".")


class EntryWriter:
    """Writes the entries of archives below a folder and keeps count: every byte that is unpacked goes through it."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self.limits = limits
        self._entries = 0
        self._total = 0
        self._archive = ""
        self._allowed = 0
        self._names: dict[str, tuple[str, bool]] = {}

    def begin(self, archive: str, allowed: int) -> None:
        """Start another archive that may unpack to ``allowed`` bytes: its names are its own, the counts go on."""
        self._archive, self._names, self._allowed = archive, {}, self._total + allowed

    def folder(self, root: Path, name: str) -> None:
        """Make the folder of an entry."""
        parts = self._parts(name)
        if parts:
            self._claim(parts, is_folder=True)
            root.joinpath(*parts).mkdir(parents=True, exist_ok=True)

    def file(self, root: Path, name: str, stream: IO[bytes], said: int) -> None:
        """Write the file of an entry, which says that it has ``said`` bytes."""
        parts = self._parts(name)
        if not parts:
            raise InputError(f"{self._archive}: an entry has no name; the archive is broken")
        self._claim(parts, is_folder=False)
        limit = self.limits.nested_bytes if is_archive_name(name) else self.limits.file_bytes
        self._refuse_size(name, said, limit)
        path = root.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with path.open("xb") as out:
            while chunk := stream.read(_CHUNK):
                written += len(chunk)
                self._refuse_size(name, written, limit)
                self._total += len(chunk)
                out.write(chunk)
                self._refuse_total()
        if written != said:
            raise InputError(f"{self._archive}: {name!r} has {written} bytes of {said}: truncated; fetch it again")

    def _refuse_size(self, name: str, size: int, limit: int) -> None:
        if size > limit:
            raise InputError(f"{self._archive}: {name!r} has more than the {limit} bytes allowed for one file")

    def _refuse_total(self) -> None:
        if self._total > self.limits.total_bytes:
            raise InputError(f"{self._archive}: unpacks to more than the {self.limits.total_bytes} bytes allowed")
        if self._total > self._allowed:
            raise InputError(
                f"{self._archive}: unpacks to more than {self.limits.ratio} times its size, as a bomb would; "
                "unpack it yourself if it is sound, and give the folder"
            )

    def _parts(self, name: str) -> list[str]:
        path = name.replace("\\", "/")
        if path.startswith("/") or re.match("[A-Za-z]:", path):
            raise InputError(f"{self._archive}: entry {name!r} has an absolute path; the archive is not safe")
        parts = [part for part in path.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise InputError(f"{self._archive}: entry {name!r} leads out of the archive; the archive is not safe")
        if any(not character.isprintable() for character in path):
            raise InputError(f"{self._archive}: entry {name!r} has control characters in its name; rename it")
        if len(parts) > self.limits.depth + 1:
            raise InputError(f"{self._archive}: entry {name!r} lies deeper than {self.limits.depth} folders")
        return parts

    def _claim(self, parts: list[str], *, is_folder: bool) -> None:
        """Take the name of an entry and of its parents; refuse what a disk that knows no case would mix up."""
        new = 0
        for length in range(1, len(parts) + 1):
            path, folder = "/".join(parts[:length]), is_folder or length < len(parts)
            key = unicodedata.normalize("NFC", path).casefold()
            if key not in self._names:
                self._names[key] = (path, folder)
                new += 1
            elif self._names[key] != (path, folder) or not folder:
                raise InputError(f"{self._archive}: {self._names[key][0]!r} and {path!r} collide; rename one of them")
        self._entries += max(1, new)
        if self._entries > self.limits.files:
            raise InputError(f"{self._archive}: holds more than the {self.limits.files} files and folders allowed")
