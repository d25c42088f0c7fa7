"""The combined comparators: what is weighed, what carries over, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from ganprint.compare.combined import Combined, CombinedParameters
from ganprint.compare.combined_members import DEFAULT_MEMBERS, Team
from ganprint.compare.combined_unlabelled import CombinedUnlabelled
from ganprint.compare.combined_weights import calibrated, learned_weights
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create
from ganprint.compare.rank_aggregation import rank_aggregate
from ganprint.errors import InputError

CONTEXT = Context(1)
DIMENSIONS = 6


def leak(rng, *, real, generated, share=0.5, kind="dev"):
    """Gaussian images; half are used, and a used one has a noisy copy with probability ``share``."""
    rows = rng.standard_normal((real, DIMENSIONS)).astype(np.float32)
    used = (np.arange(real) % 2).astype(np.int8)
    made = rng.standard_normal((generated, DIMENSIONS)).astype(np.float32)
    copied = np.flatnonzero((used == 1) & (rng.random(real) < share))
    made[: len(copied)] = rows[copied] + 0.3 * rng.standard_normal((len(copied), DIMENSIONS))
    names = np.array([f"{kind}-{number:04d}" for number in range(max(real, generated))])
    return Images(names[:real], rows), used, Images(names[:generated], made)


def development(rng, **sizes):
    real, used, generated = leak(rng, **sizes)
    return Development(real, used, real.ids, generated)


def combined(*members, **chosen):
    return create("combined", "extension", {"members": list(members), **chosen})


def test_an_attack_that_tells_nothing_loses_its_weight():
    """The weights follow the labels: noise beside an attack that works counts for little under a weak pull."""
    rng = np.random.default_rng(0)
    used = np.repeat([0, 1], 100).astype(np.int8)
    scores = np.column_stack([rng.normal(2.0 * used, 1), rng.normal(0, 1, 200)])
    weights = learned_weights(scores, used, 0.01)
    assert weights[0] > 0.85
    np.testing.assert_allclose(learned_weights(scores, used, 1e6), 0.5, atol=1e-3)


@given(st.integers(0, 10_000), st.floats(0, 100))
def test_no_attack_is_turned_around(seed, strength):
    """Weights are shares: none is negative and their sum is 1, whatever the scores say of the labels."""
    rng = np.random.default_rng(seed)
    used = np.repeat([0, 1], 10).astype(np.int8)
    weights = learned_weights(rng.normal(used[:, np.newaxis] * [2.0, -1.0, 0.0], 1), used, strength)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def test_scores_of_no_attack_keep_equal_weights():
    """Attacks that all point the wrong way leave equal weights, not none: a score is still a ranking."""
    used = np.repeat([0, 1], 10).astype(np.int8)
    scores = np.column_stack([-used, -used]) * 3.0
    np.testing.assert_allclose(learned_weights(scores, used, 0.1), 0.5)


def test_weights_minimise_what_is_written():
    """The gradient that the solver is given is that of the loss: no nearby weights of the same scale do better."""
    rng = np.random.default_rng(3)
    used = rng.integers(0, 2, 60).astype(np.int8)
    scores = rng.normal(used[:, np.newaxis] * [1.0, 0.5], 1.0, (60, 2))
    shares = np.linspace(0, 1, 41)

    def loss(weights, bias, strength=0.1):
        margins = np.where(used == 1, 1, -1) * (scores @ weights + bias)
        pull = weights - weights.mean()
        return np.logaddexp(0, -margins).mean() + strength / 2 * pull @ pull + 0.005 * weights @ weights

    least = {
        share: min(
            loss(total * np.array([share, 1 - share]), bias)
            for total in np.linspace(0.1, 3, 30)
            for bias in np.linspace(-2, 1, 31)
        )
        for share in shares
    }
    assert learned_weights(scores, used, 0.1)[0] == pytest.approx(min(least, key=least.get), abs=0.06)


def test_calibration_never_falls():
    """Out-of-fold scores that happen to point the wrong way do not turn the ranking around."""
    values, used = np.arange(20.0), np.repeat([1, 0], 10).astype(np.int8)
    probabilities = calibrated(values, used)(values)
    assert (np.diff(probabilities) > 0).all()
    assert np.ptp(probabilities) < 0.05


def test_threshold_and_probabilities_carry_over_to_four_times_as_many_generated_images():
    """Raw distances shrink as images are added; standardised by strangers beside the same images they do not."""
    rng = np.random.default_rng(5)
    fitted = combined({"attack": "nearest"}, {"attack": "nearest", "parameters": {"metric": "cosine"}}).fit(
        development(rng, real=300, generated=200), CONTEXT
    )
    real, used, generated = leak(rng, real=400, generated=800, kind="test")
    many, few = (fitted.score(Test(real, generated.take(np.arange(count))), CONTEXT) for count in (800, 200))
    strangers, raw = used == 0, Team(fitted.parameters.members)
    shift = raw.scores(real, generated, CONTEXT) - raw.scores(real, generated.take(np.arange(200)), CONTEXT)
    # What would be carried over without the strangers: the scores themselves rise by most of their spread.
    assert (shift[strangers].mean(axis=0) > 0.6 * raw.scores(real, generated, CONTEXT)[strangers].std(axis=0)).all()
    assert many[strangers].mean() == pytest.approx(few[strangers].mean(), abs=0.03)
    assert (many[strangers] >= 0.6).mean() == pytest.approx((few[strangers] >= 0.6).mean(), abs=0.06)
    # Better than the constant answer: the probabilities mean something there too.
    assert log_loss(used, many) < np.log(2)


def test_a_reference_image_is_not_its_own_reference():
    """Not used images stand at distance 0 from themselves: counted, every one of them would be told by it."""
    rng = np.random.default_rng(2)
    split = development(rng, real=120, generated=100, share=0.0)
    fitted = combined({"attack": "calibrated-nearest"}).fit(split, CONTEXT)
    assert 0.35 < fitted.figures().numbers["inner_auc"] < 0.65
    team = Team(fitted.parameters.members)
    known = split.real.take(np.flatnonzero(split.used == 0))
    folds = np.arange(len(known)) % 4
    crossed = team.crossed(known, split.generated, CONTEXT, np.concatenate([folds, folds]), known)
    for fold in range(4):
        apart = known.take(np.flatnonzero(folds != fold))
        plain = team.scores(known.take(np.flatnonzero(folds == fold)), split.generated, CONTEXT, apart)
        np.testing.assert_allclose(crossed[folds == fold], plain)


def test_members_do_not_share_their_chance(monkeypatch):
    """Two members that draw at random draw differently, and each draws the same whenever it is asked."""
    team = Team(CombinedParameters.model_validate({"members": [
        {"attack": "density-ratio", "parameters": {"components": count}} for count in (2, 3)
    ]}).members)  # fmt: skip
    seeds = []

    def attack(seen, context):
        seeds.append(context.seed)
        return np.zeros(len(seen.real))

    for member in team.attacks:
        monkeypatch.setattr(member, "attack", attack)
    split = development(np.random.default_rng(5), real=8, generated=4)
    for _ in range(2):
        team.scores(split.real, split.generated, CONTEXT, split.real)
    assert seeds[:2] == seeds[2:]
    assert len({*seeds, CONTEXT.seed}) == 3


def test_members_see_their_own_view():
    """A leak that only the further view shows is found through it, and the weight goes there."""
    rng = np.random.default_rng(4)
    split = development(rng, real=160, generated=100, share=0.9)
    blank = rng.standard_normal((260, 3)).astype(np.float32)

    def seen(images, rows):
        return Images(images.ids, rows, {"clear": images.rows})

    split = replace(split, real=seen(split.real, blank[:160]), generated=seen(split.generated, blank[160:]))
    members = [{"attack": "nearest"}, {"attack": "nearest", "view": "clear"}]
    fitted = combined(*members, regularisation=[0.01]).fit(split, CONTEXT)
    assert fitted.figures().numbers["weight-nearest-euclidean-clear"] > 0.8
    again = combined(*members, regularisation=[0.01]).restore(fitted.state())
    test = Test(split.real, split.generated)
    np.testing.assert_array_equal(again.score(test, CONTEXT), fitted.score(test, CONTEXT))
    without = Development(Images(split.real.ids, blank[:160]), split.used, split.groups, split.generated)
    assert "add it to further_views" in combined(*members).applicable(without, test)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ({"attack": "monte-carlo"}, "scored together"),
        ({"attack": "blind"}, "no attack"),
        ({"attack": "nearest", "parameters": {"mistyped": 1}}, "mistyped"),
        ({"attack": "oracle"}, "not registered"),
    ],
)
def test_bad_members_are_refused(member, said):
    """One line that names the member and what is wrong with it."""
    with pytest.raises(InputError, match=said):
        combined(member)
    with pytest.raises(InputError, match="twice"):
        combined({"attack": "nearest"}, {"attack": "nearest"})


def test_default_members_work_on_grey_values_and_say_why_not_on_features(splits):
    """The default is for pixels; on features it is refused, not silently thinned out."""
    pixels, test, truth = splits(True)
    fitted = Combined().fit(pixels, CONTEXT)
    assert Combined().applicable(pixels, test) is None
    assert roc_auc_score(truth, fitted.score(test, CONTEXT)) > 0.95
    assert len(fitted.weights_) == len(DEFAULT_MEMBERS)
    assert "compares grey values" in Combined().applicable(*splits(False)[:2])


def test_without_labels_copies_stand_out_and_a_reference_is_refused(splits):
    """The fall-back looks at no label, so it can have no images known not to be used."""
    pixels, test, truth = splits(True)
    fallback = CombinedUnlabelled().fit(pixels, CONTEXT)
    assert roc_auc_score(truth, fallback.score(test, CONTEXT)) > 0.95
    known = create("combined-unlabelled", "extension", {"members": [{"attack": "calibrated-nearest"}]})
    assert "which is a label" in known.applicable(pixels, test)


def test_rank_aggregate_is_the_mean_of_normal_scores():
    """By hand: ranks 1, 2, 3 of 3 have the normal scores of 1/4, 1/2 and 3/4; ties share the mean rank."""
    assert rank_aggregate([[1.0], [5.0], [2.0]]).tolist() == pytest.approx([-0.6744898, 0.6744898, 0.0])
    assert rank_aggregate([[1.0, 7.0], [5.0, 7.0], [2.0, 7.0]]).tolist() == pytest.approx([-0.3372449, 0.3372449, 0.0])


@given(st.lists(st.lists(st.integers(-50, 50), min_size=3, max_size=3), min_size=1, max_size=12))
def test_rank_aggregate_knows_no_unit(rows):
    """Any rising change of an attack's scores leaves the aggregate as it was; so does the order of attacks."""
    scores = np.array(rows, dtype=np.float64)
    changed = np.column_stack([np.exp(scores[:, 0] / 10), scores[:, 1] ** 3, 1e6 * scores[:, 2] - 4])
    np.testing.assert_allclose(rank_aggregate(changed), rank_aggregate(scores))
    np.testing.assert_allclose(rank_aggregate(scores[:, ::-1]), rank_aggregate(scores), atol=1e-12)


@pytest.mark.parametrize("scores", [[1.0, 2.0], [[]], [[np.nan], [1.0]]])
def test_rank_aggregate_refuses(scores):
    """No attack and no finite score would give numbers without a meaning."""
    with pytest.raises(ValueError, match="scores"):
        rank_aggregate(scores)


def test_parameters_are_few():
    """A pull below zero would push weights apart."""
    assert CombinedParameters().folds == 4
    with pytest.raises(InputError, match="regularisation"):
        combined({"attack": "nearest"}, regularisation=[-1.0])
