"""Training of the corrected relation network: what it learns, what it keeps, and that it goes on after a kill."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score

from ganprint.compare.auc_error import auc_standard_error
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, create
from ganprint.compare.relation_copies import CorrectedParameters, copy_loss, copy_steps, label_steps
from ganprint.compare.relation_epochs import Training
from ganprint.compare.relation_network import build_network
from ganprint.compare.relation_scoring import mean_scores, pair_scores
from ganprint.compare.relation_training import OptimiserParameters
from ganprint.errors import InputError

SMALL = {"depth": 10, "planes": 4, "epochs": 3, "steps_per_epoch": 3, "learning_rate": 0.02, "shared": True}


class Kept(dict):
    """Checkpoints in memory that can be told to kill the process after a number of savings of a kind."""

    def __init__(self, kill_after=None, kind="training"):
        super().__init__()
        self.kill_after, self.kind, self.saved = kill_after, kind, 0

    def load(self, name):
        return self.get(name)

    def save(self, name, arrays):
        self[name] = {key: np.array(value) for key, value in arrays.items()}
        if name.startswith(self.kind):
            self.saved += 1
            if self.saved == self.kill_after:
                raise KeyboardInterrupt


def scale(grey):
    return (grey - 128) / 64


def smooth_split(seed, groups=12, per_group=3, side=32):
    """Slices that differ by smooth shapes, and generated ones: near copies of the used ones, and others."""
    rng = np.random.default_rng(seed)

    def slices(count):
        coarse = torch.from_numpy(rng.uniform(0, 255, (count, 1, 6, 6)))
        return (
            torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 255).flatten(1).numpy()
        )

    used = np.repeat(np.arange(groups) % 2, per_group).astype(np.int8)
    names = np.repeat([f"g{number:02d}" for number in range(groups)], per_group)
    real = slices(groups * per_group)
    made = np.concatenate([np.clip(real[used == 1] + rng.normal(0, 4, (used.sum(), side * side)), 0, 255), slices(20)])
    ids = lambda prefix, rows: np.array([f"{prefix}-{number:03d}" for number in range(len(rows))])  # noqa: E731
    generated = Images(ids("generated", made), made.astype(np.uint8))
    return Development(Images(ids("real", real), real.astype(np.uint8)), used, names, generated)


def test_pairs_of_image_and_copy_find_the_used_images_of_other_patients():
    """The corrected run ranks test images that it has never seen, where labels alone are learned by heart."""
    development, test = smooth_split(0), smooth_split(1)
    parameters = {"depth": 10, "planes": 8, "epochs": 4, "steps_per_epoch": 15, "learning_rate": 0.05, "shared": True}
    comparator = create("relation", "corrected", parameters).fit(development, Context(2))
    scores = comparator.score(Test(test.real, test.generated), Context(2))
    assert roc_auc_score(test.used, scores) > 0.9
    assert comparator.losses_[-1] < comparator.losses_[0]


def test_labels_are_learned_by_heart():
    """With the paper's target the network knows its own images and not those of others: a finding that stays."""
    development, test = smooth_split(0), smooth_split(1)
    parameters = {"depth": 10, "planes": 8, "epochs": 6, "steps_per_epoch": 15, "learning_rate": 0.05}
    parameters |= {"objective": "labels", "patience": 0}
    comparator = create("relation", "corrected", parameters).fit(development, Context(2))
    context = Context(2)
    own = comparator.score(Test(development.real, development.generated), context)
    others = comparator.score(Test(test.real, test.generated), context)
    assert roc_auc_score(development.used, own) > 0.9
    assert roc_auc_score(test.used, others) < 0.75
    assert own.mean() == pytest.approx(0, abs=1e-5)
    assert own.std() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_killed_training_goes_on_to_the_same_network(killed_after):
    """Kept: weights, momentum, figures, the best epoch. The end has the same bytes as a training in one go."""
    development = smooth_split(0)
    whole = create("relation", "corrected", SMALL).fit(development, Context(3))
    kept = Kept(killed_after)
    with pytest.raises(KeyboardInterrupt):
        create("relation", "corrected", SMALL).fit(development, Context(3, checkpoints=kept))
    kept.kill_after = None
    seen = []
    again = create("relation", "corrected", SMALL).fit(
        development, Context(3, checkpoints=kept, live=lambda name, step, value: seen.append((name, step)))
    )
    assert min(step for name, step in seen if name == "loss") == killed_after
    assert min(step for name, step in seen if name == "step_loss") == killed_after * SMALL["steps_per_epoch"]
    for name, array in whole.state().items():
        np.testing.assert_array_equal(array, again.state()[name], err_msg=name)


