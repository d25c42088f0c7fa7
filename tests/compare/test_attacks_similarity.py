"""VCMI's six similarity rules: each against a plain version, and each trap of the code they come from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from ganprint.compare.attack import Seen
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create, registry
from ganprint.compare.similarity_rules import dissimilarities, own_left_out, rank_margins, retrievals

RULES = [
    "similarity-max",
    "similarity-average",
    "retrieval",
    "ranking",
    "ranking-as-coded",
    "similarity-clustering",
    "similarity-ensemble",
]
CONTEXT = Context(5)


def scored(name, real, generated, metric="euclidean", block=3, **parameters):
    """Give a rule's scores."""
    real, generated = np.asarray(real), np.asarray(generated)
    return create(name, "extension", parameters).attack(Seen(real, generated, None, metric, block), CONTEXT)


def answers(name, real, generated, **chosen):
    """Give a rule's own answers, without any label."""
    return (scored(name, real, generated, **chosen) >= registry()[name, "extension"].used_from).astype(int).tolist()


def plain_similarity(a, b, metric):
    """S of two rows, as told in the docs: 1 - mean squared error, or the cosine."""
    if metric == "cosine":
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))
    return 1 - float(np.mean((a - b) ** 2))


def plain_matrices(real, generated, metric):
    """S of real with real (without own pairs: NaN), real with generated, generated with generated (as the first)."""
    real_real = np.array([[plain_similarity(a, b, metric) for b in real] for a in real])
    crossed = np.array([[plain_similarity(a, b, metric) for b in generated] for a in real])
    made = np.array([[plain_similarity(a, b, metric) for b in generated] for a in generated])
    for matrix in (real_real, made):
        np.fill_diagonal(matrix, np.nan)
    return real_real, crossed, made


def plain_rule(name, real, generated, metric):
    """Every rule in a line or two, from whole matrices."""
    real_real, crossed, made = plain_matrices(real, generated, metric)
    n = len(real)
    ranks = n + 1 - np.array([rankdata(crossed[:, j]) for j in range(len(generated))])
    if name == "similarity-max":
        return crossed.max(axis=1) - np.nanmax(real_real)
    if name == "similarity-average":
        return crossed.max(axis=1) - (np.nanmean(real_real) + 3 * np.nanstd(real_real))
    if name == "retrieval":
        return np.array([np.sum(crossed.argmax(axis=0) == i) for i in range(n)])
    if name == "ranking":
        return ((n + 1) / 2 - ranks.mean(axis=0)) / n
    if name == "ranking-as-coded":
        coded = n + 1 - np.argsort(crossed.T, axis=1, kind="stable").mean(axis=0)
        return ((n + 3) / 2 - coded) / n
    if name == "similarity-clustering":
        whole = np.block([[real_real, crossed], [crossed.T, made]])
        return np.nanmax(whole, axis=1)[:n] - (np.nanmean(whole) + 3 * np.nanstd(whole))
    answer = plain_rule("ranking", real, generated, metric) > 0
    answer[plain_rule("similarity-max", real, generated, metric) > 0] = True
    answer[plain_rule("retrieval", real, generated, metric) == 0] = False
    return answer + plain_rule("ranking", real, generated, metric)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_every_rule_is_its_plain_version(name, metric, seed):
    """Streamed in blocks of 3, told in dissimilarities: the same numbers as whole matrices of similarities give."""
    rng = np.random.default_rng(seed)
    real = rng.normal(size=(7, 5))
    generated = np.vstack([real[:3] + rng.normal(0, 0.05, (3, 5)), rng.normal(size=(8, 5))])
    np.testing.assert_allclose(scored(name, real, generated, metric), plain_rule(name, real, generated, metric))


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_scores_are_finite_whatever_the_images(name, data):
    """One image, one generated image, duplicates, zeros, all equal: a number each, of any block size."""
    grid = st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), min_size=1, max_size=5)
    real, generated = (np.array(data.draw(grid), dtype=np.float32) for _ in range(2))
    metric = data.draw(st.sampled_from(["euclidean", "cosine"]))
    scores = scored(name, real, generated, metric)
    assert scores.shape == (len(real),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scored(name, real, generated, metric, block=1), scores, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in RULES if name != "ranking-as-coded"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_equal_real_images_get_equal_scores(name, data):
    """Whichever of two equal images comes first: an argmax or an unstable sort would favour one."""
    real = np.array(data.draw(st.lists(st.sampled_from([[0.1, 0.7], [0.4, 0.2], [0.9, 0.3]]), min_size=2, max_size=6)))
    generated = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(5, 2))
    scores = scored(name, real, generated)
    for row in real:
        equal = (real == row).all(axis=1)
        assert np.ptp(scores[equal]) == 0


