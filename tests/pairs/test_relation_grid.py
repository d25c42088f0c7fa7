"""The factorised relation network against the plain one, pair by pair."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import ganprint.pairs
from ganprint.pairs import RelationGrid, RelationModule, grid_logits, relation_blocks, relation_scores
from ganprint.pairs.relation_grid import TilePlan, plan_tiles


def plain_network(module):
    """The layers of the paper in its order, sharing the weights of ``module``."""
    return nn.Sequential(
        module.first, module.first_norm, nn.ReLU(), nn.AdaptiveMaxPool2d(5),
        module.second, module.second_norm, nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), module.hidden, nn.ReLU(), module.last, nn.Sigmoid(), nn.Flatten(0),
    )  # fmt: skip


def trained(channels, size=8, seed=0):
    """A module whose batch-norms have statistics and scales of their own, some of them negative."""
    rng = torch.Generator().manual_seed(seed)
    module = RelationModule(channels)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng) * 0.2)
        module.train()
        module(torch.randn(16, 2 * channels, size, size, generator=rng))
    return module.eval()


def maps(n, channels, size, seed):
    return torch.randn(n, channels, size, size, generator=torch.Generator().manual_seed(seed))


def pairs(real, generated):
    m, n = len(real), len(generated)
    return torch.cat([real.repeat_interleave(n, 0), generated.repeat(m, 1, 1, 1)], dim=1)


def test_parameter_count_is_the_published_one():
    """113 274 897 parameters at C = 2048, as the authors' network has."""
    with torch.device("meta"):
        module = RelationModule(2048)
    assert sum(parameter.numel() for parameter in module.parameters()) == 113_274_897
    assert module.first_norm.momentum == module.second_norm.momentum == 1


@pytest.mark.parametrize("size", [4, 5, 8, 16])
def test_module_is_the_papers_stack_of_layers(size):
    """The module written layer by layer gives the same scores, on maps smaller and larger than the pool."""
    module = trained(6, size)
    joined = maps(7, 12, size, 1)
    with torch.inference_mode():
        torch.testing.assert_close(module(joined), plain_network(module)(joined), rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [4, 8, 13])
@pytest.mark.parametrize("block", [1, 3, 64])
def test_scores_equal_the_plain_network_pair_by_pair(size, block):
    """Split first layer, folded batch-norms and early pooling change no score beyond float32 rounding."""
    module = trained(6, size)
    real, generated = maps(5, 6, size, 2), maps(7, 6, size, 3)
    with torch.inference_mode():
        expected = plain_network(module)(pairs(real, generated)).view(5, 7)
        scores = torch.cat(list(relation_blocks(module, real, generated, block=block)), dim=1)
        streamed = relation_scores(module, real, iter([generated[:2], generated[2:]]), block=block)
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(streamed, expected.mean(dim=1), rtol=0, atol=1e-5)


def test_training_on_a_grid_equals_training_on_built_pairs():
    """Logits, gradients of weights and of maps, and the batch-norms' running statistics all agree."""
    torch.manual_seed(0)
    module, other = RelationModule(4).double().train(), RelationModule(4).double().train()
    other.load_state_dict(module.state_dict())
    ours = [maps(3, 4, 7, 5).double().requires_grad_(), maps(5, 4, 7, 6).double().requires_grad_()]
    theirs = [side.detach().clone().requires_grad_() for side in ours]
    grid = grid_logits(module, *ours)
    built = other.logits(pairs(*theirs)).view(3, 5)
    torch.testing.assert_close(grid, built, rtol=1e-10, atol=1e-10)
    weights = torch.arange(15.0, dtype=torch.float64).view(3, 5)
    (grid * weights).sum().backward()
    (built * weights).sum().backward()
    for (name, mine), (_, plain) in zip(module.named_parameters(), other.named_parameters(), strict=True):
        assert mine.grad is not None, name
        torch.testing.assert_close(mine.grad, plain.grad, rtol=1e-8, atol=1e-9, msg=name)
    for mine, plain in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, plain.grad, rtol=1e-8, atol=1e-9)
    for mine, plain in zip(module.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(mine, plain)


def test_evaluation_logits_of_the_grid_are_those_of_the_blocks():
    """Two ways through the room give one answer."""
    module = trained(5)
    real, generated = maps(3, 5, 8, 7), maps(4, 5, 8, 8)
    with torch.inference_mode():
        blocks = torch.cat(list(relation_blocks(module, real, generated, block=3)), dim=1)
        torch.testing.assert_close(torch.sigmoid(grid_logits(module, real, generated)), blocks, rtol=0, atol=1e-5)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 100), block=st.integers(1, 9), order=st.permutations(range(6)))
