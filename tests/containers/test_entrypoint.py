"""What starts in the image: an empty work folder is filled, a project is left alone, anything else is refused."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "src" / "ganprint" / "profiles"


@pytest.fixture
def start(tmp_path):
    """Give a function that starts a command as the image does, in a work folder, with an embedded project."""
    project, work, devices = (tmp_path / name for name in ("project", "work", "devices"))
    for folder in (project / ".dvc", work, devices):
        folder.mkdir(parents=True)
    (project / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (project / "dvc.yaml").write_text("stages: {}\n")
    (project / "params.yaml").write_text((PROFILES / "default.yaml").read_text())

    def run(*command, status=0, cwd=work, **variables):
        places = {"GANPRINT_PROJECT": project, "GANPRINT_WORK": work, "GANPRINT_DEVICES": devices}
        environment = {"PATH": os.environ["PATH"], **{name: str(path) for name, path in places.items()}, **variables}
        script = ROOT / "containers" / "entrypoint.sh"
        done = subprocess.run([script, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == status, done
        return done

    run.project, run.work, run.devices = project, work, devices
    return run


def test_an_empty_folder_becomes_a_project_without_git(start):
    """DVC refuses a folder without git unless its configuration says so."""
    done = start("cat", "dvc.yaml")
    assert done.stdout == "stages: {}\n"
    assert "no_scm = true" in (start.work / ".dvc" / "config.local").read_text()
    assert (start.work / "params.yaml").read_bytes() == (start.project / "params.yaml").read_bytes()
    assert not (start.work / ".ganprint-filling").exists()


def test_a_project_is_left_as_it_is(start):
    """A clone keeps its parameters and its git."""
    (start.work / "dvc.yaml").write_text("stages: {own: {cmd: echo}}\n")
    (start.devices / "nvidiactl").touch()
    assert "own" in start("cat", "dvc.yaml").stdout
    assert [path.name for path in start.work.iterdir()] == ["dvc.yaml"]


def test_a_killed_start_is_made_good(start):
    """A half-filled folder is neither taken for a project nor for somebody's files."""
    (start.work / ".ganprint-filling").touch()
    (start.work / "dvc.yaml").write_text("stag")
    assert start("cat", "dvc.yaml").stdout == "stages: {}\n"
    assert not (start.work / ".ganprint-filling").exists()


def test_files_of_somebody_else_are_not_mixed_with_a_project(start):
    (start.work / "holiday.jpg").touch()
    done = start("dvc", "repro", status=2)
    assert done.stderr.startswith(f"ganprint: {start.work}: is not empty and holds no dvc.yaml")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in start.work.iterdir()] == ["holiday.jpg"]
    assert start("ls").stdout == "holiday.jpg\n"


def test_another_working_folder_is_the_callers_own(start, tmp_path):
    """With `--workdir` the command runs there, and /work is not touched."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert start("pwd", cwd=elsewhere).stdout == f"{elsewhere}\n"
    assert not list(start.work.iterdir())


@pytest.mark.parametrize(
    ("node", "variables", "expected"),
    [
        (None, {}, "cpu"),
        ("nvidiactl", {}, "auto"),
        ("dxg", {}, "auto"),
        ("nvidiactl", {"GANPRINT_DEVICE": "cpu"}, "cpu"),
        (None, {"GANPRINT_DEVICE": "cuda"}, "cuda"),
    ],
)
@pytest.mark.parametrize("profile", ["default", "small", "paper"])
def test_a_gpu_that_the_host_gives_is_used(start, profile, node, variables, expected):
    """Only the device to compute with changes, whatever profile is embedded."""
    text = (PROFILES / f"{profile}.yaml").read_text() + "\nother:\n  device: its own\n"
    before = yaml.safe_load(text)
    (start.project / "params.yaml").write_text(text)
    if node:
        (start.devices / node).touch()
    start("true", **variables)
    if node or variables:
        before["compute"]["device"] = expected
    assert yaml.safe_load((start.work / "params.yaml").read_text()) == before


def test_the_status_of_the_command_is_the_status_of_the_image(start):
    start("sh", "-c", "exit 3", status=3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written(start):
    """Only what needs a project fails, with one line that says what to do."""
    start.work.chmod(0o555)
    done = start("dvc", "repro", status=2)
    assert "mount a folder or volume there that this user may write" in done.stderr
    assert start("pwd").stdout == f"{start.project}\n"
