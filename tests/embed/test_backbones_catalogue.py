"""The catalogue against torchvision's own networks and weight enums, without any download."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import regnet

from ganprint.embed.backbones import BACKBONES, choose_preprocessing, load_backbone, load_layers, load_network
from ganprint.embed.catalogue import catalogue, imagenet_member
from ganprint.embed.catalogue_networks import torchvision_names
from ganprint.embed.catalogue_stages import STAGES
from ganprint.embed.catalogue_weights import cache_folder, published_path, whereabouts
from ganprint.embed.folding import fold_batch_norm
from ganprint.embed.layers import Layers, Stage, last_layer
from ganprint.embed.networks import CLASSIFIER
from ganprint.embed.weights import Weights
from ganprint.errors import InputError
from ganprint.params import EmbeddingParameters

TORCHVISION = [name for name, entry in catalogue().items() if entry.family in STAGES]
SMALLEST = {}
for _name in sorted(TORCHVISION, key=lambda name: catalogue()[name].parameters):
    SMALLEST.setdefault(catalogue()[_name].family, _name)


@pytest.fixture
def _on_meta(monkeypatch):
    """Let RegNet count its blocks with real numbers while torch's default device holds none."""
    made = regnet.BlockParams.from_init_params.__func__

    def counted(cls, *given, **named):
        with torch.device("cpu"):
            return made(cls, *given, **named)

    monkeypatch.setattr(regnet.BlockParams, "from_init_params", classmethod(counted))


def parameters(**changes):
    given = {"backbone": "resnet18", "weights": "random:1", "preprocessing": "paper", "size": 64}
    return EmbeddingParameters(**(given | changes))


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_every_registered_network_has_a_row_with_its_dimension():
    """Protects the list of `ganprint backbones`, which loads no network: it is the registry's."""
    assert catalogue().keys() == BACKBONES.keys()
    assert len(BACKBONES) > 60
    for name, entry in catalogue().items():
        assert entry.dimension == BACKBONES[name].dimension, name
        assert list(entry.files) == list(BACKBONES[name].sources), name
        if BACKBONES[name].stages is not None:
            assert BACKBONES[name].layers == entry.layers, name


@pytest.mark.parametrize("name", TORCHVISION)
def test_weights_and_parameters_are_the_enums_own(name):
    """Protects the counts, file names, sizes and input side that are listed without loading torch."""
    entry = catalogue()[name]
    auxiliary = 0
    if name == "inception_v3":
        with torch.device("meta"):
            whole = torchvision.models.inception_v3(weights=None, aux_logits=True, init_weights=False)
        auxiliary = count(whole.AuxLogits)
    for source, published in entry.files.items():
        member = torchvision.models.get_model_weights(name)[imagenet_member(source)]
        assert member.meta["num_params"] == entry.parameters + auxiliary
        assert Path(member.url).name == published.file
        assert published.mib == pytest.approx(member.meta["_file_size"], abs=0.06)
        made = BACKBONES[name].trained_by[source]()
        assert [made.crop] == list(member.transforms().crop_size)
    assert BACKBONES[name].trained().crop == entry.size


def test_all_of_the_enums_is_in_the_catalogue():
    """Protects completeness: a network or a member that a new torchvision brings in these families is noticed."""
    begins = (
        "resnet",
        "resnext",
        "wide",
        "efficientnet",
        "densenet",
        "convnext",
        "swin",
        "vit",
        "regnet",
        "mobilenet_v3",
    )
    known = torchvision.models.list_models(module=torchvision.models)
    assert [name for name in known if name.startswith((*begins, "inception"))] == sorted(TORCHVISION)
    for name in TORCHVISION:
        members = {member.name for member in torchvision.models.get_model_weights(name)}
        # End-to-end SWAG weights of ViT are for another number of positions than the network has.
        if name.startswith("vit"):
            members.discard("IMAGENET1K_SWAG_E2E_V1")
        assert {imagenet_member(source) for source in catalogue()[name].files} == members, name


