"""The embed room: images per second against the notebooks' loop, and against what the machine can multiply."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from measure import Row, paired
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from ganprint.corpus.png import load_grey
from ganprint.embed.backbones import BACKBONES, LoadedBackbone, load_backbone
from ganprint.embed.extract import extract
from ganprint.params import EmbeddingParameters

BACKBONE = EmbeddingParameters(
    backbone="efficientnet-lite0", weights="packaged", preprocessing="paper", size=224, batch=8
)


def multiplications_per_second() -> float:
    """Measure floating-point operations per second of a float32 matrix product."""
    left, right = torch.rand(2048, 2048), torch.rand(2048, 2048)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times)


def operations_per_image(backbone: LoadedBackbone) -> int:
    """Count a forward pass."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        backbone.network(torch.zeros(1, 3, BACKBONE.size, BACKBONE.size))
    return counter.get_total_flops()


def rows(quick: bool) -> Iterator[Row]:
    """One image per call as in the notebooks (decode, resize, call, one after the other), against the stream."""
    count = 16 if quick else 200
    backbone = load_backbone(BACKBONE)
    plain = BACKBONES[BACKBONE.backbone]
    network = plain.build().eval()
    network.load_state_dict(backbone.weights.state)
    features = plain.features(network)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:04d}.png" for number in range(count)]
        rng = np.random.default_rng(0)
        for path in paths:
            Image.fromarray(rng.integers(0, 256, (256, 256), dtype=np.uint8)).save(path)

        def loop() -> None:
            with torch.inference_mode():
                for path in paths:
                    image = Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.NEAREST)
                    array = np.asarray(image, dtype=np.float32) / 255
                    features(torch.from_numpy(array).permute(2, 0, 1)[None]).amax(dim=(2, 3))

        def stream() -> None:
            device = torch.device("cpu")
            for _ in extract(
                backbone, lambda i: load_grey(paths[i]), count, batch=BACKBONE.batch, device=device, threads=2
            ):
                pass

        row = paired(f"embedding of {count} images, EfficientNet-Lite0 at 224 pixels", stream, loop, repeats=3, note="")
    rate = count / row.seconds
    share = rate * operations_per_image(backbone) / multiplications_per_second()
    note = (
        f"{rate:.1f} images/s, {100 * share:.0f} % of the measured float32 matrix-product rate; plain: the notebooks' "
        f"loop, one image per call, with the same network ({count / (row.plain or 1):.1f} images/s)"
    )
    yield Row(row.what, row.seconds, row.plain, row.ratio, row.repeats, note)
