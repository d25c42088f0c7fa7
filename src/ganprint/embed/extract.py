"""Images through backbones, streaming: decoding in threads runs beside the networks, and memory holds a few batches.

Several embeddings can share a pass: every image is decoded and resized once for all of them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganprint.embed.backbones import LoadedBackbone, LoadedLayers
from ganprint.embed.handmade import HandMade
from ganprint.embed.preprocessing import Preprocessing
from ganprint.embed.store import Features
from ganprint.errors import InputError

__all__ = [
    "Reader",
    "SmallMapError",
    "extract",
    "extract_pixels",
    "extract_together",
    "extract_values",
    "network_reader",
    "pixel_reader",
    "value_reader",
]

Load = Callable[[int], NDArray[np.uint8]]

_BATCHES_AHEAD = 3


class SmallMapError(InputError):
    """A layer's map has fewer cells than a grid wants; ``asked`` is the pair of ``read_as`` that wants it."""

    def __init__(self, asked: tuple[int, int], height: int, width: int) -> None:
        most = min(height, width)
        super().__init__(
            f"grid {asked[1]}: the layer's map is {height} x {width}; give at most {most}, an earlier layer or a "
            "larger size"
        )
        self.asked = asked


@dataclass(frozen=True)
class Reader:
    """What one or several embeddings make of prepared images.

    Attributes
    ----------
    read
        Gives, for images [b, size, size] in uint8, the rows of every embedding.
    batch
        Images that it is given at a time; the last time fewer.
    """

    read: Callable[[NDArray[np.uint8]], Sequence[Features]]
    batch: int


