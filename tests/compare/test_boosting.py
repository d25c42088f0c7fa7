"""The boosting ensembles: what they see, what is chosen on what, what carries over, and that nothing leaks."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ganprint.compare.boosting_choice import standard_error, within_one_error
from ganprint.compare.boosting_columns import Column, Nearness, Projection
from ganprint.compare.boosting_model import Frame, Recipe, Setting, Units, mean_nearness
from ganprint.compare.boosting_trees import Trees, TreesParameters, grown, lightgbm_parameters
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.errors import InputError

CONTEXT = Context(1)
DIMENSIONS = 6
QUICK = {"exchanges": 0, "rounds": [20], "leaves": [2], "components": [0]}


def leak(rng, *, real, generated, share=0.5, kind="dev"):
    """Gaussian images, four of a patient; half are used, and such a one has a noisy copy with probability ``share``.

    ``fog``: a view that shows nothing of that.
    """
    rows = rng.standard_normal((real, DIMENSIONS)).astype(np.float32)
    used = (np.arange(real) // 4 % 2).astype(np.int8)
    made = rng.standard_normal((generated, DIMENSIONS)).astype(np.float32)
    copied = np.flatnonzero((used == 1) & (rng.random(real) < share))
    made[: len(copied)] = rows[copied] + 0.3 * rng.standard_normal((len(copied), DIMENSIONS))
    names = np.array([f"{kind}-{number:04d}" for number in range(max(real, generated))])
    fog = [rng.standard_normal((count, 3)).astype(np.float32) for count in (real, generated)]
    return Images(names[:real], rows, {"fog": fog[0]}), used, Images(names[:generated], made, {"fog": fog[1]})


def development(rng, **sizes):
    real, used, generated = leak(rng, **sizes)
    groups = np.array([f"patient-{number // 4:03d}" for number in range(len(real))])
    return Development(real, used, groups, generated)


def corrected(**chosen):
    return create("boosting", "corrected", QUICK | chosen)


def out_of_fold(split, make, count=3):
    folds, scores = fold_numbers(split.used, split.groups, count, 1), np.empty(len(split.used))
    for fold in range(count):
        held_out = np.flatnonzero(folds == fold)
        fitted = make().fit(split.take(np.flatnonzero(folds != fold)), CONTEXT)
        scores[held_out] = fitted.score(Test(split.real.take(held_out), split.generated), CONTEXT)
    return scores


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    used = rng.integers(0, 2, 120).astype(np.int8)
    return rng.normal(used[:, np.newaxis] * [1.0, 0.5, 0.0], 1.0, (120, 3)), used


@pytest.mark.parametrize("monotone", [True, False])
def test_the_booster_is_that_of_lightgbm_itself(table, monotone):
    """Parity with the library's own scikit-learn interface: same matrix, same parameters, same margins."""
    matrix, used = table
    start = 0.3 * matrix[:, 0]
    chosen = TreesParameters(least_in_leaf=5, columns=0.7, rows=0.7)
    ours = grown(lightgbm_parameters(chosen, 4, [monotone] * 3, seed=7), 30, matrix, used, start)
    theirs = lightgbm.LGBMClassifier(
        n_estimators=30, num_leaves=4, learning_rate=0.1, min_child_samples=5, colsample_bytree=0.7, subsample=0.7,
        subsample_freq=1, random_state=7, n_jobs=1, deterministic=True, force_row_wise=True, min_data_in_bin=1,
        verbosity=-1, **({"monotone_constraints": [1, 1, 1]} if monotone else {}),
    ).fit(matrix, used, init_score=start)  # fmt: skip
    expected = theirs.booster_.predict(matrix, raw_score=True)
    np.testing.assert_array_equal(ours.margins(matrix), expected)
    np.testing.assert_array_equal(ours.gains(), theirs.booster_.feature_importance("gain"))
    assert np.ptp(expected) > 0.5