@pytest.mark.parametrize("variant", ["as_coded", "as_written"])
def test_pair_training_goes_on_too(variant):
    """The published way takes days at the paper's size: it can be interrupted as well."""
    development = smooth_split(0, groups=8)
    parameters = {"depth": 10, "planes": 4, "epochs": 2, "pairs_per_epoch": 24, "learning_rate": 0.01}
    whole = create("relation", variant, parameters).fit(development, Context(3))
    kept = Kept(1)
    with pytest.raises(KeyboardInterrupt):
        create("relation", variant, parameters).fit(development, Context(3, checkpoints=kept))
    again = create("relation", variant, parameters).fit(development, Context(3, checkpoints=kept))
    for name, array in whole.state().items():
        np.testing.assert_array_equal(array, again.state()[name], err_msg=name)


class Line(torch.nn.Module):
    """One weight, whose loss is itself: it goes down step by step."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))


def trained(figures, **options):
    network = Line()
    parameters = OptimiserParameters(depth=10, planes=4, epochs=len(figures), learning_rate=0.1, weight_decay=0.0)
    values = iter(figures)
    training = Training(network, parameters, Context(0), judge=lambda: (next(values),) * 2, **options)
    weights = [1.0]

    def steps(_epoch):
        yield network.weight.sum()
        weights.append(float(network.weight.detach()))

    training.run(steps)
    return training, float(network.weight.detach()), weights


def test_the_first_best_epoch_is_kept_and_patience_ends_the_training():
    """Best figure at epoch 1; two epochs later nothing was better, so epochs 4 and 5 are not trained."""
    training, weight, weights = trained([0.4, 0.7, 0.7, 0.6, 0.9, 0.9], patience=2)
    assert training.kept_epoch == 1
    assert len(training.losses) == 4
    assert weight == pytest.approx(weights[2])
    patient, weight, weights = trained([0.4, 0.7, 0.7, 0.6, 0.9, 0.9])
    assert patient.kept_epoch == 4
    assert weight == pytest.approx(weights[5])


def test_an_epoch_within_the_margin_of_the_best_is_kept():
    """Bars a margin below their figures: 0.62 is within 0.1 of the best, 0.55 is not; the best stays the yardstick."""
    network = Line()
    figures = iter([0.5, 0.7, 0.68, 0.62, 0.55])
    parameters = OptimiserParameters(depth=10, planes=4, epochs=5, learning_rate=0.1)

    def judge():
        figure = next(figures)
        return figure, figure - 0.1

    training = Training(network, parameters, Context(0), judge=judge)
    training.run(lambda _epoch: iter([network.weight.sum()]))
    assert training.kept_epoch == 3


def test_a_faultless_ranking_of_a_few_groups_does_not_end_the_choice():
    """Three groups of three are ranked rightly by chance in one of twenty: such an epoch has an error too."""
    network = Line()
    parameters = OptimiserParameters(depth=10, planes=4, epochs=3, learning_rate=0.1)
    figures = iter([1.0, 1.0, 0.97])

    def judge():
        auc = next(figures)
        return auc, auc - auc_standard_error(auc, 3, 3)

    training = Training(network, parameters, Context(0), judge=judge)
    training.run(lambda _epoch: iter([network.weight.sum()]))
    assert training.kept_epoch == 2


def test_the_kept_epochs_figure_is_its_own():
    """The last epoch within a standard error is kept: its ROC AUC is told, not the best one's."""
    comparator = create("relation", "corrected", SMALL)
    comparator.losses_, comparator.kept_epoch_ = np.ones(3), np.int64(1)
    comparator.judged_ = np.array([[0.9, 0.7], [0.8, 0.6], [0.5, 0.3]])
    assert comparator.figures().numbers["kept_epoch_held_out_auc"] == 0.8


