"""The command `ganprint backbones`: what it says of weights is true, and it loads no network to say it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from ganprint.cli import main
from ganprint.embed.catalogue import catalogue


def run(*arguments):
    return CliRunner().invoke(main, ["backbones", *arguments])


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


def test_every_network_is_listed_with_its_numbers():
    """Protects the table: a line per network, under one heading."""
    lines = run().output.splitlines()
    assert lines[0].split() == ["name", "family", "parameters", "dimension", "input", "MiB", "weights", "layers"]
    assert [line.split()[0] for line in lines[1:]] == list(catalogue())
    (resnet,) = [line for line in lines if line.startswith("resnet50 ")]
    assert resnet.split() == ["resnet50", "resnet", "25,557,032", "2048", "224", "97.8", "network", "layer1-4"]


def test_offline_are_those_whose_weights_are_here(tmp_path):
    """Protects `--offline` without a cache, and with one file in it, which is named."""
    lites = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]
    assert [one["name"] for one in json.loads(run("--offline", "--json").output)] == [*lites, "autoencoder"]
    file = tmp_path / "hub" / "checkpoints" / catalogue()["resnet50"].files["imagenet:IMAGENET1K_V2"].file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    names = [line.split()[0] for line in run("--offline").output.splitlines()[1:]]
    assert names == [*lites, "resnet50", "autoencoder"]
    assert "cached (imagenet:IMAGENET1K_V2)" in run("--family", "resnet").output
    (resnet,) = [one for one in json.loads(run("--json").output) if one["name"] == "resnet50"]
    assert {source: found["where"] for source, found in resnet["weights"].items()} == {
        "imagenet": "network",
        "imagenet:IMAGENET1K_V1": "network",
        "imagenet:IMAGENET1K_V2": "cached",
    }


def test_families_are_a_filter_and_a_wrong_one_is_named():
    """Protects the filter."""
    assert {one["family"] for one in json.loads(run("--json", "--family", "swin").output)} == {"swin"}
    wrong = run("--family", "vgg")
    assert wrong.exit_code == 2
    assert "--family 'vgg': unknown; allowed: efficientnet-lite, resnet" in wrong.output


def test_a_table_without_a_network_says_so():
    """Protects from a heading alone, which looks like a fault of the command."""
    lines = run("--family", "vit", "--offline").output.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("none: no network of family 'vit' has weights here; leave --offline out")
    assert json.loads(run("--family", "vit", "--offline", "--json").output) == []
    assert "none:" not in run("--offline").output


def test_nothing_heavy_is_loaded():
    """Protects the quick answer: neither torch nor what needs it."""
    code = (
        "import sys; from ganprint.cli import main; main(['backbones', '--offline'], standalone_mode=False); "
        "print([name for name in ('torch', 'torchvision', 'timm', 'numpy', 'pandas') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.splitlines()[-1] == "[]"