def test_order_and_blocks_do_not_matter(seed, block, order):
    """A real image's score depends on itself and the set of generated images alone."""
    module = trained(3, 6, seed)
    real, generated = maps(4, 3, 6, seed + 1), maps(6, 3, 6, seed + 2)
    expected = relation_scores(module, real, generated)
    torch.testing.assert_close(
        relation_scores(module, real.flip(0), generated[list(order)], block=block), expected.flip(0), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("size", [(3, 3), (4, 4), (5, 5), (8, 8), (16, 16), (7, 13)])
@pytest.mark.parametrize("channels", [1, 6, 33])
def test_every_size_of_maps_is_scored_as_the_plain_network_does(size, channels):
    """Float32 to 1e-5, on logits, where the sigmoid does not flatten differences."""
    module = trained(channels)
    rng = torch.Generator().manual_seed(4)
    real, generated = (torch.randn(count, channels, *size, generator=rng) for count in (3, 5))
    with torch.inference_mode():
        expected = module.logits(pairs(real, generated)).view(3, 5)
        logits = torch.cat(list(RelationGrid(module, real, block=2).logits(generated)), dim=1)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


def lively_grid(n_real=12, n_generated=24, channels=64):
    """A module like a new one, and maps that differ from image to image in strength and pattern."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = RelationModule(channels)
        real, generated = (
            torch.relu(torch.randn(n, channels, 8, 8) + torch.randn(n, channels, 1, 1)) for n in (n_real, n_generated)
        )
        module.train()
        with torch.no_grad():
            module(pairs(real[:4], generated[:4]))
    return module.eval(), real, generated


def test_bfloat16_stays_within_its_bound_and_ranks_alike():
    """Logits differ by at most 6 % of their spread over the grid, and real images come in the same order.

    bfloat16 has 8 bits: each factor is off by up to 0.4 %, and errors of 9 C products average out. Measured here:
    3.8 %, and mean scores off by up to 4e-4 where their spread is 0.02.
    """
    module, real, generated = lively_grid()
    with torch.inference_mode():
        expected = module.logits(pairs(real, generated)).view(len(real), len(generated))
    grid = RelationGrid(module, real, dtype=torch.bfloat16)
    logits = torch.cat(list(grid.logits(generated)), dim=1)
    assert logits.dtype == torch.float32
    assert float((logits - expected).abs().max()) <= 0.06 * float(expected.std())
    assert float((logits - expected).abs().max()) > 0  # it was bfloat16 indeed
    scores = relation_scores(module, real, generated, dtype=torch.bfloat16)
    assert torch.equal(scores.argsort(), torch.sigmoid(expected).mean(dim=1).argsort())
    assert scores.dtype == torch.float32


def test_maps_of_bfloat16_are_scored_in_it():
    """What a backbone in bfloat16 gives needs no word more."""
    module, real, generated = lively_grid(3, 4)
    given = relation_scores(module, real.bfloat16(), generated.bfloat16())
    assert torch.equal(given, relation_scores(module, real, generated, dtype=torch.bfloat16))


@settings(max_examples=25, deadline=None)
@given(
    memory=st.integers(0, 200_000), block=st.integers(1, 9), cuts=st.lists(st.integers(0, 11), max_size=3),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)  # fmt: skip
def test_neither_memory_nor_pieces_matter(memory, block, cuts, dtype):
    """Scores are the same for every size of tiles and every way in which generated maps arrive.

    Up to rounding: the libraries choose other kernels for other sizes, so sums come in another order.
    """
    module, real, generated = lively_grid(5, 11, 16)
    expected = relation_scores(module, real, generated, dtype=dtype)
    pieces = [generated[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(generated)])]
    scores = relation_scores(module, real, iter(pieces), block=block, memory=100_000 + memory, dtype=dtype)
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-6 if dtype == torch.float32 else 2e-3)


@settings(max_examples=300)
@given(
    n_real=st.integers(1, 300), block=st.integers(1, 300), map_bytes=st.integers(1, 10**6),
    pair_bytes=st.integers(1, 10**6), spare=st.integers(0, 10**9), tile_bytes=st.integers(1, 10**8),
)  # fmt: skip
def test_plans_stay_within_memory(n_real, block, map_bytes, pair_bytes, spare, tile_bytes):
    """Halves of all real images, a block of generated ones twice, and one tile: never above the bound."""
    memory = n_real * map_bytes + 2 * map_bytes + pair_bytes + spare
    plan = plan_tiles(n_real, block, map_bytes=map_bytes, pair_bytes=pair_bytes, memory=memory, tile_bytes=tile_bytes)
    tile = plan.real * plan.generated * pair_bytes
    assert n_real * map_bytes + 2 * plan.block * map_bytes + tile <= memory
    assert tile <= max(tile_bytes, pair_bytes)
    assert 1 <= plan.generated <= plan.block <= block
    assert 1 <= plan.real <= n_real


def test_plenty_of_memory_gives_one_tile_and_too_little_is_refused():
    """The message says how much is needed, and so much is enough."""
    sizes = {"map_bytes": 1000, "pair_bytes": 300}
    assert plan_tiles(7, 5, **sizes, memory=10**9, tile_bytes=10**9) == TilePlan(5, 7, 5)
    with pytest.raises(ValueError, match="the grid of 7 real images needs at least 9300"):
        plan_tiles(7, 5, **sizes, memory=9299, tile_bytes=10**9)
    assert plan_tiles(7, 5, **sizes, memory=9300, tile_bytes=10**9) == TilePlan(1, 1, 1)


@pytest.mark.parametrize("size", [4, 8, 16])
def test_memory_is_what_torch_allocates_at_most(size):
    """The bound is not only planned: torch's own record of allocations stays below it, and not by being idle.

    On small maps a pair takes more than an image, so a tile is part of a block; on large ones it is the reverse.
    """
    module, real, generated = trained(32, size), maps(20, 32, size, 1), maps(60, 32, size, 2)
    halves = real.numel() * 4
    memory = halves + 2**19
    grid = RelationGrid(module, real, memory=memory)
    assert grid.plan.real * grid.plan.generated < 20 * 60  # there is something to be bounded
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        grid.sums(generated)
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    peak = max(itertools.accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))
    assert 0.25 * (memory - halves) < peak <= memory - halves


def test_scoring_in_training_mode_or_without_images_is_refused():
    """Batch statistics would make a score depend on its block; a mean of nothing is not a score."""
    module = trained(3)
    with pytest.raises(ValueError, match="no generated maps"):
        relation_scores(module, maps(2, 3, 6, 0), iter([]))
    with pytest.raises(ValueError, match="no generated maps"):
        relation_scores(module, maps(2, 3, 6, 0), maps(0, 3, 6, 0))
    with pytest.raises(ValueError, match="block is 0"):
        relation_scores(module, maps(2, 3, 6, 0), maps(2, 3, 6, 1), block=0)
    with pytest.raises(ValueError, match="training mode"):
        relation_scores(module.train(), maps(2, 3, 6, 0), maps(2, 3, 6, 1))


def test_every_name_of_the_room_resolves():
    """The lazy table and ``__all__`` stay in step, and unknown names fail as usual."""
    for name in ganprint.pairs.__all__:
        assert getattr(ganprint.pairs, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ganprint.pairs.no_such_name