def test_other_initial_weights_begin_anew():
    """A weights file that was replaced between kill and repetition: the old training is not passed off as its own."""
    kept = Kept()

    def run(start, epochs):
        network = Line()
        with torch.no_grad():
            network.weight.fill_(start)
        parameters = OptimiserParameters(depth=10, planes=4, epochs=epochs, learning_rate=0.1, weight_decay=0.0)
        training = Training(network, parameters, Context(0, checkpoints=kept))
        begun = []

        def steps(epoch):
            begun.append(epoch)
            yield network.weight.sum()

        training.run(steps)
        return begun

    assert run(1.0, 2) == [0, 1]
    assert run(1.0, 3) == [2]
    assert run(2.0, 3) == [0, 1, 2]


@pytest.mark.parametrize("variant", ["as_coded", "as_written", "corrected"])
def test_a_training_that_diverges_is_refused_in_one_line(variant):
    """No run is made of numbers that are none; the message names the parameter to change."""
    parameters = {"depth": 10, "planes": 4, "epochs": 3, "learning_rate": 1e30}
    parameters |= {"steps_per_epoch": 2} if variant == "corrected" else {"pairs_per_epoch": 24}
    with pytest.raises(InputError, match=r"diverged.*smaller learning_rate") as caught:
        create("relation", variant, parameters).fit(smooth_split(0, groups=8), Context(3))
    assert "\n" not in str(caught.value)


def test_every_step_is_balanced_though_a_class_is_small():
    """Two not used images of six and eight a class asked for: two of each, or the base rate could be learned."""
    split = smooth_split(0, groups=8)
    rows = np.concatenate([np.flatnonzero(split.used == 1)[:6], np.flatnonzero(split.used == 0)[:2]])
    part = split.take(rows)
    seen = []

    class Watched(torch.nn.Module):
        def forward(self, images):
            seen.append(len(images))
            return network.real(images)

    network = build_network(10, 4, seed=1, shared=True).train()
    watched = SimpleNamespace(real=Watched(), generated=network.real, relation=network.relation)
    next(label_steps(watched, part, CorrectedParameters(**SMALL), scale, seed=5, device="cpu"))
    assert seen == [4]


def test_too_small_a_memory_is_refused_in_one_line():
    """The parameter is named; how much would do is said."""
    development = smooth_split(0, groups=8)
    comparator = create("relation", "as_written", {"depth": 10, "planes": 64, "score_memory": 1})
    many = development.real.take(np.resize(np.arange(len(development.real)), 200))
    with pytest.raises(InputError, match=r"score_memory 1: .* needs at least \d+; give a larger score_memory"):
        comparator.mean_scores(comparator.start(Context(0)), many, development.generated)


def test_no_figure_above_the_floor_keeps_the_network_as_it_was():
    """As the public code does: a validation accuracy of 0 beats nothing."""
    training, weight, _ = trained([0.0, 0.0])
    assert training.kept_epoch == -1
    assert weight == 1.0


def test_as_coded_keeps_the_first_epoch_whatever_is_learned():
    """The public code holds an area of at most .46 against an accuracy of .5: after the first epoch nothing passes."""
    development = smooth_split(0, groups=8)
    parameters = {"depth": 10, "planes": 4, "epochs": 3, "pairs_per_epoch": 24, "learning_rate": 0.01}
    figures = create("relation", "as_coded", parameters).fit(development, Context(3)).figures()
    assert figures.numbers["kept_epoch"] == 0
    assert figures.curves["validation_accuracy"] == [0.5] * 3
    assert all(0 < area < 0.47 for area in figures.curves["area_under_points"])


def test_milestones_divide_the_rate():
    """MultiStepLR's rule: a tenth from each milestone on."""
    parameters = OptimiserParameters(learning_rate=0.5, milestones=[2, 4])
    assert [parameters.rate(epoch) for epoch in range(6)] == pytest.approx([0.5, 0.5, 0.05, 0.05, 0.005, 0.005])