def test_a_repetition_gives_the_same_bytes(table):
    """The text of the trees is part of the results, and a submission made of them has to be the same."""
    split = development(np.random.default_rng(3), real=48, generated=60)
    states = [corrected(components=[0, 2], exchanges=1).fit(split, CONTEXT).state() for _ in range(2)]
    assert states[0].keys() == states[1].keys()
    for name, values in states[0].items():
        assert values.tobytes() == states[1][name].tobytes(), name
    other = corrected(components=[0, 2], exchanges=1).fit(split, Context(2)).state()
    assert other["trees"].tobytes() != states[0]["trees"].tobytes()


def test_nearer_never_lowers_the_score():
    """The constraint holds for every image and both kinds of nearness, though labels say the opposite here."""
    rng = np.random.default_rng(1)
    used = np.repeat([0, 1], 60).astype(np.int8)
    columns = (Column("own", "nearest"), Column("own", "local-ratio"), Column("own", "component"))
    frame = Frame(columns, rng.normal(used[:, np.newaxis] * [-1.0, -1.0, -1.0], 1.0, (120, 3)))
    setting = Setting(components=1, rounds=60, leaves=4)
    for start in (True, False):
        fit = Recipe(TreesParameters(least_in_leaf=5), monotone=True, start=start, seed=1).fit(frame, used, setting)
        for place, rises in enumerate([True, True, False]):
            moved = frame.values.copy()
            moved[:, place] += 1.5
            change = fit.margins(Frame(columns, moved)) - fit.margins(frame)
            assert (change.min() >= -1e-12) == rises


def test_scores_beside_four_times_as_many_generated_images_compare():
    """Probabilities learned beside the first hold beside the second.

    Distances shrink as generated images are added; in units of strangers they do not. Without a leak the mean
    probability has to stay where it was; raw distances raised it from 0.46 to 0.61 here.
    """
    rng = np.random.default_rng(2)
    split = development(rng, real=160, generated=200, share=0.6)
    fitted = corrected().fit(split, CONTEXT)
    clean, _, many = leak(rng, real=200, generated=2000, share=0.0, kind="test")
    scores = fitted.score(Test(clean, many), CONTEXT)
    few = fitted.score(Test(clean, many.take(np.arange(200))), CONTEXT)
    assert abs(scores.mean() - few.mean()) < 0.05
    assert scores.mean() < 0.52


def test_permuted_labels_give_chance():
    """Nested folds: all choices, units and the calibration are inside, so labels by chance give out-of-fold chance."""
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        split = development(rng, real=96, generated=80, share=0.9)
        patients = rng.permutation(np.arange(24) % 2)
        permuted = replace(split, used=np.repeat(patients, 4).astype(np.int8))
        scores = out_of_fold(permuted, lambda: corrected(components=[0, 3], rounds=[10, 40], leaves=[2, 4], folds=3))
        found.append(roc_auc_score(permuted.used, scores))
    assert 0.4 < np.mean(found) < 0.6
    split = development(np.random.default_rng(0), real=96, generated=80, share=0.9)
    assert roc_auc_score(split.used, out_of_fold(split, corrected)) > 0.85


def test_a_label_planted_in_the_test_split_changes_nothing():
    """Fit and score never see test labels: ids and row order that spell them out leave every score as it was."""
    rng = np.random.default_rng(4)
    split = development(rng, real=80, generated=80)
    real, used, generated = leak(rng, real=40, generated=100, kind="test")
    plain = corrected().fit(split, CONTEXT).score(Test(real, generated), CONTEXT)
    order = np.argsort(used, kind="stable")
    told = np.array([f"{'used' if label else 'not_used'}-{number:03d}" for number, label in enumerate(used)])
    spelt = Images(told, real.rows, real.further).take(order)
    np.testing.assert_allclose(corrected().fit(split, CONTEXT).score(Test(spelt, generated), CONTEXT), plain[order])


