"""Drift between lock and environment is named, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganprint.doctor.lock import compare_with_lock, installed_versions, read_pins
from ganprint.errors import InputError

LOCK = """# made by a tool
Some_Package==1.2 \\
    --hash=sha256:00 \\
    --hash=sha256:11
only-new==3 ; python_full_version >= '3.12' \\
    --hash=sha256:22
only-old==2 ; python_full_version < '3.12' \\
    --hash=sha256:33
windows==1 ; sys_platform == 'win32'
"""


def test_markers_choose_the_pins_of_this_platform():
    """A universal lock pins one package twice, and packages of other systems: only what holds here counts."""
    linux = {"python_full_version": "3.11.7", "sys_platform": "linux"}
    assert read_pins(LOCK, "lock", linux) == {"some-package": "1.2", "only-old": "2"}
    windows = {"python_full_version": "3.12.1", "sys_platform": "win32"}
    assert read_pins(LOCK, "lock", windows) == {"some-package": "1.2", "only-new": "3", "windows": "1"}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a>=1", "not pinned to one version"),
        ("a", "not pinned to one version"),
        ("a==1,<2", "not pinned to one version"),
        ("a==", "is no requirement"),
        ("a==1\nA==2", "a is pinned to 1 and to 2 at once"),
    ],
)
def test_what_is_no_lock_is_refused_with_the_line(line, text):
    """A lock that pins nothing must not pass for agreement."""
    with pytest.raises(InputError, match=r"^lock: ") as caught:
        read_pins(line, "lock")
    assert text in str(caught.value)


VERSIONS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["1.0", "1.0.0", "1.1", "2+cu130"]))


@given(VERSIONS, VERSIONS)
def test_every_package_falls_into_one_class(pins, installed):
    """No difference is lost and none is counted twice, for whatever is pinned and installed."""
    drift = compare_with_lock(pins, installed)
    named = [*drift.missing, *drift.other, *drift.unlisted]
    assert len(named) + drift.agreeing == len(pins.keys() | installed.keys())
    assert sorted(line.split(":")[0] for line in drift.lines()) == sorted(named)
    assert drift.agrees == (not named)
    assert set(drift.missing) == pins.keys() - installed.keys()
    assert set(drift.unlisted) == installed.keys() - pins.keys()


def test_versions_are_compared_as_versions_with_their_build():
    """1.0 is 1.0.0, but a build for another CUDA is another package."""
    drift = compare_with_lock({"a": "1.0", "b": "2.14.1", "c": "1"}, {"a": "1.0.0", "b": "2.14.1+cpu", "pip": "23"})
    assert drift.agreeing == 1
    assert drift.lines() == ["b: 2.14.1+cpu installed, 2.14.1 in the lock", "c: not installed, 1 in the lock"]


def test_what_comes_first_on_the_path_counts(tmp_path):
    """An import gets the first of two versions, so the report has to."""
    for folder, version in (("one", "1.0"), ("two", "2.0")):
        info = tmp_path / folder / "Thing_x.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Thing_x\nVersion: {version}\n")
    assert installed_versions([str(tmp_path / "one"), str(tmp_path / "two")]) == {"thing-x": "1.0"}