@pytest.mark.parametrize("family", list(STAGES))
@pytest.mark.usefixtures("_on_meta")
def test_every_member_has_the_parameters_and_layers_that_are_listed(family):
    """Protects counts and dimensions of the large networks too: on the device `meta` they cost no memory."""
    for name in (name for name in TORCHVISION if catalogue()[name].family == family):
        entry, backbone = catalogue()[name], BACKBONES[name]
        side = 96 if family == "inception" else 2 * max(entry.multiple, 32)
        with torch.device("meta"), torch.inference_mode():
            network = backbone.build().eval()
            maps = Layers(backbone.stages(network), list(entry.layers))(torch.empty(1, 3, side, side))
        assert count(network) == entry.parameters, name
        assert [tuple(layer.shape[:2]) for layer in maps] == [(1, size) for size in entry.layers.values()], name
        assert all(layer.ndim == 4 for layer in maps), name
        learned = [key for key in network.state_dict() if key.startswith(CLASSIFIER)]
        assert learned, f"{name} keeps its classifier under another name"


@pytest.mark.parametrize("name", [name for name in BACKBONES if name not in TORCHVISION])
def test_other_networks_have_the_parameters_and_layers_that_are_listed(name):
    """Protects the rows of networks that torchvision does not build."""
    entry, backbone = catalogue()[name], BACKBONES[name]
    with torch.device("meta"):
        network = backbone.build().eval()
        assert count(network) == entry.parameters
        with torch.inference_mode():
            images = torch.empty(1, 3, 64, 64)
            if backbone.stages is None:
                assert backbone.features(network)(images).shape == (1, entry.dimension, 1, 1)
                return
            maps = Layers(backbone.stages(network), list(entry.layers))(images)
    assert [tuple(layer.shape[:2]) for layer in maps] == [(1, size) for size in entry.layers.values()]


def _last_as_torchvision_pools_it(network, images):
    """Give what goes into the classifier's last linear layer, by a hook on the whole network of torchvision."""
    seen = []
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(images)
    return seen[0]


@pytest.mark.parametrize("family", list(STAGES))
def test_last_layer_is_what_the_classifier_pools(family):
    """Protects the cut: torchvision's own pass through the whole network meets the same numbers behind the pooling."""
    name = SMALLEST[family]
    backbone = BACKBONES[name]
    torch.manual_seed(0)
    network = backbone.build().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    side = {"vit": 224, "inception": 96}.get(family, 64)
    images = torch.rand(1, 3, side, side)
    with torch.inference_mode():
        if family == "inception":
            # What torchvision does to its inputs when it is given weights.
            network.transform_input = True
        theirs = _last_as_torchvision_pools_it(network, images)
        pooled = backbone.features(network)(images).mean(dim=(2, 3))
        # Some classifiers have further layers between pooling and the last linear one.
        if family == "convnext":
            pooled = network.classifier[:2](pooled[:, :, None, None])
        elif family == "mobilenet-v3":
            pooled = network.classifier[:-1](pooled)
    torch.testing.assert_close(pooled, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", ["densenet", "inception", "regnet", "mobilenet-v3", "efficientnet-v2", "resnext"])
def test_folding_changes_no_function_of_a_family(family):
    """Protects the speed-up in every family with batch-norm: it must be the same function."""
    torch.manual_seed(1)
    backbone = BACKBONES[SMALLEST[family]]
    network = backbone.build().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    features, images = backbone.features(network).eval(), torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        plain = features(images)
        folded = fold_batch_norm(features)(images)
    assert float((plain - folded).abs().max()) < 1e-4 * float(plain.abs().max())


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "swin_t", "mobilenet_v3_small", "efficientnet-lite1"])
def test_layers_of_one_pass_are_those_read_alone(name):
    """Protects "once for all its layers": an activation that writes over its input must not reach a kept map."""
    wanted = list(catalogue()[name].layers)
    network = BACKBONES[name].build().eval()
    stages = BACKBONES[name].stages(network)
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        together = Layers(stages, wanted)(images)
        for layer, maps in zip(wanted, together, strict=True):
            assert torch.equal(last_layer(stages, layer)(images), maps), layer


def test_a_layer_that_is_written_over_is_kept():
    """Protects the copy between stages where the next one works in place."""
    stages = [Stage("a", nn.Identity()), Stage("b", nn.ReLU(inplace=True))]
    first, second = Layers(stages, ["a", "b"])(torch.tensor([-1.0, 1.0]))
    assert first.tolist() == [-1, 1]
    assert second.tolist() == [0, 1]


