"""What the writer writes is accepted, what damages it is reported, and two independent readings of the rules agree."""

import csv
import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganprint.errors import InputError
from ganprint.submit.ids import fault_of_id, read_ids
from ganprint.submit.validator import validate
from ganprint.submit.writer import write_submission

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12).filter(
    lambda text: fault_of_id(text) is None
)
SCORES = st.text(st.characters(max_codepoint=0x24F), max_size=3).filter(lambda text: text.strip() not in {"0", "1"})
ID_LISTS = st.lists(NAMES, min_size=1, max_size=20, unique=True)


@st.composite
def submissions(draw):
    """An id list, and a decision for each."""
    ids = draw(ID_LISTS)
    return ids, draw(st.lists(st.integers(0, 1), min_size=len(ids), max_size=len(ids)))


@given(submissions())
def test_written_files_are_valid(submission):
    """Whatever the ids, the writer's file passes both levels, and its ids can be read back."""
    ids, decisions = submission
    text = write_submission(ids, decisions)
    assert validate(text.encode("ascii"), ids).valid
    assert validate(text.encode("ascii"), ids, "strict").valid
    assert [line.split(",") for line in text.splitlines()] == [
        [image_id, str(decision)] for image_id, decision in zip(ids, decisions, strict=True)
    ]
    assert text.endswith("\n")
    assert read_ids("\n".join(ids).encode(), "ids") == ids


@given(submissions(), st.data())
def test_every_mutation_is_reported(submission, data):
    """A row taken away, doubled or replaced, and any other digit for a score, never passes."""
    ids, decisions = submission
    rows = write_submission(ids, decisions).splitlines()
    at = data.draw(st.integers(0, len(rows) - 1))
    kind = data.draw(st.sampled_from(["removed", "doubled", "other id", "score", "field", "blank row"]))
    replacement = {
        "removed": [],
        "doubled": [rows[at], rows[at]],
        "other id": [data.draw(NAMES.filter(lambda name: name not in ids)) + ",1"],
        "score": [ids[at] + "," + data.draw(SCORES)],
        "field": [rows[at] + ","],
        "blank row": [rows[at], ""],
    }[kind]
    content = ("\n".join([*rows[:at], *replacement, *rows[at + 1 :]]) + "\n").encode()
    report = validate(content, ids, "strict")
    assert not report.valid


def retold(path: Path, ids: list[str]) -> tuple[str, int]:
    """The rules, told a second time as a plain loop over csv.reader: code and row of the first fault."""
    row, named = 0, set()
    with path.open(encoding="utf-8") as stream:
        reader = csv.reader(stream, quoting=csv.QUOTE_NONE)
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return ("OK", 0) if len(named) == len(ids) else ("E5", row)
            except (UnicodeDecodeError, csv.Error):
                return "CRASH", 0
            row += 1
            if len(fields) != 2:
                return "E1", row
            if fields[0].strip() not in ids:
                return "E2", row
            if fields[0].strip() in named:
                return "E3", row
            try:
                if int(fields[1].strip()) not in {0, 1}:
                    return "E4", row
            except ValueError:
                return "E4", row
            named.add(fields[0].strip())


def verdict(content: bytes, ids: list[str]) -> tuple[str, int]:
    """Ours, in the same form."""
    report = validate(content, ids)
    assert report.valid == (report.first is None)
    if report.first is None:
        return "OK", 0
    return ("CRASH", 0) if report.organisers_status else (report.first.code, report.first.row)


