"""Which fingerprints hand-made embeddings see: python benchmarks/handmade_table.py PROJECT ... [--speed]

A project is a folder with data/corpus. Its development images alone are looked at. ROC AUC, with intervals of the
bootstrap by group: `nearest` on rows as they are, on columns brought to deviation 1, and by the cosine of these; out of
fold, by group, `svm` (which scales columns itself) and `blind`, a logistic regression that sees no generated image.
`--speed`: images per second of processor time at three sizes instead, and how columns differ in scale.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.handmade import HANDMADE
from ganprint.embed.preprocessing import pixel_preprocessing
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.seeds import derive_seed
from ganprint.stages.places import Places

SIZES = {"band-fine": 64, "band-middle": 64, "band-coarse": 64, "noise-image": 64}
"""Of images that are taken as they are; the others summarise 256 pixels."""
BATCH, SEED, FOLDS, RESAMPLES = 8, 20230918, 3, 2000
SVM = {"c": [1.0], "gamma": [1.0], "folds": 2}  # no choice is made: it would take several times as long
BLIND = {"c": [1e-4, 1e-3, 1e-2, 1e-1], "folds": 4}
Rows = NDArray[np.float32]


def pictures(project: Path, paths: list[str], size: int) -> NDArray[np.uint8]:
    geometry = pixel_preprocessing("area", size).geometry
    return np.stack([geometry(load_grey(Places(project).corpus / path)) for path in paths])


def rows_of(name: str, images: NDArray[np.uint8]) -> Rows:
    if name == "pixels":
        return images.reshape(len(images), -1).astype(np.float32) / 255
    starts = range(0, len(images), BATCH)
    return np.concatenate([HANDMADE[name].rows(images[start : start + BATCH]) for start in starts])


def views(project: Path, names: list[str]) -> Iterator[tuple[str, Development]]:
    """Yield every embedding of the development images."""
    index = read_index(Places(project).corpus)
    index = index[index["split"] == "development"]
    real = (index["role"] == "real").to_numpy()
    of_real = index[real]
    used, groups = (
        (of_real["membership"] == "used").to_numpy().astype(np.int8),
        of_real["group"].to_numpy(dtype=np.str_),
    )
    ids, made = index["id"].to_numpy(dtype=np.str_), dict[int, NDArray[np.uint8]]()
    for name in names:
        size = SIZES.get(name, 64 if name == "pixels" else 256)
        if size not in made:
            made[size] = pictures(project, index["path"].to_list(), size)
        rows = rows_of(name, made[size])
        parts = (Images(ids[real], rows[real]), used, groups, Images(ids[~real], rows[~real]))
        yield f"{name} {size}", Development(*parts)


def standardised(view: Development) -> Development:
    """Bring columns to mean 0 and deviation 1 of real and generated images together; no label is read."""
    both = np.concatenate([view.real.rows, view.generated.rows]).astype(np.float64)
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    deviation[deviation < 1e-9] = 1.0
    real, generated = (Images(images.ids, (images.rows - mean) / deviation) for images in (view.real, view.generated))
    return Development(real, view.used, view.groups, generated)


def auc(view: Development, scores: NDArray[np.float64]) -> str:
    ids = view.real.ids
    truth = dict(zip(ids.tolist(), view.used.tolist(), strict=True))
    table = ScoreTable(ids, view.groups, scores, np.zeros(len(ids), dtype=np.int8))
    found = metrics(table, truth, 0.95, RESAMPLES, SEED).figures["roc_auc"]
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def nearest(view: Development, metric: str) -> str:
    attack = create("nearest", "extension", {"metric": metric}).fit(view, Context(SEED))
    return auc(view, attack.score(Test(view.real, view.generated), Context(SEED)))


def out_of_fold(view: Development, name: str, variant: str, parameters: dict[str, object]) -> str:
    folds, scores = fold_numbers(view.used, view.groups, FOLDS, derive_seed(SEED, "folds")), np.empty(len(view.real))
    for fold in np.unique(folds):
        held_out, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        fitted = create(name, variant, parameters).fit(view.take(kept), Context(SEED))
        scores[held_out] = fitted.score(Test(view.real.take(held_out), view.generated), Context(SEED))
    return auc(view, scores)


def cells(view: Development, learners: bool) -> list[str]:
    even = standardised(view)
    found = [nearest(view, "euclidean"), nearest(even, "euclidean"), nearest(even, "cosine")]
    if learners:
        found += [out_of_fold(view, "svm", "corrected", SVM), out_of_fold(view, "blind", "extension", BLIND)]
    return found


def speed(project: Path, names: list[str], count: int = 32) -> None:
    index = read_index(Places(project).corpus)
    paths = index[index["role"] == "real"]["path"].to_list()[:count]
    print("| embedding | columns at 256 | 64 | 128 | 256 | largest share of squared distances at 256 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in names:
        rates = []
        for size in (64, 128, 256):
            images = pictures(project, paths, size)
            rows_of(name, images[:BATCH])
            start = time.process_time()
            rows = rows_of(name, images)
            rates.append(f"{count / (time.process_time() - start):.0f}")
        variances = rows.var(axis=0, dtype=np.float64)
        print(
            f"| {name} | {rows.shape[1]} | {' | '.join(rates)} | {variances.max() / variances.sum():.3f} |", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--speed", action="store_true", help="of the first project's images")
    parser.add_argument("--only", nargs="+", default=["pixels", *HANDMADE], help="embeddings")
    parser.add_argument("--no-learners", action="store_true", help="the attacks that need no label alone")
    asked = parser.parse_args()
    if asked.speed:
        speed(asked.projects[0], [name for name in asked.only if name != "pixels"])
        return
    print("| project | embedding | nearest, as it is | nearest, deviation 1 | nearest, cosine | svm | blind |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for project in asked.projects:
        for name, view in views(project, asked.only):
            print(f"| {project.name} | {name} | {' | '.join(cells(view, not asked.no_learners))} |", flush=True)


if __name__ == "__main__":
    main()
