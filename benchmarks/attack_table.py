"""What attacks find in a project's corpus, as a Markdown table: python benchmarks/attack_table.py

Every attack scores the splits of data/corpus whose truth is known, in the views named: the development split out of
fold (by group) where an attack takes its reference images from it, the test split with the whole development split.
The last two columns: shares of not used / of used test images that a threshold of the development scores calls used.
Run in a project's folder, after the stage `embed`. The labels of the test split are read for the figures alone.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.data import Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.compare.threshold import choose_threshold, decide
from ganprint.corpus.truth import read_truth
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.params import RunParameters, ThresholdParameters
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

ATTACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "nearest": ("nearest", {}),
    "calibrated-nearest": ("calibrated-nearest", {}),
    "monte-carlo": ("monte-carlo", {}),
    "monte-carlo, quantile 0.001": ("monte-carlo", {"rule": "quantile"}),
    "monte-carlo, 40 components": ("monte-carlo", {"components": 40}),
    "density-ratio, kernel": ("density-ratio", {}),
    "density-ratio, neighbours": ("density-ratio", {"estimate": "neighbours"}),
    "density-ratio, flow": ("density-ratio", {"estimate": "flow"}),
    "local-ratio": ("local-ratio", {}),
    "nearest-mean": ("nearest-mean", {}),
}
VIEWS = ("pixels-64/none", "lite0-weights/average")
FOLDS, SEED, PLACES = 5, 1, Places(Path())
RULES = (ThresholdParameters(rule="not_used", level=0.05), ThresholdParameters(rule="outlier"))
Scores = NDArray[np.float64]
Scored = tuple[ScoreTable, dict[str, int]]


def development_scores(views: Views, name: str, parameters: dict[str, Any]) -> Scores:
    """Give the scores of the development images: out of fold where labels are learned from."""
    development = views.development
    attack = create(name, "extension", parameters)
    if not attack.learns:
        return attack.fit(development, Context(SEED)).score(
            Test(development.real, development.generated), Context(SEED)
        )
    folds, scores = fold_numbers(development.used, development.groups, FOLDS, SEED), np.empty(len(development.real))
    for fold in range(folds.max() + 1):
        held_out = np.flatnonzero(folds == fold)
        fitted = create(name, "extension", parameters).fit(
            development.take(np.flatnonzero(folds != fold)), Context(SEED)
        )
        scores[held_out] = fitted.score(Test(development.real.take(held_out), development.generated), Context(SEED))
    return scores


def tables(views: Views, name: str, parameters: dict[str, Any]) -> Iterator[tuple[str, ScoreTable, dict[str, int]]]:
    """Yield the splits whose truth is known: name, scores, truth."""
    development, test = views.development, views.test
    known = dict(zip(development.real.ids.tolist(), development.used.tolist(), strict=True))
    scores = development_scores(views, name, parameters)
    yield "development", score_table(development.real.ids, development.groups, scores), known
    truth = read_truth(PLACES.truth, test.real.ids.tolist())
    if truth:
        scores = create(name, "extension", parameters).fit(development, Context(SEED)).score(test, Context(SEED))
        yield "test", score_table(test.real.ids, views.test_groups, scores), truth


def score_table(ids: NDArray[np.str_], groups: NDArray[np.str_], scores: Scores) -> ScoreTable:
    """Give a table in the order of the ids; no decisions are made."""
    order = np.argsort(ids)
    return ScoreTable(ids[order], groups[order], scores[order], np.zeros(len(ids), dtype=np.int8))


def called_used(development: Scored, test: Scored, rule: ThresholdParameters) -> str:
    """Give the shares of not used and of used test images that a rule of the development scores calls used."""
    labels = [np.array([truth[image] for image in table.ids.tolist()]) for table, truth in (development, test)]
    threshold = choose_threshold(rule, development[0].scores, labels[0])
    decisions = decide(test[0].scores, threshold)
    return " / ".join(f"{decisions[labels[1] == label].mean():.2f}" for label in (0, 1))


def row(views: Views, name: str, parameters: dict[str, Any], resamples: int) -> list[str]:
    """Give the cells of an attack: ROC AUC with its interval, what rules without labels of used images come to."""
    scored = {split: (table, truth) for split, table, truth in tables(views, name, parameters)}
    cells = []
    for table, truth in scored.values():
        found = metrics(table, truth, 0.95, resamples, SEED).figures["roc_auc"]
        cells.append(f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]")
    if "test" not in scored:
        return [*cells, "truth unknown", "", ""]
    return [*cells, *(called_used(scored["development"], scored["test"], rule) for rule in RULES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("views", nargs="*", default=VIEWS, help="EMBEDDING/POOLING")
    parser.add_argument("--resamples", type=int, default=2000)
    asked = parser.parse_args()
    print("| view | attack | development | test | `not_used`, level 0.05 | `outlier` |")
    print("| --- | --- | --- | --- | --- | --- |")
    for view in asked.views:
        embedding, pooling = view.split("/")
        block = {"comparator": "nearest", "variant": "extension", "embedding": embedding, "pooling": pooling}
        views = read_views(PLACES, RunParameters.model_validate(block | {"threshold": {"rule": "youden"}}))
        for label, (name, parameters) in ATTACKS.items():
            print("|", " | ".join([embedding, label, *row(views, name, parameters, asked.resamples)]), "|", flush=True)


if __name__ == "__main__":
    main()
