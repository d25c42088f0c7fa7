"""The doctor: exit status 0 when all that is needed is here, else 2 and a line on what to do; no network."""

import json
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from types import SimpleNamespace

import pytest
import torch
import yaml
from click.testing import CliRunner

from ganprint.cli import main
from ganprint.doctor import machine
from ganprint.stages.places import Places
from ganprint.stages.profile import write_profile


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the small profile, a DVC repository without git, and no cache of weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "project"
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    (root / "dvc.yaml").write_text("stages: {}\n")
    write_profile(Places(root), "small", kind=None, path=None, truth=None)
    return root


def doctor(root, status):
    """Give the findings by (section, name), checked against status and text."""
    plain = CliRunner().invoke(main, ["-C", str(root), "doctor", "--json"])
    assert plain.exit_code == status, plain.output
    said = json.loads(plain.output)
    assert said["ok"] == (status == 0)
    return {(found["section"], found["name"]): found for found in said["findings"]}


def change(root, keys, value):
    content = yaml.safe_load((root / "params.yaml").read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    (root / "params.yaml").write_text(yaml.safe_dump(content))


def test_a_good_project_without_git_has_status_0(project):
    """The image has no git: DVC works there with core.no_scm, and the doctor says that the revision is unknown."""
    found = doctor(project, 0)
    assert "without git" in found["dvc", "repository"]["value"]
    assert found["project", "revision"]["level"] == "note"
    assert found["weights", "efficientnet-lite2 packaged"]["value"].startswith("here")
    assert "would be downloaded" in found["weights", "other networks"]["value"]
    assert found["versions", "torch"]["value"].startswith("2.")


def test_text_and_json_say_the_same(project):
    """People read one, scripts the other."""
    (project / ".dvc" / "config").write_text("")
    text = CliRunner().invoke(main, ["-C", str(project), "doctor"])
    assert text.exit_code == 2
    troubles = [found for found in doctor(project, 2).values() if found["level"] == "trouble"]
    marked = [line for line in text.output.splitlines() if line.startswith("!")]
    assert len(marked) == len(troubles) == 1
    assert troubles[0]["value"] in marked[0]
    assert marked[0].endswith("; run 'dvc config core.no_scm true'")
    assert text.output.endswith("1 trouble, marked !\n")


def test_no_network_is_used(project):
    """A hospital's machine may have none, and a doctor that calls out would hang there: no connection, no look-up."""
    code = (
        "import socket, sys\n"
        "def refuse(*args, **kwargs): raise AssertionError(f'network: {args}')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from ganprint.cli import main\n"
        f"main(['-C', {str(project)!r}, 'doctor'])\n"
    )
    environment = {"PATH": "/nowhere", "MLFLOW_TRACKING_URI": "http://mlflow.example.org:5000"}
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not asked whether it answers" in done.stdout


@pytest.mark.parametrize(
    ("keys", "value", "where", "advice"),
    [
        (["sed"], 1, ("project", "params.yaml"), "ganprint profile default"),
        (["compute", "device"], "cuda", ("device", "GPU"), "say cpu or auto"),
        (["embed", "lite0-paper", "weights"], "file:none.pth", ("weights", "embed.lite0-paper"), "check the path"),
        (["corpus", "path"], "nowhere", ("machine", "machine"), "mend"),
    ],
)
def test_parameters_that_can_not_be_met_are_troubles(project, monkeypatch, keys, value, where, advice):
    """Found before a pipeline runs into it after minutes."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("ganprint.stages.doctor_torch.driver_version", lambda: None)
    if keys[0] == "corpus":
        change(project, ["corpus", "kind"], "folder")
    change(project, keys, value)
    found = doctor(project, 2)[where]
    assert found["level"] == "trouble"
    assert advice in found["advice"]


def test_weights_that_would_be_downloaded_are_a_trouble_until_they_are_here(project, tmp_path):
    """What the parameters want must be here; what others would want is told and no more."""
    change(project, ["embed", "lite0-paper"], {
        "backbone": "resnet18", "weights": "imagenet", "preprocessing": "paper", "size": 64
    })  # fmt: skip
    assert doctor(project, 2)["weights", "embed.lite0-paper"]["level"] == "trouble"
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").write_bytes(b"")
    assert doctor(project, 0)["weights", "resnet18 imagenet"]["value"].startswith("here")


def test_an_old_driver_is_named_with_the_one_that_is_needed(project, monkeypatch):
    """torch finds no GPU and does not say why: the driver's version does. On the CPU it is no trouble."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("ganprint.stages.doctor_torch.driver_version", lambda: "570.124.06")
    found = doctor(project, 0)["device", "GPU"]
    assert found["level"] == "note"
    assert found["advice"] == "install driver 580 or newer"
    change(project, ["compute", "device"], "cuda")
    assert "install driver 580" in doctor(project, 2)["device", "GPU"]["advice"]


@pytest.mark.parametrize(("capability", "level"), [((7, 0), "trouble"), ((7, 5), None), ((10, 0), None)])
def test_a_gpu_that_is_too_old_for_the_build_is_named(project, monkeypatch, capability, level):
    """torch finds such a GPU and fails at its first kernel; 10.0 is newer than 7.5, whatever the letters say."""
    pretended = {
        "is_available": lambda: True,
        "current_device": lambda: 0,
        "get_device_properties": lambda index: SimpleNamespace(total_memory=80 << 30),
        "get_device_name": lambda index: "a GPU",
        "is_bf16_supported": lambda: True,
        "get_arch_list": lambda: ["sm_100", "sm_75", "sm_120", "compute_120"],
        "get_device_capability": lambda index: capability,
    }
    for name, stand_in in pretended.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    change(project, ["compute", "device"], "auto")
    found = doctor(project, 2 if level else 0)
    assert found["device", "GPU"]["value"].startswith("a GPU, 81920 MiB, driver ")
    assert found.get(("device", "GPU's age"), {}).get("level") == level
    change(project, ["compute", "device"], "cpu")
    doctor(project, 0)


def test_drift_is_named_package_by_package(project):
    """Another version and a missing package stand in the way; a package that the lock does not name is a note."""
    lock = [f"click=={version('click')}", "numpy==0.1", "no-such-package==1"]
    (project / "requirements.lock").write_text("\n".join(lock) + "\n")
    found = doctor(project, 2)
    assert found["lock", "requirements.lock"]["value"].startswith("1 of 3 pins")
    assert found["lock", "numpy"]["value"] == f"{version('numpy')} installed, 0.1 in the lock"
    assert found["lock", "no-such-package"]["value"] == "not installed, 1 in the lock"
    assert found["lock", "torch"]["level"] == "note"
    assert ("lock", "click") not in found


def test_a_module_that_can_not_be_imported_does_not_end_the_examination(project, monkeypatch):
    """A broken environment is when a doctor is called."""
    monkeypatch.setitem(sys.modules, "torch", None)
    found = doctor(project, 2)
    assert "can not be imported" in found["device", "torch"]["value"]
    assert "make setup" in found["device", "torch"]["advice"]
    assert ("dvc", "repository") in found


def test_too_little_disk_is_a_trouble(project, monkeypatch):
    """A pipeline that fills the disk fails after the hours, not before."""
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 5, 5 << 20))
    found = doctor(project, 2)["machine", "disk"]
    assert found["value"].startswith("5 MiB free, ")


