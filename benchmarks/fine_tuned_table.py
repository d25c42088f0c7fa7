"""What fine-tuning finds, as a Markdown table: python benchmarks/fine_tuned_table.py PROJECT ... [--choices | --control]

A project is a folder with data/corpus and the embedding pixels-64. Development figures are out of fold by group, in the
folds of the stage `compare`; test figures are of the fit on the whole development split, where the truth is known.
`--choices` varies one parameter at a time, on development images alone.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.params import RunParameters
from ganprint.seeds import derive_seed
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

VIEW = {"embedding": "pixels-64", "pooling": "none", "threshold": {"rule": "youden"}, "variant": "extension"}
SEED, FOLDS, RESAMPLES = 20230918, 3, 2000
CHOICES: dict[str, list[Any]] = {
    "trained": [1, 2, 3],
    "size": [None, 96, 128],
    "views": [0, 8],
    "stage_rate": [0.0, 1e-4, 5e-4],
    "head_rate": [3e-3, 1e-2, 3e-2],
    "epochs": [1, 12, 30],
}


def development_scores(development: Development, parameters: dict[str, Any]) -> NDArray[np.float64]:
    """Give out-of-fold scores in the folds of the stage `compare`."""
    folds = fold_numbers(development.used, development.groups, FOLDS, derive_seed(SEED, "folds"))
    scores = np.empty(len(folds))
    for fold in np.unique(folds):
        held_out, context = np.flatnonzero(folds == fold), Context(derive_seed(SEED, "fine-tuned", "fold", int(fold)))
        made = create("fine-tuned", "extension", parameters).fit(development.take(np.flatnonzero(folds != fold)), context)
        scores[held_out] = made.score(Test(development.real.take(held_out), development.generated), context)
    return scores


def figure(ids: NDArray[np.str_], groups: NDArray[np.str_], scores: NDArray[np.float64], truth: dict[str, int]) -> str:
    """Give a ROC AUC with its 95 % interval by groups."""
    order = np.argsort(ids)
    table = ScoreTable(ids[order], groups[order], scores[order], np.zeros(len(ids), dtype=np.int8))
    found = metrics(table, truth, 0.95, RESAMPLES, SEED).figures["roc_auc"]
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def row(views: Views, truth: dict[str, int], parameters: dict[str, Any]) -> list[str]:
    """Give development and test figures and the seconds of all fits."""
    development, test, start = views.development, views.test, time.perf_counter()
    known = dict(zip(development.real.ids.tolist(), development.used.tolist(), strict=True))
    scores = development_scores(development, parameters)
    cells = [figure(development.real.ids, development.groups, scores, known)]
    context = Context(derive_seed(SEED, "fine-tuned", "whole"))
    made = create("fine-tuned", "extension", parameters).fit(development, context)
    scores = made.score(test, context)
    seconds = time.perf_counter() - start
    inner = figure(development.real.ids, development.groups, made.out_of_fold_, known)
    labels = {image: truth.get(image, -1) for image in test.real.ids.tolist()}
    cells.append("truth unknown" if -1 in labels.values() else figure(test.real.ids, views.test_groups, scores, labels))
    numbers = made.figures().numbers
    return [*cells, inner, f"{numbers['chosen_epochs']:.0f}", f"{numbers['inner_loss']:.3f}", f"{seconds:.0f}"]


def asked_for(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Give labels and parameters of the rows."""
    if not options.choices:
        return {"defaults": {}}
    return {f"{name} {value}": {name: value} for name, values in CHOICES.items() for value in values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--choices", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| corpus | what | development | test | inner folds | epochs | inner log loss | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for project in options.projects:
        places = Places(project)
        views = read_views(places, RunParameters.model_validate({"comparator": "nearest", **VIEW}))
        truth = read_truths(places).get("test", {}) if not options.choices else {}
        for what, parameters in asked_for(options).items():
            print("|", " | ".join([project.name, what, *row(views, truth, parameters)]), "|", flush=True)


if __name__ == "__main__":
    main()
