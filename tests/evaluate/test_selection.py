"""A selection study: counted pairs, the rule, nested folds, and what useless candidates may lead one to claim."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ganprint.evaluate.permutation import permuted_labels
from ganprint.evaluate.selection import (
    Candidate,
    StudyTruth,
    corrected_p,
    interval,
    nested_selection,
    plain_p,
    whole_selection,
)
from ganprint.evaluate.selection_pairs import GroupPairs, auc_of_labels, group_pairs
from ganprint.evaluate.selection_rule import select

GROUPS, EACH = 20, 2


def split(groups=GROUPS, each=EACH):
    """Half of the patients used, all images of a patient alike."""
    names = np.repeat([f"p{number:02d}" for number in range(groups)], each)
    return np.repeat(np.arange(groups) % 2, each).astype(np.int8), names


def folds_of(names, count, shift=0):
    """Whole patients to folds, two neighbours (one used, one not) together."""
    _, member_of = np.unique(names, return_inverse=True)
    return ((member_of // 2 + shift) % count).astype(np.intp)


def truth_of(used, names, outer=5, inner=3, repetitions=2):
    """Folds of a study."""
    outside = np.stack([folds_of(names, outer, shift) for shift in range(repetitions)])
    inside = np.full((repetitions, outer, len(used)), -1, dtype=np.intp)
    for repetition, fold in np.ndindex(repetitions, outer):
        kept = outside[repetition] != fold
        inside[repetition, fold, kept] = folds_of(names[kept], inner)
    return StudyTruth(used, names, outside, inside)


def free(name, place, scores, truth):
    """A candidate that learns nothing."""
    return Candidate(name, place, learns=False, outer=np.tile(scores, (len(truth.outer), 1)), inner=None)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_counted_pairs_are_those_of_a_plain_loop(data):
    """Protects every figure: pairs within a part, ties half, images left out, any weighting of the groups."""
    n, groups = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    used, names = rng.integers(0, 2, n).astype(np.int8), rng.integers(0, groups, n).astype(np.str_)
    scores, parts = rng.integers(0, 4, (2, n)).astype(float), rng.integers(-1, 3, (2, n))
    weights = rng.integers(0, 3, (3, len(np.unique(names)))).astype(float)
    of_image = weights[:, np.unique(names, return_inverse=True)[1]]
    right, pairs = np.zeros((2, 3))
    for repetition, i, j in product(range(2), range(n), range(n)):
        if used[i] == 1 and used[j] == 0 and parts[repetition, i] == parts[repetition, j] >= 0:
            difference = scores[repetition, i] - scores[repetition, j]
            right += of_image[:, i] * of_image[:, j] * (0.5 if difference == 0 else float(difference > 0))
            pairs += of_image[:, i] * of_image[:, j]
    wanted = np.where(pairs > 0, right / np.maximum(pairs, 1), np.nan)
    counted = group_pairs(used, names, scores, parts)
    np.testing.assert_allclose(counted.weighted(weights), wanted)
    alone = 1 - np.eye(len(np.unique(names)))
    np.testing.assert_allclose(counted.without_each(), counted.weighted(alone))


def test_all_pairs_of_one_part_are_the_usual_auc():
    """Protects the meaning of the table's figure, and of the same under other labels."""
    used, names = split()
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 9, len(used)).astype(float)
    counted = group_pairs(used, names, scores[None], np.zeros((1, len(used)), dtype=np.intp))
    assert counted.auc == pytest.approx(roc_auc_score(used, scores))
    labels = permuted_labels(used, names, 5, rng)
    wanted = [roc_auc_score(row, scores) for row in labels]
    np.testing.assert_allclose(auc_of_labels(labels, scores), wanted)


