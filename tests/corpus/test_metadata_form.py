"""A metadata file at the door: one table, ids once, columns that can be read, or one line that says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganprint.corpus.metadata import ImageKey, check_metadata, metadata_facts, read_metadata, stored, write_metadata
from ganprint.corpus.metadata_form import MAX_BYTES, MAX_CELL, MAX_COLUMNS
from ganprint.errors import InputError

IMAGES = [
    ImageKey("development", "real", "used_1", "used", "p1"),
    ImageKey("development", "real", "not_used_2", "not_used", "p2"),
    ImageKey("development", "generated", "generated_1", "", ""),
    ImageKey("test", "real", "real_unknown_10", "unknown", "p3"),
    ImageKey("test", "real", "real_unknown_9", "unknown", "p3"),
    ImageKey("test", "generated", "generated_1", "", ""),
]


def checked(path, text, allow=()):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_metadata(read_metadata(path), IMAGES, allow)


def test_the_header_alone_says_nothing(tmp_path):
    """The file that the project comes with; what is stored is the same byte for byte, whatever the corpus."""
    given_ = checked(tmp_path / "m.csv", "id\n")
    assert not len(given_)
    write_metadata(tmp_path / "metadata.csv", given_)
    assert (tmp_path / "metadata.csv").read_bytes() == b"id\n"
    assert not len(stored(tmp_path))
    assert metadata_facts(given_) == {}


def test_a_corpus_of_an_older_kit_has_no_metadata(tmp_path):
    """Such a corpus has no file metadata.csv."""
    assert list(stored(tmp_path).columns) == ["split", "role", "id"]


def test_rows_are_joined_by_id_and_sorted_as_the_index_is(tmp_path):
    """A byte-order mark, Windows line ends, every word for an unknown value; lines in any order."""
    text = (
        "\ufeffid,age,sex\r\nreal_unknown_10,70,f\r\nreal_unknown_9,NaN, m \r\nused_1,5e1,N/A\r\nnot_used_2,,none\r\n"
    )
    given_ = checked(tmp_path / "m.csv", text, allow=["age", "sex"])
    assert given_["id"].tolist() == ["not_used_2", "used_1", "real_unknown_9", "real_unknown_10"]
    assert given_["age"].tolist() == ["", "5e1", "", "70"]
    assert given_["sex"].tolist() == ["", "", "m", "f"]
    assert metadata_facts(given_)["age"] == {"kind": "number", "known": 2, "different": 2}
    assert metadata_facts(given_)["sex"]["kind"] == "category"


def test_what_is_stored_reads_back(tmp_path):
    """With commas, quotes and letters beyond ASCII in categories."""
    text = 'id,split,role,site\ngenerated_1,development,generated,"A, ""b"" ü"\ngenerated_1,test,generated,c\n'
    text += "used_1,development,real,c\n"
    given_ = checked(tmp_path / "m.csv", text + "real_unknown_9,test,real,c\nnot_used_2,development,real,c\n")
    write_metadata(tmp_path / "metadata.csv", given_)
    assert stored(tmp_path).equals(given_)
    assert given_["site"].tolist() == ['A, "b" ü', "c", "c", "c", "c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; no metadata is written as the header id alone"),
        ("\n\n", "empty"),
        ("id;age\nused_1;5\n", "header begins 'id;age', wanted is comma-separated"),
        ("id;age\n", "it has semicolons: save the table with commas, and decimal points"),
        ("id\tage\n", "it has tabs: save the table with commas"),
        ("ID,age\n", "write id in small letters"),
        ("name,age\n", "header begins 'name'.*put the column with the images' ids first and call it id"),
        ("id,split,age\n", "has split and no role behind it; begin it with id,split,role"),
        ("id, age\n", "name of column 1 after the ids is ' age'; give a printable one without blanks around it"),
        ("id,age\nused_7.png,5\n", "used_7.png; write ids as in data/corpus/image_ids.txt"),
        ("id,age\nused_7,5\nused_1,5\n", "1 ids are no image of the corpus, first line 2: used_7; remove them"),
        ("id,age\nused_1,5\nused_1,6\n", "line 3: id used_1 is there since line 2"),
        ("id,age\nused_7,5\nused_8,5\n", "2 ids are no image of the corpus, first line 2: used_7"),
        ("id,age\ngenerated_1,5\n", "line 2: id generated_1 is in development/generated and test/generated"),
        ("id,split,role,age\nused_1,test,real,5\n", "1 ids are no image of the corpus, first line 2: used_1,test,real"),
        ("id,age\nused_1,5,6\n", "line 2: 3 cells under 2 columns; one table is wanted"),
        ("id,age\nused_1\n", "line 2: 1 cells under 2 columns"),
        ("id,age\nused_1,5\n\nid,dose\nused_1,5\n", "1 ids are no image|line 5: id used_1|age"),
        ("id\nused_1\n", "has ids and no column"),
        ("id,age,Age\n", "column 'Age' is there twice"),
        ("id,age,\n", "name of column 2"),
        ("id,a=b\n", "'=' and '\\?' mark"),
        ('id,age\n"used_1,5\n', "can not be read as CSV"),
        (f"id,age\nused_1,{'x' * (MAX_CELL + 1)}\n", "line 2: a cell is longer"),
        ("id,age\nused_1,a\0b\n", "line 2: .*not printable|NUL"),
        ("id,age\nused_1,\nnot_used_2,NA\n", "column 'age' knows no value"),
        ("id,age\nused_1,1e40\nnot_used_2,2\n", "beyond 1e\\+30"),
        ("id," + ",".join(f"c{number}" for number in range(MAX_COLUMNS + 1)) + "\n", "65 columns, at most 64"),
        ("id,größe\n".encode("latin-1"), "not UTF-8 \\(byte 5\\)"),
        ("id,age\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, text, message):
    """The file is named, and what to do."""
    with pytest.raises(InputError, match=rf"m\.csv.*({message})") as caught:
        checked(tmp_path / "m.csv", text)
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_not_read_to_its_end(tmp_path):
    """A sparse file stands for it."""
    path = tmp_path / "m.csv"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match=r"m\.csv: larger than the 64 MiB allowed"):
        read_metadata(path)


def test_a_missing_file_or_column_is_named(tmp_path):
    """A column to be allowed must be there: a misspelt one would let nothing through, without a word."""
    with pytest.raises(InputError, match=r"none\.csv: can not be read \(No such file"):
        read_metadata(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"has no column 'agee', which corpus\.metadata_allow names"):
        checked(tmp_path / "m.csv", "id,age\nused_1,5\n", allow=["agee"])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_an_error_of_one_line(tmp_path_factory, data):
    """No traceback, whatever the file is."""
    path = tmp_path_factory.mktemp("any") / "m.csv"
    path.write_bytes(data)
    said = ""
    try:
        read_metadata(path)
    except InputError as error:
        said = str(error)
    assert "\n" not in said
    assert not said or said.startswith(str(path))
