"""Every checkable number of the paper and its code, with a verdict per number on the corpus at hand.

Three verdicts. ``reproduced``: the number comes out here. ``differs``: it does not, by how much and why. ``not
checkable without the official images``: it depends on images that this corpus does not have; the value here stands
beside it for information and says nothing about the paper.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from math import floor
from typing import Any

import numpy as np

from ganprint.audit.paper.code import batch_floors
from ganprint.audit.paper.effects import NOTEBOOK_CLUSTERS
from ganprint.audit.paper.expected_check import Expected, Here, checked, of_images
from ganprint.audit.paper.expected_tree import cluster_test, clusters_at
from ganprint.audit.paper.sentences import figure_title
from ganprint.evaluate.claims.tests import chance_tests
from ganprint.evaluate.published import published
from ganprint.pairs import area_under_points

__all__ = ["CLUSTERS", "EXPECTED_VERSION", "HEIGHTS", "expected_rows", "expected_table"]

EXPECTED_VERSION = 1

_PAPER = "paper, Table 1"
_NETWORK_CODE = "code of run 1"
_NOTEBOOK = "notebook of run 2"
_SVM_NOTEBOOK = "notebook of run 3"
_KERAS = "Keras model summary in the notebooks"
_TASK = "task description"
_HAND = "worked out by hand from the code of run 1"

HEIGHTS = (90.5, 61.6, 44.3, 35.7, 33.7, 33.2, 32.5, 26.3, 25.1, 24.8, 23.8, 23.3, 23.1, 22.1)
"""Largest merge heights of the development tree, read off the published figure."""

CLUSTERS = (
    (12, 16, 0),
    (10, 7, 29),
    (31, 27, 4),
    (1, 1, 82),
    (11, 15, 70),
    (7, 3, 115),
    (1, 0, 69),
    (7, 11, 131),
)
"""Not used, used and generated development images per cluster, as the notebook prints them."""

_READ_OFF = 0.15
_COPHENETIC = 0.5679261106594059
_FLOORS = (0.0, 0.0, 0.173, 0.412, 0.693, 1.006, 1.344, 1.703, 2.079)
_OTHER_WEIGHTS = "features here are not those of the Keras network"
_KERAS_WEIGHTS = "features are those of the Keras network"


def expected_table(here: Here) -> dict[str, Any]:
    """Give ``version``, ``official`` (whether the corpus is), ``verdicts`` (how many of each) and ``rows``."""
    rows = expected_rows(here)
    verdicts: dict[str, int] = {}
    for row in rows:
        verdicts[row.verdict] = verdicts.get(row.verdict, 0) + 1
    return {
        "version": EXPECTED_VERSION,
        "official": here.official,
        "verdicts": verdicts,
        "rows": [asdict(row) for row in rows],
    }


def expected_rows(here: Here) -> list[Expected]:
    """Check every number."""
    return [
        *_table_rows(),
        *_loss_rows(),
        *_network_rows(here),
        *_cluster_arithmetic(),
        *_array_arithmetic(),
        *_corpus_rows(here),
        *_tree_rows(here),
        *_feature_rows(here),
    ]


def _table_rows() -> Iterable[Expected]:
    figures = {1: (61.479, 0.01, 0.472), 2: (52.133, -0.01, 0.584), 3: (43.114, 0.05, 0.262)}
    for run in published():
        exact, (f1, kappa, p) = run.counts.figures(), figures[run.run]
        title = f"run {run.run}, {run.method}"
        for name, rate in run.printed().items():
            value = (exact[name] or 0) * 100
            cut = floor(value * 10**rate.digits) / 10**rate.digits
            row = checked(
                f"table-{run.run}-{name}", f"{title}: {figure_title(name)}, per cent", float(rate.text), cut, _PAPER
            )
            yield replace(row, note=row.note or f"{float(value):.4f}, cut off after the printed digits")
        source = "from the counts of Table 1"
        own = f"table-{run.run}"
        yield checked(
            f"{own}-f1-exact", f"{title}: F1 of its counts", f1, float(exact["f1"] or 0) * 100, source, within=5e-4
        )
        yield checked(f"{own}-kappa", f"{title}: Cohen's kappa", kappa, float(exact["kappa"] or 0), source, within=5e-3)
        chance = chance_tests(run.counts).p_coin
        yield checked(f"{own}-chance", f"{title}: one-sided p against a coin", p, chance, source, within=5e-4)
    yield checked("all-used-f1", 'F1 of "all used", per cent', 66.67, 200 / 3, "from the class sizes", within=5e-3)


def _loss_rows() -> Iterable[Expected]:
    floors = batch_floors()
    for k, low in enumerate(_FLOORS):
        row = checked(f"loss-floor-{k}", f"least loss, {k} of 8 pairs used", low, floors.free[k], _HAND, within=6e-4)
        note = "equal shares, -ln(7/8), are the best when no pair is used; " if k == 0 else ""
        bounded = f"{floors.sigmoid[k]:.4f} with the network's sigmoid before the softmax"
        yield replace(row, note="; ".join(filter(None, (row.note, note + bounded))))
    yield checked("loss-floor-mean", "mean of the least losses", 0.727, floors.mean_free, _HAND, within=6e-4)
    yield checked("loss-constant", "mean loss of a constant network", 1.106, floors.mean_constant, _HAND, within=6e-4)
    points = ("perfect", (0.0, 0.0, 1.0, 1.0)), ("inverted", (1.0, 1.0, 0.0, 0.0))
    for name, labels in points:
        area = area_under_points(np.array([0.1, 0.2, 0.8, 0.9]), np.array(labels))
        what = f'the code\'s "AUC" of the {name} ranking of .1 .2 .8 .9'
        yield checked(f"auc-{name}", what, 0.4, area, _NETWORK_CODE, within=1e-12)


def _network_rows(here: Here) -> Iterable[Expected]:
    shapes = {10: (512, 16, 16), 12: (640, 16, 16), 18: (512, 16, 16), 34: (512, 16, 16)}
    shapes |= dict.fromkeys((50, 101, 152), (2048, 16, 16))
    for depth, shape in shapes.items():
        what = f"output of the backbone of depth {depth} at 256 pixels"
        yield checked(f"shape-{depth}", what, list(shape), list(here.outputs.get(depth, [])), _NETWORK_CODE)
    wanted = {
        "relation backbone, depth 101, with its unused classifier": (44_542_888, _NETWORK_CODE),
        "its unused classifier": (2_049_000, _NETWORK_CODE),
        "relation module": (113_274_897, _NETWORK_CODE),
        "whole network of run 1": (202_360_673, _NETWORK_CODE),
        "Keras ResNet-50 without top": (23_587_712, _KERAS),
        "Keras ResNet-50 without top, not trainable": (53_120, _KERAS),
        "Keras ResNet-101 without top": (42_658_176, _KERAS),
        "Keras ResNet-101 without top, not trainable": (105_344, _KERAS),
    }
    for name, (number, source) in wanted.items():
        key = f"parameters-{name.lower().replace(',', '').replace(' ', '-')}"
        row = checked(key, f"parameters: {name}", number, here.parameters.get(name), source)
        keras = "torchvision's parameters, a bias per convolution channel, two running statistics per channel"
        yield replace(row, note=row.note or (keras if source == _KERAS else ""))


def _cluster_arithmetic() -> Iterable[Expected]:
    source = "from the notebook's table of clusters"
    for column, (name, total) in enumerate((("not used", 80), ("used", 80), ("generated", 500))):
        number = sum(line[column] for line in CLUSTERS)
        yield checked(f"clusters-sum-{name.replace(' ', '-')}", f"8 clusters: {name} images", total, number, source)
    test = cluster_test([line[:2] for line in CLUSTERS])
    if test is not None:
        yield checked("clusters-chi2", "used against not used, chi-squared", 5.48, test.chi2, source, within=5e-3)
        yield checked("clusters-df", "its degrees of freedom", 7, test.df, source)
        yield checked("clusters-p", "its p", 0.60, test.p, source, within=5e-3)
    first = CLUSTERS[:3]
    real, generated = sum(line[0] + line[1] for line in first), sum(line[2] for line in first)
    yield checked("clusters-gap-real", "real images of 160 in the first three clusters", 103, real, source)
    yield checked("clusters-gap-generated", "generated images of 500 among them", 33, generated, source)
    for cut, number in ((30.0, 8), (40.0, 4)):
        what = f"clusters of the published heights cut at {cut:g}"
        yield checked(f"clusters-cut-{cut:g}", what, number, clusters_at(list(HEIGHTS), cut), _NOTEBOOK)
    run, (ones, zeros) = published()[1].counts, NOTEBOOK_CLUSTERS
    yield checked(
        "cluster-ones", "ones of its stored clusters of the test images, TP + FP", ones, run.called, _NOTEBOOK
    )
    yield checked("cluster-zeros", "zeros of them, TN + FN", zeros, run.n - run.called, _NOTEBOOK)


def _array_arithmetic() -> Iterable[Expected]:
    rows = 80 * 500
    yield checked("svm-rows", "training rows of one class", 40_000, rows, _SVM_NOTEBOOK)
    yield checked("svm-all-rows", "training rows", 80_000, 2 * rows, _SVM_NOTEBOOK)
    yield checked("svm-entries", "entries of the not-used training array", 163_840_000, rows * 4096, _SVM_NOTEBOOK)
    size = 200 * 10_000 * 4096 * 8 / 1e9
    yield checked("svm-array", "GB of the array to predict", 65.0, size, _SVM_NOTEBOOK, within=1.0)


def _corpus_rows(here: Here) -> Iterable[Expected]:
    wanted = {
        "development/real/used": 80,
        "development/real/not_used": 80,
        "development/generated": 500,
        "test/real/unknown": 200,
        "test/generated": 10_000,
    }
    for part, number in wanted.items():
        count = here.counts.get(part) if here.counts else None
        row = checked(f"images-{part.replace('/', '-')}", f"images: {part}", number, count, _TASK)
        yield of_images(here, row)
    size = ", ".join(here.sizes) or None
    yield of_images(here, checked("image-size", "width and height in pixels", "256x256", size, _TASK))
    ones = checked(
        "cluster-ones-here", "ones of the regenerated file of run 2", NOTEBOOK_CLUSTERS[0], here.ones, _NOTEBOOK
    )
    either = here.ones == NOTEBOOK_CLUSTERS[1]
    why = "the same clusters named the other way" if either else _weights(here)
    yield of_images(here, ones, why)


def _tree_rows(here: Here) -> Iterable[Expected]:
    tree = here.tree
    value = tree.cophenetic if tree else None
    what = "cophenetic correlation of the development tree"
    row = checked("cophenetic-correlation", what, _COPHENETIC, value, _NOTEBOOK, within=5e-4)
    yield of_images(here, row, _weights(here))
    for place, height in enumerate(HEIGHTS):
        found = tree.heights[place] if tree and place < len(tree.heights) else None
        what = f"merge height {place + 1} from the top"
        row = checked(f"merge-height-{place + 1:02d}", what, height, found, _NOTEBOOK, within=_READ_OFF)
        yield of_images(here, row, _weights(here))
    table = sorted(tree.table, reverse=True) if tree else None
    what = "8 clusters: not used, used, generated"
    wanted = sorted(CLUSTERS, reverse=True)
    yield of_images(here, checked("cluster-table", what, wanted, table, _NOTEBOOK), _weights(here))


def _feature_rows(here: Here) -> Iterable[Expected]:
    numbers, total = here.nonzero, None
    if numbers:
        total = numbers["rows generated"] * numbers["nonzero not used"]
        total += numbers["rows not used"] * numbers["nonzero generated"]
    what = "non-zero entries of the not-used training array"
    row = checked("svm-nonzero", what, 38_979_180, total, _SVM_NOTEBOOK)
    yield of_images(here, row, _weights(here))


def _weights(here: Here) -> str:
    return _KERAS_WEIGHTS if here.keras else _OTHER_WEIGHTS
