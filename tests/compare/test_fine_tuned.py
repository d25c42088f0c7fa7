"""Fine-tuning: what it can learn, what it must not see, that folds are kept, and that its parts are the backbone."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import nn

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.fine_tuned import FineTuned
from ganprint.compare.fine_tuned_features import out_of_fold_features
from ganprint.compare.fine_tuned_folds import CrossFit
from ganprint.compare.fine_tuned_network import DividedBackbone, grey_images, stages
from ganprint.compare.fine_tuned_training import FineTunedParameters, epochs
from ganprint.compare.protocol import Context, create
from ganprint.embed.backbones import BACKBONES, load_network
from ganprint.errors import InputError

SIDE, GROUPS, PER_GROUP = 32, 12, 4
QUICK = {"trained": 1, "epochs": 2, "folds": 2, "views": 1, "batch": 16}


def images(prefix, pictures):
    rows = np.clip(pictures, 0, 255).astype(np.uint8).reshape(len(pictures), -1)
    return Images(np.array([f"{prefix}-{i:03d}" for i in range(len(rows))]), rows)


def noise(count, seed):
    """Pictures that have nothing in common."""
    return np.random.default_rng(seed).normal(120, 40, (count, SIDE, SIDE))


def split(seed=0, *, mark=0.0, generated_mark=0.0, prefix="dev"):
    """Groups of noise pictures, half of them used; a mark of stripes is laid on the used or the generated ones."""
    used = np.repeat(np.arange(GROUPS) % 2, PER_GROUP).astype(np.int8)
    stripes = np.sin(np.arange(SIDE) * 2 * np.pi / 8)[np.newaxis, np.newaxis]
    pictures = noise(len(used), seed) + mark * used[:, np.newaxis, np.newaxis] * stripes
    generated = noise(40, seed + 1) + generated_mark * stripes
    groups = np.repeat([f"{prefix}-patient-{i:02d}" for i in range(GROUPS)], PER_GROUP)
    return Development(images(prefix, pictures), used, groups, images(f"{prefix}-generated", generated))


def fitted(development, context=None, **parameters):
    return create("fine-tuned", "extension", QUICK | parameters).fit(development, context or Context(1))


def scored(comparator, development):
    return comparator.score(Test(development.real, development.generated), Context(1))


def test_a_visible_difference_is_learned_and_carries_over():
    """Positive control: with a mark on used images, scores of new images and out-of-fold ones rank them."""
    development, new = split(mark=60.0), split(7, mark=60.0, prefix="new")
    comparator = fitted(development, epochs=8, head_rate=0.02)
    assert roc_auc_score(new.used, scored(comparator, new)) > 0.95
    assert roc_auc_score(development.used, comparator.out_of_fold_) > 0.95
    assert ((comparator.out_of_fold_ > 0) & (comparator.out_of_fold_ < 1)).all()


def test_out_of_fold_scores_of_chance_are_chance():
    """Negative control: learned by heart on what it saw, it knows nothing of what it did not see."""
    development = split()
    comparator = fitted(development, epochs=30, head_rate=0.1, stage_rate=3e-4, views=0)
    trainings = CrossFit(development, comparator.parameters, Context(1))
    tail, _ = trainings.of_all(30)
    maps = trainings.backbone.maps(grey_images(development.real.rows), "cpu")
    assert roc_auc_score(development.used, tail.logits(maps)) > 0.95
    assert 0.25 < roc_auc_score(development.used, comparator.out_of_fold_) < 0.75
    assert comparator.figures().numbers["inner_loss"] > 0.6


def test_no_group_is_seen_by_the_network_that_scores_it(monkeypatch):
    """The promise behind every out-of-fold figure, seen where the images enter training."""
    seen = []

    def spy(backbone, maps, positive, parameters, seed):
        seen.append(maps[0])
        return epochs(backbone, maps, positive, parameters, seed)

    monkeypatch.setattr("ganprint.compare.fine_tuned_folds.epochs", spy)
    development = split()
    for task, extra in (("used", 0), ("generated", 40)):
        seen.clear()
        parameters = FineTunedParameters(**QUICK, task=task)
        trainings = CrossFit(development, parameters, Context(1))
        maps = trainings.backbone.maps(grey_images(development.real.rows), "cpu")
        for fold in range(2):
            trainings.of_fold(fold, 1)
        kinds = development.used == 0 if task == "generated" else np.ones(len(development.used), bool)
        groups = {fold: set(development.groups[trainings.folds == fold]) for fold in range(2)}
        assert sum(map(len, groups.values())) == GROUPS
        for fold in range(2):
            rows = maps[torch.from_numpy(np.flatnonzero((trainings.folds != fold) & kinds))]
            assert seen[fold].shape[0] == len(rows) + extra
            torch.testing.assert_close(seen[fold][: len(rows)], rows, rtol=1e-4, atol=1e-4)


def test_out_of_fold_scores_keep_the_order_of_the_images():
    """Another model joins them to its columns by row; checked with the images in another order."""
    development = split(mark=60.0)
    order = np.random.default_rng(0).permutation(len(development.used))
    first, second = fitted(development), fitted(development.take(order))
    np.testing.assert_allclose(second.out_of_fold_, first.out_of_fold_[order], rtol=1e-5)
    features = [
        out_of_fold_features(part, first.parameters, Context(1), 2) for part in (development, development.take(order))
    ]
    np.testing.assert_allclose(features[1].rows, features[0].rows[order], rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(features[1].folds, features[0].folds[order])


def test_task_used_looks_at_no_generated_image():
    """The claim in the docs that it is blind to the generator: other generated images, same scores."""
    development = split(mark=60.0)
    other = Development(development.real, development.used, development.groups, images("other", noise(9, 5)))
    first, second = fitted(development), fitted(other)
    np.testing.assert_array_equal(scored(first, development), scored(second, other))


def test_task_generated_scores_what_looks_generated():
    """Real images with the generator's mark score higher; used ones are in no training, whatever they look like."""
    development, new = split(generated_mark=60.0, mark=40.0), split(7, mark=60.0, prefix="new")
    comparator = fitted(development, task="generated", epochs=5)
    assert roc_auc_score(new.used, scored(comparator, new)) > 0.95
    assert roc_auc_score(development.used, comparator.out_of_fold_) > 0.9