def test_the_effective_view_is_kept_and_the_other_dropped():
    """Views are assessed one by one; the leak is seen in one of them, whichever the run's own is."""
    split = development(np.random.default_rng(5), real=160, generated=150, share=0.8)

    def swapped(images):
        return Images(images.ids, images.further["fog"], {"clear": images.rows})

    turned = replace(split, real=swapped(split.real), generated=swapped(split.generated))
    for data, kept, dropped in ((split, "own", "fog"), (turned, "clear", "own")):
        figures = corrected(exchanges=2).fit(data, CONTEXT).figures()
        assert figures.details["kept"] == [kept]
        assert figures.numbers[f"inner_auc-{kept}"] > figures.numbers[f"inner_auc-{dropped}"] + 0.2
        assert figures.numbers[f"gain-view-{kept}"] == pytest.approx(1)
        assert figures.numbers[f"exchange-view-{kept}"] > 0.2


def test_importances_tell_what_the_answer_rests_on():
    """A metadata column that spells the label out takes the gain; exchanging it among held-out images costs most."""
    split = development(np.random.default_rng(6), real=80, generated=80, share=0.3)
    spelt = split.used[:, np.newaxis] + np.random.default_rng(7).normal(0, 0.1, (80, 1))

    def seen(images, values):
        return Images(images.ids, images.rows, {"known": values.astype(np.float32)})

    told = replace(split, real=seen(split.real, spelt), generated=seen(split.generated, np.zeros((80, 1))))
    numbers = (
        corrected(metadata=["known"], exchanges=3, trees={"least_in_leaf": 5}).fit(told, CONTEXT).figures().numbers
    )
    assert numbers["gain-kind-metadata"] > 0.8
    assert numbers["exchange-view-known"] > 0.2 > numbers["exchange-kind-nearest"]
    assert numbers["gain-kind-metadata"] + numbers["gain-kind-nearest"] == pytest.approx(1)
    assert "inner_auc-known" not in numbers


def test_as_written_is_blind_to_generated_images():
    """What the description says has no look at them: other generated images, same scores."""
    rng = np.random.default_rng(8)
    split = development(rng, real=80, generated=60)
    shifted = replace(split, real=replace(split.real, rows=split.real.rows + 2 * split.used[:, np.newaxis]))
    fitted = create("boosting", "as_written", {"exchanges": 0}).fit(shifted, CONTEXT)
    other = Images(split.generated.ids, 9 - split.generated.rows, split.generated.further)
    scores = fitted.score(Test(shifted.real, split.generated), CONTEXT)
    np.testing.assert_array_equal(fitted.score(Test(shifted.real, other), CONTEXT), scores)
    assert roc_auc_score(split.used, scores) > 0.9


def test_a_view_that_is_missing_is_an_error_and_grey_values_a_refusal(splits):
    """Protects from a typing error that would pass for a method's refusal, in the place of earlier results."""
    pixels, test, _ = splits(True)
    assert "view 'own' has grey values" in create("boosting", "as_written", {}).applicable(pixels, test)
    for parameters in ({"metadata": ["gone"]}, {"scaled": ["gone"]}):
        with pytest.raises(InputError, match="no further view 'gone'"):
            corrected(**parameters).applicable(pixels, test)
    assert corrected().applicable(pixels, test) is None


def test_a_restored_ensemble_scores_and_shows_the_same(splits):
    """Several views, scaled and with components: all that scoring needs is in the arrays."""
    split = development(np.random.default_rng(9), real=48, generated=60)
    test = Test(*leak(np.random.default_rng(10), real=20, generated=30, kind="test")[::2])
    chosen = {"components": [2], "scaled": ["fog"], "exchanges": 1}
    fitted = corrected(**chosen).fit(split, CONTEXT)
    again = corrected(**chosen).restore(fitted.state())
    np.testing.assert_array_equal(again.score(test, CONTEXT), fitted.score(test, CONTEXT))
    assert again.figures() == fitted.figures()


