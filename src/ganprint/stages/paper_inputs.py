"""What the audit of the paper takes from finished results: runs, a probe of blindness, and numbers of the corpus."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganprint.audit.paper.expected import CLUSTERS, HEIGHTS
from ganprint.audit.paper.expected_check import Here
from ganprint.audit.paper.expected_tree import TreeNumbers, development_tree
from ganprint.audit.paper.runs import FinishedRun, FinishedRuns, Probe
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create
from ganprint.errors import InputError
from ganprint.params import Params
from ganprint.seeds import derive_seed, generator
from ganprint.stages.paper_networks import backbone_outputs, network_parameters
from ganprint.stages.places import Places
from ganprint.stages.scores import read_compared
from ganprint.stages.views import Views, read_views

__all__ = ["read_finished", "read_here"]

_BLIND = "clustering-as-coded"
_TREE_RUNS = (_BLIND, "clustering-as-written")
_MACHINE_RUNS = ("svm-as-written", "svm-as-coded")


def read_finished(places: Places, params: Params) -> FinishedRuns:
    """Read all runs of params.yaml that are finished, and probe the blind one.

    Raises
    ------
    InputError
        When results are there and can not be read.
    """
    runs, missing = {}, {}
    for name in params.runs:
        if not places.compared(name).is_dir():
            missing[name] = f"run {name} has no results yet; run 'dvc repro'"
        elif not (places.evaluated(name) / "figures.json").is_file():
            missing[name] = f"run {name} is not evaluated yet; run 'dvc repro'"
        else:
            runs[name] = _finished(places, name)
    views = _views(places, params, (_BLIND,)) if _BLIND in runs else None
    probes = {} if views is None else {_BLIND: _probe(views, params)}
    return FinishedRuns(runs, missing, probes)


def read_here(places: Places, params: Params) -> Here:
    """Compute the numbers that the corpus and the networks at hand give.

    Raises
    ------
    InputError
        When a corpus or embedding is there and can not be read.
    """
    corpus: Mapping[str, Any] = {}
    if (places.corpus / "corpus.json").is_file():
        corpus = _read(places.corpus / "corpus.json")
    views, machine = _views(places, params, _TREE_RUNS), _views(places, params, _MACHINE_RUNS)
    ones = None
    if _BLIND in params.runs and places.compared(_BLIND).is_dir():
        compared = read_compared(places, _BLIND)
        ones = None if compared.refusal is not None else int(compared.own("test").decisions.sum())
    return Here(
        official=corpus.get("kind") == "official",
        counts=corpus.get("counts", {}),
        sizes=corpus.get("sizes", {}),
        parameters=network_parameters(),
        outputs=backbone_outputs(),
        tree=None if views is None else _tree(views.development),
        nonzero={} if machine is None else _nonzero(machine.development),
        ones=ones,
        keras=_features_of_keras(params),
    )


def _features_of_keras(params: Params) -> bool:
    """Say whether the runs that are held against the notebooks look at Keras' networks with weights of a file."""
    runs = [params.runs[name] for name in (*_TREE_RUNS, *_MACHINE_RUNS) if name in params.runs]
    embedded = [params.embed[run.embedding] for run in runs]
    return bool(runs) and all(
        block.backbone.startswith("keras-") and block.weights.startswith("file:") for block in embedded
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({' '.join(str(error).split())}); run 'dvc repro'") from None


def _finished(places: Places, name: str) -> FinishedRun:
    compared = read_compared(places, name)
    if compared.refusal is not None:
        return FinishedRun(name, compared.refusal)
    evaluated, fit = _read(places.evaluated(name) / "figures.json"), _read(places.compared(name) / "figures.json")
    figures = {
        reading: {
            split: {figure: part["value"] for figure, part in evaluation["figures"].items()}
            for split, evaluation in splits.items()
        }
        for reading, splits in evaluated["readings"].items()
    }
    parameters = compared.record["parameters"]["parameters"]
    return FinishedRun(name, None, compared.tables, figures, fit["numbers"], fit["curves"], parameters)


def _views(places: Places, params: Params, names: tuple[str, ...]) -> Views | None:
    """Give the view of the first of these runs whose embedding of features is at hand."""
    for name in names:
        run = params.runs.get(name)
        if run is not None and run.pooling != "none" and places.embedding(run.embedding).is_file():
            return read_views(places, run)
    return None


def _probe(views: Views, params: Params) -> Probe:
    """Score the blind run again with each of its inputs exchanged, and count the scores that change."""
    run, (development, test) = params.runs[_BLIND], (views.development, views.test)
    context = Context(derive_seed(params.seed, "paper", "probe"))
    rng = generator(params.seed, "paper", "probe", "noise")

    def noise(images: Images) -> Images:
        return Images(images.ids, rng.standard_normal(images.rows.shape).astype(images.rows.dtype))

    turned = Development(development.real, 1 - development.used, development.groups, development.generated)
    other = Development(noise(development.real), development.used, development.groups, noise(development.generated))
    exchanged = {
        "noise for the generated test images": (development, Test(test.real, noise(test.generated))),
        "noise for the development images": (other, test),
        "every development label turned round": (turned, test),
        # The control: a probe that never notices anything would show nothing.
        "noise for the real test images themselves": (development, Test(noise(test.real), test.generated)),
    }

    def scores(fitted_on: Development, scored: Test) -> Any:
        return create(run.comparator, run.variant, run.parameters).fit(fitted_on, context).score(scored, context)

    first = scores(development, test)
    return Probe(len(first), {what: int((scores(*inputs) != first).sum()) for what, inputs in exchanged.items()})


def _tree(development: Development) -> TreeNumbers:
    rows, used = development.real.rows, development.used == 1
    return development_tree(
        rows[~used], rows[used], development.generated.rows, clusters=len(CLUSTERS), heights=len(HEIGHTS)
    )


def _nonzero(development: Development) -> dict[str, int]:
    not_used = development.real.rows[development.used == 0]
    generated = development.generated.rows
    return {
        "rows not used": len(not_used),
        "rows generated": len(generated),
        "nonzero not used": int(np.count_nonzero(not_used)),
        "nonzero generated": int(np.count_nonzero(generated)),
        "width": not_used.shape[1],
    }
