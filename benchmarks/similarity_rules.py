"""What VCMI's similarity rules find in a project's corpus, as a Markdown table: python benchmarks/similarity_rules.py

Every rule scores the splits of data/corpus whose truth is known, in the views named; its decisions are its own, made
without labels. Run in a project's folder, after the stage `embed`. The labels are read for the figures alone.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from ganprint.compare.attack import Seen
from ganprint.compare.data import Test
from ganprint.compare.protocol import Context, create, registry
from ganprint.corpus.truth import read_truth
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.params import RunParameters
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

RULES = (
    "nearest",
    "similarity-max",
    "similarity-average",
    "retrieval",
    "ranking",
    "ranking-as-coded",
    "similarity-clustering",
    "similarity-ensemble",
)
VIEWS = ("pixels-64/none/euclidean", "pixels-64/none/ssim", "lite0-weights/average/euclidean")
PLACES = Places(Path())
Split = tuple[Test, np.ndarray, dict[str, int]]


def splits(views: Views) -> dict[str, Split]:
    """Give the splits whose truth is known, in the order of their ids, with groups and truth."""
    development = views.development.in_order()
    real, order = views.test.real.in_order()
    known = dict(zip(development.real.ids.tolist(), development.used.tolist(), strict=True))
    truth = read_truth(PLACES.truth, real.ids.tolist())
    found = {
        "development": (Test(development.real, development.generated), development.groups, known),
        "test": (Test(real, views.test.generated.in_order()[0]), views.test_groups[order], truth),
    }
    return {name: split for name, split in found.items() if split[2]}


def figures(name: str, seen: Seen, split: Split, resamples: int) -> list[str]:
    """Give ROC AUC with its interval, accuracy, F1 and the number of images called used."""
    images, groups, truth = split
    cls = registry()[name, "extension"]
    scores = create(name, "extension", {}).attack(seen, Context(1))
    decisions = (
        np.zeros(len(scores), dtype=np.int8) if cls.used_from is None else (scores >= cls.used_from).astype("i1")
    )
    found = metrics(ScoreTable(images.real.ids, groups, scores, decisions), truth, 0.95, resamples, 1).figures
    auc, f1 = found["roc_auc"], found["f1"].value
    told = [f"{auc.value:.3f} ({auc.low:.3f}–{auc.high:.3f})"]
    if cls.used_from is None:
        return [*told, "", "", ""]
    return [*told, f"{found['accuracy'].value:.3f}", f"{f1:.3f}", str(decisions.sum())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("views", nargs="*", default=VIEWS, help="EMBEDDING/POOLING/METRIC")
    parser.add_argument("--resamples", type=int, default=2000)
    asked = parser.parse_args()
    print("| view | rule | split | ROC AUC (95 % by patient) | accuracy | F1 | called used | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for view in asked.views:
        embedding, pooling, metric = view.split("/")
        run = RunParameters(
            comparator="nearest",
            variant="extension",
            embedding=embedding,
            pooling=pooling,
            threshold={"rule": "youden"},
        )
        for split, content in splits(read_views(PLACES, run)).items():
            seen = Seen(content[0].real.rows, content[0].generated.rows, None, metric)
            seen.neighbours()
            seen.real_distances()
            for name in RULES:
                start = time.perf_counter()
                cells = figures(name, seen, content, asked.resamples)
                print(
                    "|", " | ".join([view, name, split, *cells, f"{time.perf_counter() - start:.1f}"]), "|", flush=True
                )


if __name__ == "__main__":
    main()
