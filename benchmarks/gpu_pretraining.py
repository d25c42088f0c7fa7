# ruff: noqa: SLF001 (parts of a step are timed)
"""Self-supervised training at full size: python benchmarks/gpu_pretraining.py PROJECT --out FOLDER [--quick]

PROJECT is a folder with data/corpus. On CUDA where there is one, in three parts, each written to
FOLDER/pretraining.json as soon as it is done:

- steps: images/s of a training step of every method (ResNet-50, 224 pixels, 256 images per step, two views of each) in
  float32 and bfloat16, peak memory, and what share of the step making the views takes, at once on the device and one by
  one on the processor;
- resuming: whether two epochs in one go and with a state written and read in between give the same weights;
- training: every method on the development split's images, and what the planted copies and the attack `nearest` say of
  the result, as in pretraining_methods.py.

`--quick` does all that with a small network and few images, to try it without a GPU.
"""

import argparse
import io
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from pretraining_methods import Corpus, grey_views, kinds_table, measured, table

from ganprint.embed.backbones import BACKBONES, choose_preprocessing
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.pretraining_methods import METHODS
from ganprint.embed.weights import state_sha256
from ganprint.params import ComputeParameters, PretrainingParameters
from ganprint.stages.compute import prepare

BEGAN = time.perf_counter()
TRAINED = ("simclr", "simclr, negatives: patient", "byol, momentum: 0.99", "barlow", "vicreg")


class Bench:
    """Sizes, device, and what was measured so far."""

    def __init__(self, options):
        self.computer = prepare(ComputeParameters(device="auto", threads=options.threads))
        self.device = self.computer.device
        self.quick, self.path, self.limit = options.quick, options.out, options.seconds
        self.backbone, self.size, self.batch = ("resnet18", 32, 16) if options.quick else ("resnet50", 224, 256)
        self.found = {"device": self.computer.name, "torch": torch.__version__, "threads": self.computer.threads}
        self.path.mkdir(parents=True, exist_ok=True)

    def say(self, name, value):
        self.found[name] = value
        (self.path / "pretraining.json").write_text(json.dumps(self.found, indent=1) + "\n")
        print(f"{time.perf_counter() - BEGAN:.0f} s  {name}: {json.dumps(value)}", flush=True)

    def late(self):
        return time.perf_counter() - BEGAN > self.limit

    def sync(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def seconds(self, work, repeats):
        """Give the mean seconds of a call after two that do not count."""
        for _ in range(2):
            work()
        self.sync()
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        self.sync()
        return (time.perf_counter() - start) / repeats

    def block(self, **changes):
        given = {"backbone": self.backbone, "start": "random:0", "preprocessing": "weights", "size": self.size}
        given |= {"batch": self.batch, "epochs": 2, "warmup": 1, "projection": 256, "batched_views": True}
        return PretrainingParameters(**(given | changes))


def steps(bench, images):
    """Time a step of every method, and the making of views."""
    rows = torch.from_numpy(images[: bench.batch])
    for method in METHODS:
        for dtype in ("float32", "bfloat16"):
            if bench.device == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            training = Pretraining(bench.block(method=method, dtype=dtype), 1, bench.device)
            taken = bench.seconds(lambda training=training: training._step(rows, 0, 1), 2 if bench.quick else 6)
            figures = {"images_per_s": round(len(rows) / taken, 1), "s": round(taken, 4)}
            figures["views_s"] = round(bench.seconds(lambda training=training: training._views(rows, 2), 4), 4)
            if bench.device == "cuda":
                figures["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
            bench.say(f"step {method} {dtype}", figures)
            del training
    one_by_one = Pretraining(bench.block(batched_views=False), 1, bench.device)
    begun = time.perf_counter()
    one_by_one._views(rows, 2)
    bench.say("views one by one", {"s": round(time.perf_counter() - begun, 3)})


def resuming(bench, images):
    """Compare two epochs in one go with two of which a file lies between."""
    for method in ("simclr", "byol"):
        for batched in (True, False):
            chosen = bench.block(method=method, batch=bench.batch // 4, batched_views=batched)
            whole, first, rest = (Pretraining(chosen, 1, bench.device) for _ in range(3))
            few = images[: bench.batch // 2]
            for _ in range(2):
                whole.epoch(few)
            first.epoch(few)
            buffer = io.BytesIO()
            torch.save(first.state(), buffer)
            buffer.seek(0)
            rest.restore(torch.load(buffer, map_location="cpu", weights_only=True))
            rest.epoch(few)
            ours, theirs = whole.weights(), rest.weights()
            away = max(float((ours[name].double() - theirs[name].double()).abs().max()) for name in ours)
            same = state_sha256(ours) == state_sha256(theirs)
            bench.say(f"resuming {method}, views at once: {batched}", {"same_bytes": same, "largest_difference": away})


def training(bench, corpus):
    """Train every method and judge what it learned."""
    blocks = [("resnet50", "random:0", 1e-3, 30), ("efficientnet-lite0", "packaged", 3e-4, 20)]
    if bench.quick:
        blocks = [("resnet18", "random:0", 1e-3, 2)]
    grey = grey_views(corpus)
    for backbone, start, rate, epochs in blocks:
        chosen = {"backbone": backbone, "start": start, "preprocessing": "weights", "size": bench.size}
        chosen |= {"epochs": epochs, "warmup": 1, "batch": bench.batch // 2, "projection": 256, "learning_rate": rate}
        chosen |= {"batched_views": True, "dtype": "bfloat16"}
        small, results = corpus.through(choose_preprocessing(BACKBONES[backbone], "weights", bench.size)), dict(grey)
        for name in TRAINED:
            if bench.late():
                bench.say(f"{backbone} {name}", "left out: time is up")
                continue
            results |= measured(small, [name], chosen, bench.device)
            found = results[name]
            bench.say(
                f"{backbone} {name}",
                {
                    "s": round(found.seconds, 1),
                    "losses": [round(loss, 3) for loss in found.losses],
                    "spreads": [spread.as_dict() for spread in found.spreads[:: max(epochs // 5, 1)]],
                    "planted": round(float(found.reciprocal.mean()), 4),
                },
            )
        if len(results) > len(grey):
            print(f"\n{backbone} from {start}, {bench.size} pixels, {epochs} epochs, rate {rate}")
            table(corpus, results)
            kinds_table([results])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=300, help="begin no training after so long")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Bench(options)
    corpus = Corpus(options.project, 8 if options.quick else 60, 20 if options.quick else 100)
    if options.quick:
        kept = np.arange(0, len(corpus.real), len(corpus.real) // 48)
        corpus = fewer(corpus, kept)
    images = corpus.through(choose_preprocessing(BACKBONES[bench.backbone], "weights", bench.size)).images["learned"]
    bench.say("images", {"learned": len(images), "read_s": round(time.perf_counter() - BEGAN, 1)})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        steps(bench, images)
        resuming(bench, images)
    bench.say("warnings", sorted({str(warning.message).split(".")[0] for warning in told}))
    training(bench, corpus)


def fewer(corpus, rows):
    """Keep a few of the images to learn from."""
    whole = corpus.real
    corpus.images["learned"] = [corpus.images["learned"][row] for row in rows]
    kept_real = np.isin(np.flatnonzero(whole), rows)
    corpus.real = whole[rows]
    corpus.patients = [corpus.patients[row] for row in rows]
    corpus.used, corpus.groups = corpus.used[kept_real], corpus.groups[kept_real]
    return corpus


if __name__ == "__main__":
    main()
