"""Arithmetic on the authors' code, against closed forms and plain search."""

import math
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ganprint.audit.paper.code import batch_floors, batch_loss, largest_eigenvalue_gap
from ganprint.pairs import area_under_points


@pytest.fixture(scope="module")
def floors():
    return batch_floors()


def test_free_floors_are_the_closed_form(floors):
    """Protects the loss floors: k ln k / 8 for k used pairs, and -ln(7/8), not 0, when no pair is used."""
    assert floors.free[0] == pytest.approx(-math.log(7 / 8), abs=1e-6)
    for k in range(1, 9):
        assert floors.free[k] == pytest.approx(k * math.log(k) / 8, abs=1e-6), k
    assert [f"{value:.3f}" for value in floors.free[1:]] == [
        "0.000",
        "0.173",
        "0.412",
        "0.693",
        "1.006",
        "1.344",
        "1.703",
        "2.079",
    ]


def test_means_beside_a_coin(floors):
    """Protects the headline of the loss: even its floor lies above a coin's ln 2, the sigmoid's floor higher still."""
    weights = [math.comb(8, k) / 256 for k in range(9)]
    assert floors.mean_free == pytest.approx(sum(w * f for w, f in zip(weights, floors.free, strict=True)))
    assert round(floors.mean_free, 3) in (0.727, 0.728)
    assert round(floors.mean_constant, 3) == pytest.approx(1.106, abs=0.0011)
    assert floors.coin < floors.mean_free < floors.mean_sigmoid < floors.mean_constant


def test_sigmoid_floors_against_a_grid(floors):
    """Protects the higher floors: no scores of a grid in [0, 1] give a lower loss, and their best comes close."""
    grid = np.linspace(0, 1, 21)
    for k in range(9):
        used = np.arange(8) < k
        best = min(batch_loss(np.where(used, high, low), used) for high, low in product(grid, grid))
        assert floors.sigmoid[k] <= best + 1e-9
        assert floors.sigmoid[k] == pytest.approx(best, abs=1e-3), k
        assert floors.sigmoid[k] >= floors.free[k] - 1e-9
    rng = np.random.default_rng(0)
    for _ in range(300):
        k = int(rng.integers(0, 9))
        assert batch_loss(rng.random(8), np.arange(8) < k) >= floors.sigmoid[k] - 1e-9


def test_batch_loss_is_the_binary_cross_entropy_of_the_softmax():
    """Protects the loss itself against the definition with plain sums."""
    scores, used = np.array([0.3, -1.0, 2.0]), np.array([True, False, False])
    shares = [math.exp(s) / sum(math.exp(t) for t in scores) for s in scores]
    plain = -(math.log(shares[0]) + math.log(1 - shares[1]) + math.log(1 - shares[2])) / 3
    assert batch_loss(scores, used) == pytest.approx(plain)


def test_area_under_points_is_no_auc():
    """Protects the finding on the "AUC": 0.4 for a perfect and for an inverted ranking."""
    predictions, labels = np.array([0.9, 0.1, 0.8, 0.2]), np.array([1.0, 0.0, 1.0, 0.0])
    assert area_under_points(predictions, labels) == pytest.approx(0.4)
    assert area_under_points(predictions, 1 - labels) == pytest.approx(0.4)
    assert (roc_auc_score(labels, predictions), roc_auc_score(1 - labels, predictions)) == (1, 0)


def test_largest_eigenvalue_is_the_squared_length():
    """Protects the finding on the eigenvalue analysis, against NumPy's non-symmetric decomposition."""
    vector = np.random.default_rng(1).standard_normal(40)
    values = np.linalg.eigvals(np.outer(vector, vector))
    assert values.real.max() == pytest.approx(vector @ vector)
    assert largest_eigenvalue_gap(vector) < 1e-12
