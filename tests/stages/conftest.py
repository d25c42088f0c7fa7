"""Projects for the tests of the stages."""

import pytest
from pipeline import new_project, repro


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Give a project in which every stage has run; tests only read it."""
    root = new_project(tmp_path_factory.mktemp("finished") / "project")
    return root, repro(root)


@pytest.fixture
def project(tmp_path):
    """Give an empty project."""
    return new_project(tmp_path / "project")
