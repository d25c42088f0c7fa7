"""The relation network with its backbones: scoring and training on grids against the plain network pair by pair.

The kit's scoring is timed whole. The plain way is timed on a few pairs, each through both backbones and the relation
module as the authors' test script does, before and after, and scaled to all pairs. These take minutes, in which the
load of a machine changes: all seconds here are processor seconds of one thread, as they pass on an idle machine.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from measure import Row, in_child
from torch.nn import functional

from ganprint.compare.data import Images
from ganprint.compare.relation_network import RelationNetwork, build_network
from ganprint.compare.relation_scoring import GridScoring, mean_scores, score_dtype
from ganprint.embed.folding import fold_batch_norm
from ganprint.pairs import grid_logits
from ganprint.pairs.relation_folded import FoldedRelation

PAPER = (200, 10_000)
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def scale(grey: torch.Tensor) -> torch.Tensor:
    return grey / 255


def images(role: str, count: int, side: int) -> Images:
    rows = np.random.default_rng(count).integers(0, 256, (count, side * side), dtype=np.uint8)
    return Images(np.array([f"{role}-{i:05d}" for i in range(count)]), rows)


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)


def one_pair(network: RelationNetwork, real: Images, generated: Images, side: int, number: int) -> float:
    """Seconds of one pair through the plain network."""
    pair = [
        scale(torch.from_numpy(some.rows[number % len(some)]).view(1, 1, side, side).float())
        for some in (real, generated)
    ]

    def work() -> None:
        with torch.inference_mode():
            network(*pair)

    return seconds(work)


def scoring(depth: int, quick: bool) -> Iterator[Row]:
    """20 x 200 pairs end to end, in the types that the kit offers."""
    m, n, side, planes = (3, 8, 64, 16) if quick else (20, 200, 256, 64)
    network = build_network(depth, planes, 0).eval()
    real, generated = images("real", m, side), images("generated", n, side)
    one_pair(network, real, generated, side, 0)
    modes = [("float32", "bfloat16"), ("bfloat16", "bfloat16")]
    if score_dtype("auto", "cpu") == torch.float32:
        modes = [("float32", "float32")]
    for maps, pairs in modes:
        before = [one_pair(network, real, generated, side, i) for i in range(3)]
        ours = seconds(
            lambda maps=maps, pairs=pairs: mean_scores(
                network, real, generated, scale, block=64, dtype=TYPES[pairs], maps_dtype=TYPES[maps]
            )
        )
        sample = before + [one_pair(network, real, generated, side, i) for i in range(3, 6)]
        plain = m * n * median(sample)
        note = (
            f"backbones in {maps}, pairs in {pairs}; plain: {len(sample)} single pairs in float32, "
            f"{median(sample):.2f} s each, times {m * n}"
        )
        yield Row(f"Relation network {depth}, {m} x {n} pairs at {side} pixels", ours, plain, plain / ours, 1, note)


def training(depth: int, planes: int, side: int, grid: tuple[int, int], repeats: int) -> Iterator[Row]:
    """One step on a grid against as many pairs in steps of 8; of the latter one is timed and multiplied."""
    m, n = grid
    network = build_network(depth, planes, 0).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-5, momentum=0.9, weight_decay=5e-4)

    def step(count: tuple[int, int], logits_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        real, generated = (torch.rand(number, 1, side, side) for number in count)
        logits = logits_of(network.real(real), network.generated(generated))
        loss = functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def on_grid() -> None:
        step(grid, lambda r, g: grid_logits(network.relation, r, g))

    def on_pairs() -> None:
        step((8, 8), lambda r, g: network.relation.logits(torch.cat([r, g], dim=1)))

    on_pairs()
    times = [(seconds(on_grid), seconds(on_pairs)) for _ in range(repeats)]
    steps = m * n / 8
    ours, plain = (median(pair[side] for pair in times) for side in (0, 1))
    ratio = steps * median(theirs / mine for mine, theirs in times)
    note = (
        f"one step on a grid of {m} x {n} ({1 / ours:.3g} steps/s) against {steps:.0f} steps of 8 pairs "
        f"({1 / plain:.3g} steps/s; one of them timed)"
    )
    what = f"Training, network {depth}, {planes} planes, {side} pixels: {m * n} pairs"
    yield Row(what, ours, steps * plain, ratio, repeats, note)


@dataclass(frozen=True)
class Parts:
    """Seconds per image of a backbone and of a first half, and per pair of a tile, by type."""

    backbone: dict[str, float]
    half: dict[str, float]
    pair: dict[str, float]


def measured_parts(depth: int, quick: bool) -> Parts:
    """Time the parts of the kit's scoring on samples, after one unmeasured call each."""
    side, planes, count = (64, 16, 2) if quick else (256, 64, 4)
    network = build_network(depth, planes, 0).eval()
    found = Parts({}, {}, {})
    for name, dtype in TYPES.items():
        backbone = fold_batch_norm(build_network(depth, planes, 0).eval().real)
        backbone = backbone.to(dtype).to(memory_format=torch.channels_last)
        folded = FoldedRelation(network.relation, dtype, torch.device("cpu"))
        grey = torch.rand(count, 1, side, side).to(dtype)
        with torch.inference_mode():
            maps = backbone(grey)
            found.backbone[name] = seconds(lambda backbone=backbone, grey=grey: backbone(grey), 3) / count
            halves = folded.generated_half(maps)
            work = lambda folded=folded, maps=maps: folded.generated_half(maps)  # noqa: E731
            found.half[name] = seconds(work, 3) / count
            left, right = halves[:1], halves[torch.arange(64) % count]
            folded.logits(left, right)
            work = lambda folded=folded, left=left, right=right: folded.logits(left, right)  # noqa: E731
            found.pair[name] = seconds(work, 3) / 64
    return found


