"""The vectorised figures of the bootstrap are scikit-learn's, weight for weight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ganprint.evaluate.weighted import FALSE_POSITIVE_RATES, weighted_figures


@st.composite
def weighted_images(draw):
    """Images with ties, and three weightings of them, some of which leave images or a class out."""
    n = draw(st.integers(1, 15))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    used = np.array(column(st.integers(0, 1)), dtype=np.int8)
    decisions = np.array(column(st.integers(0, 1)), dtype=np.int8)
    scores = np.array(column(st.integers(-3, 3)), dtype=float)
    weights = np.array([column(st.integers(0, 4)) for _ in range(3)], dtype=float)
    weights[:, 0] += weights.sum(axis=1) == 0
    return weights, used, scores, decisions


def reference(weight, used, scores, decisions):
    """The same figures by scikit-learn with sample weights; NaN where this project calls them undefined."""
    kept = weight > 0
    weight, used, scores, decisions = weight[kept], used[kept], scores[kept], decisions[kept]
    options = {"sample_weight": weight, "zero_division": np.nan}
    classes = set(used.tolist()) | set(decisions.tolist())
    figures = {
        "accuracy": sk.accuracy_score(used, decisions, sample_weight=weight),
        "precision": sk.precision_score(used, decisions, **options),
        "recall": sk.recall_score(used, decisions, **options),
        "specificity": sk.recall_score(used, decisions, pos_label=0, **options),
        "f1": sk.f1_score(used, decisions, **options),
        "kappa": sk.cohen_kappa_score(used, decisions, sample_weight=weight) if len(classes) == 2 else np.nan,
        "prevalence": np.average(used, weights=weight),
    }
    if len(set(used.tolist())) == 1:
        return figures | dict.fromkeys(["roc_auc", "average_precision", *FALSE_POSITIVE_RATES], np.nan)
    fpr, tpr, _ = sk.roc_curve(used, scores, sample_weight=weight, drop_intermediate=False)
    return figures | {
        "roc_auc": sk.roc_auc_score(used, scores, sample_weight=weight),
        "average_precision": sk.average_precision_score(used, scores, sample_weight=weight),
        **{name: tpr[fpr <= rate].max() for name, rate in FALSE_POSITIVE_RATES.items()},
    }


@settings(max_examples=50, deadline=None)
@given(weighted_images())
def test_every_weighting_is_that_of_scikit_learn(images):
    """All figures agree on every weighting, ties, left-out images and missing classes included."""
    weights, used, scores, decisions = images
    figures = weighted_figures(weights, used, scores, decisions)
    for row, weight in enumerate(weights):
        expected = reference(weight, used, scores, decisions)
        assert set(figures) == set(expected)
        for name, values in figures.items():
            assert values[row] == pytest.approx(expected[name], abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("negatives", [30, 70, 100, 200, 300])
def test_rates_of_whole_images_are_reached(negatives):
    """As many false positives are allowed as whole numbers say, whatever rounding makes of the product."""
    used = np.repeat([0, 1], [negatives, negatives]).astype(np.int8)
    scores = np.tile(np.arange(negatives, dtype=float), 2)
    decisions = (scores >= 0).astype(np.int8)
    figures = weighted_figures(np.ones((1, len(used))), used, scores, decisions)
    for name, percent in (("tpr_at_fpr_10", 10), ("tpr_at_fpr_05", 5), ("tpr_at_fpr_01", 1)):
        assert figures[name][0] == pytest.approx(negatives * percent // 100 / negatives), name
