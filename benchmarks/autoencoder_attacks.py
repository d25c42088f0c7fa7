"""What VCMI's autoencoder and patch methods find in a corpus: python benchmarks/autoencoder_attacks.py prints a table.

Run in a project's folder, after the stage `embed`. Every method is fitted on the development split, without its labels,
and scores the test split; those are read for the figures alone, as the rule of its authors is: 0 or more means used.
Nearest neighbours in the same view stand beside them.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganprint.compare.protocol import Context, create
from ganprint.corpus.truth import read_truth
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.params import RunParameters, ThresholdParameters
from ganprint.seeds import derive_seed
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "nearest": ("nearest", {}),
    "reconstruction-outlier": ("reconstruction-outlier", {}),
    "two-decoder": ("two-decoder", {}),
    "matching-patches": ("matching-patches", {}),
    "replaced-patch": ("replaced-patch", {}),
    "replaced-patch, all candidates": ("replaced-patch", {"candidates": 0}),
}
PLACES = Places(Path())


def row(label: str, views: Views, seed: int, resamples: int) -> list[str]:
    """Give a method's ROC AUC with its interval, accuracy, F1, the number of images called used, and seconds."""
    name, parameters = METHODS[label]
    context = Context(derive_seed(seed, label))
    start = time.process_time()
    scores = create(name, "extension", parameters).fit(views.development, context).score(views.test, context)
    seconds = time.process_time() - start
    decisions = (scores >= 0).astype(np.int8)
    ids = views.test.real.ids
    truth = read_truth(PLACES.truth, ids.tolist())
    found = metrics(ScoreTable(ids, views.test_groups, scores, decisions), truth, 0.95, resamples, 1).figures
    auc = found["roc_auc"]
    rule = (
        ["", "", ""]
        if name == "nearest"
        else [f"{found['accuracy'].value:.3f}", f"{found['f1'].value:.3f}", str(decisions.sum())]
    )
    return [label, str(seed), f"{auc.value:.3f} ({auc.low:.3f}–{auc.high:.3f})", *rule, f"{seconds:.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", default=list(METHODS), help="of: " + "; ".join(METHODS))
    parser.add_argument("--embedding", default="pixels-64")
    parser.add_argument("--pooling", default="none", help="none for grey values, average for features (nearest alone)")
    parser.add_argument("--seeds", type=int, default=1, help="trainings with different seeds")
    parser.add_argument("--resamples", type=int, default=2000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    run = RunParameters(
        comparator="nearest",
        variant="extension",
        embedding=asked.embedding,
        pooling=asked.pooling,
        threshold=ThresholdParameters(rule="youden"),
    )
    views = read_views(PLACES, run)
    print("| method | seed | ROC AUC (95 % by patient) | accuracy | F1 | called used | processor s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for label in asked.methods:
        for seed in range(asked.seeds):
            print("|", " | ".join(row(label, views, seed, asked.resamples)), "|", flush=True)


if __name__ == "__main__":
    main()
