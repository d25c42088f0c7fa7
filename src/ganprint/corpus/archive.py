"""Unpacking an archive that nobody has vouched for: zip and tar, with limits, never outside the target folder."""

import bz2
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from ganprint.corpus.entries import ARCHIVE_SUFFIXES, ArchiveLimits, EntryWriter, is_archive_name
from ganprint.errors import InputError
from ganprint.files import atomic_directory

__all__ = ["unpack"]

_NOT_READ = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x28\xb5\x2f\xfd": "zstandard"}
_COMPRESSED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
# A tar's extended header is read whole and matched by a pattern that takes quadratic time in some Python versions.
_LARGEST_READ = 32 << 10
_HEADER_BYTES = 4096  # a tar's own bytes per entry, names of usual length included
# What zipfile, tarfile and the decompressors raise on bytes that are not what they expect.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    ArithmeticError,
)


def unpack(source: Path, target: Path, limits: ArchiveLimits | None = None) -> None:
    """Unpack an archive, or copy a folder, and the archives within, one level deep; ``target`` appears at the end.

    An archive ``NAME.zip`` within becomes a folder ``NAME`` beside it; a single folder of that same name at its top is
    not repeated. Archives deeper down stay files.

    Parameters
    ----------
    source
        zip, tar, tar.gz, tar.bz2 or tar.xz, told by content, not by name; or a folder.
    target
        A folder that does not exist yet.
    limits
        Shared by the archive and all archives within; the defaults of :class:`ArchiveLimits` when None.

    Raises
    ------
    InputError
        For an entry that would leave the target, a link or device, two names that are the same but for case, more
        than a limit, an encrypted or broken archive, or another format.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"{target}: exists already; unpack to a folder that does not")
    writer = EntryWriter(limits or ArchiveLimits())
    with atomic_directory(target) as folder:
        if source.is_dir():
            _copy_folder(source, folder, writer)
        else:
            _extract(source, folder, writer, str(source))
        for archive in sorted(path for path in folder.rglob("*") if path.is_file() and is_archive_name(path.name)):
            _unpack_nested(archive, writer, str(source / archive.relative_to(folder)))


def _copy_folder(source: Path, folder: Path, writer: EntryWriter) -> None:
    writer.begin(str(source), writer.limits.total_bytes)
    pending = [source]
    while pending:
        for entry in sorted(os.scandir(pending.pop()), key=lambda entry: entry.name):
            status = entry.stat(follow_symlinks=False)
            name = Path(entry.path).relative_to(source).as_posix()
            _refuse_kind(stat.S_IFMT(status.st_mode), name, str(source))
            if stat.S_ISDIR(status.st_mode):
                pending.append(Path(entry.path))
                writer.folder(folder, name)
            else:
                with _broken_named(entry.path), Path(entry.path).open("rb") as stream:
                    writer.file(folder, name, stream, status.st_size)


def _unpack_nested(archive: Path, writer: EntryWriter, label: str) -> None:
    suffix = next(suffix for suffix in ARCHIVE_SUFFIXES if archive.name.lower().endswith(suffix))
    home = archive.with_name(archive.name[: -len(suffix)])
    if home.exists():
        raise InputError(f"{label}: there is also {home.name}, where this archive would unpack to; leave one of them")
    fresh = archive.with_name(f"{archive.name}.unpacked")
    fresh.mkdir()
    _extract(archive, fresh, writer, label)
    archive.unlink()
    inner = fresh / home.name
    if inner.is_dir() and len(list(fresh.iterdir())) == 1:
        os.replace(inner, home)
        fresh.rmdir()
    else:
        os.replace(fresh, home)


def _extract(archive: Path, folder: Path, writer: EntryWriter, label: str) -> None:
    with _broken_named(label):
        size = archive.stat().st_size
        with archive.open("rb") as stream:
            head = stream.read(512)
        allowed = max(writer.limits.ratio * size, writer.limits.ratio_from)
        writer.begin(label, allowed)
        for magic, name in _NOT_READ.items():
            if head.startswith(magic):
                raise InputError(f"{label}: {name} archives are not read; unpack it yourself and give the folder")
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            _extract_zip(archive, folder, writer, label)
            return
        opener = next((opener for magic, opener in _COMPRESSED.items() if head.startswith(magic)), None)
        if opener is None and head[257:262] != b"ustar":
            raise InputError(
                f"{label}: neither zip nor tar (nor tar.gz, tar.bz2, tar.xz); give the archive or a folder"
            )
        with opener(archive, "rb") if opener else archive.open("rb") as stream:
            end = min(allowed, writer.limits.total_bytes) + writer.limits.files * _HEADER_BYTES
            _extract_tar(_Metered(stream, end, label), folder, writer, label)


def _extract_zip(archive: Path, folder: Path, writer: EntryWriter, label: str) -> None:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if info.flag_bits & 0x1:
                raise InputError(f"{label}: encrypted; unpack it with its password and give the folder")
            _refuse_kind(stat.S_IFMT(info.external_attr >> 16), info.filename, label)
            if info.is_dir():
                writer.folder(folder, info.filename)
                continue
            if info.compress_type not in _ZIP_METHODS:
                raise InputError(
                    f"{label}: {info.filename!r} is compressed by method {info.compress_type}, which is not read; "
                    "unpack it yourself and give the folder"
                )
            with opened.open(info) as stream:
                writer.file(folder, info.filename, stream, info.file_size)


def _extract_tar(stream: "_Metered", folder: Path, writer: EntryWriter, label: str) -> None:
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:") as opened:
        for member in opened:
            if member.isdir():
                writer.folder(folder, member.name)
            elif member.isreg() and not member.issparse():
                content = opened.extractfile(member)
                if content is None or member.size < 0:
                    raise InputError(f"{label}: {member.name!r} can not be read; fetch the archive again")
                with content:
                    writer.file(folder, member.name, content, member.size)
            else:
                kinds = {tarfile.SYMTYPE: stat.S_IFLNK, tarfile.LNKTYPE: stat.S_IFLNK}
                _refuse_kind(kinds.get(member.type, stat.S_IFCHR), member.name, label)
    # tarfile takes any bytes that are no header for the end; only a block of zeros is one.
    if stream.last != bytes(tarfile.BLOCKSIZE):
        raise InputError(f"{label}: the tar ends without an end mark: truncated or corrupt; fetch it again")
    while stream.read(_LARGEST_READ):  # to the end, where the compressed formats keep their checksum
        pass


def _refuse_kind(kind: int, name: str, label: str) -> None:
    """Refuse anything but a file, a folder, and an entry of which nothing is said."""
    if kind == stat.S_IFLNK:
        raise InputError(f"{label}: {name!r} is a link, which could lead anywhere; replace it by the file itself")
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise InputError(f"{label}: {name!r} is neither a file nor a folder (device, pipe or sparse); remove it")


@contextmanager
def _broken_named(label: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{label}: can not be read ({reason}); fetch it again") from None


class _Metered:
    """A stream for tarfile that refuses to go beyond a position, and to read much at once; ``last`` is what it read."""

    def __init__(self, stream: IO[bytes], end: int, label: str) -> None:
        self._stream, self._end, self._label = stream, end, label
        self.last = b""

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise InputError(f"{self._label}: a header of {size} bytes; the archive is not safe")
        self.last = self._stream.read(size)
        self._check(self._stream.tell())
        return self.last

    def seek(self, position: int) -> int:
        self._check(position)
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > self._end:
            raise InputError(f"{self._label}: unpacks to more than the {self._end} bytes allowed for it")
