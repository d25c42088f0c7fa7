"""SSIM of all pairs, and its search by candidates, against scikit-image's loop; shifted correlation; memory.

On a machine with a GPU, installed or not: python benchmarks/bench_ssim.py --device cuda [--real 200 --generated 10000]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import numpy as np
import sources  # noqa: F401  (before what it finds)
import torch
from measure import Row, in_child

from ganprint.pairs import ShiftedPairs, SsimPairs, area_reduced, ssim_matches

try:
    from skimage.metrics import structural_similarity
except ImportError:
    structural_similarity = None

SAMPLE = 100
"""Pairs that the loop computes; its seconds for all are in proportion."""


def bodies(count: int, side: int, seed: int) -> np.ndarray:
    """Soft bodies on black, each a turned mixture of a few smooth fields with noise."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(-1, 1, side)
    frame = np.clip(2 - 2.2 * np.hypot(axis[:, None], axis), 0, 1)
    waves = [np.cos(np.pi * (rng.normal() * 3 * axis[:, None] + rng.normal() * 3 * axis)) for _ in range(8)]
    result = np.empty((count, side * side), dtype=np.uint8)
    for row in result:
        field = 110 + 60 * sum(weight * wave for weight, wave in zip(rng.normal(size=8) / 2, waves, strict=True))
        row[:] = np.clip(frame * field + rng.integers(0, 12, (side, side)), 0, 255).astype(np.uint8).ravel()
    return result


def synchronised(work: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start


def loop(real: np.ndarray, generated: np.ndarray, side: int) -> None:
    """Compute a sample of the pairs one by one."""
    for i in range(SAMPLE):
        x, y = real[i % len(real)], generated[i % len(generated)]
        structural_similarity(x.reshape(side, side), y.reshape(side, side), data_range=255)


def compared(what: str, work: Callable[[], object], plain: Callable[[], object], pairs: int, device: str) -> Row:
    """Time the kit whole and the loop's sample in turn, three times after a warm call."""
    repeats = 3
    times, plains = [], []
    for _ in range(repeats):
        times.append(synchronised(work, device))
        if structural_similarity is not None:
            plains.append(synchronised(plain, "cpu") * pairs / SAMPLE)
    where = f"{torch.get_num_threads()} threads" if device == "cpu" else torch.cuda.get_device_name()
    note = f"{pairs / median(times):.0f} pairs/s on {where}"
    if not plains:
        return Row(what, median(times), None, None, repeats, note)
    note += f"; plain: scikit-image pair by pair on one thread ({SAMPLE} pairs timed, in proportion)"
    ratio = median(b / a for a, b in zip(times, plains, strict=True))
    return Row(what, median(times), median(plains), ratio, repeats, note)


def grids(n: int, exact_m: int, m: int, device: str, side: int = 256) -> Iterator[Row]:
    """Exact, by candidates, and shifted, on the same images."""
    real, generated = bodies(n, side, 0), bodies(m, side, 1)
    plain = partial(loop, real, generated, side)
    search = partial(ssim_matches, real, device=device)
    search(generated[:20])
    some = generated[:exact_m]
    yield compared(
        f"SSIM, all {n} x {exact_m} pairs at {side} pixels", lambda: search(some), plain, n * exact_m, device
    )
    for reduced in (64, 32):
        work = partial(search, generated, exact=False, reduced_side=reduced)
        what = f"SSIM by candidates (first pass at {reduced} pixels, 16 kept), {n} x {m} pairs at {side} pixels"
        yield compared(what, work, plain, n * m, device)
    small = [area_reduced(images, 64) for images in (real, some)]
    what = f"Shifted and mirrored correlation, {n} x {exact_m} pairs at 64 pixels, shifts to 8"
    work = lambda: ShiftedPairs(small[0], device=device).similarities(small[1])  # noqa: E731
    seconds = [synchronised(work, device) for _ in range(3)]
    yield Row(what, median(seconds), None, None, 3, f"{n * exact_m / median(seconds):.0f} pairs/s")


def single_thread(quick: bool) -> Iterator[Row]:
    """The exact pairs on one thread, as the loop has it."""
    threads = torch.get_num_threads()
    real, generated = bodies(10, 256, 0), bodies(20 if quick else 200, 256, 1)
    pairs = SsimPairs(real)
    torch.set_num_threads(1)
    try:
        what = f"SSIM, all 10 x {len(generated)} pairs at 256 pixels, one thread"
        work = partial(pairs.similarities, generated)
        work()
        yield compared(what, work, partial(loop, real, generated, 256), 10 * len(generated), "cpu")
    finally:
        torch.set_num_threads(threads)


def memory(quick: bool) -> Iterator[Row]:
    """Peak memory of a process of its own, while the generated side grows."""
    sizes = ("100", "1000") if quick else ("1000", "10000", "100000")
    for way in ("exact", "candidates"):
        runs = [in_child("ssim_memory.py", way, size) for size in sizes]
        peaks = ", ".join(f"{run['peak_mib']:.0f}" for run in runs)
        note = f"peak memory of the whole process with {', '.join(sizes)} generated: {peaks} MiB"
        yield Row(f"SSIM, {way}, 10 x {sizes[-1]} pairs at 64 pixels", runs[-1]["seconds"], None, None, 1, note)


def rows(quick: bool) -> Iterator[Row]:
    """All rows of this file on the processor."""
    yield from single_thread(quick)
    yield from grids(*((4, 20, 60) if quick else (200, 2000, 10_000)), "cpu")
    yield from memory(quick)


def main() -> None:
    """Run the grids on a device and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--real", type=int, default=200)
    parser.add_argument("--exact", type=int, default=2000, help="generated images of the exact search")
    parser.add_argument("--generated", type=int, default=10_000)
    options = parser.parse_args()
    for row in grids(options.real, options.exact, options.generated, options.device):
        print(row, flush=True)


if __name__ == "__main__":
    main()