def _stacks(
    load: Load, count: int, batch: int, preprocessing: Preprocessing, threads: int
) -> Iterator[NDArray[np.uint8]]:
    """Give stacks [b, size, size] in order, decoded ahead by a bounded number of batches."""

    def prepare(start: int) -> NDArray[np.uint8]:
        return np.stack([preprocessing.geometry(load(i)) for i in range(start, min(start + batch, count))])

    waiting: deque[Future[NDArray[np.uint8]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, count, batch):
            waiting.append(pool.submit(prepare, start))
            if len(waiting) > _BATCHES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Batches:
    """Cuts a stream of stacks anew, so that each reader has batches of its own size whoever reads beside it."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._waiting: list[NDArray[np.uint8]] = []
        self._count = 0

    def add(self, stack: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """Give the batches that are full now."""
        self._waiting.append(stack)
        self._count += len(stack)
        if self._count < self._batch:
            return
        whole = np.concatenate(self._waiting) if len(self._waiting) > 1 else stack
        full = self._count - self._count % self._batch
        for start in range(0, full, self._batch):
            yield whole[start : start + self._batch]
        # A copy: a view would keep the whole stack in memory.
        self._waiting, self._count = ([whole[full:].copy()] if full < self._count else []), self._count - full

    def rest(self) -> Iterator[NDArray[np.uint8]]:
        """Give what is left in the end."""
        if self._waiting:
            yield np.concatenate(self._waiting)


def extract_together(
    readers: Sequence[Reader], preprocessing: Preprocessing, load: Load, count: int, *, threads: int
) -> Iterator[tuple[int, Sequence[Features]]]:
    """Decode and resize every image once, for several readers whose preprocessing has the same geometry.

    Every reader gets the batches that it would get alone, so its rows are the same bytes.

    Parameters
    ----------
    readers
        What reads the images.
    preprocessing
        Any of theirs: its geometry counts alone.
    load
        Gives image i, 0 <= i < count, as grey uint8 [h, w]; called from several threads.
    count
        Number of images.
    threads
        Decoding threads.

    Yields
    ------
    (number of the reader, rows of its embeddings), for each reader in the order of the images.
    """
    batches = [_Batches(reader.batch) for reader in readers]
    for stack in _stacks(load, count, max(reader.batch for reader in readers), preprocessing, threads):
        for number, reader in enumerate(readers):
            for batch in batches[number].add(stack):
                yield number, reader.read(batch)
    for number, reader in enumerate(readers):
        for batch in batches[number].rest():
            yield number, reader.read(batch)


def _pooled(layers: Sequence[torch.Tensor], asked: tuple[int, int]) -> Features:
    place, grid = asked
    maps = layers[place].float()
    pooled: Features = {
        "max": torch.amax(maps, dim=(2, 3)).cpu().numpy(),
        "average": torch.mean(maps, dim=(2, 3)).cpu().numpy(),
    }
    if grid:
        height, width = maps.shape[2:]
        if grid > min(height, width):
            raise SmallMapError(asked, height, width)
        cells = nn.functional.adaptive_avg_pool2d(maps, grid)
        pooled["grid"] = cells.flatten(1).cpu().numpy()
    return pooled


def network_reader(
    backbone: LoadedBackbone | LoadedLayers,
    *,
    batch: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    read_as: Sequence[tuple[int, int]] = ((0, 0),),
) -> Reader:
    """Give the reader that runs a network once per image and pools the map of each of its layers.

    Parameters
    ----------
    backbone
        As loaded; it is moved to ``device``.
    batch
        Images per forward pass.
    device
        Where the network runs.
    dtype
        Of the convolutions; the features are float32 in any case.
    read_as
        Embeddings to make: (place of the layer, cells along a side of its grid, or 0).

    Returns
    -------
    A reader of one embedding per pair of ``read_as``: ``{"max": [b, d], "average": [b, d]}`` in float32, both of the
    paper's poolings from one pass, and with a grid ``"grid": [b, d * grid * grid]``: the average of every cell (as
    ``adaptive_avg_pool2d`` cuts them), channel by channel.

    Raises
    ------
    SmallMapError
        While reading, when a map is smaller than its grid.
    """
    network: nn.Module = backbone.network.to(device)
    preprocessing = backbone.preprocessing

    def half() -> AbstractContextManager[object]:
        return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)

    def read(stack: NDArray[np.uint8]) -> Sequence[Features]:
        with torch.inference_mode(), half():
            maps = network(preprocessing.values(torch.from_numpy(stack).to(device)))
            layers = maps if isinstance(maps, tuple) else (maps,)
            return [_pooled(layers, asked) for asked in read_as]

    return Reader(read, batch)


def extract(
    backbone: LoadedBackbone,
    load: Load,
    count: int,
    *,
    batch: int,
    device: torch.device,
    threads: int,
    dtype: torch.dtype = torch.float32,
) -> Iterator[Features]:
    """Run images through a backbone and pool its feature map.

    Parameters
    ----------
    backbone
        As loaded; it is moved to ``device``.
    load
        Gives image i, 0 <= i < count, as grey uint8 [h, w]; called from several threads.
    count
        Number of images.
    batch
        Images per forward pass.
    device
        Where the network runs.
    threads
        Decoding threads.
    dtype
        Of the convolutions; the features are float32 in any case.

    Yields
    ------
    ``{"max": [b, d], "average": [b, d]}`` in float32, in the order of the images.
    """
    reader = network_reader(backbone, batch=batch, device=device, dtype=dtype)
    for _, (features,) in extract_together([reader], backbone.preprocessing, load, count, threads=threads):
        yield features


def pixel_reader(batch: int) -> Reader:
    """Give the reader of the resized grey values themselves, ``{"none": [b, size * size]}`` in uint8, row by row."""
    return Reader(lambda stack: [{"none": stack.reshape(len(stack), -1)}], batch)


def value_reader(made: HandMade, batch: int) -> Reader:
    """Give the reader of what a formula makes of the resized grey values, ``{"values": [b, d]}`` in float32."""
    return Reader(lambda stack: [{"values": made.rows(stack)}], batch)


def extract_pixels(
    preprocessing: Preprocessing, load: Load, count: int, *, batch: int, threads: int
) -> Iterator[Features]:
    """Give resized grey values themselves, as :func:`pixel_reader` does."""
    for _, (features,) in extract_together([pixel_reader(batch)], preprocessing, load, count, threads=threads):
        yield features


def extract_values(
    made: HandMade, preprocessing: Preprocessing, load: Load, count: int, *, batch: int, threads: int
) -> Iterator[Features]:
    """Give what a formula makes of the resized grey values, as :func:`value_reader` does."""
    for _, (features,) in extract_together([value_reader(made, batch)], preprocessing, load, count, threads=threads):
        yield features
