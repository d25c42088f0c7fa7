"""Rows of a folder's images in one or several views, kept on disk chunk by chunk.

A chunk is a file that appears under its name only when it is whole, so a run that was killed goes on after its last
chunk; and nobody ever holds more than a chunk of the generated images.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ganprint
from ganprint.corpus.gallery import Gallery
from ganprint.errors import InputError
from ganprint.files import atomic_path
from ganprint.params import EmbeddingParameters
from ganprint.stages.compute import Computer

__all__ = ["CHUNK", "VIEWS", "InspectView", "KeptRows", "keep_rows", "key_of", "source_hash"]

CHUNK = 1024
"""Images of a chunk."""

_LIBRARIES = ("numpy", "pillow", "timm", "torch")


@dataclass(frozen=True)
class InspectView:
    """What is compared: an embedding's parameters, its pooling, and the view in words."""

    parameters: EmbeddingParameters
    pooling: str
    words: str

    @property
    def grey(self) -> bool:
        """Tell whether rows are grey values."""
        return self.parameters.backbone == "pixels"


VIEWS: Mapping[str, InspectView] = {
    "pixels": InspectView(
        EmbeddingParameters(backbone="pixels", weights="none", preprocessing="area", size=64, batch=64),
        "none",
        "grey values, averaged to 64 x 64 pixels",
    ),
    "lite0": InspectView(
        EmbeddingParameters(
            backbone="efficientnet-lite0", weights="packaged", preprocessing="weights", size=128, batch=16
        ),
        "average",
        "features of EfficientNet-lite0 with the ImageNet weights that come with the lock, at 128 pixels",
    ),
}
"""Views by name, as ``--view`` has them."""


def key_of(value: Any) -> str:
    """Give the first 16 hexadecimal digits of the SHA-256 of plain values: another value, another key."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def source_hash(*rooms: str) -> str:
    """Give a hash of the source of rooms of this package, and of the versions of the libraries that compute."""
    root = Path(ganprint.__file__).parent
    digest = hashlib.sha256(json.dumps([version(name) for name in _LIBRARIES]).encode())
    for room in rooms:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class KeptRows:
    """Rows of one folder in one view: every iteration reads them again from disk, chunk by chunk.

    Attributes
    ----------
    folder
        Where the chunks lie; its name is the key of what they were made of.
    count
        Number of images.
    """

    folder: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for number in range(self.chunks):
            yield np.load(self.chunk(number))

    @cached_property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.count // CHUNK)

    def chunk(self, number: int) -> Path:
        """Give the file of a chunk."""
        return self.folder / f"chunk-{number:05d}.npy"

    def all(self) -> NDArray[Any]:
        """Give all rows [n, d]: for the real and the reference images, which are few."""
        return np.concatenate(list(self))

    def take(self, rows: Sequence[int]) -> NDArray[Any]:
        """Give some rows, in the order that is asked for, reading only the chunks that hold them."""
        found: dict[int, NDArray[Any]] = {}
        for number in sorted({row // CHUNK for row in rows}):
            chunk = np.load(self.chunk(number))
            found |= {row: chunk[row % CHUNK].copy() for row in rows if row // CHUNK == number}
        return np.stack([found[row] for row in rows])


def keep_rows(
    gallery: Gallery,
    views: Mapping[str, InspectView],
    work: Path,
    computer: Computer,
    advance: Callable[[int], object],
) -> tuple[dict[str, KeptRows], KeptRows]:
    """See to it that a folder's rows in all views are on disk; chunks that are there already are not made again.

    Parameters
    ----------
    gallery
        The folder.
    views
        By name.
    work
        Folder of kept work.
    computer
        Device and threads.
    advance
        Told the number of images that are done.

    Returns
    -------
    Rows by view; and the SHA-256 of every file, [n, 1] in chunks as well.

    Raises
    ------
    InputError
        When an image or the weights are bad.
    """
    made_by, count = source_hash("corpus", "embed"), len(gallery)
    digests = KeptRows(work / f"digests-{key_of([gallery.key, made_by])}", count)
    rows = {}
    for name, view in views.items():
        key = key_of([gallery.key, made_by, view.parameters.model_dump(), view.pooling, computer.name])
        rows[name] = KeptRows(work / f"rows-{name}-{key}", count)
    maker = _Maker(gallery, views, computer)
    for number in range(digests.chunks):
        first, last = number * CHUNK, min((number + 1) * CHUNK, count)
        missing = {name: kept.chunk(number) for name, kept in rows.items() if not kept.chunk(number).is_file()}
        if missing or not digests.chunk(number).is_file():
            made, hashes = maker.make(range(first, last), list(missing))
            for name, path in missing.items():
                _save(path, made[name])
            _save(digests.chunk(number), np.array(hashes, dtype="S64")[:, np.newaxis])
        advance(last - first)
    return rows, digests


def _save(path: Path, values: NDArray[Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, values, allow_pickle=False)


class _Maker:
    """Makes chunks: every image is decoded once, and all views of grey values fall out of it."""

    def __init__(self, gallery: Gallery, views: Mapping[str, InspectView], computer: Computer) -> None:
        self._gallery, self._views, self._computer = gallery, views, computer
        self._backbones: dict[str, Any] = {}

    def make(self, images: range, wanted: Sequence[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
        from ganprint.embed.preprocessing import pixel_preprocessing  # noqa: PLC0415  (torch)

        grey = {name: self._views[name].parameters for name in wanted if self._views[name].grey}
        resize = {name: pixel_preprocessing("area", parameters.size).geometry for name, parameters in grey.items()}
        small: dict[str, dict[int, NDArray[np.uint8]]] = {name: {} for name in grey}
        hashes: dict[int, str] = {}

        def load(row: int) -> NDArray[np.uint8]:
            pixels, digest = self._gallery.load(images[row])
            if row not in hashes:
                for name, geometry in resize.items():
                    small[name][row] = geometry(pixels).ravel()
                hashes[row] = digest
            return pixels

        made = {name: self._features(name, load, images) for name in wanted if name not in grey}
        if not hashes:
            with ThreadPoolExecutor(self._computer.threads) as pool:
                # The pixels are let go at once: only what `load` keeps of them stays.
                list(pool.map(lambda row: load(row) is None, range(len(images))))
        made |= {name: np.stack([kept[row] for row in range(len(images))]) for name, kept in small.items()}
        return made, [hashes[row] for row in range(len(images))]

    def _features(self, name: str, load: Callable[[int], NDArray[np.uint8]], images: range) -> NDArray[Any]:
        import torch  # noqa: PLC0415  (seconds)

        from ganprint.embed.backbones import load_backbone  # noqa: PLC0415
        from ganprint.embed.extract import extract  # noqa: PLC0415

        view = self._views[name]
        if name not in self._backbones:
            self._backbones[name] = load_backbone(view.parameters)
        device = torch.device(self._computer.device)
        batch, threads = view.parameters.batch, self._computer.threads
        batches = extract(self._backbones[name], load, len(images), batch=batch, device=device, threads=threads)
        rows = np.concatenate([features[view.pooling] for features in batches])
        bad = ~np.isfinite(rows).all(axis=1)
        if bad.any():
            path = self._gallery.root / self._gallery.images[images[int(bad.argmax())]].path
            raise InputError(f"{path}: its features are not finite; check the image and the weights")
        return rows