def test_rounding_does_not_rank_equal_images():
    """Distances of equal rows may differ in the last bit by their place in a matrix product; their ranks may not."""

    class Rounded:
        def to(self, block):
            return np.array([[1.0], [1.0 - 2**-52], [0.5], [1.0 + 2**-52]]) + np.zeros(len(block))

    real = np.array([[2.0], [2.0], [1.5], [2.0]])
    margins = rank_margins(Seen(real, np.ones((3, 1)), _kept={("measure", "real"): Rounded()}))
    assert margins.tolist() == [-0.125, -0.125, 0.375, -0.125]


def test_max_takes_the_closest_real_pair_for_its_threshold():
    """By hand: reals at 0, 3 and 10; the closest pair is 3 apart, D = 9; 1 away from a generated image is used."""
    real, generated = [[0.0], [3.0], [10.0]], [[1.0], [7.0]]
    assert scored("similarity-max", real, generated).tolist() == [8.0, 5.0, 0.0]
    # Exactly as far as the closest pair is not closer than it: not used.
    assert answers("similarity-max", real, generated) == [1, 1, 0]


def test_average_leaves_own_pairs_out():
    """Trap: the own similarity 1 counted in the mean of a row, which then stands for a pair.

    Two real images at D = 4; the true threshold is D = 4 - 3 * 0. With the means of rows, (0 + 4) / 2, in place of own
    pairs it would be 3 - 3 * 1 = 0, out of reach for all but copies.
    """
    assert own_left_out(Seen(np.array([[0.0], [2.0]]), np.array([[1.0]]))).tolist() == [4.0, 4.0]
    assert scored("similarity-average", [[0.0], [2.0]], [[1.0]]).tolist() == [3.0, 3.0]


def test_max_leaves_own_pairs_out():
    """Trap, as above: the mean with itself, D = 2, would be the closest 'pair', and D = 2.25 not used."""
    assert answers("similarity-max", [[0.0], [2.0]], [[-1.5]]) == [1, 0]


def test_average_squares_euclidean_distances():
    """Mean and deviation depend on the scale: of D = 1, 1, 4 (reals at 0, 1, 2), not of distances 1, 1, 2."""
    found = scored("similarity-average", [[0.0], [1.0], [2.0]], [[2.0]])
    np.testing.assert_allclose(found, 2 - 3 * np.sqrt(2) - np.array([4.0, 1.0, 0.0]))


def test_similarities_of_all_metrics():
    """1 - S of a distance: mean square, 1 - cosine from a chord, and what is 1 - similarity already."""
    assert dissimilarities(np.array([6.0]), "euclidean", 4).tolist() == [9.0]
    chord = np.array([np.sqrt(2 - 2 * 0.5)])
    for metric in ("cosine", "band-fine", "band-middle", "band-coarse"):
        np.testing.assert_allclose(dissimilarities(chord, metric, 4), [0.5])
    for metric in ("ssim", "shifted"):
        assert dissimilarities(np.array([0.3]), metric, 4).tolist() == [0.3]


def test_near_duplicates_are_not_rounded_away():
    """1 - D is 1 for D below 1e-16: a copy nearer than the nearest real pair has to be told from one that is not."""
    real = [[0.0], [1e-9], [1.0]]
    assert answers("similarity-max", real, [[1.0]]) == [0, 0, 1]


def test_one_image_alone_is_never_used_by_the_thresholds():
    """There is no other real image to compare with: even a copy is no more alike than an image to itself."""
    for name in ("similarity-max", "similarity-average"):
        assert answers(name, [[0.0]], [[0.0]]) == [0]


def test_duplicates_among_the_reals_put_max_out_of_reach():
    """Two equal real images: nothing is more alike than they, so an exact copy is not called used."""
    assert answers("similarity-max", [[0.0], [0.0], [5.0]], [[5.0]]) == [0, 0, 0]


def test_retrieval_counts_for_all_equal_images():
    """By hand; the equal images at 1 fetch the same two generated ones, the one at 9 none."""
    real, generated = [[1.0], [5.0], [1.0], [9.0]], [[0.0], [2.0], [4.0]]
    assert retrievals(Seen(np.array(real), np.array(generated))).tolist() == [2, 1, 2, 0]
    assert answers("retrieval", real, generated) == [1, 1, 1, 0]


def test_ranking_averages_ranks():
    """By hand: the generated images at 0 and 1 rank reals at 9, 0, 5 as 3, 1, 2."""
    np.testing.assert_allclose(scored("ranking", [[9.0], [0.0], [5.0]], [[0.0], [1.0]]), [-1 / 3, 1 / 3, 0])
    assert answers("ranking", [[9.0], [0.0], [5.0]], [[0.0], [1.0]]) == [0, 1, 0]


def test_ranking_as_coded_averages_row_numbers():
    """By hand: from the least to the most similar the same images are numbers 0, 2, 1."""
    np.testing.assert_allclose(scored("ranking-as-coded", [[9.0], [0.0], [5.0]], [[0.0], [1.0]]), [-1 / 3, 1 / 3, 0])
    # In another order of files the same image gets another answer: the one at 0 is used above and not here.
    assert answers("ranking-as-coded", [[0.0], [9.0], [5.0]], [[0.0], [1.0]]) == [0, 1, 0]
    assert answers("ranking", [[0.0], [9.0], [5.0]], [[0.0], [1.0]]) == [1, 0, 0]


