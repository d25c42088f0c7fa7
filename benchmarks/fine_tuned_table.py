"""What fine-tuning finds, as a Markdown table: python benchmarks/fine_tuned_table.py PROJECT ... [--choices | --mark 8]

A project is a folder with data/corpus and the embedding pixels-64. Development figures are out of fold by group, in the
folds of the stage `compare`; test figures are of the fit on the whole development split, where the truth is known.
`--choices` varies one parameter at a time, on development images alone. `--mark` lays stripes of that height in grey
values on the used development images: something to be seen, for which fine-tuning is asked whether it sees it.
`--permuted` gives the labels out anew among the patients, so many times: where chance lies in folds by group.
"""

import argparse
import time
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.params import RunParameters
from ganprint.seeds import derive_seed, generator
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

VIEW = {"embedding": "pixels-64", "pooling": "none", "threshold": {"rule": "youden"}, "variant": "extension"}
SEED, FOLDS, RESAMPLES = 20230918, 3, 2000
TASKS: dict[str, dict[str, Any]] = {"task used": {}, "task generated": {"task": "generated"}}
CHOICES: dict[str, list[Any]] = {"trained": [1, 3], "size": [96], "views": [0], "stage_rate": [0.0], "epochs": [1]}


def development_scores(development: Development, parameters: dict[str, Any]) -> NDArray[np.float64]:
    """Give out-of-fold scores in the folds of the stage `compare`."""
    folds = fold_numbers(development.used, development.groups, FOLDS, derive_seed(SEED, "folds"))
    scores = np.empty(len(folds))
    for fold in np.unique(folds):
        held_out = np.flatnonzero(folds == fold)
        context = Context(derive_seed(SEED, "fine-tuned", "fold", int(fold)))
        made = create("fine-tuned", "extension", parameters).fit(
            development.take(np.flatnonzero(folds != fold)), context
        )
        scores[held_out] = made.score(Test(development.real.take(held_out), development.generated), context)
    return scores


def figure(ids: NDArray[np.str_], groups: NDArray[np.str_], scores: NDArray[np.float64], truth: dict[str, int]) -> str:
    """Give a ROC AUC with its 95 % interval by groups."""
    order = np.argsort(ids)
    table = ScoreTable(ids[order], groups[order], scores[order], np.zeros(len(ids), dtype=np.int8))
    found = metrics(table, truth, 0.95, RESAMPLES, SEED).figures["roc_auc"]
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def marked(development: Development, height: float) -> Development:
    """Lay stripes of 8 pixels on the used images; the others and the generated ones stay as they are."""
    real, side = development.real, isqrt(development.real.rows.shape[1])
    stripes = np.tile(height * np.sin(np.arange(side) * 2 * np.pi / 8), side)
    rows = real.rows + development.used[:, np.newaxis] * stripes
    images = Images(real.ids, np.clip(np.round(rows), 0, 255).astype(np.uint8))
    return Development(images, development.used, development.groups, development.generated)


def development_cells(development: Development, parameters: dict[str, Any]) -> list[str]:
    """Give the figure out of fold and the seconds of its fits."""
    start = time.perf_counter()
    scores = development_scores(development, parameters)
    seconds = time.perf_counter() - start
    known = dict(zip(development.real.ids.tolist(), development.used.tolist(), strict=True))
    return [figure(development.real.ids, development.groups, scores, known), f"{seconds:.0f}"]


def permuted_aucs(development: Development, count: int) -> NDArray[np.float64]:
    """Give the AUC out of fold of the labels as they are, then of ``count`` sets given out anew among the groups."""
    quick = {"views": 0, "epochs": 1, "stage_rate": 0.0}
    groups, first, place = np.unique(development.groups, return_index=True, return_inverse=True)
    draw, found = generator(SEED, "permuted"), []
    for number in range(count + 1):
        order = draw.permutation(len(groups)) if number else np.arange(len(groups))
        used = development.used[first][order][place]
        split = Development(development.real, used, development.groups, development.generated)
        found.append(float(roc_auc_score(used, development_scores(split, quick))))
    return np.array(found)


def test_cells(views: Views, truth: dict[str, int], parameters: dict[str, Any]) -> list[str]:
    """Give the test figure, and the chosen number of epochs with its calibrated log loss out of inner folds."""
    context, ids = Context(derive_seed(SEED, "fine-tuned", "whole")), views.test.real.ids
    made = create("fine-tuned", "extension", parameters).fit(views.development, context)
    numbers = made.figures().numbers
    cells = [f"{numbers['chosen_epochs']:.0f}", f"{numbers['inner_loss']:.3f}"]
    labels = {image: truth.get(image, -1) for image in ids.tolist()}
    if -1 in labels.values():
        return ["", *cells]
    return [figure(ids, views.test_groups, made.score(views.test, context), labels), *cells]


def asked_for(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Give labels and parameters of the rows."""
    if not options.choices:
        return TASKS
    return {f"{name} {value}": {name: value} for name, values in CHOICES.items() for value in values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--choices", action="store_true")
    parser.add_argument("--mark", type=float, default=0.0)
    parser.add_argument("--permuted", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| corpus | what | development | s | test | epochs | inner log loss |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for project in options.projects:
        places = Places(project)
        views = read_views(places, RunParameters.model_validate({"comparator": "nearest", **VIEW}))
        if options.permuted:
            own, *others = permuted_aucs(views.development, options.permuted).round(3).tolist()
            print("|", project.name, f"| as they are {own}; anew {np.mean(others):.3f}, {sorted(others)} |", flush=True)
            continue
        for what, parameters in asked_for(options).items():
            cells = development_cells(marked(views.development, options.mark), parameters)
            if not options.choices and not options.mark:
                cells += test_cells(views, read_truths(places).get("test", {}), parameters)
            print("|", " | ".join([project.name, what, *cells]), "|", flush=True)


if __name__ == "__main__":
    main()