def test_vit_positions_at_another_side_are_torchvisions_interpolation():
    """Protects ViT at sides that its weights were not trained for."""
    name = "vit_b_32"
    torch.manual_seed(0)
    network = BACKBONES[name].build().eval()
    state = torchvision.models.vision_transformer.interpolate_embeddings(128, 32, network.state_dict())
    smaller = torchvision.models.vit_b_32(weights=None, image_size=128).eval()
    smaller.load_state_dict(state)
    images = torch.rand(1, 3, 128, 128)
    with torch.inference_mode():
        theirs = _last_as_torchvision_pools_it(smaller, images)
        ours = BACKBONES[name].features(network)(images)
    torch.testing.assert_close(ours[:, :, 0, 0], theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_packaged_weights_are_trained_weights(number):
    """Guards the pairing of tensors by order: shuffled weights answer alike to anything."""
    name, side = f"efficientnet-lite{number}", (224, 240, 260)[number]
    backbone = load_backbone(parameters(backbone=name, weights="packaged", preprocessing="weights", size=side))
    assert backbone.preprocessing.resize == (256, 272, 292)[number]
    ramp = torch.linspace(0, 255, side).byte().expand(side, side)
    inputs = backbone.preprocessing.values(torch.stack([ramp, ramp.T, torch.zeros_like(ramp)]))
    with torch.inference_mode():
        features = backbone.network(inputs).mean(dim=(2, 3))
    assert features.shape == (3, 1280)
    assert features.std() > 0.05
    assert (features[0] - features[2]).abs().mean() > 0.05
    # The file's name carries the beginning of its hash.
    assert backbone.weights.sha256.startswith(backbone.weights.origin.removesuffix(".pth").rsplit("-", 1)[1])


def test_torchs_cache_is_found_without_torch(monkeypatch, tmp_path):
    """Protects "offline or not": the folder is torch's own, whatever names it."""
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path(torch.hub.get_dir()) / "checkpoints"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == Path(torch.hub.get_dir()) / "checkpoints"
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    assert cache_folder() == Path(torch.hub.get_dir()) / "checkpoints" == tmp_path / "home" / "hub" / "checkpoints"
    published = catalogue()["resnet18"].files["imagenet"]
    assert whereabouts(published) == "network"
    path = published_path(published)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    assert whereabouts(published) == "cached"
    assert whereabouts(catalogue()["efficientnet-lite2"].files["packaged"]) == "packaged"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"layer": "layer5"}, "layer 'layer5': resnet18 has none; allowed: layer1, layer2, layer3, layer4"),
        ({"backbone": "autoencoder", "layer": "code"}, "leave layer out"),
        ({"backbone": "inception_v3"}, "size 64: does not suit inception_v3, which needs at least 75 pixels"),
        ({"backbone": "vit_b_16", "size": 100}, "needs at least 16, a multiple of 16 pixels"),
        ({"backbone": "resnet_50"}, "is 'resnet50' meant"),
        (
            {"weights": "imagenet:IMAGENET1K_V2"},
            "not to be had for resnet18; allowed: imagenet, imagenet:IMAGENET1K_V1, f",
        ),
        ({"backbone": "sscd-resnet50", "weights": "imagenet"}, "not to be had for sscd-resnet50; allowed: file:PATH"),
        ({"backbone": "vit_h_14", "weights": "imagenet", "size": 56}, "allowed: imagenet:IMAGENET1K_SWAG_LINEAR_V1"),
    ],
)
def test_what_is_not_to_be_had_is_named(changes, text):
    """There is no silent fall-back to another layer, size, network or weights."""
    with pytest.raises(InputError, match=text):
        load_backbone(parameters(**changes))


def test_published_weights_are_asked_for_by_their_own_enum(monkeypatch):
    """Protects `imagenet:IMAGENET1K_V2` from V1's file, and its preprocessing from V1's."""
    asked = []

    def given(enum, source):
        asked.append((str(enum), source))
        raise InputError("enough")

    monkeypatch.setattr("ganprint.embed.catalogue_networks.downloaded_weights", given)
    for source in ("imagenet", "imagenet:IMAGENET1K_V2"):
        with pytest.raises(InputError, match="enough"):
            load_backbone(parameters(backbone="resnet50", weights=source))
    assert asked == [
        ("ResNet50_Weights.IMAGENET1K_V1", "imagenet"),
        ("ResNet50_Weights.IMAGENET1K_V2", "imagenet:IMAGENET1K_V2"),
    ]
    resnet50 = BACKBONES["resnet50"]
    sides = [
        choose_preprocessing(resnet50, "weights", 224, source).resize
        for source in ("imagenet", "imagenet:IMAGENET1K_V2", "file:x.pth")
    ]
    assert sides == [256, 232, 256]


