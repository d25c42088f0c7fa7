"""Options of the relation network's architecture, and where its weights begin."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file as save_arrays
from torch import nn
from torchvision.models import resnet

from ganprint.compare import relation_initial
from ganprint.compare.protocol import Context, create, registry
from ganprint.compare.relation_initial import load_initial
from ganprint.compare.relation_network import RelationNetwork, ResidualBackbone, build_network
from ganprint.embed.weights import Weights, state_sha256
from ganprint.errors import InputError
from ganprint.pairs import grid_logits

BLOCKS = {
    10: (1, 1, 1, 1),
    12: (1, 1, 2, 1),
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
WIDTHS = {12: (64, 160, 320, 640)}
# Taken from the code before it had options, for depth 10, 4 planes and the seed below.
SEED = 20230918
FORMER_SHA256 = "643a77af5d9f2a14817945816433a42b5a99f2d1f4e279e487af15aac883dc9b"
FORMER_VALUES = {
    "real.stem.0.weight": [0.06221628189086914, 0.08363201469182968, 0.01515352725982666],
    "generated.groups.3.0.conv2.weight": [0.01069428026676178, -0.02183442935347557, 0.037903476506471634],
    "relation.last.weight": [-0.07630538940429688, 0.29482051730155945, 0.10392995178699493],
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def counted_by_formula(depth, stem):
    """Convolutions without bias, and two parameters per channel of every batch-norm."""
    convolution = lambda side, channels, out: side * side * channels * out + 2 * out  # noqa: E731
    bottleneck = depth >= 50
    channels, total = 64, convolution({"big": 7, "small": 3}[stem], 1, 64)
    for group, (blocks, width) in enumerate(zip(BLOCKS[depth], WIDTHS.get(depth, (64, 128, 256, 512)), strict=True)):
        out = 4 * width if bottleneck else width
        for block in range(blocks):
            if bottleneck:
                total += convolution(1, channels, width) + convolution(3, width, width) + convolution(1, width, out)
            else:
                total += convolution(3, channels, width) + convolution(3, width, width)
            if block == 0 and (group > 0 or channels != out):
                total += convolution(1, channels, out)
            channels = out
    return total


def torchvision_resnet(depth, seed=0):
    """A ResNet with random weights, and batch-norm statistics that matter."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = getattr(resnet, f"resnet{depth}")(weights=None)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.8, 1.2)
                module.weight.data.uniform_(0.8, 1.2)
    return network.eval()


def saved(tmp_path, state):
    torch.save(state, tmp_path / "weights.pt")
    return f"file:{tmp_path / 'weights.pt'}"


@pytest.mark.parametrize("depth", BLOCKS)
@pytest.mark.parametrize(("stem", "side"), [("big", 16), ("small", 32)])
def test_sizes_of_every_depth_and_stem(depth, stem, side):
    """Protects the architecture: parameters by formula, and maps at 256 pixels, for both stems."""
    with torch.device("meta"):
        backbone = ResidualBackbone(depth, stem=stem)
        shape = backbone(torch.empty(2, 1, 256, 256)).shape
    width = WIDTHS.get(depth, (64, 128, 256, 512))[-1] * (4 if depth >= 50 else 1)
    assert shape == (2, width, side, side)
    assert count(backbone) == counted_by_formula(depth, stem)


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_the_big_stem_counts_as_torchvision_does(depth):
    """Protects the formula itself: torchvision's network, less its classifier and two of the stem's three colours."""
    with torch.device("meta"):
        plain = getattr(resnet, f"resnet{depth}")(weights=None)
        assert count(ResidualBackbone(depth)) == count(plain) - count(plain.fc) - 2 * 49 * 64


def test_defaults_give_the_former_network():
    """Protects published figures: without options, names, shapes and drawn weights are what they were before."""
    state = build_network(10, 4, SEED).state_dict()
    assert len(state) == 162
    for name, values in FORMER_VALUES.items():
        np.testing.assert_allclose(state[name].flatten()[:3].numpy(), values, rtol=1e-5)


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() != "AVX512", reason="last bits of normal numbers differ")
def test_defaults_give_the_former_bits():
    """Protects the same to the last bit, on the kind of processor that the hash was taken on."""
    assert state_sha256(build_network(10, 4, SEED).state_dict()) == FORMER_SHA256