def test_units_are_those_of_strangers_and_of_nearness_alone():
    """By hand: strangers at 1 and 3 have mean 2 and deviation 1; components stay; a constant column keeps its unit."""
    columns = (Column("own", "nearest"), Column("own", "component"), Column("far", "nearest"))
    strangers = Frame(columns, np.array([[1.0, 5.0, 4.0], [3.0, 7.0, 4.0]]))
    scaled = Units.of(strangers)(Frame(columns, np.array([[4.0, 5.0, 6.0]])))
    assert scaled.values.tolist() == [[2.0, 5.0, 2.0]]
    assert mean_nearness(scaled).tolist() == [2.0]
    assert mean_nearness(Frame(columns[1:2], np.ones((2, 1)))).tolist() == [0.0, 0.0]


def test_columns_of_some_views_and_components():
    """The first so many components of each view, and nothing of views that were dropped."""
    columns = (Column("a", "nearest"), *[Column("a", "component")] * 3, Column("b", "nearest"), Column("m", "metadata"))
    frame = Frame(columns, np.arange(6.0)[np.newaxis])
    assert frame.of(["a", "m"], 2).values.tolist() == [[0.0, 1.0, 2.0, 5.0]]
    assert frame.of(["b"], 2).values.tolist() == [[4.0]]
    assert frame.parts()["kind-nearest"] == [0, 4]
    with pytest.raises(ValueError, match="columns"):
        Frame(columns, np.zeros((1, 5)))


def test_nearness_by_hand():
    """Minus the smallest distance, and minus its share of the mean of the nearest two; a copy twice has share 0."""
    real = Images(np.array(["a", "b"]), np.array([[0.0], [5.0]], dtype=np.float32))
    generated = Images(np.array(["x", "y", "z"]), np.array([[1.0], [5.0], [5.0]], dtype=np.float32))
    measured = Nearness(vector_metrics=["euclidean"], neighbours=2).measured(real, generated, ["own"], {})
    np.testing.assert_allclose(measured, [[-1.0, -1 / 3], [0.0, 0.0]])


def test_projection_has_units_and_signs():
    """Units by hand; the sign of a component does not depend on how the solver felt."""
    rows = np.array([[0.0, 10.0], [2.0, 30.0], [4.0, 20.0]], dtype=np.float32)
    found = Projection.fit(rows, 5, unit=True)
    np.testing.assert_allclose(found.scaled(rows).std(axis=0), 1.0)
    assert found.axes.shape == (2, 2)
    assert (found.axes[np.arange(2), np.abs(found.axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(Projection.fit(rows, 0, unit=False).scaled(rows), rows - rows.mean(axis=0))
    flat = np.array([[1.0, 2.0], [3.0, 2.0]], dtype=np.float32)
    assert np.isfinite(Projection.fit(flat, 1, unit=True).scaled(flat + 1)).all()


def test_standard_error_is_the_jackknife_over_groups():
    """By hand: without either of three patients the AUC is 1, 1 and 0.5."""
    used = np.array([0, 0, 1, 1, 1], dtype=np.int8)
    margins = np.array([0.0, 2.0, 3.0, 1.0, 4.0])
    groups = np.array(["a", "b", "c", "d", "d"])
    areas = [roc_auc_score(used[groups != name], margins[groups != name]) for name in "abcd"]
    expected = np.sqrt(3 / 4 * sum((area - np.mean(areas)) ** 2 for area in areas))
    assert standard_error(margins, used, groups) == pytest.approx(expected)
    assert standard_error(np.array([0.0, 1.0]), np.array([0, 1], dtype=np.int8), np.array(["a", "b"])) == 0.0


def test_rule_of_one_standard_error():
    """The best stays even without an error; the order is that of the candidates."""
    assert within_one_error({"a": 0.7, "b": 0.8, "c": 0.76}, lambda best: {"b": 0.05}[best]) == ("b", "c")
    assert within_one_error({"a": 0.7, "b": 0.8}, lambda _: 0.0) == ("b",)


def test_trees_are_read_back_from_their_text(table):
    """What is loaded scores as what was fitted: nothing but text is kept."""
    matrix, used = table
    trees = grown(lightgbm_parameters(TreesParameters(), 3, [False] * 3, seed=1), 10, matrix, used, None)
    np.testing.assert_array_equal(Trees.read(trees.text).margins(matrix), trees.margins(matrix))
