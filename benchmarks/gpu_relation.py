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

DTYPES = {"bfloat16": torch.bfloat16, "float32-tf32": torch.float32}


def tf32(on: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


def end_to_end(bench: Bench, network: RelationNetwork, real: Images, generated: Images, name: str) -> dict[str, object]:
    """The kit's own way from grey values in memory to one score per real image: copying, folding, both backbones,
    all pairs."""
    tf32(on=True)
    scores: list[np.ndarray] = []

    def work() -> None:
        scores.append(mean_scores(network, real, generated, scale, block=bench.block, dtype=DTYPES[name]))

    seconds = bench.timed(work)
    pairs = len(real) * len(generated)
    return {"seconds": seconds, "pairs_per_second": pairs / seconds, "score_spread": float(scores[0].std())}


def parts(bench: Bench, network: RelationNetwork, real: Images, generated: Images, name: str) -> dict[str, object]:
    """Seconds of each part on a sample after one unmeasured call, and scaled to the whole; the second convolution as
    a matrix product (as the kit does) and as the library's convolution."""
    tf32(on=True)
    dtype = DTYPES[name]
    count = min(512, len(generated))
    with torch.inference_mode():
        copy = build_network(bench.depth, bench.planes, 1)
        copy.load_state_dict(network.state_dict())
        backbone = fold_batch_norm(copy.generated.eval()).to(bench.device, dtype, memory_format=torch.channels_last)

        def stream() -> torch.Tensor:
            rows = generated.rows
            return torch.cat([maps_of(bench, backbone, rows[i : i + 64], dtype) for i in range(0, count, 64)])

        maps = stream()
        images_all = len(real) + len(generated)
        backbone_seconds = bench.timed(stream, 2) * images_all / count
        torch.backends.cudnn.benchmark = True
        stream()
        searched = bench.timed(stream, 2) * images_all / count
        torch.backends.cudnn.benchmark = False
        folded = FoldedRelation(network.relation, dtype, torch.device(bench.device))
        n = min(64, count)
        folded.generated_half(maps[:n])
        half_seconds = bench.timed(lambda: folded.generated_half(maps[:n]), 3) * images_all / n
        left, right = folded.real_half(maps[: min(100, count)]), folded.generated_half(maps[:n])
        pairs = len(left) * len(right)
        all_of_them = len(real) * len(generated) / pairs
        pooled = pooled_sums(left, right).relu_().flatten(0, 1)
        pool_seconds = bench.timed(lambda: pooled_sums(left, right), 3) * all_of_them
        logits_seconds = bench.timed(lambda: folded.logits(left, right), 3) * all_of_them
        weight = network.relation.second.weight.to(dtype, memory_format=torch.channels_last)
        nchw = pooled.permute(0, 3, 1, 2)
        functional.conv2d(nchw, weight)
        convolution = bench.timed(lambda: functional.conv2d(nchw, weight), 3) * all_of_them
        flat = weight.permute(0, 2, 3, 1).reshape(len(weight), -1)

        def product() -> torch.Tensor:
            patches = pooled.unfold(1, 3, 1).unfold(2, 3, 1).permute(0, 1, 2, 4, 5, 3)
            return functional.linear(patches.reshape(len(pooled) * 9, -1), flat)

        product()
        product_seconds = bench.timed(product, 3) * all_of_them
    return {
        "backbones_s": backbone_seconds,
        "backbones_with_cudnn_benchmark_s": searched,
        "first_convolution_s": half_seconds,
        "tiles_s": logits_seconds,
        "of_tiles_pooling_s": pool_seconds,
        "of_tiles_second_convolution_as_product_s": product_seconds,
        "second_convolution_as_convolution_s": convolution,
        "sum_s": backbone_seconds + half_seconds + logits_seconds,
    }


def ranks(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort().astype(np.float64)


def accuracy(bench: Bench, network: RelationNetwork, real: Images, generated: Images) -> dict[str, object]:
    """Logits of 20 x 200 pairs against the unfolded network on built concatenations, all in float32 without TF32."""
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
    for name, dtype in (("float32", torch.float32), *DTYPES.items()):
        tf32(on=name.endswith("tf32"))
        scores = pair_scores(network, some, others, scale, block=bench.block, dtype=dtype).double().numpy()
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
    network = lively_network(bench, real, generated)
    print(f"{time.perf_counter() - START:6.1f} s  images and network are ready", flush=True)
    bench.part("end to end, bfloat16, first call", lambda: end_to_end(bench, network, real, generated, "bfloat16"))
    bench.part("accuracy", lambda: accuracy(bench, network, real, generated))
    bench.part("parts, bfloat16", lambda: parts(bench, network, real, generated, "bfloat16"))
    bench.part("training", lambda: training(bench, real, generated))
    bench.part("end to end, bfloat16, again", lambda: end_to_end(bench, network, real, generated, "bfloat16"))
    bench.part("parts, float32-tf32", lambda: parts(bench, network, real, generated, "float32-tf32"))
    bench.part("end to end, float32-tf32", lambda: end_to_end(bench, network, real, generated, "float32-tf32"))
    print(f"{time.perf_counter() - START:6.1f} s  done: {bench.path}", flush=True)


if __name__ == "__main__":
    main()
