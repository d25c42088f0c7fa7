"""The truth of the test split: whole, or declared unknown; never partial, never of strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganprint.corpus.truth import read_truth, write_truth
from ganprint.errors import InputError

IDS = ["x_10", "x_2", "007"]


@pytest.mark.parametrize(
    "text",
    [
        "id,membership\nx_2,used\nx_10,not_used\n007,used\n",
        "id,membership\nx_2,1\nx_10,0\n007,1\n",
        "x_2,1\nx_10,0\n007,1",
        "\ufeffid,membership\r\nx_2,used\r\nx_10,0\r\n007,1\r\n\r\n",
    ],
)
def test_every_accepted_form_says_the_same(tmp_path, text):
    """With words or digits, with a header or as a submission, with a byte-order mark and Windows line ends."""
    path = tmp_path / "truth.csv"
    path.write_bytes(text.encode())
    truth = read_truth(path, IDS)
    assert truth == {"007": 1, "x_2": 1, "x_10": 0}
    assert list(truth) == ["007", "x_2", "x_10"]


def test_the_header_alone_says_unknown(tmp_path):
    """The official test labels were never published."""
    write_truth(tmp_path / "truth.csv", {})
    assert (tmp_path / "truth.csv").read_bytes() == b"id,membership\n"
    assert read_truth(tmp_path / "truth.csv", IDS) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("id,membership\nx_2,used\n", "2 of 3 real test images have no truth, first 007"),
        ("id,membership\nx_2,used\nx_10,0\n007,1\nx_11,1\nx_12,1\n", "2 ids are no real test image, first x_11"),
        ("id,membership\nx_2,used\nx_2,used\n", "id x_2 is there twice"),
        ("id,membership\nx_2,unknown\n", "received 'x_2,unknown'"),
        ("id,membership\nx_2,USED\n", "received"),
        ("id,membership\nx_2,1,1\n", "received 'x_2,1,1'"),
        ("id,label\nx_2,1\n", "received 'id,label'"),
        ('id,membership\n"x_2,1\n', "can not be read as CSV"),
    ],
)
def test_anything_else_is_refused(tmp_path, text, message):
    """A partial or foreign truth would give wrong figures without a word."""
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"truth\.csv: .*{message}"):
        read_truth(path, IDS)


def test_a_missing_file_is_named(tmp_path):
    """One line, with the path."""
    with pytest.raises(InputError, match=r"none\.csv: can not be read"):
        read_truth(tmp_path / "none.csv", IDS)


@given(st.dictionaries(st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True), st.integers(0, 1)))
def test_writing_and_reading_gives_the_same(tmp_path_factory, truth):
    """Round trip over any ids."""
    path = tmp_path_factory.mktemp("truth") / "truth.csv"
    write_truth(path, truth)
    assert read_truth(path, list(truth)) == truth