@pytest.mark.parametrize("name", [*SMALLEST.values(), "efficientnet-lite2"])
@pytest.mark.usefixtures("_on_meta")
def test_every_family_takes_weights_without_their_classifier(name):
    """Protects `file:` for every family: the classifier under its own name may be missing, and nothing else."""
    with torch.device("meta"):
        whole = BACKBONES[name].build().state_dict()
        without = {key: tensor for key, tensor in whole.items() if not key.startswith(CLASSIFIER)}
        assert len(without) < len(whole)
        load_network(name, "file:x", Weights("file:x", "x", "0", without))
        del without[next(key for key in without if key.endswith("weight"))]
        with pytest.raises(InputError, match=f"do not fit {name} \\(1 missing"):
            load_network(name, "file:x", Weights("file:x", "x", "0", without))


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "densenet121"])
def test_a_file_with_another_classifier_is_as_good(name, tmp_path):
    """Protects the features of a fine-tuned network: its classifier of other classes plays no part."""
    random = load_backbone(parameters(backbone=name, weights="random:3"))
    other = {
        key: torch.zeros(2, *tensor.shape[1:]) if key.startswith(CLASSIFIER) else tensor
        for key, tensor in random.weights.state.items()
    }
    torch.save(other, tmp_path / "weights.pth")
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        read = load_backbone(parameters(backbone=name, weights=f"file:{tmp_path / 'weights.pth'}"))
        assert torch.equal(read.network(images), random.network(images))


def test_published_names_of_densenet_are_those_of_today():
    """Protects DenseNet's published files, made before its parts were renamed."""
    own = list(BACKBONES["densenet121"].build().state_dict())
    renamed = [key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") for key in own]
    old = {key: torch.zeros(1) for key in renamed}
    assert list(old) != own
    assert list(torchvision_names(old)) == own


def _sscd_file(path):
    """Write random weights in the layout of SSCD's files `*.torchvision.pt`: `fc` is the projection."""
    torch.manual_seed(5)
    network = torchvision.models.resnet50(weights=None, num_classes=512)
    torch.save({f"backbone.{key}": tensor for key, tensor in network.state_dict().items()}, path)
    return network.eval()


def test_sscd_files_load_as_descriptor_and_as_resnet50(tmp_path):
    """Protects copy-detection weights: the whole descriptor, or the ResNet-50 in them, and nothing else silently."""
    network = _sscd_file(tmp_path / "sscd.pt")
    source, images = f"file:{tmp_path / 'sscd.pt'}", torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        maps = nn.Sequential(*list(network.children())[:-2])(images)
        generalised = maps.clamp(min=1e-6).flatten(2).pow(3).mean(dim=2).pow(1 / 3)
        expected = nn.functional.normalize(network.fc(generalised))
        descriptor = load_backbone(parameters(backbone="sscd-resnet50", weights=source)).network(images)
        inside = load_backbone(parameters(backbone="resnet50", weights=source)).network(images)
    assert descriptor.shape == (2, 512, 1, 1)
    torch.testing.assert_close(descriptor[:, :, 0, 0], expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(inside, maps, rtol=1e-3, atol=1e-4)
    state = torch.load(tmp_path / "sscd.pt", weights_only=True)
    del state["backbone.fc.weight"]
    torch.save(state, tmp_path / "sscd.pt")
    with pytest.raises(InputError, match=r"do not fit sscd-resnet50 \(1 missing"):
        load_backbone(parameters(backbone="sscd-resnet50", weights=source))


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning", "ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_is_refused_in_one_line(tmp_path):
    """Protects from running a file's code: TorchScript holds code, and is no file of weights alone."""
    torch.jit.trace(nn.Linear(2, 1), torch.rand(1, 2)).save(tmp_path / "script.pt")
    with pytest.raises(InputError, match=r"no PyTorch weight file \(or holds more than weights\)") as caught:
        load_backbone(parameters(weights=f"file:{tmp_path / 'script.pt'}"))
    assert "\n" not in str(caught.value)


def test_one_network_for_several_layers():
    """Protects the group of blocks that differ in their layer alone: maps come in the order asked for."""
    both = load_layers(parameters(), [None, "layer2"])
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        last, second = both.network(images)
        assert torch.equal(second, load_backbone(parameters(layer="layer2")).network(images))
        assert torch.equal(last, load_backbone(parameters()).network(images))
    assert load_backbone(parameters(layer="layer2")).dimension == 128
