"""What the first pass of the search by SSIM loses: python benchmarks/ssim_loss.py [CORPUS [REAL [GENERATED]]]

The search by candidates is held against all pairs, on real images of a corpus (data/corpus) and its generated ones, as
they are and with a distorted copy of every real image among them. Also the share of pairs that the bound by Cauchy and
Schwarz would have spared.
"""

import sys
from pathlib import Path

import numpy as np
from planted_kinds import blended, changed, noised, rescaled, shifted
from scipy.ndimage import uniform_filter

from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.pairs import SsimPairs, area_reduced

SIDES, CANDIDATES = (64, 32), (1, 4, 16, 64)
PLANTED = {
    "noise of 16 grey levels": lambda grey, _, rng: noised(grey, 16, rng),
    "blended half and half": lambda grey, other, _: blended(grey, other, 0.5),
    "intensity x 0.8, gamma 1.3": lambda grey, _, __: changed(grey, 0.8, 1.3),
    "shifted by 3 and 2 pixels": lambda grey, _, __: shifted(grey, 3, 2),
    "enlarged by 5 %": lambda grey, _, __: rescaled(grey, 1.05),
}


def loaded(corpus: Path, role: str, count: int) -> np.ndarray:
    """Load some images of the test split, as far apart in the index as they are many."""
    index = read_index(corpus)
    paths = index[(index["role"] == role) & (index["split"] == "test")]["path"].tolist()
    return np.stack([load_grey(corpus / path) for path in paths[:: max(1, len(paths) // count)][:count]])


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def losses(real: np.ndarray, exact: np.ndarray, generated: np.ndarray, title: str) -> None:
    """Compare the best of the candidates with the best of all."""
    best = exact.max(axis=1)
    quantiles = ", ".join(f"{value:.3f}" for value in np.quantile(best, [0, 0.5, 1]))
    print(f"{title}: best SSIM (least, median, largest) {quantiles}")
    for side in SIDES:
        rough = SsimPairs(area_reduced(flat(real), side)).similarities(area_reduced(flat(generated), side))
        order = np.argsort(-rough, axis=1, kind="stable")
        for count in CANDIDATES:
            lost = best - np.take_along_axis(exact, order[:, :count], axis=1).max(axis=1)
            print(
                f"  {side} pixels, {count:2} candidates: best missed for {np.mean(lost > 0):.1%} of {len(real)}, "
                f"mean difference {lost.mean():.5f}, largest {lost.max():.4f}",
                flush=True,
            )


def bounds(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Bound the SSIM of all pairs by what each image alone gives: the covariance is at most s_x s_y."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def moments(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = image.astype(float)
        mean = uniform_filter(x, 7)
        variance = np.maximum(uniform_filter(x * x, 7) - mean**2, 0) * 49 / 48
        return mean[3:-3, 3:-3], variance[3:-3, 3:-3]

    left, right = [moments(x) for x in real], [moments(x) for x in generated]
    result = np.empty((len(real), len(generated)))
    for i, (ux, vx) in enumerate(left):
        for j, (uy, vy) in enumerate(right):
            levels = (2 * ux * uy + c1) / (ux**2 + uy**2 + c1)
            result[i, j] = (levels * (2 * np.sqrt(vx * vy) + c2) / (vx + vy + c2)).mean()
    return result


def main() -> None:
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else "data/corpus")
    counts = [int(argument) for argument in sys.argv[2:]] + [100, 400][len(sys.argv[2:]) :]
    real, generated = loaded(corpus, "real", counts[0]), loaded(corpus, "generated", counts[1])
    print(f"{len(real)} real and {len(generated)} generated")
    exact = SsimPairs(flat(real)).similarities(flat(generated))
    losses(real, exact, generated, "as they are")
    few, some = real[:20], generated[:200]
    bound, best = bounds(few, some), exact[:20].max(axis=1)
    print(
        f"bound: spares {np.mean(bound < best[:, None]):.1%} of pairs when the best is known beforehand; "
        f"median bound {np.median(bound):.3f}, median SSIM {np.median(exact[:20, :200]):.3f}"
    )
    for number, (name, plant) in enumerate(PLANTED.items()):
        rng = np.random.default_rng(number)
        copies = np.stack([plant(grey, generated[i % len(generated)], rng) for i, grey in enumerate(real)])
        together = np.hstack([exact, SsimPairs(flat(real)).similarities(flat(copies))])
        losses(real, together, np.concatenate([generated, copies]), f"a copy of each planted, {name}")


if __name__ == "__main__":
    main()
