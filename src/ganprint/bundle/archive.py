"""The bundle's zip file: the same files give the same bytes, on every machine."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ganprint.errors import InputError

__all__ = ["MANIFEST", "digests", "manifest", "source_date", "write_zip"]

MANIFEST = "manifest-sha256.txt"
"""SHA-256 of every other file of the bundle, in the form that ``sha256sum --check`` reads."""

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # of a zip's entries
_EPOCH = "SOURCE_DATE_EPOCH"


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Give path to SHA-256 as 64 hexadecimal digits."""
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


def manifest(of: Mapping[str, str]) -> bytes:
    r"""Give the manifest of files by path and SHA-256: sorted, so there is one manifest of the same files.

    Examples
    --------
    >>> manifest({"b": "22", "a": "11"})
    b'11  a\n22  b\n'
    """
    return "".join(f"{of[path]}  {path}\n" for path in sorted(of)).encode()


def source_date() -> datetime | None:
    """Give the date that the environment asks for in ``SOURCE_DATE_EPOCH`` (seconds since 1970, UTC); None without.

    Raises
    ------
    InputError
        When it is no whole number, or beyond the years that a date has.
    """
    value = os.environ.get(_EPOCH)
    if not value:
        return None
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(f"{_EPOCH}: {value!r} is no number of seconds since 1970; unset it or give one") from None


def write_zip(target: Path, files: Mapping[str, bytes], date: datetime) -> None:
    """Write a zip with the files in the order of their paths, all dated ``date`` (not before 1980).

    Nothing is compressed: what a compressor gives depends on its library, and the bytes must not.
    """
    stamp = max(date, _EARLIEST)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, stamp.timetuple()[:6])
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o100644 << 16
            archive.writestr(info, files[path])
