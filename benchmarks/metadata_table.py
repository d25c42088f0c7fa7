"""What metadata alone see of the membership, as Markdown tables: python benchmarks/metadata_table.py

Run in a project's folder with an embedding of backbone `metadata` (its name is the argument). Generated images are not
looked at: what is found is a difference between used and not used images, and no leak of a generator. Labels are those
of the development split. Columns with one value for all are left out. Per set of columns: ROC AUC out of fold (the
comparator `blind`, a logistic regression; folds by group) with its interval by group, and what the same comes to where
labels are exchanged between groups and everything is fitted again: out of fold, chance is below 1/2, since the mean of
the kept images leans away from what is held out. Per column: ROC AUC of the value itself, p against labels exchanged
likewise, two-sided, and p corrected for the number of columns (the largest distance from 1/2 of any column).
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from ganprint.compare.blind import Blind
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.metadata_image import image_values
from ganprint.embed.store import read_embedding_metadata
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.permutation import permuted_labels
from ganprint.evaluate.tables import ScoreTable
from ganprint.params import RunParameters
from ganprint.seeds import generator
from ganprint.stages.places import Places
from ganprint.stages.views import read_views

FOLDS, SEED, PLACES = 5, 1, Places(Path())
FAMILIES = {
    "all": ("",),
    "size": ("width", "height"),
    "grey values and window": ("grey_", "black_", "white_", "window_"),
    "body": ("body_",),
    "lungs": ("lung",),
    "noise and sharpness": ("noise_", "sharpness_"),
    "given by the user": ("given:",),
}
Floats = NDArray[np.float64]


def out_of_fold(development: Development, columns: list[int]) -> Floats:
    """Give the scores of `blind` on some of the columns."""
    real = Images(development.real.ids, development.real.rows[:, columns], {})
    chosen = Development(real, development.used, development.groups, development.generated)
    folds, scores = fold_numbers(chosen.used, chosen.groups, FOLDS, SEED), np.empty(len(chosen.used))
    for fold in range(folds.max() + 1):
        held_out = np.flatnonzero(folds == fold)
        fitted = create(Blind.comparator, Blind.variant, {}).fit(
            chosen.take(np.flatnonzero(folds != fold)), Context(SEED)
        )
        scores[held_out] = fitted.score(Test(chosen.real.take(held_out), chosen.generated), Context(SEED))
    return scores


def family_row(name: str, development: Development, columns: list[int], draws: int, refits: int) -> str:
    """Give a line of the first table."""
    scores = out_of_fold(development, columns)
    order = np.argsort(development.real.ids)
    table = ScoreTable(
        development.real.ids[order], development.groups[order], scores[order], np.zeros(len(order), dtype=np.int8)
    )
    truth = dict(zip(development.real.ids.tolist(), development.used.tolist(), strict=True))
    found = metrics(table, truth, 0.95, draws, SEED).figures["roc_auc"]
    labels = permuted_labels(development.used, development.groups, refits, generator(SEED, "metadata", name))
    chance = np.array([roc_auc_score(used, out_of_fold(replace(development, used=used), columns)) for used in labels])
    p = (1 + (chance >= found.value - 1e-12).sum()) / (1 + refits)
    low, high = np.quantile(chance, (0.025, 0.975))
    cells = f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}] | {chance.mean():.3f}, {low:.3f} to {high:.3f}"
    return f"| {name} | {len(columns)} | {cells} | {p:.2f} |"


def column_rows(development: Development, columns: list[str], draws: int) -> list[str]:
    """Give the lines of the second table, the farthest from 1/2 first."""
    varied = np.flatnonzero(np.ptp(development.real.rows, axis=0) > 0)
    ranks = rankdata(development.real.rows[:, varied], axis=0).T
    labels = permuted_labels(development.used, development.groups, draws, generator(SEED, "metadata", "columns"))
    truths = np.vstack([development.used[None], labels]).astype(np.float64)
    positives = truths.sum(axis=1)
    areas = (ranks @ truths.T - positives * (positives + 1) / 2) / (positives * (truths.shape[1] - positives))
    distance = np.abs(areas - 0.5)
    alone = (distance >= distance[:, :1] - 1e-12).mean(axis=1)
    corrected = (distance.max(axis=0)[None] >= distance[:, :1] - 1e-12).mean(axis=1)
    order = np.argsort(-distance[:, 0], kind="stable")
    return [f"| `{columns[varied[i]]}` | {areas[i, 0]:.3f} | {alone[i]:.3f} | {corrected[i]:.3f} |" for i in order]


def typical(rows: NDArray[np.float32], columns: list[str]) -> list[str]:
    """Give the 5 % and 95 % quantiles of the real images of both splits."""
    low, high = np.quantile(rows.astype(np.float64), (0.05, 0.95), axis=0)
    return [f"| `{name}` | {low[i]:.3g} to {high[i]:.3g} |" for i, name in enumerate(columns)]


def images_per_second(count: int) -> str:
    """Time reading and computing, one thread."""
    paths = [PLACES.corpus / path for path in read_index(PLACES.corpus)["path"][:count]]
    start = time.perf_counter(), time.process_time()
    for path in paths:
        image_values(load_grey(path))
    wall, busy = time.perf_counter() - start[0], time.process_time() - start[1]
    return (
        f"{len(paths)} images: {len(paths) / busy:.0f} per second of processor time, {len(paths) / wall:.0f} per second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("embedding", nargs="?", default="metadata")
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--refits", type=int, default=99, help="relabelled corpora to fit again")
    parser.add_argument("--columns", type=int, default=5, help="columns to list")
    parser.add_argument("--typical", action="store_true", help="list the typical range of every column")
    asked = parser.parse_args()
    block = {"comparator": "blind", "variant": "extension", "embedding": asked.embedding, "pooling": "values"}
    views = read_views(PLACES, RunParameters.model_validate(block | {"threshold": {"rule": "youden"}}))
    columns = read_embedding_metadata(PLACES.embedding(asked.embedding))["columns"]
    print(
        "| columns | number | ROC AUC out of fold | by chance: mean, 95 % | p |",
        "| --- | --- | --- | --- | --- |",
        sep="\n",
    )
    varied = np.ptp(views.development.real.rows, axis=0) > 0
    for name, starts in FAMILIES.items():
        if chosen := [i for i, column in enumerate(columns) if column.startswith(starts) and varied[i]]:
            print(family_row(name, views.development, chosen, asked.draws, asked.refits), flush=True)
    print("\n| column alone | ROC AUC of its value | p | p, corrected |", "| --- | --- | --- | --- |", sep="\n")
    print(*column_rows(views.development, columns, asked.draws)[: asked.columns], sep="\n")
    if asked.typical:
        rows = np.concatenate([views.development.real.rows, views.test.real.rows])
        print("\n| column | 5 % to 95 % |", "| --- | --- |", *typical(rows, columns), sep="\n")
    print(f"\n{images_per_second(300)}")


if __name__ == "__main__":
    main()