def paper_size(depth: int, quick: bool) -> Iterator[Row]:
    """200 x 10 000 pairs, from the parts."""
    m, n = PAPER
    side, planes = (64, 16) if quick else (256, 64)
    parts = measured_parts(depth, quick)
    network = build_network(depth, planes, 0).eval()
    real, generated = images("real", 3, side), images("generated", 3, side)
    one_pair(network, real, generated, side, 0)
    plain = m * n * median(one_pair(network, real, generated, side, i) for i in range(3))
    for maps, pairs in (("float32", "float32"), ("float32", "bfloat16"), ("bfloat16", "bfloat16")):
        shares = (m + n) * parts.backbone[maps], (m + n) * parts.half[pairs], m * n * parts.pair[pairs]
        hours = " + ".join(f"{share / 3600:.2f}" for share in shares)
        note = (
            f"extrapolated, nothing here ran whole: backbones in {maps}, first convolution and pairs in {pairs} "
            f"({hours} hours); plain: pair by pair"
        )
        what = f"Relation network {depth}, {m} x {n} pairs at {side} pixels"
        yield Row(what, sum(shares), plain, plain / sum(shares), 3, note)


def memory(quick: bool) -> Iterator[Row]:
    """How much a process grows while it scores a grid, against the bound that it was given."""
    channels, m, n, bounds = ("128", "20", "64", (8, 32)) if quick else ("2048", "40", "128", (128, 256))
    for bound in bounds:
        runs = [in_child("relation_memory.py", channels, "16", m, n, str(bound), "bfloat16") for _ in range(3)]
        grown = sorted(run["grown_mib"] for run in runs)
        note = (
            f"bound {bound} MiB; the process grew by {grown[0]:.0f}, {grown[1]:.0f} and {grown[2]:.0f} MiB, the "
            f"libraries' own buffers included, besides folded weights of {runs[0]['weights_mib']:.0f} MiB"
        )
        what = f"Relation scores in bounded memory, {m} x {n} maps of {channels} x 16 x 16, bfloat16"
        yield Row(what, median(run["seconds"] for run in runs), None, None, 3, note)


def agreement() -> Iterator[Row]:
    """Nothing is worth its speed that gives other scores: the kit's against the plain network's on a small grid."""
    network = build_network(10, 8, 0).eval()
    real, generated = images("real", 4, 64), images("generated", 6, 64)
    start = time.process_time()
    logits = GridScoring(network, real, scale, block=64).logits(generated)
    spent = time.process_time() - start
    left, right = (scale(torch.from_numpy(some.rows).view(-1, 1, 64, 64).float()) for some in (real, generated))
    with torch.inference_mode():
        plain = torch.stack([network(one.expand_as(right), right) for one in left])
    difference = float((torch.sigmoid(logits) - plain).abs().max())
    note = f"largest difference to the plain network's scores {difference:.1e} (float32)"
    yield Row("Relation network 10, 4 x 6 pairs at 64 pixels", spent, None, None, 1, note)


def rows(quick: bool) -> Iterator[Row]:
    """All rows, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from agreement()
        yield from training(10, 8, 64, (16, 16), 3)
        for depth in (50, 101):
            yield from paper_size(depth, quick)
        for depth in (50, 101):
            yield from scoring(depth, quick)
        yield from memory(quick)
        if not quick:
            yield from training(50, 64, 256, (8, 8), 1)
    finally:
        torch.set_num_threads(threads)
