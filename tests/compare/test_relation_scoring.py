"""Scoring of whole networks on grids: folded copies, memory, and blocks that outlive an interruption."""

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from ganprint.compare import relation_scoring
from ganprint.compare.data import Images
from ganprint.compare.relation_network import build_network
from ganprint.compare.relation_scoring import GridScoring, mean_scores, pair_scores, score_dtype

SIDE = 32


def scale(grey):
    return (grey - 128) / 64


def images(prefix, count, seed):
    """Patches of random greys: not all alike to a network."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4), dtype=np.uint8)
    rows = np.kron(coarse, np.ones((SIDE // 4, SIDE // 4), dtype=np.uint8)).reshape(count, -1)
    return Images(np.array([f"{prefix}-{i:02d}" for i in range(count)]), rows)


def lively(depth=10, planes=4, *, branches=0.3, **options):
    """A network with batch-norm statistics, scales and shifts of its own, whose branches have grown from zero."""
    network = build_network(depth, planes, 1, **options)
    rng = torch.Generator().manual_seed(2)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    blocks = [module for module in network.modules() if isinstance(module, BasicBlock | Bottleneck)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.copy_(0.75 + torch.rand(norm.weight.shape, generator=rng) / 2)
            norm.bias.copy_(torch.randn(norm.bias.shape, generator=rng) / 10)
            norm.momentum = 1
        for block in blocks:
            (block.bn3 if isinstance(block, Bottleneck) else block.bn2).weight.mul_(branches)
        network.train()
        network(*(tensor(images(role, 8, seed)) for seed, role in enumerate(("real", "generated"))))
    return network.eval()


def tensor(some):
    return scale(torch.from_numpy(some.rows).view(-1, 1, SIDE, SIDE).float())


REAL, GENERATED = images("real", 6, 5), images("generated", 11, 6)


def plain_logits(network):
    """Every pair through both backbones and the unfolded module, in the network's own type."""
    real, generated = (tensor(some).to(network.relation.last.weight.dtype) for some in (REAL, GENERATED))
    with torch.inference_mode():
        rows = [
            network.relation.logits(
                torch.cat([network.real(one.expand_as(generated)), network.generated(generated)], 1)
            )
            for one in real
        ]
    return torch.stack(rows)


OPTIONS = [
    {"depth": 10}, {"depth": 12}, {"depth": 18}, {"depth": 50}, {"depth": 101},
    {"stem": "small"}, {"shared": True}, {"depth": 50, "shared": True, "stem": "small"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_folded_network_gives_the_scores_of_the_plain_one(options):
    """Scores in float32 to 1e-5, for both kinds of blocks and every option; the network itself stays as it was."""
    network = lively(**options)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    expected = plain_logits(network)
    logits = GridScoring(network, REAL, scale, block=4).logits(GENERATED)
    torch.testing.assert_close(torch.sigmoid(logits), torch.sigmoid(expected), rtol=0, atol=1e-5)
    assert float(expected.std()) > 0.05  # a constant would agree with anything
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())


@pytest.mark.parametrize("depth", [18, 101])
def test_folding_is_exact_but_for_rounding(depth):
    """In float64 what remains is 1e-11, in a network whose branches amplify float32's rounding to 1e-4 too."""
    network = lively(depth, branches=1.0).double()
    grid = GridScoring(network, REAL, scale, block=4, dtype=torch.float64, maps_dtype=torch.float64)
    torch.testing.assert_close(grid.logits(GENERATED), plain_logits(network), rtol=0, atol=1e-11)


@pytest.mark.parametrize("depth", [10, 18, 50, 101])
def test_pairs_in_bfloat16_rank_as_float32_does(depth):
    """At any depth logits within 10 % of their spread (measured: 1 to 4 %), and real images in the same order."""
    network = lively(depth, 8)
    expected = plain_logits(network)
    logits = GridScoring(network, REAL, scale, block=4, dtype=torch.bfloat16).logits(GENERATED)
    assert 0 < float((logits - expected).abs().max()) <= 0.1 * float(expected.std())
    scores = mean_scores(network, REAL, GENERATED, scale, block=4, dtype=torch.bfloat16)
    np.testing.assert_array_equal(scores.argsort(), torch.sigmoid(expected).mean(dim=1).argsort())


def test_maps_in_bfloat16_are_a_matter_of_depth():
    """Rounding adds up over layers: a tenth of the spread of all logits at depth 10, more than a quarter at 101.

    So backbones compute in float32 unless bfloat16 is asked for by name.
    """
    errors = []
    for depth, branches in ((10, 0.3), (101, 1.0)):
        network = lively(depth, 8, branches=branches)
        expected = plain_logits(network)
        scoring = GridScoring(network, REAL, scale, block=4, dtype=torch.bfloat16, maps_dtype=torch.bfloat16)
        errors.append(float((scoring.logits(GENERATED) - expected).abs().max() / expected.std()))
    assert errors[0] < 0.15
    assert errors[1] > 0.25


@pytest.mark.parametrize(("block", "memory"), [(1, None), (3, 2**17), (11, 2**18), (64, 2**30)])
def test_neither_blocks_nor_memory_change_a_score(block, memory):
    """How many images pass at a time is a matter of memory alone."""
    network = lively()
    expected = torch.sigmoid(plain_logits(network))
    scores = pair_scores(network, REAL, GENERATED, scale, block=block, memory=memory)
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-5)
    means = mean_scores(network, REAL, GENERATED, scale, block=block, memory=memory)
    np.testing.assert_allclose(means, expected.double().mean(dim=1).numpy(), rtol=0, atol=1e-5)


