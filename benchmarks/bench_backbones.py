"""Backbones: one pass for several embeddings against one by one, and images per second of each family's smallest."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from measure import Row, alone, in_child, paired
from PIL import Image

from ganprint.corpus.png import load_grey
from ganprint.embed.backbones import BACKBONES, load_backbone
from ganprint.embed.catalogue import catalogue
from ganprint.embed.extract import extract, extract_together
from ganprint.embed.passes import open_pass, plan_passes
from ganprint.params import EmbeddingParameters

CPU = torch.device("cpu")


def block(name: str, **changes: object) -> EmbeddingParameters:
    given = {"backbone": name, "weights": "random:1", "preprocessing": "weights", "size": 224, "batch": 8}
    return EmbeddingParameters(**(given | changes))


def together(blocks: dict[str, EmbeddingParameters]) -> Iterator[tuple[object, object]]:
    """Give the pass and its readers, networks loaded: their loading is not what is timed."""
    for one in plan_passes(blocks):
        yield one, [opened.reader for opened in open_pass(one, blocks, {}, CPU, "cpu")]


def compared(title: str, blocks: dict[str, EmbeddingParameters], paths: list[Path], repeats: int) -> Row:
    shared = list(together(blocks))
    single = [made for name, parameters in blocks.items() for made in together({name: parameters})]

    def run(passes: list[tuple[object, object]]) -> None:
        for one, readers in passes:
            for _ in extract_together(readers, one.preprocessing, lambda i: load_grey(paths[i]), len(paths), threads=2):
                pass

    note = f"{len(shared)} pass(es); plain: {len(single)} embeddings one by one, with the same bytes"
    return paired(title, lambda: run(shared), lambda: run(single), repeats=repeats, note=note)


def smallest() -> list[str]:
    """Give the smallest network of each family, the EfficientNet-Lites with their packaged weights among them."""
    found: dict[str, str] = {}
    for name in sorted(BACKBONES, key=lambda name: catalogue()[name].parameters):
        found.setdefault(catalogue()[name].family, name)
    return list(found.values())


def speed(name: str, paths: list[Path]) -> Row:
    backbone = load_backbone(block(name))

    def run() -> None:
        for _ in extract(backbone, lambda i: load_grey(paths[i]), len(paths), batch=8, device=CPU, threads=2):
            pass

    run()
    made = alone(f"{len(paths)} images through {name} at 224 pixels", run, repeats=3, note=str)
    return Row(made.what, made.seconds, None, None, made.repeats, f"{len(paths) / made.seconds:.1f} images/s")


def rows(quick: bool) -> Iterator[Row]:
    """Random images of 512 pixels as PNG, random weights: times depend on neither."""
    count, repeats = (8, 1) if quick else (64, 3)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:04d}.png" for number in range(count)]
        rng = np.random.default_rng(0)
        for path in paths:
            Image.fromarray(rng.integers(0, 256, (512, 512), dtype=np.uint8)).save(path)
        layers = {f"layer{number}": block("resnet18", layer=f"layer{number}", size=64) for number in (1, 2, 3, 4)}
        yield compared(f"{count} images of 512 pixels, four layers of ResNet-18 at 64", layers, paths, repeats)
        small = ("mobilenet_v3_small", "resnet18", "regnet_y_400mf", "densenet121")
        others = {name: block(name, size=64) for name in small}
        yield compared(f"{count} images of 512 pixels, four small networks at 64", others, paths, repeats)
        for name in smallest()[: 2 if quick else None]:
            yield speed(name, paths[: count // 2])
    counts = (200, 400) if quick else (1000, 20_000)
    peaks = [in_child("embed_memory.py", str(number)) for number in counts]
    note = f"peak memory {peaks[1]['peak_mib']:.0f} MiB; of {counts[0]} images {peaks[0]['peak_mib']:.0f} MiB"
    title = f"three embeddings of {counts[1]} images in one pass, at 32 pixels, written to disk"
    yield Row(title, peaks[1]["seconds"], None, None, 1, note)
