"""Can features of several folds' networks be joined? python benchmarks/fine_tuned_features.py PROJECT [--mark 3]

One half of the development patients trains the networks and a logistic regression on their features, the other half is
new to both. `--mark` lays stripes of that height on used images of both halves, as in fine_tuned_table.py.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from fine_tuned_table import SEED, VIEW, marked
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ganprint.compare.data import Development, Test
from ganprint.compare.fine_tuned import FineTuned
from ganprint.compare.fine_tuned_features import out_of_fold_features
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context
from ganprint.params import RunParameters
from ganprint.stages.places import Places
from ganprint.stages.views import read_views


def regression(rows: NDArray[np.float32]) -> Pipeline:
    """Give a logistic regression on features in the units of these rows, of length about 1."""
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    scale = np.maximum(deviation, 0.1 * deviation.mean()) * rows.shape[1] ** 0.5
    return make_pipeline(FunctionTransformer(lambda x: (x - mean) / scale), LogisticRegression(C=10, max_iter=3000))


def compared(half: Development, new: Development, context: Context) -> None:
    """Print ROC AUC of new images and of held-out folds, for each way of joining."""
    fitted = FineTuned().fit(half, context)
    score = roc_auc_score(new.used, fitted.score(Test(new.real, new.generated), context))
    print(f"| logit alone | {roc_auc_score(half.used, fitted.out_of_fold_):.3f} | {score:.3f} | |", flush=True)
    for alignment in ("none", "standardised"):
        length = int(fitted.chosen_[0])
        found = out_of_fold_features(half, fitted.parameters, context, length, alignment)
        model = regression(found.rows)
        held_out = cross_val_predict(
            model, found.rows, half.used, groups=found.folds, cv=LeaveOneGroupOut(), method="decision_function"
        )
        apart = cross_val_score(model, found.rows, found.folds, cv=4).mean()
        values = model.fit(found.rows, half.used).decision_function(found.of_new(new.real.rows))
        aucs = f"{roc_auc_score(half.used, held_out):.3f} | {roc_auc_score(new.used, values):.3f}"
        print(f"| features, {alignment} | {aucs} | {apart:.2f} |", flush=True)
    rows = fitted.features(half.real, context)
    model = regression(rows).fit(rows, half.used)
    seen, unseen = (
        roc_auc_score(split.used, model.decision_function(fitted.features(split.real, context)))
        for split in (half, new)
    )
    print(f"| features of images trained on | {seen:.3f} (its own) | {unseen:.3f} | |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--mark", type=float, default=0.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = RunParameters.model_validate({"comparator": "nearest", **VIEW})
    development = marked(read_views(Places(options.project), run).development, options.mark)
    halves = fold_numbers(development.used, development.groups, 2, SEED)
    print("| what | held-out folds | new images | folds told apart |\n| --- | --- | --- | --- |")
    for number in (0, 1):
        parts = [development.take(np.flatnonzero((halves == number) == kept)) for kept in (False, True)]
        compared(parts[0], parts[1], Context(SEED))


if __name__ == "__main__":
    main()
