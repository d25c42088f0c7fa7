"""Run 1 at the paper's size on one GPU: 200 x 10 000 pairs scored end to end, its parts, its accuracy, and training.

Needs torch, torchvision and NumPy alone, and no installation of the kit:

    PYTHONPATH=src python3 benchmarks/gpu_relation.py --out DIR

writes DIR/gpu_relation.json. Weights and images are random: times do not depend on their values. ``--tiny`` runs
everything on small networks on whatever device there is, to see that it works.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from gpu_measure import START, Bench, images, lively_network, maps_of, scale
from torch.nn import functional

from ganprint.compare.data import Images
from ganprint.compare.relation_network import RelationNetwork, build_network
from ganprint.compare.relation_scoring import mean_scores, pair_scores
from ganprint.embed.folding import fold_batch_norm
from ganprint.pairs import grid_logits
from ganprint.pairs.pooled_sums import pooled_sums
from ganprint.pairs.relation_folded import FoldedRelation

MODES = {
    "maps float32, pairs bfloat16": (torch.float32, False, torch.bfloat16),
    "maps TF32, pairs bfloat16": (torch.float32, True, torch.bfloat16),
    "maps bfloat16, pairs bfloat16": (torch.bfloat16, True, torch.bfloat16),
    "maps TF32, pairs TF32": (torch.float32, True, torch.float32),
    "maps float32, pairs float32": (torch.float32, False, torch.float32),
}
"""Type of the backbones, whether TF32 is allowed, type of the relation module."""


def tf32(on: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


def end_to_end(bench: Bench, network: RelationNetwork, real: Images, generated: Images, name: str) -> dict[str, object]:
    """The kit's own way from grey values in memory to one score per real image: copying, folding, both backbones,
    all pairs."""
    maps_dtype, allowed, dtype = MODES[name]
    tf32(on=allowed)
    scores: list[np.ndarray] = []

    def work() -> None:
        scores.append(
            mean_scores(network, real, generated, scale, block=bench.block, dtype=dtype, maps_dtype=maps_dtype)
        )

    seconds = bench.timed(work)
    pairs = len(real) * len(generated)
    return {"seconds": seconds, "pairs_per_second": pairs / seconds, "score_spread": float(scores[0].std())}


def backbones(bench: Bench, network: RelationNetwork, real: Images, generated: Images) -> dict[str, object]:
    """Seconds of all backbone passes, from a sample after one unmeasured call, by type and choice of kernels."""
    count = min(512, len(generated))
    found: dict[str, object] = {}
    for name, dtype, allowed in (
        ("float32", torch.float32, False), ("TF32", torch.float32, True), ("bfloat16", torch.bfloat16, True),
    ):  # fmt: skip
        tf32(on=allowed)
        copy = build_network(bench.depth, bench.planes, 1)
        copy.load_state_dict(network.state_dict())
        backbone = fold_batch_norm(copy.generated.eval()).to(bench.device, dtype, memory_format=torch.channels_last)

        def stream(backbone=backbone, dtype=dtype) -> None:
            with torch.inference_mode():
                for i in range(0, count, 64):
                    maps_of(bench, backbone, generated.rows[i : i + 64], dtype)

        for searched in (False, True):
            torch.backends.cudnn.benchmark = searched
            stream()
            key = f"{name}{', kernels searched' if searched else ''}"
            found[key] = bench.timed(stream, 2) * (len(real) + len(generated)) / count
        torch.backends.cudnn.benchmark = False
    return found


def pairs(bench: Bench, network: RelationNetwork, real: Images, generated: Images) -> dict[str, object]:
    """Seconds of all work of the relation module, from samples; its second convolution as a matrix product (as the kit
    does) and as the library's convolution."""
    found: dict[str, object] = {}
    channels, side = network.relation.channels, -(-bench.side // 16)
    for name, dtype in (("bfloat16", torch.bfloat16), ("TF32", torch.float32)):
        tf32(on=True)
        folded = FoldedRelation(network.relation, dtype, torch.device(bench.device))
        rng = torch.Generator(bench.device).manual_seed(0)
        maps = torch.rand(100, channels, side, side, generator=rng, device=bench.device).to(dtype)
        maps = maps.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            left, right = folded.real_half(maps), folded.generated_half(maps[:64])
            pooled = pooled_sums(left, right).relu_().flatten(0, 1)
            nchw = pooled.permute(0, 3, 1, 2)
            weight = network.relation.second.weight.to(dtype, memory_format=torch.channels_last)
            flat = weight.permute(0, 2, 3, 1).reshape(channels, -1)

            def product(pooled=pooled, flat=flat) -> torch.Tensor:
                patches = pooled.unfold(1, 3, 1).unfold(2, 3, 1).permute(0, 1, 2, 4, 5, 3)
                return functional.linear(patches.reshape(len(pooled) * 9, -1), flat)

            works: dict[str, Callable[[], object]] = {
                "tiles": lambda folded=folded, left=left, right=right: folded.logits(left, right),
                "of tiles: pooled sums": lambda left=left, right=right: pooled_sums(left, right),
                "of tiles: second convolution as a product": product,
                "second convolution as a convolution": lambda nchw=nchw, weight=weight: functional.conv2d(nchw, weight),
            }
            tiles = len(real) * len(generated) / (len(left) * len(right))
            for key, work in works.items():
                work()
                found[f"{name}, {key}"] = bench.timed(work, 3) * tiles
            seconds = bench.timed(lambda folded=folded, maps=maps: folded.generated_half(maps), 3)
            found[f"{name}, first convolution"] = seconds * (len(real) + len(generated)) / len(maps)
    return found


def ranks(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort().astype(np.float64)


def accuracy(bench: Bench, real: Images, generated: Images, branches: float) -> dict[str, object]:
    """Logits of 20 x 200 pairs against the unfolded network on built concatenations, all in float32 without TF32."""
    network = lively_network(bench, real, generated, branches)
    m, n = min(20, len(real)), min(200, len(generated))
    some, others = real.take(np.arange(m)), generated.take(np.arange(n))
    tf32(on=False)
    with torch.inference_mode():
        sides = []
        for backbone, rows in ((network.real, some.rows), (network.generated, others.rows)):
            pieces = [maps_of(bench, backbone, rows[i : i + 8], torch.float32) for i in range(0, len(rows), 8)]
            sides.append(torch.cat(pieces))
        rows_of_logits = []
        for one in sides[0]:
            pieces = [torch.cat([one.expand_as(part), part], dim=1) for part in sides[1].split(20)]
            rows_of_logits.append(torch.cat([network.relation.logits(piece) for piece in pieces]))
        plain = torch.stack(rows_of_logits).cpu().double().numpy()
    found: dict[str, object] = {"logit_standard_deviation": float(plain.std()), "pairs": m * n}
    for name, (maps_dtype, allowed, dtype) in MODES.items():
        tf32(on=allowed)
        scores = pair_scores(network, some, others, scale, block=bench.block, dtype=dtype, maps_dtype=maps_dtype)
        scores = scores.double().numpy()
        logits = np.log(scores / (1 - scores))
        means = [1 / (1 + np.exp(-plain)), scores]
        found[name] = {
            "largest_logit_difference": float(np.abs(logits - plain).max()),
            "rank_correlation_of_pairs": float(np.corrcoef(ranks(logits.ravel()), ranks(plain.ravel()))[0, 1]),
            "rank_correlation_of_images": float(np.corrcoef(*(ranks(side.mean(axis=1)) for side in means))[0, 1]),
        }
    return found


def training(bench: Bench, real: Images, generated: Images) -> dict[str, object]:
    """Pairs per second of training steps in bfloat16 by autocast: grids, and pairs in batches of 8 as in the paper."""
    tf32(on=True)
    network = build_network(bench.depth, bench.planes, 1).to(bench.device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-5, momentum=0.9, weight_decay=5e-4)
    rng = np.random.default_rng(0)

    def inputs(side: Images, count: int) -> torch.Tensor:
        grey = torch.from_numpy(side.rows[rng.choice(len(side), count, replace=len(side) < count)]).to(bench.device)
        return scale(grey.view(count, 1, bench.side, bench.side).to(torch.float32))

    def step(logits_of: Callable[[], torch.Tensor]) -> None:
        with torch.autocast(bench.device, torch.bfloat16):
            logits = logits_of()
        labels = (torch.arange(logits.numel(), device=bench.device) % 2).to(torch.float32).view_as(logits)
        loss = functional.binary_cross_entropy_with_logits(logits.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def on_grid(m: int, n: int) -> None:
        step(
            lambda: grid_logits(
                network.relation, network.real(inputs(real, m)), network.generated(inputs(generated, n))
            )
        )

    def on_pairs(batch: int) -> None:
        step(
            lambda: network.relation.logits(
                torch.cat([network.real(inputs(real, batch)), network.generated(inputs(generated, batch))], dim=1)
            )
        )

    found: dict[str, object] = {}
    on_pairs(8)
    plain = 8 / bench.timed(lambda: on_pairs(8), 5)
    found["pairs of 8"] = {"pairs_per_second": plain, "steps_per_second": plain / 8}
    for m, n in ((8, 8), (8, 16), (16, 16)):
        on_grid(m, n)
        rate = m * n / bench.timed(lambda m=m, n=n: on_grid(m, n), 5)
        found[f"grid {m} x {n}"] = {
            "pairs_per_second": rate,
            "steps_per_second": rate / (m * n),
            "pair_by_pair_seconds_over_grid_seconds": rate / plain,
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--depth", type=int, default=101)
    parser.add_argument("--block", type=int, default=256, help="generated images at a time")
    parser.add_argument("--seconds", type=float, default=200, help="no part begins after so many")
    bench = Bench(parser.parse_args())
    print(json.dumps(bench.found), flush=True)
    real, generated = images(bench, "real", bench.n_real, 0), images(bench, "generated", bench.n_generated, 1)
    network = lively_network(bench, real, generated, 0.1)
    print(f"{time.perf_counter() - START:6.1f} s  images and network are ready", flush=True)

    def whole(mode: str) -> None:
        bench.part(f"end to end, {mode}", lambda: end_to_end(bench, network, real, generated, mode))

    whole("maps float32, pairs bfloat16")
    whole("maps bfloat16, pairs bfloat16")
    for branches in (0.1, 1.0):
        bench.part(f"accuracy, branches {branches:g}", lambda b=branches: accuracy(bench, real, generated, b))
    bench.part("pairs", lambda: pairs(bench, network, real, generated))
    bench.part("backbones", lambda: backbones(bench, network, real, generated))
    bench.part("training", lambda: training(bench, real, generated))
    whole("maps TF32, pairs bfloat16")
    whole("maps TF32, pairs TF32")
    print(f"{time.perf_counter() - START:6.1f} s  done: {bench.path}", flush=True)


if __name__ == "__main__":
    main()
