"""The relation network: architecture, the softmax's consequences, and training on grids."""

import math

import numpy as np
import pytest
import torch

from ganprint.compare.protocol import create
from ganprint.compare.relation_network import RelationNetwork, ResidualBackbone, build_network
from ganprint.compare.relation_scoring import mean_scores, pair_scores
from ganprint.compare.relation_softmax import batch_softmax, shuffled_batches

# paper.md's figures: a ResNet-101 has 44 542 888 parameters with a classifier of 2 049 000 that nothing uses.
SHAPES = {10: 512, 12: 640, 18: 512, 34: 512, 50: 2048, 101: 2048, 152: 2048}


@pytest.mark.parametrize(("depth", "channels"), SHAPES.items())
def test_maps_have_the_papers_shape(depth, channels):
    """At 256 pixels every depth gives 16 x 16 maps; shapes are computed without arithmetic on the meta device."""
    with torch.device("meta"):
        backbone = ResidualBackbone(depth)
        assert backbone(torch.empty(2, 1, 256, 256)).shape == (2, channels, 16, 16)
    assert backbone.channels == channels


def test_parameter_counts_are_the_papers():
    """44 542 888 - 2 049 000 per backbone and 113 274 897 in the relation module."""
    with torch.device("meta"):
        network = RelationNetwork(101)
    count = lambda module: sum(parameter.numel() for parameter in module.parameters())  # noqa: E731
    assert count(network.real) == count(network.generated) == 44_542_888 - 2_049_000
    assert count(network.relation) == 113_274_897


def test_backbones_are_not_shared_and_residuals_start_at_zero():
    """Two backbones with weights of their own; every residual branch ends in a batch-norm of weight zero."""
    network = build_network(10, 4, seed=1)
    first, second = (next(iter(backbone.parameters())) for backbone in (network.real, network.generated))
    assert not torch.equal(first, second)
    blocks = [module for module in network.real.modules() if type(module).__name__ == "BasicBlock"]
    assert len(blocks) == 4
    assert all(not block.bn2.weight.any() for block in blocks)


def test_one_pair_per_call_scores_exactly_one():
    """The published test script gives one pair per call: after the softmax its score is 1 whatever the network says."""
    scores = torch.rand(5, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(batch_softmax(scores, 1), torch.ones(5, 7))


def test_two_pairs_per_call_are_right_half_of_the_time():
    """Validation batches of two pairs of one real image: one of the two is at or above a half, for any scores."""
    scores = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))
    answers = batch_softmax(scores, 2) >= 0.5
    assert (answers.view(6, 4, 2).sum(dim=2) == 1).all()
    for labels in (torch.zeros(6, 1), torch.ones(6, 1), torch.tensor([[0.0], [1.0]] * 3)):
        assert (answers == (labels == 1)).float().mean() == 0.5


def test_batches_may_straddle_images_and_end_short():
    """Seven pairs per image in calls of four: the calls run over the images' borders as the flat list does."""
    scores = torch.rand(3, 7, generator=torch.Generator().manual_seed(0))
    flat, softened = scores.reshape(-1), batch_softmax(scores, 4).reshape(-1)
    for start in range(0, 21, 4):
        torch.testing.assert_close(softened[start : start + 4], flat[start : start + 4].softmax(dim=0))
    assert softened[20] == 1.0


def test_constant_scores_have_the_papers_loss():
    """A constant network has a mean loss of 1.106 under the softmax across 8 pairs, above a coin's ln 2."""
    constant = torch.full((8,), 0.125)
    weights = [math.comb(8, k) / 256 for k in range(9)]
    losses = [
        float(torch.nn.functional.binary_cross_entropy(constant, (torch.arange(8) < k).float())) for k in range(9)
    ]
    assert np.dot(weights, losses) == pytest.approx(1.106, abs=5e-4)


def test_scores_of_a_grid_are_those_of_single_pairs(splits):
    """Streaming over maps and blocks gives what the network gives for each pair by itself."""
    _, test, _ = splits(True)
    network = build_network(10, 4, seed=3).eval()
    scale = lambda grey: grey / 255  # noqa: E731
    real, generated = test.real.take(np.arange(3)), test.generated.take(np.arange(5))
    grid = pair_scores(network, real, generated, scale, block=2)
    images = [torch.from_numpy(side.rows).view(-1, 1, 16, 16) / 255 for side in (real, generated)]
    with torch.inference_mode():
        plain = torch.stack([torch.cat([network(r[None], g[None]) for g in images[1]]) for r in images[0]])
    torch.testing.assert_close(grid, plain.view(3, 5), rtol=1e-5, atol=1e-6)
    means = mean_scores(network, real, generated, scale, block=3)
    np.testing.assert_allclose(means, plain.view(3, 5).mean(dim=1).numpy(), rtol=1e-5)


def test_batches_in_order_give_every_image_the_same_score():
    """Batches that fill rows add up to 1 whatever the image; shuffled, two orders of the same scores disagree."""
    scores = torch.rand(6, 16, generator=torch.Generator().manual_seed(0))
    found = shuffled_batches(scores, 8, 1)
    assert found["shuffled_batches.spread_in_order"] == pytest.approx(0, abs=1e-7)
    assert found["shuffled_batches.spread_shuffled"] > 1e-3
    assert found["shuffled_batches.largest_change"] > 1e-3
    assert 0.5 < found["shuffled_batches.pair_rank_correlation"] < 0.999


def test_one_pair_per_batch_leaves_nothing_to_rank():
    """Batches of one: every score is 1 in every order, and a constant has no rank correlation."""
    found = shuffled_batches(torch.rand(3, 4), 1, 0)
    assert set(found.values()) == {0.0}


def test_depths_are_checked_at_the_door():
    """A depth that the paper does not name is refused with the list of those that it does."""
    with pytest.raises(Exception, match="depth 11 is none of 10, 12, 18, 34, 50, 101, 152"):
        create("relation", "corrected", {"depth": 11})