def test_zero_init_residual_is_a_choice():
    """Without it the branches' last batch-norms start at one, and everything else is drawn alike."""
    zero, one = (build_network(10, 4, 1, zero_init_residual=choice).real for choice in (True, False))
    for name, value in one.state_dict().items():
        if name.endswith("bn2.weight"):
            assert torch.equal(value, torch.ones_like(value))
            assert not zero.state_dict()[name].any()
        else:
            assert torch.equal(value, zero.state_dict()[name]), name


def test_a_shared_backbone_has_half_the_parameters_and_gradients_of_both_roles():
    """Protects ``shared``: one backbone fewer; its gradient is the sum of what each role would give by itself."""
    network = build_network(10, 4, 2, shared=True, zero_init_residual=False)
    plain = build_network(10, 4, 2)
    assert network.generated is network.real
    assert count(plain) - count(network) == count(plain.real)
    assert len(network.state_dict()) == len(plain.state_dict()) - len(plain.real.state_dict())
    rng = torch.Generator().manual_seed(0)
    real, generated = torch.rand(3, 1, 32, 32, generator=rng), torch.rand(2, 1, 32, 32, generator=rng)
    maps = {"real": network.real(real), "generated": network.generated(generated)}
    gradients = {}
    for kept in ("both", "real", "generated"):
        sides = [value if kept in ("both", role) else value.detach() for role, value in maps.items()]
        loss = grid_logits(network.relation, *sides).square().sum()
        gradients[kept] = torch.autograd.grad(loss, network.real.stem[0].weight, retain_graph=True)[0]
    torch.testing.assert_close(gradients["both"], gradients["real"] + gradients["generated"], rtol=1e-4, atol=1e-7)
    for role in ("real", "generated"):
        assert gradients[role].abs().max() > 1e-3 * gradients["both"].abs().max() > 0


