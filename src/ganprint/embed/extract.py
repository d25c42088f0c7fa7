"""Images through a backbone, streaming: decoding in threads runs beside the network, and memory holds a few batches."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.embed.backbones import LoadedBackbone
from ganprint.embed.handmade import HandMade
from ganprint.embed.preprocessing import Preprocessing
from ganprint.embed.store import Features

__all__ = ["extract", "extract_pixels", "extract_values"]

Load = Callable[[int], NDArray[np.uint8]]

_BATCHES_AHEAD = 3


def _batches(
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
    ``{"max": [b, d], "average": [b, d]}`` in float32, in the order of the images: both of the paper's poolings cost one
    pass.
    """
    network = backbone.network.to(device)
    half = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    with torch.inference_mode(), half:
        for stack in _batches(load, count, batch, backbone.preprocessing, threads):
            maps = network(backbone.preprocessing.values(torch.from_numpy(stack).to(device)))
            yield {
                "max": torch.amax(maps, dim=(2, 3)).float().cpu().numpy(),
                "average": torch.mean(maps, dim=(2, 3)).float().cpu().numpy(),
            }


def extract_pixels(
    preprocessing: Preprocessing, load: Load, count: int, *, batch: int, threads: int
) -> Iterator[Features]:
    """Give resized grey values themselves, ``{"none": [b, size * size]}`` in uint8, row by row."""
    for stack in _batches(load, count, batch, preprocessing, threads):
        yield {"none": stack.reshape(len(stack), -1)}


def extract_values(
    made: HandMade, preprocessing: Preprocessing, load: Load, count: int, *, batch: int, threads: int
) -> Iterator[Features]:
    """Give what a formula makes of the resized grey values, ``{"values": [b, d]}`` in float32."""
    for stack in _batches(load, count, batch, preprocessing, threads):
        yield {"values": made.rows(stack)}
