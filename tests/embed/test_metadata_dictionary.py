"""The data dictionary of the docs is the code's: neither can change without the other."""

import re
from pathlib import Path

from ganprint.corpus.metadata_form import MAX_BYTES, MAX_COLUMNS
from ganprint.corpus.metadata_leaks import MAX_CATEGORIES
from ganprint.embed.metadata_columns import COLUMNS, dictionary_table

DOCS = Path(__file__).resolve().parents[2] / "docs" / "metadata.md"


def test_the_docs_hold_the_dictionary_as_the_code_has_it():
    """To the letter; `python -c "from ganprint.embed.metadata_columns import dictionary_table as d; print(d())"`."""
    assert dictionary_table() in DOCS.read_text(encoding="utf-8")


def test_every_column_is_told_in_full():
    """Name, meaning, unit, formula, and a range for each of two corpora; no name twice."""
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
    for column in COLUMNS:
        assert re.fullmatch("[a-z][a-z0-9_]*", column.name)
        assert all(text.strip() and "|" not in text for text in (column.meaning, column.unit, column.formula))
        assert re.fullmatch("[-0-9.]+( to [-0-9.]+)?; [-0-9.]+( to [-0-9.]+)?", column.typical), column.name


def test_limits_in_the_docs_are_those_of_the_code():
    """Columns, categories and bytes."""
    text = DOCS.read_text(encoding="utf-8")
    for said in (f"{MAX_COLUMNS} columns", f"{MAX_CATEGORIES} categories", f"{MAX_BYTES >> 20} MiB"):
        assert said in text
