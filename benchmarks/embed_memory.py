"""Three embeddings of NUMBER synthetic images in one pass, written as the stage writes them; prints seconds and MiB."""

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from vote_memory import peak_mib

from ganprint.embed.extract import extract_together
from ganprint.embed.passes import open_pass, plan_passes
from ganprint.embed.store import EmbeddingWriter
from ganprint.params import EmbeddingParameters


def block(**changes: object) -> EmbeddingParameters:
    given = {"backbone": "mobilenet_v3_small", "weights": "random:1", "preprocessing": "weights", "size": 32}
    return EmbeddingParameters(**(given | {"batch": 32} | changes))


def image(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (48, 48), dtype=np.uint8)


def main() -> None:
    count = int(sys.argv[1])
    torch.set_num_threads(1)
    blocks = {"last": block(), "third": block(layer="features.3"), "other": block(weights="random:2", batch=8)}
    ids = [f"{number:05d}" for number in range(count)]
    keys = pd.DataFrame({"split": "test", "role": "generated", "id": ids})
    start = time.perf_counter()
    (one,) = plan_passes(blocks)
    opened = open_pass(one, blocks, {}, torch.device("cpu"), "cpu")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        writers = {
            name: stack.enter_context(EmbeddingWriter(Path(folder) / name, keys, {}))
            for reader in opened
            for name in reader.made
        }
        readers = [reader.reader for reader in opened]
        for number, rows in extract_together(readers, one.preprocessing, image, count, threads=2):
            for name, features in zip(opened[number].made, rows, strict=True):
                writers[name].write(features)
    print(json.dumps({"seconds": time.perf_counter() - start, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
