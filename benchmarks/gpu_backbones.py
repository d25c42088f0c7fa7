"""Images per second of every network of the catalogue at 224 pixels with random weights: OUT SECONDS [NAMES...].

Nothing here but torch, torchvision and NumPy is needed, and no installation of the kit. Networks come in the order of
their size; those that the time does not reach are left out and named. Prints and writes OUT/gpu_backbones.json.
"""

import json
import sys
import time
import types
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import torchvision

try:
    version("ganprint")
except PackageNotFoundError:
    # The package asks for its installed version when it is imported; here its sources are used as they lie.
    package = types.ModuleType("ganprint")
    package.__path__ = [str(Path(__file__).resolve().parents[1] / "src" / "ganprint")]
    sys.modules["ganprint"] = package

from ganprint.embed.catalogue import catalogue
from ganprint.embed.catalogue_stages import STAGES
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.layers import last_layer

START = time.perf_counter()
SIZE, LEAST_SECONDS = 224, 0.4


def network(name: str, family: str, device: str) -> torch.nn.Module:
    """Build a network with random weights, drawn on the device, up to what its classifier pools."""
    given = {"aux_logits": False, "init_weights": False} if family == "inception" else {}
    with torch.device(device):
        made = torchvision.models.get_model(name, weights=None, **given).eval()
        features = fold_batch_norm(last_layer(STAGES[family](made)).eval())
    return features.to(device, memory_format=torch.channels_last)


@torch.inference_mode()
def rate(features: torch.nn.Module, batch: int, dtype: torch.dtype, device: str) -> float:
    """Give images per second, from the host's uint8 images to pooled features on the host."""
    images = torch.randint(0, 256, (batch, 1, SIZE, SIZE), dtype=torch.uint8)

    def step() -> None:
        values = images.to(device).float().div_(255).expand(-1, 3, -1, -1)
        with torch.autocast(device, dtype, enabled=dtype != torch.float32):
            maps = features(values.contiguous(memory_format=torch.channels_last))
        maps.amax(dim=(2, 3)).float().cpu()
        maps.mean(dim=(2, 3)).float().cpu()

    for _ in range(2):
        step()
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < LEAST_SECONDS:
        step()
        done += batch
    return done / (time.perf_counter() - start)


def main() -> None:
    out, seconds, names = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    found = {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "torch": torch.__version__,
        "size": SIZE,
        "rates": {},
        "left_out": [],
    }
    entries = [(name, entry) for name, entry in catalogue().items() if entry.family in STAGES]
    for name, entry in sorted(entries, key=lambda pair: pair[1].parameters):
        if names and name not in names:
            continue
        if time.perf_counter() - START > seconds:
            found["left_out"].append(name)
            continue
        batch = 128 if device == "cuda" else 8
        features = network(name, entry.family, device)
        rates = {
            str(dtype).removeprefix("torch."): round(rate(features, batch, dtype, device), 1)
            for dtype in (torch.float32, torch.bfloat16)
        }
        found["rates"][name] = rates
        print(name, rates, round(time.perf_counter() - START, 1), flush=True)
        (out / "gpu_backbones.json").write_text(json.dumps(found, indent=2) + "\n")
        del features
    print(json.dumps(found["left_out"]))


if __name__ == "__main__":
    main()