def test_ranking_as_coded_reads_labels_off_file_names():
    """A clear leak, all right when names put one class before the other, whichever; lost when names tell nothing."""
    rng = np.random.default_rng(0)
    rows, generated = rng.normal(size=(20, 8)), rng.normal(0, 0.3, (40, 8))
    rows[10:] /= 4  # the ten used ones lie among the generated
    truth = np.repeat([0, 1], 10)

    def accuracy(names, rule="ranking-as-coded"):
        real = Images(np.array(names), rows)
        made = Images(np.array([f"g{i:02d}" for i in range(40)]), generated)
        attack = create(rule, "extension", {})
        attack.fit(Development(real, truth, np.array(names), made), CONTEXT)
        scores = attack.score(Test(real, made), CONTEXT)
        return np.mean((scores > 0) == truth)

    assert accuracy([f"not_used_{i}" for i in range(10)] + [f"used_{i}" for i in range(10)]) == 1.0
    assert accuracy([f"x{i:02d}" for i in range(19, -1, -1)]) == 1.0
    mixed = [f"x{i:02d}" for i in rng.permutation(20)]
    assert accuracy(mixed) < 0.75
    assert accuracy(mixed, "ranking") == 1.0


def test_clustering_calls_an_image_used_for_its_real_neighbour():
    """The rule as published: two slices of one patient are unusually alike, wherever the generated images are."""
    rng = np.random.default_rng(1)
    real = rng.normal(size=(12, 50))
    real[1] = real[0] + 0.01
    generated = rng.normal(size=(30, 50))
    assert answers("similarity-clustering", real, generated) == [1, 1] + [0] * 10


def test_clustering_with_a_sample_moves_the_threshold_alone():
    """The sample decides about mean and deviation: scores move together, by little."""
    rng = np.random.default_rng(2)
    real, generated = rng.normal(size=(20, 30)), rng.normal(size=(400, 30))
    everything = scored("similarity-clustering", real, generated, block=64)
    sampled = scored("similarity-clustering", real, generated, block=64, sample=100)
    moved = sampled - everything
    assert np.ptp(moved) < 1e-12
    # D has a standard deviation of 2 sqrt(2 / 30) = 0.5 here; 100 of 400 images are worth a fraction of it.
    assert 0 < abs(moved[0]) < 0.2
    np.testing.assert_array_equal(scored("similarity-clustering", real, generated, block=64, sample=400), everything)


def test_ensemble_takes_its_parts_in_order_and_leaves_them_unchanged():
    """Ranking, then a certain yes, then a certain no, which has the last word; trap: the array of ranking overwritten.

    Reals at 0, 1, 4, 20 and a crowd of generated images at 0.1: ranking says 1, 1, 0, 0. One generated image lies by
    20: max says yes there. The image at 1 is nobody's nearest: retrieval says no.
    """
    real, generated = np.array([[0.0], [1.0], [4.0], [20.0]]), np.array([[0.1]] * 5 + [[20.5]])
    assert answers("ranking", real, generated) == [1, 1, 0, 0]
    assert answers("similarity-max", real, generated) == [1, 1, 0, 1]
    assert answers("retrieval", real, generated) == [1, 0, 0, 1]
    seen = Seen(real, generated)
    before = [rank_margins(seen), retrievals(seen), own_left_out(seen), seen.neighbours().distances.copy()]
    scores = create("similarity-ensemble", "extension", {}).attack(seen, CONTEXT)
    assert (scores >= 0.5).tolist() == [True, False, False, True]
    after = [rank_margins(seen), retrievals(seen), own_left_out(seen), seen.neighbours().distances]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_ensemble_orders_images_of_equal_answer_by_rank():
    """The published answer is 0 or 1; what is added makes a curve of it and changes no answer."""
    rng = np.random.default_rng(4)
    real, generated = rng.normal(size=(15, 3)), rng.normal(size=(40, 3))
    scores, ranks = scored("similarity-ensemble", real, generated), scored("ranking", real, generated)
    used = scores >= 0.5
    assert 0 < used.sum() < 15
    for part in (used, ~used):
        np.testing.assert_array_equal(np.argsort(scores[part]), np.argsort(ranks[part]))


def test_all_equal_images():
    """Nothing to tell apart: equal scores, and the answers that 'more than' and 'at least' give."""
    rows = np.full((3, 4), 0.3)
    found = {name: answers(name, rows, rows) for name in RULES if name != "ranking-as-coded"}
    assert found == {
        "similarity-max": [0] * 3,
        "similarity-average": [0] * 3,
        "retrieval": [1] * 3,
        "ranking": [0] * 3,
        "similarity-clustering": [1] * 3,
        "similarity-ensemble": [0] * 3,
    }