def test_copy_loss_is_least_on_the_diagonal():
    """ln n for a network that tells nothing, 0 for one that knows every pair, more when it is mistaken."""
    assert float(copy_loss(torch.zeros(5, 5))) == pytest.approx(np.log(5))
    assert float(copy_loss(40 * torch.eye(5))) == pytest.approx(0, abs=1e-6)
    assert float(copy_loss(-40 * torch.eye(5))) > np.log(5)
    logits = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    offset = logits + torch.tensor(3.0)
    torch.testing.assert_close(copy_loss(logits), copy_loss(offset))
    torch.testing.assert_close(copy_loss(logits), copy_loss(logits.T))


def test_a_step_depends_on_seed_alone():
    """The transforms' global generator is neither read nor moved."""
    development = smooth_split(0)
    parameters = CorrectedParameters(**SMALL)
    losses = []
    for before in (0, 1):
        torch.manual_seed(before)
        network = build_network(10, 4, seed=1, shared=True).train()
        losses.append(float(next(copy_steps(network, development, parameters, scale, seed=5, device="cpu")).detach()))
        expected = torch.initial_seed()
        assert expected == before
    assert losses[0] == losses[1]


def test_a_run_says_which_layers_it_began_with(tmp_path):
    """Weights of another run by file: the figures name source, hash and layers; from scratch they name none."""
    development = smooth_split(0, groups=8)
    first = create("relation", "corrected", SMALL).fit(development, Context(3))
    path = tmp_path / "weights.safetensors"
    save_file(
        {name.removeprefix("network."): value for name, value in first.state().items() if "network." in name}, path
    )
    again = create("relation", "corrected", {**SMALL, "initial": f"file:{path}"}).fit(development, Context(4))
    details = again.figures().details["initial"]
    assert details["source"] == f"file:{path}"
    assert details["loaded"]
    assert details["drawn"] == []
    assert again.figures().numbers["initial_tensors_loaded"] > 10
    assert first.figures().details is None


def test_a_run_says_what_auto_chose(monkeypatch):
    """Scores differ with the type, and the type with the processor: which it was stands in the run's figures."""
    development = smooth_split(0, groups=8)
    comparator = create("relation", "corrected", SMALL | {"score_dtype": "auto", "epochs": 1}).fit(
        development, Context(3)
    )
    for capabilities, chosen in (({"avx512_bf16": True}, "bfloat16"), ({}, "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        comparator.score(Test(development.real, development.generated), Context(3))
        assert comparator.figures().details == {"score_dtype": chosen}


def test_noise_in_place_of_generated_images_sees_none_of_them():
    """The baseline of the corrected run: other generated images, the same fit and the same scores."""
    development, test = smooth_split(0), smooth_split(1)
    other = smooth_split(7).generated
    parameters = {**SMALL, "generated": "noise"}
    scores = []
    for generated, shown in ((development.generated, test.generated), (other, other)):
        split = Development(development.real, development.used, development.groups, generated)
        comparator = create("relation", "corrected", parameters).fit(split, Context(3))
        scores.append(comparator.score(Test(test.real, shown), Context(3)))
    np.testing.assert_array_equal(*scores)


def test_mean_odds_are_those_of_the_pairs():
    """log(mean(p / (1 - p))) over the plain scores, whatever the block, kept or not."""
    split = smooth_split(0)
    network = build_network(10, 4, seed=3).eval()
    real, generated = split.real.take(np.arange(4)), split.generated.take(np.arange(9))
    scores = pair_scores(network, real, generated, scale, block=9).to(torch.float64).numpy()
    expected = np.log((scores / (1 - scores)).mean(axis=1))
    for block in (2, 9):
        found = mean_scores(network, real, generated, scale, block=block, mean="log_odds")
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    kept = Kept(2, kind="log_odds")
    with pytest.raises(KeyboardInterrupt):
        mean_scores(network, real, generated, scale, block=2, mean="log_odds", checkpoints=kept)
    again = mean_scores(network, real, generated, scale, block=2, mean="log_odds", checkpoints=kept)
    np.testing.assert_array_equal(again, mean_scores(network, real, generated, scale, block=2, mean="log_odds"))
    assert len(kept) == 5