class Store:
    """Checkpoints in memory; stops the process, as it were, after a number of them."""

    def __init__(self, most):
        self.kept, self.most = {}, most

    def load(self, name):
        return self.kept.get(name)

    def save(self, name, arrays):
        self.kept[name] = dict(arrays)
        if len(self.kept) == self.most:
            raise KeyboardInterrupt


def test_an_interrupted_fit_goes_on_to_the_same_scores(monkeypatch):
    """A killed process repeats no finished fold, and what it ends with is as if nothing had happened."""
    development, store = split(mark=60.0), Store(1)
    with pytest.raises(KeyboardInterrupt):
        fitted(development, Context(1, checkpoints=store))
    trained = []

    def spy(*arguments):
        trained.append(arguments)
        return epochs(*arguments)

    monkeypatch.setattr("ganprint.compare.fine_tuned_folds.epochs", spy)
    again = fitted(development, Context(1, checkpoints=store))
    assert len(trained) == 2  # the second fold, and all
    never = fitted(development)
    np.testing.assert_array_equal(scored(again, development), scored(never, development))
    np.testing.assert_array_equal(again.out_of_fold_, never.out_of_fold_)


def test_folds_of_other_weights_are_not_gone_on_with():
    """A file of weights may change under its name between two processes."""
    development, store = split(mark=60.0), Store(99)
    fitted(development, Context(1, checkpoints=store), weights="random:1")
    mixed = fitted(development, Context(1, checkpoints=store))
    np.testing.assert_array_equal(mixed.out_of_fold_, fitted(development).out_of_fold_)


def test_a_model_of_other_weights_is_refused():
    """The frozen stages are not in the model's file, so they must be those that it was trained with."""
    development = split()
    state = fitted(development).state()
    with pytest.raises(InputError, match="not those that the model was trained from"):
        create("fine-tuned", "extension", QUICK | {"weights": "random:1"}).restore(state)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "resnet18"])
@pytest.mark.parametrize("trained", [1, 3])
def test_frozen_and_last_stages_are_the_backbone(name, trained):
    """Cut anywhere, folded before the cut, they give the features of the whole network."""
    backbone = DividedBackbone.load(name, "random:3", trained, None, "cpu")
    network, _ = load_network(name, "random:3")
    grey = grey_images(images("x", noise(3, 0)).rows)
    with torch.no_grad():
        whole = BACKBONES[name].features(network.eval())(backbone.preprocessing.values(grey)).mean(dim=(2, 3))
    rows = backbone.tail("cpu").rows(backbone.maps(grey, "cpu"))
    np.testing.assert_allclose(rows, whole.numpy(), rtol=1e-3, atol=1e-4)


def test_batch_norm_statistics_stay_and_frozen_stages_too():
    """A hundred images can not replace what the statistics were made of."""
    development = split()
    trainings = CrossFit(development, FineTunedParameters(**QUICK), Context(1))
    frozen = {name: value.clone() for name, value in trainings.backbone.frozen.state_dict().items()}
    before, after = trainings.backbone.last.state_dict(), trainings.of_all(2)[0].last.state_dict()
    for name, value in before.items():
        assert torch.equal(value, after[name]) == ("running" in name or "tracked" in name), name
    assert all(torch.equal(value, trainings.backbone.frozen.state_dict()[name]) for name, value in frozen.items())


def test_too_many_stages_and_networks_without_stages_are_refused():
    """One line that names the parameter."""
    with pytest.raises(InputError, match="parameter trained: 40 of efficientnet-lite0's 9 stages"):
        fitted(split(), trained=40)
    with pytest.raises(InputError, match="backbone 'odd': is no sequence of stages"):
        stages(nn.Linear(2, 2), "odd")


@pytest.mark.parametrize("alignment", ["none", "standardised"])
def test_features_out_of_fold_serve_new_images(alignment):
    """What is learned on joined out-of-fold rows has to hold for new rows, of a network that saw every fold."""
    development, new = split(mark=60.0), split(7, mark=60.0, prefix="new")
    found = out_of_fold_features(development, FineTunedParameters(**QUICK), Context(1), 3, alignment)
    model = LogisticRegression(C=0.01, max_iter=1000).fit(found.rows, development.used)
    assert roc_auc_score(new.used, model.decision_function(found.of_new(new.real.rows))) > 0.95


@pytest.mark.parametrize("kind", ["constant", "one generated"])
@pytest.mark.parametrize("task", ["used", "generated"])
def test_poor_input_gives_finite_scores(kind, task):
    """No spread to standardise by, and one generated image to learn from."""
    development = split()
    if kind == "constant":
        development = Development(
            images("dev", np.full((48, SIDE, SIDE), 7.0)), development.used, development.groups, development.generated
        )
    else:
        generated = development.generated.take(np.arange(1))
        development = Development(development.real, development.used, development.groups, generated)
    comparator = fitted(development, task=task, epochs=1)
    assert isinstance(comparator, FineTuned)
    assert np.isfinite(scored(comparator, development)).all()