@pytest.mark.parametrize(
    ("files", "level", "text"),
    [
        ({"config": "[core]\nremote = s\n['remote \"s\"']\nurl = s3://bucket/x\n"}, "note", "s (s3)"),
        ({"config": "[core]\nremote = s\n['remote \"s\"']\nurl = ../store\n"}, "note", "its folder is not there"),
        ({"config": "[core]\nremote = s\n['remote \"s\"']\nurl = ../.dvc\n"}, "fact", "reachable"),
        ({"config": "[core]\nremote = s\n"}, "trouble", "'s' has no url"),
        ({"config": "", "config.local": "[core]\nremote = s\n['remote \"s\"']\nurl = /\n"}, "fact", "reachable"),
    ],
)
def test_remotes_are_told_from_the_configuration(project, files, level, text):
    """A folder is looked at, a server is not; the local configuration wins."""
    for name, content in files.items():
        (project / ".dvc" / name).write_text(content + "\n[core]\nno_scm = true\n")
    found = doctor(project, 2 if level == "trouble" else 0)["dvc", "remote"]
    assert found["level"] == level
    assert text in found["value"]


def test_a_folder_that_is_no_project_is_not_a_trouble(tmp_path, monkeypatch):
    """In the image the command may be called anywhere: it says what it could not look at."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found = doctor(tmp_path, 0)
    assert found["project", "params.yaml"]["level"] == "note"
    assert found["dvc", "repository"]["level"] == "note"
    assert found["lock", "requirements.lock"]["level"] == "note"
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    assert "dvc init --no-scm" in doctor(tmp_path, 2)["dvc", "repository"]["advice"]


def test_the_tracking_store_is_read_and_a_server_on_loopback_is_tried(project, monkeypatch):
    """A broken store and a server that is down are found before the stage track meets them."""
    store = project / "mlflow" / "mlflow.db"
    store.parent.mkdir()
    store.write_text("no database, but long enough to be read as the head of one" * 4)
    assert "track" in doctor(project, 2)["mlflow", "store"]["advice"]
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        uri = f"http://name:word@127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        found = doctor(project, 2)["mlflow", "server"]
        assert "does not answer" in found["value"]
        assert "word" not in found["value"]
        server.listen()
        assert doctor(project, 0)["mlflow", "server"]["value"].endswith("answers")
