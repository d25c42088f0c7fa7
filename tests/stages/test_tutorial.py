"""docs/tutorial.md is run as it stands there: its file, its test, its block and its commands."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from pipeline import call
from planted import audited

from ganprint.compare import protocol

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def attack(tmp_path, monkeypatch):
    """The tutorial's file as a module that registers itself, for one test alone."""
    protocol.registry()  # what registers while the copy stands would be lost with it
    monkeypatch.setattr(protocol, "_REGISTRY", dict(protocol._REGISTRY))
    path = tmp_path / "edge_nearest.py"
    path.write_text(blocks("python")[0])
    spec = importlib.util.spec_from_file_location("edge_nearest", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "edge_nearest", module)
    spec.loader.exec_module(module)
    return module


def test_its_test_passes(attack):
    """A reader copies both files: the claim of the text has to hold."""
    namespace = {"__name__": "tutorial"}
    exec(compile(blocks("python")[1], "docs/tutorial.md", "exec"), namespace)
    [test] = [value for name, value in namespace.items() if name.startswith("test_")]
    test()


def test_its_commands_lead_to_a_valid_submission_and_a_line_in_the_report(attack, tmp_path, monkeypatch):
    """From the block in params.yaml to submission, report and summary, on a small corpus with a leak.

    What `dvc repro` runs is run stage by stage; the block's embedding is the small profile's.
    """
    [block] = blocks("yaml")
    run = yaml.safe_load(block.replace("pixels-64", "pixels-32"))
    root = audited(tmp_path, "leak", more=run)
    monkeypatch.chdir(root)
    for line in "\n".join(blocks("console")).splitlines():
        if line.startswith("ganprint "):
            said = call(root, *line.split()[1:])
            if "validate" in line:
                assert said.startswith("submissions/edge-nearest.csv: valid, ")
    assert "edge-nearest" in call(root, "summary")
    report = json.loads((root / "results" / "audit" / "report.json").read_text())
    [row] = [row for row in report["runs"] if row["name"] == "edge-nearest"]
    assert row["refusal"] is None
    assert row["figures"]["test"]
    assert "edge-nearest" in (root / "results" / "audit" / "report.html").read_text()
