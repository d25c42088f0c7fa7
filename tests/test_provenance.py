"""The revision of the code that stands beside every result."""

import subprocess

import pytest

from ganprint.provenance import code_revision


@pytest.fixture
def repository(tmp_path):
    """Give a git repository with one committed source file."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/one.py").write_text("ONE = 1\n")
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    named = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    for words in (("init", "--quiet"), ("add", "."), (*named, "commit", "--quiet", "--message", "one")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_checkout_is_its_commit_whatever_lies_outside_the_sources(repository):
    """Parameters and results are told apart elsewhere; bytecode is no source."""
    (repository / "params.yaml").write_text("changed")
    (repository / "src/__pycache__").mkdir()
    (repository / "src/__pycache__/one.pyc").write_bytes(b"x")
    assert len(code_revision(repository)) == 40


def test_a_changed_source_is_told(repository):
    """A result of changed code does not claim the commit's."""
    (repository / "src/one.py").write_text("ONE = 2\n")
    assert code_revision(repository).endswith("+changes")


def test_a_new_source_that_is_in_no_commit_is_told(repository):
    """A comparator just written computes results, and the commit does not have it."""
    (repository / "src/two.py").write_text("TWO = 2\n")
    assert code_revision(repository).endswith("+changes")


def test_no_repository_is_unknown(tmp_path):
    """A folder without git has no revision."""
    assert code_revision(tmp_path) == "unknown"
