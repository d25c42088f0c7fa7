"""What the boosting ensembles find: python benchmarks/boosting_table.py PROJECT ... [--ablations] [--importances]

A project is a folder with data/corpus and the embeddings pixels-64 and lite0-weights; further ones that are there
(hand-made ones, metadata, EfficientNet-Lite 1 and 2) make the rows "all views". Development figures are nested and by
group: the mean over several divisions, and the first one, that of the default profile, with a 95 % interval by patient.
`--ablations` leaves parts of `corrected` away, on development images alone; `--importances` prints what the answer of a
fit on the whole development split rests on.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ganprint.compare.boosting_columns import Nearness, rows_of
from ganprint.compare.data import Development, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Comparator, Context, create
from ganprint.evaluate.intervals import bootstrap_interval, resample
from ganprint.params import RunParameters
from ganprint.seeds import derive_seed
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

NETWORKS = {f"lite{size}-weights": "average" for size in (0, 1, 2)}
VALUES = ("texture", "noise-residual", "spectrum", "perceptual-hash", "wavelet", "noise-image")
POOLINGS = {"pixels-64": "none", **NETWORKS, **dict.fromkeys(VALUES, "values"), "metadata": "values"}
SCALED = ("texture", "noise-residual", "spectrum", "wavelet")
"""Hand-made ones whose columns have units of their own."""
BANDS = ("band-fine", "band-middle", "band-coarse")
QUIET: dict[str, Any] = {"exchanges": 0}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    title: str
    comparator: str
    variant: str
    parameters: dict[str, Any]
    views: tuple[str, ...] = ("pixels-64",)


def remembered(measured: Any) -> Any:
    """Keep nearness by image: it does not depend on the fold, and measuring it is most of the time."""
    known: dict[Any, dict[bytes, NDArray[np.float64]]] = {}

    def found(self: Nearness, real: Any, generated: Any, views: Sequence[str], scales: Any) -> NDArray[np.float64]:
        parts = [np.empty((len(real), 0))]
        for view in views:
            if view in scales:
                parts.append(measured(self, real, generated, [view], scales))
                continue
            rows = rows_of(real, view)
            first = rows_of(generated, view)[:1].tobytes()
            kept = known.setdefault((tuple(self.metrics(real, view)), self.neighbours, len(generated), first), {})
            keys = [row.tobytes() for row in rows]
            new = [place for place, key in enumerate(keys) if key not in kept]
            if new:
                kept |= zip((keys[i] for i in new), measured(self, real.take(new), generated, [view], {}), strict=True)
            parts.append(np.stack([kept[key] for key in keys]))
        return np.hstack(parts)

    return found


def table(everything: tuple[str, ...]) -> list[Row]:
    """Give the rows of the main table."""
    first, scaled = ("pixels-64", "lite0-weights"), [name for name in SCALED if name in everything]
    backbones = tuple(name for name in everything if name != "metadata")
    known = [name for name in everything if name == "metadata"]
    rows = [Row(f"nearest, {metric}", "nearest", "extension", {"metric": metric}) for metric in BANDS]
    rows += [Row("combined", "combined", "extension", {})]
    rows += [Row("as_written, lite0", "boosting", "as_written", QUIET, ("lite0-weights",))]
    rows += [Row("corrected, pixels", "boosting", "corrected", QUIET)]
    rows += [Row("corrected, pixels and lite0", "boosting", "corrected", QUIET, first)]
    if len(everything) > 2:
        vectors = tuple(name for name in everything if name != "pixels-64")
        rows += [Row("as_written, all views", "boosting", "as_written", QUIET | {"metadata": known}, vectors)]
        rows += [Row("corrected, all views", "boosting", "corrected", QUIET | {"scaled": scaled}, backbones)]
    if known:
        joined = QUIET | {"scaled": scaled, "metadata": known}
        rows += [Row("corrected, all views and metadata", "boosting", "corrected", joined, everything)]
    return rows


def ablations(everything: tuple[str, ...]) -> list[Row]:
    """Give `corrected` with one thing changed."""
    _, base, *more = (row for row in table(everything) if row.title.startswith("corrected"))
    changes: dict[str, dict[str, Any]] = {
        "as it is": {},
        "without monotone constraints": {"monotone": False},
        "without a start": {"start": False},
        "without both": {"monotone": False, "start": False},
        "4 components": {"components": [4]},
        "components chosen of 0, 4": {"components": [0, 4]},
        "local ratios too": {"nearness": {"neighbours": 50}},
        "thresholds not drawn": {"trees": {"least_in_leaf": 10, "columns": 0.5, "rows": 0.7, "bins": 63}},
        "trees as the library has them": {"trees": {}, "rounds": [100], "leaves": [31]},
    }
    return [
        Row(f"{row.title}: {what}", "boosting", "corrected", row.parameters | changed, row.views)
        for row in [base, *more[-1:]]
        for what, changed in changes.items()
    ]


def make(row: Row) -> Comparator:
    return create(row.comparator, row.variant, row.parameters)


def out_of_fold(row: Row, development: Development, division: int) -> NDArray[np.float64]:
    """Give scores of every development image by a fit on other patients; what looks at no label is scored once."""
    if not make(row).learns:
        fitted = make(row).fit(development, Context(1))
        return fitted.score(Test(development.real, development.generated), Context(1))
    seed = derive_seed(20230918, "folds", *([division] if division else []))
    folds = fold_numbers(development.used, development.groups, 3, seed)
    scores = np.empty(len(folds))
    for fold in np.unique(folds):
        fitted = make(row).fit(development.take(np.flatnonzero(folds != fold)), Context(1))
        held_out = np.flatnonzero(folds == fold)
        scores[held_out] = fitted.score(Test(development.real.take(held_out), development.generated), Context(1))
    return scores


def said(used: NDArray[np.int8], scores: NDArray[np.float64], groups: NDArray[np.str_]) -> str:
    """Give the ROC AUC with its interval by patient."""
    decisions = (scores >= np.median(scores)).astype(np.int8)
    drawn = resample(used, scores, decisions, groups, resamples=2000, rng=np.random.default_rng(1))
    found = bootstrap_interval(drawn, "roc_auc", 0.95)
    return f"{roc_auc_score(used, scores):.3f} ({found.low:.3f} to {found.high:.3f})" if found else "?"


def read(places: Places, views: tuple[str, ...]) -> Views:
    own, *further = views
    run = {
        "comparator": "boosting", "variant": "corrected", "threshold": {"rule": "youden"}, "embedding": own,
        "pooling": POOLINGS[own], "further_views": {name: POOLINGS[name] for name in further},
    }  # fmt: skip
    return read_views(places, RunParameters.model_validate(run))


def test_said(row: Row, views: Views, truth: dict[str, int]) -> str:
    used = np.array([truth.get(image, -1) for image in views.test.real.ids], dtype=np.int8)
    if -1 in used:
        return ""
    return said(used, make(row).fit(views.development, Context(1)).score(views.test, Context(1)), views.test_groups)


def importances(row: Row, views: Views) -> str:
    fitted = create(row.comparator, row.variant, row.parameters | {"exchanges": 10}).fit(views.development, Context(1))
    return ", ".join(f"{name} {value:.3f}" for name, value in fitted.figures().numbers.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--importances", action="store_true")
    parser.add_argument("--divisions", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose title begins so")
    options = parser.parse_args()
    Nearness.measured = remembered(Nearness.measured)
    for project in options.projects:
        places = Places(project)
        everything = tuple(name for name in POOLINGS if places.embedding(name).is_file())
        truth = {} if options.ablations else read_truths(places).get("test", {})
        for row in (ablations if options.ablations else table)(everything):
            if not row.title.startswith(options.only):
                continue
            views = read(places, row.views)
            if options.importances:
                if row.comparator == "boosting":
                    print(f"{project.name}, {row.title}: {importances(row, views)}", flush=True)
                continue
            development = views.development
            scores = [out_of_fold(row, development, division) for division in range(options.divisions)]
            cells = [f"{np.mean([roc_auc_score(development.used, found) for found in scores]):.3f}"]
            cells += [said(development.used, scores[0], development.groups)]
            cells += [] if options.ablations else [test_said(row, views, truth)]
            print(f"| {project.name} | {row.title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
