"""Atomic writing and derived seeds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganprint.files import atomic_directory, atomic_path, write_json, write_text
from ganprint.seeds import derive_seed, generator


def test_a_failed_write_keeps_the_old_file(tmp_path):
    """A process that dies while writing must leave the old content whole."""
    target = tmp_path / "file"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failed_folder_keeps_the_old_one(tmp_path):
    """The same for folders; what a killed process left under the temporary name is cleared away by the next."""
    target = tmp_path / "folder"
    with atomic_directory(target) as folder:
        (folder / "a").write_text("old")
    (tmp_path / ".folder.partial").mkdir()
    (tmp_path / ".folder.partial" / "litter").write_text("x")
    with pytest.raises(KeyboardInterrupt), atomic_directory(target) as folder:
        assert not (folder / "litter").exists()
        raise KeyboardInterrupt
    assert (target / "a").read_text() == "old"
    with atomic_directory(target) as folder:
        (folder / "b").write_text("new")
    assert [path.name for path in target.iterdir()] == ["b"]


def test_json_is_the_same_for_the_same_content(tmp_path):
    """Hashes of results must not depend on the order in which keys were put in; NaN has no place in JSON."""
    write_json(tmp_path / "a", {"x": 1, "a": [1.5]})
    write_json(tmp_path / "b", {"a": [1.5], "x": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_text()) == {"a": [1.5], "x": 1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "c", float("nan"))


axes = st.lists(st.one_of(st.text(max_size=5), st.integers(0, 50)), max_size=3)


@given(st.integers(0, 2**63 - 1), axes, axes)
def test_seeds_depend_on_their_axes_alone(base, one, other):
    """Equal axes give equal seeds, others do not; text and number of the same look are told apart."""
    assert 0 <= derive_seed(base, *one) < 2**63
    assert (derive_seed(base, *one) == derive_seed(base, *other)) == (
        [(type(axis), axis) for axis in one] == [(type(axis), axis) for axis in other]
    )


def test_generators_of_one_seed_agree():
    """Two stages that name the same axes draw the same numbers."""
    assert generator(1, "a").random() == generator(1, "a").random() != generator(1, "b").random()
