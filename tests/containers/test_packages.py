"""The image's list of packages is held against the lock: a package that strays is named."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]

LOCK = """\
# made by a tool
numpy==2.4.6 \\
    --hash=sha256:00 \\
    --hash=sha256:11
pywin32==312 ; sys_platform == 'win32' \\
    --hash=sha256:22
Some.Package==1.0 ; python_full_version < '3.12' and sys_platform == 'linux' \\
    --hash=sha256:33
"""


@pytest.fixture(scope="module")
def packages():
    """Give the script as a module: it is no part of the package."""
    spec = importlib.util.spec_from_file_location("image_packages", ROOT / "containers" / "packages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sbom(**versions):
    made = [{"name": name, "version": what, "purl": f"pkg:pypi/{name}@{what}"} for name, what in versions.items()]
    return json.dumps({"components": [*made, {"name": "weights", "version": "1", "type": "data"}]})


def test_markers_are_read_for_the_image_and_not_for_this_machine(packages):
    assert packages.locked(LOCK, "3.11") == {"numpy": "2.4.6", "some-package": "1.0"}
    assert packages.locked(LOCK, "3.12") == {"numpy": "2.4.6"}


def test_names_are_compared_as_packaging_compares_them(packages):
    image = packages.listed(sbom(numpy="2.4.6", some_package="1.0"))
    assert packages.differences(image, packages.locked(LOCK, "3.11")) == []


def test_the_project_alone_may_stand_beside_the_lock(packages):
    image = {"numpy": "2.4.6", "ganprint": "0.1.0", "pip": "23.0.1"}
    assert packages.differences(image, {"numpy": "2.4.6"}) == ["pip: 23.0.1 in the image, absent in the lock"]


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["1", "2"])), st.data())
def test_any_change_of_one_package_is_named(packages, lock, data):
    name = data.draw(st.sampled_from(["a", "b", "c", "d"]))
    version = data.draw(st.sampled_from([one for one in ("1", "2", None) if one != lock.get(name)]))
    image = {**lock, name: version}
    if version is None:
        del image[name]
    (line,) = packages.differences(image, lock)
    assert line.startswith(f"{name}: ")


def test_a_list_that_strays_ends_with_status_2(packages, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["packages.py"])
    (tmp_path / "sbom.json").write_text(sbom(numpy="2.4.5", some_package="1.0"))
    (tmp_path / "requirements.lock").write_text(LOCK)
    monkeypatch.setattr(packages, "SBOM", tmp_path / "sbom.json")
    monkeypatch.setattr(packages, "LOCK", tmp_path / "requirements.lock")
    assert packages.main() == 2
    assert "numpy: 2.4.5 in the image, 2.4.6 in the lock\n" in capsys.readouterr().err


def test_a_missing_list_is_one_line(packages, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["packages.py"])
    monkeypatch.setattr(packages, "SBOM", tmp_path / "sbom.json")
    assert packages.main() == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{tmp_path / 'sbom.json'}: no such file; ")
    assert len(said.splitlines()) == 1
