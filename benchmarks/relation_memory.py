"""Score a grid of ready maps within a bound of memory; prints processor seconds and how much the process grew."""

import json
import sys
import time
from pathlib import Path

import torch
from vote_memory import peak_mib

from ganprint.pairs import RelationGrid, RelationModule


def resident_mib() -> float:
    """Give the resident memory of this process now (Linux)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return float(line.split()[1]) / 2**10


def main() -> None:
    """Sizes and the bound in MiB are the arguments; growth is counted from when network and maps are there."""
    channels, side, n_real, n_generated, bound = map(int, sys.argv[1:6])
    torch.set_num_threads(1)
    module = RelationModule(channels).eval()
    dtype = torch.bfloat16 if sys.argv[6] == "bfloat16" else torch.float32
    real, generated = (torch.rand(n, channels, side, side).to(dtype) for n in (n_real, n_generated))
    # A first pair, so that the libraries are loaded and the folded weights' memory has been in use once.
    RelationGrid(module, real[:1], dtype=dtype).sums(generated[:1])
    weights = sum(value.numel() for value in (module.first.weight, module.second.weight)) * dtype.itemsize / 2**20
    before = resident_mib()
    start = time.process_time()
    grid = RelationGrid(module, real, memory=bound * 2**20, dtype=dtype)
    # The peak begins anew: folding passes through one unfolded weight in float32, which is not what the bound is for.
    Path("/proc/self/clear_refs").write_text("5")
    grid.sums(generated)
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "grown_mib": peak_mib() - before - weights, "weights_mib": weights}))


if __name__ == "__main__":
    main()