def test_little_memory_means_few_images_per_pass():
    """The backbones' activations share the bound: their widest tensor decides how many images pass at a time."""
    network = lively(10, 16)
    sizes = []
    network.real.stem.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    widest = 16 * 15 * 15 * 4  # the first group's maps: 16 channels, 15 x 15 after the stem, float32
    mean_scores(network, REAL, GENERATED, scale, block=64, memory=2 * 4 * widest * 3)
    assert sizes == [1, 3, 3]
    with pytest.raises(ValueError, match="needs at least"):
        mean_scores(network, REAL, GENERATED, scale, block=64, memory=1000)


class Store(dict):
    """Checkpoints in memory; dies when the ``last`` one has been saved."""

    def __init__(self, last=None):
        super().__init__()
        self.last, self.loaded = last, 0

    def load(self, name):
        self.loaded += name in self
        return self.get(name)

    def save(self, name, arrays):
        self[name] = {key: value.copy() for key, value in arrays.items()}
        if len(self) == self.last:
            raise KeyboardInterrupt


def scored(network, store=None, *, real=REAL, generated=GENERATED, scale=scale, **options):
    return mean_scores(network, real, generated, scale, checkpoints=store, **{"block": 3, **options})


def test_an_interrupted_scoring_goes_on_to_the_same_bytes(monkeypatch):
    """What was done is not done again, and the mean is the same to the last bit as without interruption."""
    network = lively()
    expected = scored(network)
    store = Store(last=2)
    with pytest.raises(KeyboardInterrupt):
        scored(network, store)
    store.last = None
    told = []
    np.testing.assert_array_equal(scored(network, store, advance=lambda *step: told.append(step)), expected)
    assert store.loaded == 2
    assert len(store) == 4
    assert told == [(3, 11, "generated image"), (6, 11, "generated image"), (9, 11, "generated image"),
                    (11, 11, "generated image")]  # fmt: skip
    # All blocks are there now: no image is looked at again.
    monkeypatch.setattr(relation_scoring, "network_input", None)
    np.testing.assert_array_equal(scored(network, store), expected)


def test_mean_odds_can_be_interrupted_too():
    """The same blocks serve both means without being taken for each other; the formula is that of the docstring."""
    network = lively()
    store = Store(last=3)
    with pytest.raises(KeyboardInterrupt):
        scored(network, store, mean="log_odds")
    store.last, store.loaded = None, 0
    scores = scored(network, store)
    assert store.loaded == 0
    np.testing.assert_array_equal(scores, scored(network))
    resumed = scored(network, store, mean="log_odds")
    assert store.loaded == 3
    np.testing.assert_array_equal(resumed, scored(network, mean="log_odds"))
    odds = torch.exp(plain_logits(network).double())
    np.testing.assert_allclose(resumed, torch.log(odds.mean(dim=1)).numpy(), rtol=0, atol=1e-5)


def changed_rows(some, number):
    rows = some.rows.copy()
    rows[number, 0] ^= 1
    return Images(some.ids, rows)


def test_blocks_of_other_circumstances_are_not_used():
    """A changed network, image, scale, type or block finds nothing; a changed generated image voids its block alone."""
    network = lively()
    store = Store()
    scored(network, store)
    other = lively()
    with torch.no_grad():
        other.relation.last.bias += 1e-3
    changes = [
        (other, {}), (network, {"real": changed_rows(REAL, 0)}), (network, {"scale": lambda grey: (grey - 128) / 65}),
        (network, {"dtype": torch.bfloat16}), (network, {"block": 4}), (network, {"memory": 2**25}),
        (network, {"maps_dtype": torch.bfloat16}),
    ]  # fmt: skip
    for changed, options in changes:
        store.loaded = 0
        np.testing.assert_array_equal(scored(changed, store, **options), scored(changed, **options))
        assert store.loaded == 0, options
    scored(network, store, generated=changed_rows(GENERATED, 4))
    assert store.loaded == 3


def test_no_generated_image_is_refused():
    """A mean of nothing is not a score."""
    with pytest.raises(ValueError, match="no generated images"):
        mean_scores(lively(), REAL, GENERATED.take(np.arange(0)), scale, block=3)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx512_bf16": True}, torch.bfloat16), ({"amx_bf16": True}, torch.bfloat16), ({"bf16": True}, torch.bfloat16),
     ({"avx512_f": True, "avx512_bf16": False}, torch.float32), ({}, torch.float32)],
)  # fmt: skip
def test_bfloat16_is_chosen_where_the_processor_multiplies_it(monkeypatch, capabilities, expected):
    """Elsewhere it would be slower than float32; what is asked for by name is done."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert score_dtype("auto", "cpu") == expected
    assert score_dtype("float32", "cpu") == torch.float32
    assert score_dtype("bfloat16", "cpu") == torch.bfloat16
