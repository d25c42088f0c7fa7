"""What the benchmark on a GPU needs: sizes, timing, peak memory, random images, a network that tells them apart.

Nothing here but torch, torchvision and NumPy is needed, and no installation of the kit.
"""

import argparse
import json
import platform
import sys
import time
import types
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock, Bottleneck

__all__ = ["START", "Bench", "images", "lively_network", "maps_of", "scale"]

START = time.perf_counter()

try:
    version("ganprint")
except PackageNotFoundError:
    # The package asks for its installed version when it is imported; here its sources are used as they lie.
    package = types.ModuleType("ganprint")
    package.__path__ = [str(Path(__file__).resolve().parents[1] / "src" / "ganprint")]
    sys.modules["ganprint"] = package

from ganprint.compare.data import Images  # noqa: E402
from ganprint.compare.relation_network import RelationNetwork, build_network  # noqa: E402


class Bench:
    """Sizes, device, and what was measured so far; the file is renewed after every part."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.cuda = self.device == "cuda"
        tiny = options.tiny
        self.depth, self.planes, self.side = (10, 4, 64) if tiny else (options.depth, 64, 256)
        self.n_real, self.n_generated = (6, 70) if tiny else (200, 10_000)
        self.block, self.limit = options.block, options.seconds
        self.path = options.out / "gpu_relation.json"
        self.found: dict[str, object] = {
            "device": torch.cuda.get_device_name() if self.cuda else platform.machine(),
            "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
            "cudnn": torch.backends.cudnn.version(),
            "sizes": {
                name: getattr(self, name) for name in ("depth", "planes", "side", "n_real", "n_generated", "block")
            },
            "pydantic_imported": "pydantic" in sys.modules,
        }

    def sync(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()

    def timed(self, work: Callable[[], object], repeats: int = 1) -> float:
        """Give the least seconds of some calls."""
        times = []
        for _ in range(repeats):
            self.sync()
            start = time.perf_counter()
            work()
            self.sync()
            times.append(time.perf_counter() - start)
        return min(times)

    def part(self, name: str, work: Callable[[], object]) -> None:
        """Measure a part with its peak memory, unless time is up; what fails is written down and the rest goes on."""
        spent = time.perf_counter() - START
        if spent > self.limit:
            self.found[name] = f"left out: {spent:.0f} s were spent"
        else:
            if self.cuda:
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            try:
                figures = work()
            except (RuntimeError, ValueError) as error:
                figures = {"error": str(error).splitlines()[0]}
            if self.cuda and isinstance(figures, dict):
                figures["peak_gib"] = torch.cuda.max_memory_allocated() / 2**30
            self.found[name] = figures
        print(f"{time.perf_counter() - START:6.1f} s  {name}: {json.dumps(self.found[name])}", flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.found, indent=2) + "\n", encoding="utf-8")


def images(bench: Bench, role: str, count: int, seed: int) -> Images:
    """Soft blobs of different strength with noise: random, but not all alike to a network."""
    rng = torch.Generator(bench.device).manual_seed(seed)
    parts = []
    for start in range(0, count, 256):
        n = min(256, count - start)
        coarse = torch.randn(n, 1, 8, 8, generator=rng, device=bench.device)
        strength = 20 + 60 * torch.rand(n, 1, 1, 1, generator=rng, device=bench.device)
        soft = functional.interpolate(coarse, size=(bench.side, bench.side), mode="bilinear")
        noise = 8 * torch.randn(soft.shape, generator=rng, device=bench.device)
        parts.append((128 + strength * soft + noise).clamp(0, 255).to(torch.uint8).flatten(1).cpu())
    return Images(np.array([f"{role}-{i:05d}" for i in range(count)]), torch.cat(parts).numpy())


def scale(grey: torch.Tensor) -> torch.Tensor:
    return (grey - 128) / 64


def maps_of(bench: Bench, backbone: nn.Module, rows: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    grey = torch.from_numpy(rows).to(bench.device).view(len(rows), 1, bench.side, bench.side)
    return backbone(scale(grey.to(torch.float32)).to(dtype))


def lively_network(bench: Bench, real: Images, generated: Images, branches: float) -> RelationNetwork:
    """Random weights with batch-norm statistics of these images.

    ``branches`` scales what every residual block adds: 0 at the start of the paper's training; at 1 a deep network of
    random weights amplifies rounding a thousandfold.
    """
    network = build_network(bench.depth, bench.planes, 1)
    rng = torch.Generator().manual_seed(2)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.copy_(0.5 + torch.rand(norm.weight.shape, generator=rng) / 2)
            norm.bias.copy_(torch.randn(norm.bias.shape, generator=rng) / 10)
            norm.momentum = 1
        for block in network.modules():
            if isinstance(block, BasicBlock | Bottleneck):
                last = block.bn3 if isinstance(block, Bottleneck) else block.bn2
                last.weight.mul_(branches)
                last.bias.mul_(branches)
    network.to(bench.device).train()
    count = min(8, len(real), len(generated))
    with torch.no_grad():
        first = [maps_of(bench, network.real, real.rows[:count], torch.float32)]
        first.append(maps_of(bench, network.generated, generated.rows[:count], torch.float32))
        network.relation(torch.cat(first, dim=1))
    return network.eval()
