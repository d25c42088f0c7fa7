"""Prototype comparators: both metrics by hand, what they see of the generated images, and what they find."""

import tracemalloc

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from ganprint.compare.controls import noise_like
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create
from ganprint.errors import InputError

each_metric = pytest.mark.parametrize("metric", ["euclidean", "cosine"])
NOBODY = Images(np.empty(0, dtype=np.str_), np.empty((0, 2), dtype=np.float32))


def made(name="prototype", **parameters):
    return create(name, "extension", parameters)


def images(prefix, rows):
    rows = np.asarray(rows, dtype=np.float32)
    return Images(np.array([f"{prefix}{i:04d}" for i in range(len(rows))]), rows)


def development(real, used, generated=NOBODY):
    used = np.asarray(used, dtype=np.int8)
    return Development(images("r", real), used, images("p", real).ids, generated)


def auc(truth, comparator, split):
    return roc_auc_score(truth, comparator.score(split, Context(0)))


def test_euclidean_scores_by_hand():
    """Prototypes (0, 0) and (6, 8); the point (0, 0) is 0 and 10 away, the point (3, 4) is 5 from both."""
    fitted = made(temperature=5.0).fit(development([[-1, 1], [1, -1], [5, 9], [7, 7]], [0, 0, 1, 1]), Context(0))
    scores = fitted.score(Test(images("t", [[0, 0], [3, 4], [6, 8], [6, 0]]), NOBODY), Context(0))
    # Distances, not squares: (6, 0) is 6 from the not used and 8 from the used prototype.
    expected = [1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2 / 5))]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_cosine_scores_by_hand():
    """Only directions count: prototypes along (1, 0) and (0, 1) after scaling each row to length one."""
    fitted = made(metric="cosine").fit(development([[9, 0], [1, 0], [0, 2], [0, 5]], [0, 0, 1, 1]), Context(0))
    scores = fitted.score(Test(images("t", [[1, 0], [0, 7], [2, 2], [3, 4], [0, 0]]), NOBODY), Context(0))
    expected = [1 / (1 + np.e), np.e / (1 + np.e), 0.5, 1 / (1 + np.exp(0.6 - 0.8)), 0.5]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


@each_metric
@pytest.mark.parametrize("generated", ["none", "difference", "distances"])
def test_against_plain_loops(splits, metric, generated):
    """Protects the formulas on real shapes: every step image by image, with SciPy's softmax."""
    split, test, _ = splits(False)
    scaled = lambda row: row / np.linalg.norm(row) if metric == "cosine" else row  # noqa: E731

    def seen(row, others):
        row = scaled(row.astype(float))
        if generated == "none":
            return row
        near = sorted((scaled(other.astype(float)) for other in others), key=lambda o: np.linalg.norm(row - o))
        return abs(row - near[0]) if generated == "difference" else [np.linalg.norm(row - o) for o in near[:3]]

    rows = [seen(row, split.generated.rows) for row in split.real.rows]
    means = [
        np.mean([r for r, used in zip(rows, split.used, strict=True) if used == label], axis=0) for label in (0, 1)
    ]
    expected = []
    for row in test.real.rows:
        one = np.array(seen(row, test.generated.rows))
        if metric == "euclidean":
            similarities = [-np.linalg.norm(one - mean) for mean in means]
        else:
            similarities = [one @ mean / np.linalg.norm(one) / np.linalg.norm(mean) for mean in means]
        expected.append(softmax(np.array(similarities) / 0.7)[1])
    fitted = made(metric=metric, generated=generated, neighbours=3, temperature=0.7).fit(split, Context(0))
    np.testing.assert_allclose(fitted.score(test, Context(0)), expected, rtol=1e-6)


@each_metric
def test_without_generated_images_it_is_blind(splits, metric):
    """Protects what ``none`` says: nonsense in the place of all generated images changes no score."""
    split, test, _ = splits(False)
    plain = made(metric=metric).fit(split, Context(0)).score(test, Context(0))
    nonsense = Images(test.generated.ids, np.full_like(test.generated.rows, np.nan))
    blinded = Development(split.real, split.used, split.groups, nonsense)
    again = made(metric=metric).fit(blinded, Context(0)).score(Test(test.real, nonsense), Context(0))
    assert np.array_equal(plain, again)


@pytest.mark.parametrize("generated", ["difference", "distances"])
@pytest.mark.parametrize("name", ["prototype", "prototype-pixels"])
def test_copies_are_found_and_lost_beside_noise(splits, name, generated):
    """Protects the direction of the score and the control: what ranks used images first are the copies of them."""
    found, blind, beside_noise = [], [], []
    for seed in range(6):
        split, test, truth = splits(name == "prototype-pixels", seed)
        fitted = made(name, generated=generated).fit(split, Context(0))
        found.append(auc(truth, fitted, test))
        blind.append(auc(truth, made(name).fit(split, Context(0)), test))
        noise = noise_like(split.real, test.generated.ids, seed)
        beside_noise.append(auc(truth, fitted, Test(test.real, noise)))
    assert min(found) > 0.95
    assert abs(np.mean(blind) - 0.5) < 0.25
    assert abs(np.mean(beside_noise) - 0.5) < 0.25


@each_metric
def test_the_stream_gives_the_same_bits(splits, metric):
    """Blocks and the order of generated rows are no part of the method."""
    split, test, _ = splits(False)
    rng = np.random.default_rng(0)
    scores = []
    for block in (1024, 1, 7):
        order = rng.permutation(len(test.generated))
        mixed = Test(test.real, test.generated.take(order))
        fitted = made(metric=metric, generated="difference", block=block).fit(split, Context(0))
        scores.append(fitted.score(mixed, Context(0)))
    assert np.array_equal(scores[0], scores[1])
    assert np.array_equal(scores[0], scores[2])