@pytest.mark.parametrize(
    "options",
    [{"stem": "small"}, {"zero_init_residual": False}, {"shared": True}, {"initial": "file"}],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.parametrize("variant", ["as_coded", "as_written", "corrected"])
def test_state_round_trip_with_every_option(splits, tmp_path, variant, options):
    """A model that was trained with an option is saved and loaded as any other; the file it began with may be gone."""
    development, test, _ = splits(True)
    small = development.take(np.arange(12, 24))
    given = dict(options)
    if "initial" in given:
        given["initial"] = saved(tmp_path, build_network(10, 4, 9).state_dict())
    quick = {**registry()["relation", variant].quick, "epochs": 1} | given
    trained = create("relation", variant, quick).fit(small, Context(1))
    (tmp_path / "weights.pt").unlink(missing_ok=True)
    again = create("relation", variant, quick).restore(trained.state())
    one = trained.mean_scores(trained.network_, test.real, test.generated)
    np.testing.assert_array_equal(again.mean_scores(again.network_, test.real, test.generated), one)
    plain = create("relation", variant, quick | {"stem": "big", "initial": "scratch", "shared": False})
    if options != {"zero_init_residual": False}:
        other = plain.fit(small, Context(1))
        assert not np.array_equal(other.mean_scores(other.network_, test.real, test.generated), one)


@pytest.mark.parametrize("depth", [18, 50])
def test_torchvisions_weights_keep_their_meaning(tmp_path, depth):
    """Protects names and the grey stem: on grey images the maps are those of torchvision's own network in colour."""
    plain = torchvision_resnet(depth)
    network = build_network(depth, 64, 0).eval()
    start = load_initial(network, saved(tmp_path, plain.state_dict()), depth)
    plain.conv1.padding, plain.maxpool = (1, 1), nn.Identity()
    grey = torch.randn(2, 1, 40, 40, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        colour = nn.Sequential(*list(plain.children())[:-2])(grey.expand(-1, 3, -1, -1))
        for backbone in (network.real, network.generated):
            torch.testing.assert_close(backbone(grey), colour, rtol=1e-3, atol=1e-3 * float(colour.abs().max()))
    assert start.record()["loaded"] == ["real", "generated"]
    assert start.record()["drawn"] == ["relation"]
    assert start.unused == ("fc.weight", "fc.bias")


def test_what_was_loaded_and_what_not_is_told(tmp_path):
    """A small stem can not take a 7x7 kernel: it stays as drawn, and the record says so, layer by layer."""
    drawn = build_network(18, 64, 5, stem="small")
    before = drawn.real.stem[0].weight.clone()
    start = load_initial(drawn, saved(tmp_path, torchvision_resnet(18).state_dict()), 18)
    assert torch.equal(drawn.real.stem[0].weight, before)
    record = start.record()
    groups = ["stem.1", "groups"]
    assert record["loaded"] == [f"{role}.{part}" for role in ("real", "generated") for part in groups]
    assert record["drawn"] == ["real.stem.0", "generated.stem.0", "relation"]
    assert record["unused"] == ["fc.weight", "fc.bias", "stem.0.weight"]
    assert len(record["sha256"]) == 64
    assert record["origin"] == "weights.pt"
    names = {name for name in drawn.state_dict() if not name.endswith("num_batches_tracked")}
    assert set(start.loaded) | set(start.drawn) == names
    assert not set(start.loaded) & set(start.drawn)
    assert start.numbers() == {
        "initial_tensors_loaded": len(start.loaded),
        "initial_tensors_drawn": len(start.drawn),
        "initial_tensors_unused": 3.0,
    }


def test_scratch_is_told_as_well():
    """Nothing loaded, everything drawn, and the hash of what was drawn."""
    network = build_network(10, 4, SEED)
    start = load_initial(network, "scratch", 10)
    assert start.sha256 == state_sha256(build_network(10, 4, SEED).state_dict())
    assert (start.loaded, start.record()["drawn"]) == ((), ["real", "generated", "relation"])


def test_imagenet_asks_for_the_depths_weights(monkeypatch):
    """``imagenet`` is torchvision's first weights of the same depth, by the way that checks their hash."""
    asked = []

    def downloaded(enum):
        asked.append(str(enum))
        return Weights("imagenet", "stand-in", "0" * 64, torchvision_resnet(34).state_dict())

    monkeypatch.setattr(relation_initial, "downloaded_weights", downloaded)
    network = build_network(34, 64, 0)
    load_initial(network, "imagenet", 34)
    assert asked == ["ResNet34_Weights.IMAGENET1K_V1"]
    expected = torchvision_resnet(34).layer4[2].bn2.weight
    assert torch.equal(network.real.groups[3][2].bn2.weight, expected)


@pytest.mark.parametrize("into_shared", [False, True], ids=["shared-to-own", "own-to-shared"])
def test_a_models_file_of_a_run_starts_another(tmp_path, into_shared):
    """The authors restarted from their checkpoints: a run's model file gives its weights, relation module included.

    The file of a shared network serves both roles; the file of an unshared one gives a shared network its real role.
    """
    first, second = build_network(10, 4, 1, shared=not into_shared), build_network(10, 4, 2, shared=into_shared)
    # Contiguous as a model file is written, which makes arrays of one out of the batch-norms' counters.
    arrays = {f"network.{name}": np.ascontiguousarray(value.numpy()) for name, value in first.state_dict().items()}
    save_arrays(arrays | {"losses_": np.ones(2)}, tmp_path / "model.safetensors")
    start = load_initial(second, f"file:{tmp_path / 'model.safetensors'}", 10)
    left = [f"generated.{name}" for name in first.generated.state_dict() if "num_batches" not in name]
    assert start.drawn == ()
    assert sorted(start.unused) == sorted(["losses_", *(left if into_shared else [])])
    for backbone in (second.real, second.generated):
        assert state_sha256(backbone.state_dict()) == state_sha256(first.real.state_dict())
    assert state_sha256(second.relation.state_dict()) == state_sha256(first.relation.state_dict())


def test_older_files_without_counters_are_taken(tmp_path):
    """Torchvision's files of 2017 hold no step counters of batch-norm; nothing is missing in them."""
    state = {k: v for k, v in torchvision_resnet(18).state_dict().items() if "num_batches" not in k}
    start = load_initial(build_network(18, 64, 0), saved(tmp_path, state), 18)
    assert start.record()["loaded"] == ["real", "generated"]


@pytest.mark.parametrize(
    ("given", "first"),
    [
        (lambda: torchvision_resnet(34), "groups.0.2.conv1.weight"),
        (lambda: build_network(18, 8, 0), "real.stem.0.weight"),
        (lambda: build_network(10, 64, 0).real, "real.groups.0.1.conv1.weight"),
        (lambda: nn.Linear(2, 2), "real.stem.0.weight"),
    ],
    ids=["deeper", "narrower", "shallower", "other"],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, given, first):
    """A part of a network is not taken for a whole one; the message names the first tensor, and nothing is changed."""
    network = build_network(18, 64, 3)
    before = state_sha256(network.state_dict())
    with pytest.raises(InputError, match=rf"does not fit depth 18 \(.*first '{first}'\); give a state dict") as caught:
        load_initial(network, saved(tmp_path, given().state_dict()), 18)
    assert "\n" not in str(caught.value)
    assert state_sha256(network.state_dict()) == before


def test_a_missing_file_is_named(tmp_path):
    """One line with the path, as everywhere."""
    with pytest.raises(InputError, match=r"gone\.pt: no such weight file"):
        load_initial(build_network(10, 4, 0), f"file:{tmp_path / 'gone.pt'}", 10)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"depth": 12, "initial": "imagenet"}, "torchvision has no weights of depth 12; choose depth 18, 34, 50, 101"),
        ({"depth": 10, "initial": "imagenet"}, "torchvision has no weights of depth 10"),
        ({"depth": 18, "planes": 8, "initial": "imagenet"}, "these weights have 64 planes, not 8"),
        ({"initial": "somewhere"}, "initial: String should match pattern"),
        ({"stem": "tiny"}, "stem: Input should be 'big' or 'small'"),
        ({"learning_rate": float("inf")}, "learning_rate: Input should be a finite number"),
        ({"milestones": [0]}, "milestones.0: Input should be greater than 0"),
    ],
)
def test_impossible_options_are_refused_at_the_door(parameters, message):
    """Before any image is read: in one line that names the parameter."""
    for variant in ("as_coded", "as_written", "corrected"):
        with pytest.raises(InputError, match=message) as caught:
            create("relation", variant, parameters)
        assert "\n" not in str(caught.value)


