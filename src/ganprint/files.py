"""Writing so that a killed process leaves nothing half-written: a temporary name first, then a rename."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["atomic_directory", "atomic_path", "sha256_of", "write_json", "write_text"]

_CHUNK = 1 << 20


def _temporary(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    # One fixed temporary name per target: what a killed process left is found and replaced by the next.
    return target.with_name(f".{target.name}.partial")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path to write a file to; it becomes ``target`` when the block ends without an error."""
    temporary = _temporary(target)
    _remove(temporary)
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException:
        _remove(temporary)
        raise


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Give a fresh temporary folder; it replaces ``target`` when the block ends without an error."""
    temporary = _temporary(target)
    _remove(temporary)
    temporary.mkdir()
    try:
        yield temporary
        _remove(target)
        os.replace(temporary, target)
    except BaseException:
        _remove(temporary)
        raise


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(text.encode())


def write_json(target: Path, value: Any) -> None:
    """Write JSON with sorted keys and two blanks of indent, atomically; NaN and infinity are refused."""
    write_text(target, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes as 64 hexadecimal digits, reading in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
