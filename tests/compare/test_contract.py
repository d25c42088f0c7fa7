"""What every registered comparator promises, checked on all of them: the registry is the list."""

import inspect
import pickle

import numpy as np
import pytest
from pydantic import ValidationError

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Comparator, Context, create, register, registry
from ganprint.errors import InputError

ALL = list(registry())
NAMES = [f"{name}-{variant}" for name, variant in ALL]
PAPER = [
    (name, variant) for name in ("clustering", "relation", "svm") for variant in ("as_coded", "as_written", "corrected")
]
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}

each = pytest.mark.parametrize("key", ALL, ids=NAMES)


def made(key):
    return create(*key, registry()[key].quick)


def runs(key, splits):
    """Whether the comparator can run at all; a refusal is checked in a test of its own."""
    development, test, _ = splits(registry()[key].pixels)
    return made(key).applicable(development, test) is None


@pytest.fixture
def fitted(splits):
    def make(key, seed=1, *, data_seed=0):
        development, test, truth = splits(registry()[key].pixels, data_seed)
        return made(key).fit(development, Context(seed)), development, test, truth

    return make


def test_the_paper_is_complete():
    """All nine combinations of the paper's three runs and three variants are registered."""
    assert set(PAPER) <= set(ALL)


@each
def test_refusals_have_a_reason(key, splits):
    """A comparator that can not run says why, in one line; exactly one of the paper's can not."""
    development, test, _ = splits(registry()[key].pixels)
    reason = made(key).applicable(development, test)
    assert reason is None or (reason.strip() == reason and "\n" not in reason and len(reason) > 20)
    if key in PAPER:
        assert (reason is not None) == (key == ("svm", "as_coded"))


@each
def test_scores_are_one_finite_number_per_image(key, splits, fitted):
    """Evaluation and submission rely on it."""
    if not runs(key, splits):
        return
    comparator, _, test, _ = fitted(key)
    scores = comparator.score(test, Context(1))
    assert scores.shape == (len(test.real),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    for reading in comparator.other_readings(test, Context(1)).values():
        assert reading.shape == scores.shape
        assert np.isfinite(reading).all()


@each
def test_same_seed_same_scores(key, splits, fitted):
    """Reproducible to the last bit on one machine."""
    if not runs(key, splits):
        return
    first, second = (fitted(key)[0].score(fitted(key)[2], Context(1)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@each
def test_row_order_does_not_matter(key, splits, fitted):
    """Files come in any order: neither the order of development nor of test rows may change an image's score."""
    if not runs(key, splits):
        return
    comparator, development, test, _ = fitted(key)
    scores = comparator.score(test, Context(1))
    rng = np.random.default_rng(3)
    mixed = development.take(rng.permutation(len(development.real)))
    mixed = Development(mixed.real, mixed.used, mixed.groups, shuffled(mixed.generated, rng))
    order = rng.permutation(len(test.real))
    again = (
        made(key).fit(mixed, Context(1)).score(Test(test.real.take(order), shuffled(test.generated, rng)), Context(1))
    )
    np.testing.assert_allclose(again, scores[order], **TOLERANCE)


def shuffled(images: Images, rng) -> Images:
    return images.take(rng.permutation(len(images)))


@each
def test_a_score_does_not_depend_on_other_test_images(key, splits, fitted):
    """An image's score is its own: scoring half of the images gives the same numbers as scoring all.

    Methods that declare themselves transductive are the exception, and clustering as coded, which clusters the images
    to be scored and learns.
    """
    if not runs(key, splits) or registry()[key].transductive or key == ("clustering", "as_coded"):
        return
    comparator, _, test, _ = fitted(key)
    half = np.arange(0, len(test.real), 2)
    scores = comparator.score(test, Context(1))[half]
    np.testing.assert_allclose(
        comparator.score(Test(test.real.take(half), test.generated), Context(1)), scores, **TOLERANCE
    )


@each
def test_state_round_trip(key, splits, fitted):
    """A model saved as plain arrays and loaded again gives the same scores."""
    if not runs(key, splits):
        return
    comparator, _, test, _ = fitted(key)
    scores = comparator.score(test, Context(1))
    state = pickle.loads(pickle.dumps(comparator.state()))
    assert all(isinstance(value, np.ndarray) and value.dtype != object for value in state.values())
    np.testing.assert_array_equal(made(key).restore(state).score(test, Context(1)), scores)


@each
def test_parameters_are_typed_and_round_trip(key):
    """Unknown parameters are refused, known ones come back as they were given."""
    comparator = made(key)
    assert create(*key, comparator.parameters.model_dump()).parameters == comparator.parameters
    with pytest.raises(InputError, match="mistyped"):
        create(*key, {"mistyped": 1})
    with pytest.raises(ValidationError):
        comparator.parameters.mistyped = 1


@each
def test_fit_returns_self_and_leaves_its_data_alone(key, splits):
    """scikit-learn's habit; and what several runs share must not be changed by one of them."""
    if not runs(key, splits):
        return
    development, test, _ = splits(registry()[key].pixels)
    before = [development.real.rows.copy(), development.generated.rows.copy(), test.real.rows.copy()]
    comparator = made(key)
    assert comparator.fit(development, Context(1)) is comparator
    comparator.score(test, Context(1))
    for old, new in zip(before, [development.real.rows, development.generated.rows, test.real.rows], strict=True):
        np.testing.assert_array_equal(old, new)


@each
def test_scoring_has_no_way_to_labels(key):
    """What a comparator is given for scoring holds no label: the type itself has none."""
    assert set(Test.__dataclass_fields__) == {"real", "generated"}
    assert set(Images.__dataclass_fields__) == {"ids", "rows", "further"}
    assert list(inspect.signature(registry()[key].score).parameters) == ["self", "test", "context"]


@each
def test_documented(key):
    """The docs' table and the command line show the first line of the docstring."""
    assert (registry()[key].__doc__ or "").strip().split("\n", 1)[0].endswith((".", ";", ","))


def test_registering_refuses_strangers_and_doubles():
    """Two comparators of one name would make results ambiguous."""
    with pytest.raises(TypeError, match="no Comparator"):
        register(int)

    class Double(Comparator):
        comparator, variant = "clustering", "corrected"

        def fit(self, development, context):
            return self

        def score(self, test, context):
            return np.zeros(len(test.real))

    with pytest.raises(ValueError, match="registered already"):
        register(Double)


def test_unknown_comparator_is_named():
    """The message lists what there is."""
    allowed = r"comparator 'oracle', variant 'corrected': not registered; allowed: .*clustering as_coded, clustering as"
    with pytest.raises(InputError, match=allowed):
        create("oracle", "corrected", {})