def test_of_equally_near_generated_images_the_first_by_id_counts():
    """Both generated images are 1 from the point, on different axes: no order of files may choose."""
    split = development([[9, 0], [0, 9]], [0, 1], images("g", [[8, 0], [0, 6]]))
    fitted = made(generated="difference").fit(split, Context(0))
    point, pair = images("t", [[0, 0]]), images("g", [[1, 0], [0, 1]])
    one, other = (fitted.score(Test(point, pair.take(np.array(order))), Context(0)) for order in ([0, 1], [1, 0]))
    assert np.array_equal(one, other)
    renamed = fitted.score(Test(point, Images(pair.ids[::-1], pair.rows)), Context(0))
    assert abs(renamed - one) > 0.1


def test_memory_does_not_grow_with_the_generated_images():
    """Protects paper size: 30 000 images of 64 numbers are 15 MB in float64; blocks of 100 need a tenth at most."""
    rng = np.random.default_rng(0)
    split = development(rng.normal(size=(20, 64)), np.arange(20) % 2, images("g", rng.normal(size=(50, 64))))
    test = Test(images("t", rng.normal(size=(20, 64))), images("g", rng.normal(size=(30_000, 64))))
    fitted = made(generated="difference", block=100).fit(split, Context(0))
    tracemalloc.start()
    fitted.score(test, Context(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5e6


def test_too_few_generated_images_for_the_distances_are_a_reason_to_refuse(splits):
    """A refusal is a row of the report; versions that need no such number run all the same."""
    split, test, _ = splits(False)
    few = Test(test.real, test.generated.take(np.arange(4)))
    reason = made(generated="choose", neighbours=5).applicable(split, few)
    assert reason == "5 distances to generated images are asked for, and a split has 4 of these images"
    assert made(generated="distances", neighbours=4).applicable(split, few) is None
    assert made(generated="difference", neighbours=5).applicable(split, few) is None


def test_choose_takes_what_held_out_groups_prefer(splits):
    """Copies among the generated images: a version that sees them wins; classes that lie apart by themselves: none."""
    split, test, truth = splits(False)
    leaking = made(generated="choose").fit(split, Context(3))
    numbers = leaking.figures().numbers
    assert numbers["looks_at_generated"] == 1.0
    assert numbers["held_out_auc_generated_difference"] > max(0.9, numbers["held_out_auc_generated_none"])
    version = max(("none", "difference", "distances"), key=lambda name: numbers[f"held_out_auc_generated_{name}"])
    given = made(generated=version).fit(split, Context(3))
    assert np.array_equal(leaking.score(test, Context(0)), given.score(test, Context(0)))
    again = made(generated="choose").restore(leaking.state())
    assert np.array_equal(again.score(test, Context(0)), given.score(test, Context(0)))
    assert again.figures().numbers == numbers
    assert auc(truth, leaking, test) > 0.95

    rng = np.random.default_rng(0)
    used = np.arange(40) % 2
    apart = development(
        rng.normal(size=(40, 3)) + 4 * used[:, np.newaxis], used, images("g", 60 * rng.normal(size=(9, 3)))
    )
    assert made(generated="choose").fit(apart, Context(3)).figures().numbers["looks_at_generated"] == 0.0


def test_choose_holds_out_whole_groups():
    """Two images of one patient are near each other: held out one by one the blind version would look perfect."""
    rng = np.random.default_rng(5)
    patients = np.repeat(np.arange(8), 12)
    used = (patients % 2).astype(np.int8)
    rows = rng.normal(size=(8, 400))[patients] + 0.01 * rng.normal(size=(96, 400))
    real = images("r", rows)
    by_group, by_image = (
        made(generated="choose", folds=4)
        .fit(Development(real, used, groups, images("g", rng.normal(size=(30, 400)))), Context(0))
        .figures()
        .numbers["held_out_auc_generated_none"]
        for groups in (patients.astype(np.str_), real.ids)
    )
    assert by_image > 0.99
    assert by_group < 0.7


def test_temperature_changes_no_ranking(splits):
    """It only spreads the scores: the higher, the nearer to a half."""
    split, test, _ = splits(False)
    hot, cold = (made(temperature=t).fit(split, Context(0)).score(test, Context(0)) for t in (10.0, 1.0))
    assert np.array_equal(np.argsort(hot), np.argsort(cold))
    assert np.abs(hot - 0.5).max() < np.abs(cold - 0.5).max()
    assert ((hot > 0.5) == (cold > 0.5)).all()


def test_pixels_are_grey_values_in_0_to_1(splits):
    """The pixel version is the other one on grey values divided by 255."""
    split, test, _ = splits(True)
    as_unit = lambda side: Images(side.ids, side.rows / 255)  # noqa: E731
    divided = Development(as_unit(split.real), split.used, split.groups, as_unit(split.generated))
    grey = made("prototype-pixels", generated="difference").fit(split, Context(0)).score(test, Context(0))
    plain = made(generated="difference").fit(divided, Context(0))
    np.testing.assert_allclose(grey, plain.score(Test(as_unit(test.real), as_unit(test.generated)), Context(0)))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "manhattan"}, "metric: Input should be 'euclidean' or 'cosine'"),
        ({"temperature": 0.0}, "temperature: Input should be greater than 0"),
        ({"generated": "all"}, "generated: Input should be 'none', 'difference', 'distances' or 'choose'"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    """One line that names the parameter."""
    with pytest.raises(InputError, match=message):
        made(**parameters)
