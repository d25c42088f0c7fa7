"""Time and peak memory of ``ganprint inspect`` on many generated images: python benchmarks/inspect_scale.py --help.

The images are cheap: slices of a corpus, reduced to 64 x 64 pixels, blended with one another and noised. One generated
image in twenty is a noised copy of a real one. They are written once; a second call with the same folder measures again
what is left to do, so remove OUT/.work to measure from the start.
"""

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

SIDE = 64


def write_images(folder: Path, source: np.ndarray, count: int, copied: np.ndarray | None, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    first = []
    for number in range(count):
        if copied is not None and number % 20 == 0:
            picture = copied[rng.integers(len(copied))]
        else:
            one, other = source[rng.integers(len(source), size=2)]
            share = rng.uniform(0.3, 0.7)
            picture = share * np.roll(one, rng.integers(-4, 5, size=2), axis=(0, 1)) + (1 - share) * other
        noised = np.clip(picture + rng.normal(0, 4, (SIDE, SIDE)), 0, 255).round().astype(np.uint8)
        Image.fromarray(noised).save(folder / f"{folder.name}_{number:06d}.png", compress_level=1)
        if len(first) < 1000:
            first.append(noised)
    return np.array(first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"), help="folder with PNG slices")
    parser.add_argument("--folder", type=Path, required=True, help="where images and results are put")
    parser.add_argument("--real", type=int, default=1000)
    parser.add_argument("--generated", type=int, default=10_000)
    parser.add_argument("--reference", type=int, default=200)
    parser.add_argument("options", nargs="*", help="passed on to ganprint inspect, after --")
    told = parser.parse_args()
    images = told.folder / f"images-{told.real}-{told.generated}"
    if not images.is_dir():
        paths = sorted(told.corpus.rglob("*.png"))
        source = np.stack(
            [np.asarray(Image.open(path).resize((SIDE, SIDE)), dtype=np.float64) for path in paths[:2000]]
        )
        temporary = images.with_suffix(".partial")
        real = write_images(temporary / "real", source, told.real, None, 1)
        write_images(temporary / "reference", source, told.reference, None, 2)
        write_images(temporary / "generated", source, told.generated, real, 3)
        temporary.rename(images)
    out = told.folder / f"out-{told.real}-{told.generated}"
    words = [str(Path(sys.executable).parent / "ganprint"), "inspect", "--out", str(out)]
    words += [word for role in ("real", "generated", "reference") for word in (f"--{role}", str(images / role))]
    started = perf_counter()
    subprocess.run([*words, *told.options], check=True)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        json.dumps({"real": told.real, "generated": told.generated, "seconds": round(seconds), "peak_mib": round(peak)})
    )


if __name__ == "__main__":
    main()
