"""What an interrupted run has done so far, as files beside the results; see :mod:`ganprint.compare.checkpoints`."""

import hashlib
import importlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ganprint.files import atomic_path

__all__ = ["FolderCheckpoints", "RunCheckpoints", "sources_sha256"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class FolderCheckpoints:
    """Checkpoints of one fit: a file per name.

    Attributes
    ----------
    folder
        Where the files lie; it is made with the first of them.
    """

    folder: Path

    def load(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Give what was saved last under a name, or None when nothing was.

        A file cut short, as a machine that goes down may leave it, counts as none.

        Raises
        ------
        ValueError
            When the name has other characters than letters, digits, ``.``, ``_`` and ``-``.
        """
        try:
            arrays: dict[str, NDArray[Any]] = load_file(self._path(name))
        except (FileNotFoundError, SafetensorError):
            return None
        return arrays

    def save(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays under a temporary name, then rename: a killed process leaves the former ones.

        Raises
        ------
        ValueError
            As :meth:`load`.
        """
        with atomic_path(self._path(name)) as temporary:
            save_file({key: np.asarray(value, order="C") for key, value in arrays.items()}, temporary)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"checkpoint '{name}': only letters, digits, '.', '_' and '-' make a name")
        return self.folder / f"{name}.safetensors"


@dataclass(frozen=True)
class RunCheckpoints:
    """Checkpoints of all fits of one run.

    Attributes
    ----------
    folder
        The run's; what lies in it is good for one ``mark``.
    mark
        Hash of all that decides the run's results.
    """

    folder: Path
    mark: str

    @classmethod
    def open(cls, folder: Path, made_from: Mapping[str, Any]) -> "RunCheckpoints":
        """Find what was made from the same things, and remove what was made from others.

        Parameters
        ----------
        folder
            The run's.
        made_from
            Plain values: parameters, seed, data, code, libraries, machine.
        """
        mark = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:32]
        for other in folder.iterdir() if folder.is_dir() else ():
            if other.name != mark:
                shutil.rmtree(other, ignore_errors=True)
        return cls(folder, mark)

    def of(self, *axes: str | int) -> FolderCheckpoints:
        """Give the checkpoints of one fit, by the axes that its seed has."""
        return FolderCheckpoints(self.folder.joinpath(self.mark, "-".join(map(str, axes))))

    def remove(self) -> None:
        """Delete everything: the results are complete."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # other runs' folders, or none at all
            self.folder.parent.rmdir()


def sources_sha256(names: Iterable[str]) -> str:
    """Give one hash of the sources of packages and modules: what other code left half-done is not gone on with."""
    digest = hashlib.sha256()
    for name in names:
        module = importlib.import_module(name)
        if not hasattr(module, "__path__"):
            digest.update(f"{name}\0".encode() + Path(str(module.__file__)).read_bytes() + b"\0")
            continue
        for folder in module.__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
