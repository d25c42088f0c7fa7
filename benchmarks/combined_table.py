"""What the combined comparators find: python benchmarks/combined_table.py PROJECT ... [--choices] [--divisions 3]

A project is a folder with data/corpus and the embedding pixels-64. Development figures are nested and by group, the
mean over several divisions. `--choices` compares members and ways of weighing, on development images alone.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.params import RunParameters
from ganprint.seeds import derive_seed
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

VIEW = {"embedding": "pixels-64", "pooling": "none", "threshold": {"rule": "youden"}, "variant": "extension"}
BANDS = ("band-fine", "band-middle", "band-coarse")
SINGLE = {f"nearest {metric}": ("nearest", {"metric": metric}) for metric in ("euclidean", *BANDS)}
WHOLE = {"combined": ("combined", {}), "combined-unlabelled": ("combined-unlabelled", {})}


def members(attacks: dict[str, tuple[str, ...]]) -> list[dict[str, object]]:
    return [{"attack": name, "parameters": {"metric": metric}} for name, of in attacks.items() for metric in of]


def choices() -> dict[str, tuple[str, dict[str, object]]]:
    teams: dict[str, dict[str, tuple[str, ...]]] = {
        "nearest in 3 bands": {"nearest": BANDS},
        "and local-ratio fine": {"local-ratio": BANDS[:1], "nearest": BANDS},
    }
    found: dict[str, tuple[str, dict[str, object]]] = {}
    for name, team in teams.items():
        found[f"{name}: ranks"] = ("combined-unlabelled", {"members": members(team)})
        for grid in ([0.1], [1.0], [10.0], [0.1, 1.0, 10.0]):
            found[f"{name}: pull {grid}"] = ("combined", {"members": members(team), "regularisation": grid})
    return found


def development_auc(name: str, parameters: dict[str, object], development: Development, divisions: int) -> float:
    """Give the mean AUC of out-of-fold scores; what looks at no label is scored once."""
    if not create(name, "extension", parameters).learns:
        made = create(name, "extension", parameters).fit(development, Context(1))
        scores = made.score(Test(development.real, development.generated), Context(1))
        return float(roc_auc_score(development.used, scores))
    found = []
    for division in range(divisions):
        seed = derive_seed(20230918, "folds", *([division] if division else []))
        folds = fold_numbers(development.used, development.groups, 3, seed)
        scores = np.empty(len(folds))
        for fold in np.unique(folds):
            made = create(name, "extension", parameters).fit(
                development.take(np.flatnonzero(folds != fold)), Context(1)
            )
            held_out = np.flatnonzero(folds == fold)
            scores[held_out] = made.score(Test(development.real.take(held_out), development.generated), Context(1))
        found.append(roc_auc_score(development.used, scores))
    return float(np.mean(found))


def test_auc(name: str, parameters: dict[str, object], views: Views, truth: dict[str, int]) -> str:
    used = [truth.get(image, -1) for image in views.test.real.ids]
    if -1 in used:
        return ""
    scores = create(name, "extension", parameters).fit(views.development, Context(1)).score(views.test, Context(1))
    return f"{roc_auc_score(used, scores):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--choices", action="store_true")
    parser.add_argument("--divisions", type=int, default=3)
    options = parser.parse_args()
    for project in options.projects:
        places = Places(project)
        views = read_views(places, RunParameters.model_validate({"comparator": "nearest", **VIEW}))
        truth = {} if options.choices else read_truths(places).get("test", {})
        for what, (name, parameters) in (choices() if options.choices else SINGLE | WHOLE).items():
            cells = [f"{development_auc(name, parameters, views.development, options.divisions):.3f}"]
            cells += [] if options.choices else [test_auc(name, parameters, views, truth)]
            print(f"| {project.name} | {what} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
