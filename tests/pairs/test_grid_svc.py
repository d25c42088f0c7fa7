"""GridSVC against scikit-learn's SVC on the built concatenations, and its own promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC

from ganprint.pairs import ConvergenceError, GridSVC, generated_weights, scale_gamma, solve_grid_dual, squared_distances


def concatenations(real, generated):
    return np.hstack([np.repeat(real, len(generated), axis=0), np.tile(generated, (len(real), 1))])


def features(kind, n_real, n_generated, seed, width=24):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(n_real, width)), rng.normal(size=(n_generated, width + 3)) + 0.5
    if kind == "correlated":
        real = rng.normal(size=(n_real, 3)) @ rng.normal(size=(3, width)) + 0.05 * real
        generated = rng.normal(size=(n_generated, 3)) @ rng.normal(size=(3, width + 3)) + 0.05 * generated
    elif kind == "duplicated":
        # Neighbouring rows are equal, so some equal real rows carry both labels.
        real, generated = np.repeat(real[::2], 2, axis=0)[:n_real], np.repeat(generated[::2], 2, axis=0)[:n_generated]
    return real, generated


def labels(n, share, seed):
    y = (np.arange(n) < round(share * n)).astype(int)
    return np.random.default_rng(seed).permutation(y)


def reference(real, generated, y, C, gamma):
    return SVC(C=C, gamma=gamma, tol=1e-5).fit(concatenations(real, generated), np.repeat(y, len(generated)))


@pytest.mark.parametrize("kind", ["random", "correlated", "duplicated"])
@pytest.mark.parametrize("C", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("gamma", ["scale", 0.01])
@pytest.mark.parametrize(("n_real", "n_generated", "share"), [(16, 30, 0.5), (24, 12, 0.2)])
def test_decision_values_and_votes_equal_svc(kind, C, gamma, n_real, n_generated, share):
    """The shortcut is exact: decisions on new pairs are those of SVC on every concatenation."""
    real, generated = features(kind, n_real, n_generated, 1)
    y = labels(n_real, share, 2)
    machine = GridSVC(C=C, gamma=gamma, tol=1e-4).fit(real, generated, y)
    svc = reference(real, generated, y, C, gamma)
    test_real, test_generated = features(kind, 9, 11, 3)
    test_real[0] = real[0]
    expected = svc.decision_function(concatenations(test_real, test_generated)).reshape(9, 11)
    decisions = machine.decision_function(test_real, test_generated)
    np.testing.assert_allclose(decisions, expected, rtol=0, atol=1e-3)
    clear = np.abs(expected) > 1e-3
    assert np.array_equal((decisions > 0)[clear], (expected > 0)[clear])
    assert np.array_equal(machine.vote_share(test_real, test_generated), (decisions > 0).mean(axis=1))
    assert machine.kkt_violation_ <= 1e-4


def test_a_grid_of_the_papers_kind_equals_svc():
    """A few thousand pairs, where the general solver has to restrict columns, precondition and polish."""
    real, generated = features("correlated", 40, 50, 5)
    y = labels(40, 0.5, 6)
    machine = GridSVC(C=1, tol=1e-4).fit(real, generated, y)
    assert machine.n_iter_ > 0, "the rank-one shortcut was not meant to suffice here"
    svc = reference(real, generated, y, 1.0, "scale")
    test_real, test_generated = features("correlated", 10, 10, 7)
    expected = svc.decision_function(concatenations(test_real, test_generated)).reshape(10, 10)
    np.testing.assert_allclose(machine.decision_function(test_real, test_generated), expected, rtol=0, atol=1e-3)


def test_when_no_bound_binds_the_grid_machine_is_a_machine_on_real_rows_alone():
    """The theorem behind rank_one: f(r, g) = (Au)(Bw) + c, with Bw = 1 on the columns in use."""
    real, generated = features("random", 20, 30, 8)
    y = labels(20, 0.5, 9)
    machine = GridSVC(C=100, gamma=0.02, tol=1e-5).fit(real, generated, y)
    assert machine.n_iter_ == 0
    alone = SVC(C=1e6, gamma=0.02, tol=1e-7).fit(real, y)
    kept = generated[np.any(machine.dual_coef_ != 0, axis=0)]
    assert len(kept) > 0
    expected = np.repeat(alone.decision_function(real)[:, np.newaxis], len(kept), axis=1)
    np.testing.assert_allclose(machine.decision_function(real, kept), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["random", "correlated", "duplicated"])
@pytest.mark.parametrize("C", [0.001, 1.0, 30.0])
def test_the_solution_is_feasible_and_optimal(kind, C):
    """Box, hyperplane, KKT violation and duality gap are judged here from the definitions, not by the solver's word."""
    real, generated = features(kind, 18, 22, 10)
    y = labels(18, 0.4, 11)
    machine = GridSVC(C=C, tol=1e-4).fit(real, generated, y)
    signs = np.where(y == 1, 1.0, -1.0)[:, np.newaxis]
    alpha = machine.dual_coef_ * signs
    assert alpha.min() >= 0
    assert alpha.max() <= C
    assert abs((alpha * signs).sum()) <= 1e-9 * alpha.sum()
    decisions = machine.decision_function(real, generated)
    product = decisions - machine.intercept_
    slack = signs - product
    up = np.where(signs > 0, alpha < C, alpha > 0)
    low = np.where(signs > 0, alpha > 0, alpha < C)
    violation = slack[up].max(initial=-np.inf) - slack[low].min(initial=np.inf)
    assert violation <= 1e-4 + 1e-9
    assert violation == pytest.approx(machine.kkt_violation_, abs=1e-9)
    quadratic = (machine.dual_coef_ * product).sum()
    primal = quadratic / 2 + C * np.maximum(0, 1 - signs * decisions).sum()
    gap = primal - (alpha.sum() - quadratic / 2)
    assert -1e-9 <= gap / max(1, primal) <= 1e-3
    assert machine.duality_gap_ == pytest.approx(gap / max(1, primal), abs=1e-9)


