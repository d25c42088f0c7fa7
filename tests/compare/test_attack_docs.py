"""The docs name every attack: an attack that is registered and not told of would be found by nobody."""

import re
from pathlib import Path

import pytest

from ganprint.compare.attack import Attack
from ganprint.compare.protocol import registry

DOCS = Path(__file__).resolve().parents[2] / "docs"
ATTACKS = sorted({name for (name, _), cls in registry().items() if issubclass(cls, Attack)})


def rows() -> set[str]:
    """Names in the first cell of a table's row, in both pages on attacks."""
    pages = [(DOCS / name).read_text(encoding="utf-8") for name in ("attacks.md", "vcmi.md") if (DOCS / name).is_file()]
    return set(re.findall(r"^\| `([a-z0-9-]+)`", "\n".join(pages), re.MULTILINE))


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_has_a_row(name):
    """A table of docs/attacks.md or docs/vcmi.md begins a row with its name."""
    assert name in rows()
