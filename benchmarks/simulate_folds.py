"""How often tests of out-of-fold scores call out where nothing is to be found: all folds at once, and inside folds."""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from ganprint.compare.folds import fold_numbers
from ganprint.evaluate.fold_tests import fold_p_values
from ganprint.evaluate.permutation import permutation_test
from ganprint.evaluate.split_scores import SplitScores

DRAWS, LEVEL = 199, 0.05
SETTINGS = ((40, 4, 50, "logistic regression"), (40, 4, 50, "RBF machine"), (16, 2, 3, "logistic regression"))


def null_scores(groups, images, features, model, rng):
    """Out-of-fold scores of a model that learned labels which mean nothing, with their truth and folds."""
    names = np.repeat([f"g{number:02d}" for number in range(groups)], images)
    used = np.repeat(rng.permutation(groups) % 2, images).astype(np.int8)
    rows = np.repeat(rng.normal(size=(groups, features)), images, axis=0)
    rows += rng.normal(0, 0.3, rows.shape)
    folds = fold_numbers(used, names, 4, int(rng.integers(2**31)))
    scores = np.empty(len(used))
    for fold in np.unique(folds):
        machine = LogisticRegression(C=1.0, max_iter=1000) if model == "logistic regression" else SVC()
        fitted = machine.fit(rows[folds != fold], used[folds != fold])
        scores[folds == fold] = fitted.decision_function(rows[folds == fold])
    ids = np.arange(len(used)).astype(np.str_)
    decisions = (scores > 0).astype(np.int8)
    return SplitScores(("null",), ids, names, used, scores[None], decisions[None]), folds


def main(repetitions: int) -> None:
    """Print a Markdown table of the shares of p values at most the level."""
    print("| groups x images | features | model | all folds at once | inside folds |")
    print("| --- | ---: | --- | ---: | ---: |")
    for setting in SETTINGS:
        rng = np.random.default_rng(0)
        called = np.zeros(2)
        for _ in range(repetitions):
            split, folds = null_scores(*setting, rng)
            called[0] += permutation_test(split, DRAWS, rng).p("roc_auc")[0] <= LEVEL
            called[1] += fold_p_values(split, folds, DRAWS, rng)["roc_auc"][0] <= LEVEL
        groups, images, features, model = setting
        shares = " | ".join(f"{100 * share:.1f} %" for share in called / repetitions)
        print(f"| {groups} x {images} | {features} | {model} | {shares} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