def test_scale_gamma_is_that_of_the_built_grid():
    """gamma="scale" is computed from two small blocks, with unequal widths and a common offset."""
    real, generated = features("random", 7, 13, 12)
    built = concatenations(real + 100, generated - 3)
    assert scale_gamma(real + 100, generated - 3) == pytest.approx(1 / (built.shape[1] * built.var()), rel=1e-10)
    assert scale_gamma(np.ones((3, 2)), np.ones((4, 5))) == 1.0


def test_a_missed_tolerance_is_an_error_and_leaves_no_model():
    """A model that is not a solution is never handed out."""
    real, generated = features("correlated", 24, 20, 13)
    machine = GridSVC(C=1, tol=1e-6, max_iter=1)
    with pytest.raises(ConvergenceError, match=r"KKT violation of .* after 1 Newton steps, more than tol 1e-06"):
        machine.fit(real, generated, labels(24, 0.5, 14))
    assert not hasattr(machine, "dual_coef_")


@pytest.mark.parametrize("y", [[0, 1, 2], [0, 1], [1, 1, 1], [0, 0, 0]])
def test_labels_are_checked(y):
    """Labels other than 0 and 1, too few of them, or a single class have no meaning."""
    with pytest.raises(ValueError, match=r"class|label"):
        GridSVC().fit(np.eye(3), np.eye(4), np.array(y))


def test_gram_factors_serve_folds_and_penalties():
    """fit_gram on rows and columns of one Gram matrix equals a fit on the fold's own rows."""
    real, generated = features("correlated", 20, 15, 15)
    y = labels(20, 0.5, 16)
    fold = np.arange(0, 20, 2)
    A, B = np.exp(-0.01 * squared_distances(real)), np.exp(-0.01 * squared_distances(generated))
    weights = generated_weights(B)
    for C in (0.5, 5.0):
        ours = GridSVC(C=C, gamma=0.01, tol=1e-5).fit_gram(A[np.ix_(fold, fold)], B, y[fold], weights=weights)
        direct = GridSVC(C=C, gamma=0.01, tol=1e-5).fit(real[fold], generated, y[fold])
        rest = np.arange(1, 20, 2)
        decisions = ours.decision_gram(A[np.ix_(rest, fold)], B)
        np.testing.assert_allclose(decisions, direct.decision_function(real[rest], generated), rtol=0, atol=1e-4)
        means = ours.mean_decision_gram(A[np.ix_(rest, fold)], B.mean(axis=0))
        np.testing.assert_allclose(means, decisions.mean(axis=1), rtol=0, atol=1e-9)


def test_streaming_equals_the_whole_for_any_block_and_pieces():
    """Votes and means do not depend on how the generated side arrives, and it is read once."""
    real, generated = features("random", 12, 10, 17)
    machine = GridSVC(C=1).fit(real, generated, labels(12, 0.5, 18))
    test_real, test_generated = features("random", 5, 23, 19)
    decisions = machine.decision_function(test_real, test_generated)
    for block in (1, 7, 23, 100):
        pieces = iter(np.array_split(test_generated, 4))
        votes = machine.vote_share(test_real, pieces, block=block)
        assert np.array_equal(votes, (decisions > 0).mean(axis=1))
        means = machine.mean_decision(test_real, test_generated, block=block)
        np.testing.assert_allclose(means, decisions.mean(axis=1), rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match="no generated rows"):
        machine.vote_share(test_real, iter([]))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), C=st.sampled_from([0.05, 1.0, 20.0]))
def test_row_order_does_not_matter(seed, C):
    """Permuting real or generated rows permutes the solution's decisions and changes none."""
    rng = np.random.default_rng(seed)
    real, generated = features("correlated", 10, 8, seed, width=6)
    y = labels(10, 0.5, seed)
    test_real, test_generated = features("correlated", 4, 4, seed + 1, width=6)
    p, q = rng.permutation(10), rng.permutation(8)
    one = GridSVC(C=C, tol=1e-6).fit(real, generated, y)
    other = GridSVC(C=C, tol=1e-6).fit(real[p], generated[q], y[p])
    expected = one.decision_function(test_real, test_generated)
    np.testing.assert_allclose(other.decision_function(test_real, test_generated), expected, rtol=0, atol=1e-5)


def test_fits_are_bit_for_bit_repeatable():
    """The same input gives the same coefficients, so submissions can be byte-identical."""
    real, generated = features("correlated", 20, 30, 20)
    y = labels(20, 0.5, 21)
    fits = [GridSVC(C=1).fit(real, generated, y).dual_coef_ for _ in range(2)]
    assert np.array_equal(*fits)


def test_indefinite_rounding_of_a_flat_kernel_is_survived():
    """A very wide kernel makes both Gram matrices nearly singular; the answer is still a checked one."""
    real, generated = features("correlated", 16, 16, 22)
    A, B = np.exp(-1e-7 * squared_distances(real)), np.exp(-1e-7 * squared_distances(generated))
    dual = solve_grid_dual(A, B, labels(16, 0.5, 23) == 1, C=1.0)
    assert dual.kkt_violation <= 1e-3