def test_an_epoch_of_one_pair_is_refused_at_the_door():
    """A last batch of one pair is left out, so such an epoch would have no step and no loss."""
    for variant in ("as_coded", "as_written"):
        with pytest.raises(InputError, match=r"pairs_per_epoch: .*one pair makes no step"):
            create("relation", variant, {"pairs_per_epoch": 1})


def test_relation_network_passes_its_options_on():
    """Both backbones get the stem and the choice of residual starts, not the first alone."""
    network = RelationNetwork(10, 4, stem="small", zero_init_residual=False)
    for backbone in (network.real, network.generated):
        assert backbone.stem[0].kernel_size == (3, 3)
        assert backbone.groups[0][0].bn2.weight.all()


@pytest.mark.parametrize(("stem", "side"), [("big", 8), ("small", 20)])
def test_stems_pad_by_one(stem, side):
    """Twenty pixels: (20 + 2 - 7) // 2 + 1 with the big stem, where torchvision's padding would give ten; 20 again."""
    assert build_network(10, 4, 0, stem=stem).real.stem(torch.zeros(1, 1, 20, 20)).shape == (1, 4, side, side)


def test_a_role_with_layers_of_its_own_is_refused(tmp_path):
    """A layer that one role of the file has and the network has not is no part that may be left over."""
    state = build_network(10, 4, 0).state_dict() | {"generated.groups.0.1.conv1.weight": torch.ones(4, 4, 3, 3)}
    source = saved(tmp_path, state)
    with pytest.raises(InputError, match=r"1 tensors missing.*'generated\.groups\.0\.1\.conv1\.weight'"):
        load_initial(build_network(10, 4, 0), source, 10)
    assert load_initial(build_network(10, 4, 0, shared=True), source, 10).drawn == ()