PIECES = st.one_of(
    st.sampled_from(
        ["a", "b", "c", ",", ",", ",0", ",1", "\n", "\n", "\r\n", "\r", " ", '"', "0", "1", "2", "-", "+", "_"]
    ),
    st.sampled_from(["\0", "\ufeff", "\u2028", "\x85", "\x1c", "\x0b", "\f", "\t", "\u00a0", "１"]),
    st.sampled_from(["a,1\n", "b,0\n", "c,1\n", "a,1\nb,0\nc,1\n"]),
)
FILES = st.one_of(
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()),
    st.tuples(st.lists(PIECES, max_size=6), st.binary(max_size=3), st.lists(PIECES, max_size=6)).map(
        lambda parts: "".join(parts[0]).encode() + parts[1] + "".join(parts[2]).encode()
    ),
    st.binary(max_size=20),
)
# Bad rows and bad bytes before and after the blocks of 8192 bytes in which text is decoded.
BLOCKS = [
    b"x,1\n" + b"a,1\n" * at + tail for at in (1, 2040, 2046, 2047, 2048, 2049, 4100) for tail in (b"\xff", b"\xe3\x80")
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One file, written again and again."""
    return tmp_path_factory.mktemp("rules") / "run.csv"


@settings(max_examples=500, deadline=None)
@given(content=FILES)
@example(content=BLOCKS[0])
@example(content=BLOCKS[3])
@example(content=BLOCKS[4])
@example(content=BLOCKS[5])
@example(content=BLOCKS[12])
def test_two_readings_of_the_rules_agree(scratch, content):
    """First fault and row are those of a second, independent telling of the rules, on files of every kind."""
    scratch.write_bytes(content)
    assert verdict(content, ["a", "b", "c"]) == retold(scratch, ["a", "b", "c"])


@pytest.mark.parametrize("content", BLOCKS, ids=range(len(BLOCKS)))
def test_decoding_ahead_is_that_of_a_file(scratch, content):
    """Where bad bytes end the reading does not depend on whether the bytes come from memory or from a disk."""
    scratch.write_bytes(content)
    assert verdict(content, ["a", "b", "c"]) == retold(scratch, ["a", "b", "c"])


def organisers_folder() -> Path | None:
    """The organisers' validators, when someone has laid them beside this checkout."""
    root = Path(__file__).resolve().parents[2].parent
    name = "2023_ImageCLEFmed_GANs_submission_validators"
    folders = [root / name / "task1", root / "shared" / name / "task1"]
    return next((folder for folder in folders if (folder / "validator.py").is_file()), None)


@pytest.fixture(scope="module")
def organisers(tmp_path_factory):
    """A function that gives the verdict of the organisers' own script."""
    folder = organisers_folder()
    if folder is None:
        pytest.skip("the organisers' validator is not part of this project; clone it beside the checkout to compare")
    specification = importlib.util.spec_from_file_location("organisers_validator", folder / "validator.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    codes = {"Wrong f": "E1", "Wrong s": "E4", "Number ": "E5"}
    scratch = tmp_path_factory.mktemp("organisers")

    def judge(content: bytes, ids: list[str]) -> tuple[str, int, str]:
        (scratch / "ids.txt").write_text("\n".join(ids))
        (scratch / "run.csv").write_bytes(content)
        try:
            module.ImageCLEFGansTask1Validator(scratch / "ids.txt").validate_format(scratch / "run.csv")
        except module.SubmissionValidationException as error:
            text = str(error)
            code = codes.get(text[:7]) or ("E2" if "is not contained" in text else "E3")
            return code, int(text.rstrip(".").rpartition(" ")[2]), text
        except (UnicodeDecodeError, csv.Error):
            return "CRASH", 0, ""
        return "OK", 0, ""

    return judge


@settings(max_examples=500, deadline=None)
@given(content=FILES)
def test_organisers_script_agrees(organisers, content):
    """Code, row and, where we tell it in full, wording are those of the organisers' own script."""
    code, row, text = organisers(content, ["a", "b", "c"])
    assert verdict(content, ["a", "b", "c"]) == (code, row)
    report = validate(content, ["a", "b", "c"])
    if code in {"E2", "E3"} and report.first.message.isascii() and "\\" not in report.first.message:
        assert report.organisers_verdict == text


def test_organisers_sample_files_agree(organisers):
    """The organisers' ten sample files get their verdicts."""
    folder = organisers_folder()
    lists = [path for path in (folder / "resources" / "image_ids.txt", folder / "image_ids") if path.is_file()]
    samples = sorted((folder / "test_runs").glob("*.csv"))
    if not lists or not samples:
        pytest.skip("the copy of the organisers' validators has no id list or no sample files")
    ids = read_ids(lists[0].read_bytes(), "image_ids")
    for sample in samples:
        assert verdict(sample.read_bytes(), ids) == organisers(sample.read_bytes(), ids)[:2], sample.name


@pytest.mark.parametrize(
    ("image_id", "reason"),
    [
        ("", "is empty"),
        ("a,b", "comma"),
        (" a", "starts or ends with a blank"),
        ("a ", "starts or ends with a blank"),
        ('"a"', "quotation mark"),
        ("a\tb", "control character"),
        ("a\nb", "control character"),
        ("\ufeffa", "outside ASCII"),
        ("é", "outside ASCII"),
    ],
)
def test_unfit_ids_are_not_written(image_id, reason):
    """No file is written that a reader could understand in another way."""
    with pytest.raises(InputError, match=reason):
        write_submission(["x", image_id], [0, 1])


def test_ids_stand_once():
    """A doubled id is refused before it becomes a rejected file."""
    with pytest.raises(InputError, match="id 3, 'a', was id 1 already"):
        write_submission(["a", "b", "a"], [0, 0, 1])


@pytest.mark.parametrize("decision", [2, -1, 0.0, 1.0, 0.5, "1", None, np.float64(1)])
def test_only_whole_zeros_and_ones_are_written(decision):
    """A score that was not turned into a decision is refused, not rounded."""
    with pytest.raises(InputError, match="the decision of b is"):
        write_submission(["a", "b"], [0, decision])


def test_decisions_of_numpy_are_written():
    """Small integers, as the threshold rule gives them, are written as digits."""
    assert write_submission(["a", "b"], np.array([1, 0], dtype=np.int8)) == "a,1\nb,0\n"


@pytest.mark.parametrize(("ids", "decisions"), [([], []), (["a"], []), (["a"], [0, 1])])
def test_each_id_has_one_decision(ids, decisions):
    """Lists that do not belong together are refused, and so is an empty submission."""
    with pytest.raises(InputError, match="submission: "):
        write_submission(ids, decisions)


@pytest.mark.parametrize("content", [b"a\nb", b"a\nb\n", b"a\r\nb\r\n", b"a\rb", b"a  \nb\t\n"])
def test_ids_are_read_with_any_line_ends(content):
    """The organisers' list, which has no line end after the last id, reads like any other."""
    assert read_ids(content, "image_ids.txt") == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no ids"),
        (b"a\n\nb\n", "id 2 is '': it is empty"),
        (b"a\nb\na\n", "id 3, 'a', was id 1 already"),
        (b"a\n\xff\n", "byte 2 is not UTF-8"),
        ("\ufeffa\n".encode(), "outside ASCII"),
    ],
)
def test_faulty_id_lists_are_refused(content, message):
    """An unfit list of ids is refused with its name and the place of the fault."""
    with pytest.raises(InputError, match=r"^image_ids\.txt: ") as caught:
        read_ids(content, "image_ids.txt")
    assert message in str(caught.value)


def test_the_retelling_reads_text_as_files_do():
    """The second telling is no copy: it reads rows by csv over a text file, where a quoted line end splits a row."""
    assert list(csv.reader(io.StringIO('"a\nb",1\n'), quoting=csv.QUOTE_NONE)) == [['"a'], ['b"', "1"]]
