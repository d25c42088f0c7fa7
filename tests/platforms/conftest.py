"""A small corpus with a planted leak."""

import pytest
from planted import plant


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    """Give the corpus; its truth is truth.csv beside it. Tests only read both."""
    return plant(tmp_path_factory.mktemp("planted") / "corpus", "leak")


@pytest.fixture
def ids(planted):
    """Give the ids of the real test images."""
    return [line.split(",")[0] for line in (planted.parent / "truth.csv").read_text().splitlines()[1:]]