def counts(*aucs, groups=8, spread=0.0):
    """Pairs of candidates with these AUCs; ``spread`` is how much a single used group's AUC differs from the mean."""
    made = []
    for auc in aucs:
        own = np.full(groups, auc)
        own[: groups // 2 : 2] += spread * (auc - aucs[0])
        own[1 : groups // 2 : 2] -= spread * (auc - aucs[0])
        pairs = np.zeros((groups, groups))
        pairs[: groups // 2, groups // 2 :] = 1
        made.append(GroupPairs(pairs * own[:, None], pairs))
    return made


def test_the_rule_takes_the_simplest_within_the_error_of_the_difference():
    """Protects the rule as written: an unsteady lead gives way to what is simpler, a steady one does not."""
    places = [2, 0, 1]
    unsteady, steady = counts(0.7, 0.69, 0.6, spread=5), counts(0.7, 0.69, 0.6)
    assert select(steady, places, 1.0) == 0
    assert select(unsteady, places, 0.0) == 0
    assert select(unsteady, places, 1.0) == 1
    assert select(counts(0.7, 0.7, 0.7), places, 0.0) == 1
    # The error of a difference, not of an AUC: what all candidates share does not count.
    shared = [GroupPairs(one.right + np.diag(np.arange(8.0)), one.pairs + np.diag(np.full(8, 9.0))) for one in steady]
    assert select(shared, places, 1.0) == 0


def test_a_candidate_without_pairs_is_not_selected():
    """Protects small corpora: an undefined AUC is no large one."""
    nothing = GroupPairs(np.zeros((8, 8)), np.zeros((8, 8)))
    assert select([nothing, *counts(0.3)], [0, 1], 1.0) == 1


def test_inside_a_fold_the_rule_does_not_see_the_fold():
    """Protects from optimism: labels and scores of the held-out patients do not move their own fold's choice."""
    used, names = split()
    truth, rng = truth_of(used, names), np.random.default_rng(3)
    rows = rng.normal(size=(6, len(used))) + 0.4 * used
    before = nested_selection([free(str(n), n, row, truth) for n, row in enumerate(rows)], truth, 0.0)
    held_out = truth.outer[1] == 2
    rows[:, held_out] = np.where(np.arange(6)[:, None] == 5, 9 * used[held_out], -used[held_out])
    after = nested_selection([free(str(n), n, row, truth) for n, row in enumerate(rows)], truth, 0.0)
    assert before.chosen[1, 2] == after.chosen[1, 2]
    assert (before.chosen != after.chosen).any()


def test_nested_scores_are_those_of_the_selected():
    """Protects the joined scores: a learner is judged inside by its inner scores, and scores the fold by its outer."""
    used, names = split()
    truth, rng = truth_of(used, names), np.random.default_rng(4)
    inner = np.where(truth.inner >= 0, used + 0.0, np.nan)
    learner = Candidate("learner", 1, learns=True, outer=rng.normal(size=truth.outer.shape), inner=inner)
    other = free("other", 0, rng.normal(size=len(used)), truth)
    nested = nested_selection([other, learner], truth, 0.0)
    assert nested.counts(["other", "learner"]) == {"learner": nested.chosen.size}
    np.testing.assert_array_equal(nested.scores, learner.outer)
    assert nested.pairs.auc == learner.whole(truth).auc
    assert whole_selection([other.whole(truth), learner.whole(truth)], [other, learner], 0.0) == int(
        learner.whole(truth).auc > other.whole(truth).auc
    )


def test_the_interval_is_by_group_and_holds_the_figure():
    """Protects the interval: copies of a patient's images make it no narrower."""
    used, names = split(each=1)
    scores = np.random.default_rng(5).normal(size=len(used)) + used
    limits = []
    for each in (1, 4):
        many = [np.repeat(values, each) for values in (used, names, scores)]
        counted = group_pairs(many[0], many[1], many[2][None], np.zeros((1, len(many[0])), dtype=np.intp))
        limits.append(interval(counted, confidence=0.9, resamples=400, rng=np.random.default_rng(1)))
        assert limits[-1][0] < counted.auc < limits[-1][1]
    assert limits[0] == pytest.approx(limits[1])


def noise(rng, candidates):
    """Scores that know nothing; images of a patient are alike, as slices are."""
    patients = np.repeat(rng.normal(size=(candidates, GROUPS)), EACH, axis=1)
    return patients + 0.3 * rng.normal(size=patients.shape)


def noise_study(rng, candidates, draws, learning=0):
    """A study of useless candidates: tested AUCs, and the same under relabelled truths.

    Learners are directions between class means of noise, fitted again under every relabelled truth.
    """
    used, names = split()
    rows = noise(rng, candidates)
    labels = permuted_labels(used, names, draws, rng)
    observed = [auc_of_labels(used[None], row)[0] for row in rows]
    drawn = [auc_of_labels(labels, row) for row in rows]
    for _ in range(learning):
        views = noise(rng, 4).T
        found = [learned_auc(views, row, names) for row in (used, *labels)]
        observed.append(found[0])
        drawn.append(np.array(found[1:]))
    return np.array(observed), np.stack(drawn)


def learned_auc(views, used, names):
    """Out-of-fold AUC, within folds, of the difference of class means."""
    folds = folds_of(names, 4)
    scores = np.empty(len(used))
    for fold in range(4):
        kept = folds != fold
        direction = views[kept & (used == 1)].mean(axis=0) - views[kept & (used == 0)].mean(axis=0)
        scores[~kept] = views[~kept] @ direction
    return group_pairs(used, names, scores[None], folds[None]).auc


@pytest.mark.parametrize(("free_ones", "learning", "studies"), [(40, 0, 300), (0, 6, 60)])
def test_searching_among_useless_candidates_claims_something_in_few_cases(free_ones, learning, studies):
    """Protects what the report claims: the best of many useless candidates passes at most about as often as stated.

    Uncorrected, the same search would claim far too often.
    """
    rng = np.random.default_rng(11)
    corrected, alone = [], []
    for _ in range(studies):
        observed, drawn = noise_study(rng, free_ones, 19, learning)
        best = int(np.argmax(observed))
        corrected.append(corrected_p(observed, drawn)[best])
        alone.append(plain_p(observed, drawn)[best])
    level = 0.05
    # Three standard errors of a rate of one in twenty.
    assert np.mean(np.array(corrected) <= level) <= level + 3 * np.sqrt(level * (1 - level) / studies)
    assert np.mean(np.array(alone) <= level) > 2 * level
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.12)


def test_selection_is_optimistic_and_the_nested_figure_is_not():
    """Protects the reader: among useless candidates the best looks good, and "select, then use" is at chance."""
    rng = np.random.default_rng(12)
    used, names = split()
    truth = truth_of(used, names, repetitions=1)
    naive, nested = [], []
    for _ in range(40):
        family = [free(str(place), place, row, truth) for place, row in enumerate(noise(rng, 12))]
        nested.append(nested_selection(family, truth, 0.0).pairs.auc)
        naive.append(max(one.whole(truth).auc for one in family))
    assert np.mean(naive) > 0.65
    assert abs(np.mean(nested) - 0.5) < 3 * np.std(nested) / np.sqrt(len(nested))


def test_a_real_effect_survives_the_correction():
    """Protects power, and the order of p values: corrected ones are never below those of a candidate alone."""
    observed, drawn = noise_study(np.random.default_rng(13), 30, 199)
    observed[4] = 0.97
    p, alone = corrected_p(observed, drawn), plain_p(observed, drawn)
    assert p[4] == alone[4] == 1 / 200
    assert (p >= alone - 1e-12).all()
    assert (np.diff(p[np.argsort(-observed)]) >= 0).all()
