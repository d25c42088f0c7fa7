"""Every case that was established with the organisers' validator of 2023, as a row of one table."""

import pytest

from ganprint.errors import InputError
from ganprint.submit.validator import validate

IDS = [f"real_unknown_{number:04d}" for number in range(1, 201)]
FIRST = IDS[0]
ROWS = [f"{image_id},0" for image_id in IDS]


def changed(row: str, at: int = 1) -> bytes:
    """A valid file with one row replaced."""
    return ("\n".join([*ROWS[: at - 1], row, *ROWS[at:]]) + "\n").encode()


ACCEPTED = {
    "lf": ("\n".join(ROWS) + "\n").encode(),
    "lf_no_last": "\n".join(ROWS).encode(),
    "crlf": ("\r\n".join(ROWS) + "\r\n").encode(),
    "crlf_no_last": "\r\n".join(ROWS).encode(),
    "cr": ("\r".join(ROWS) + "\r").encode(),
    "cr_no_last": "\r".join(ROWS).encode(),
    "any_order": "\n".join(reversed(ROWS)).encode(),
}
# Accepted by int() and strip(), and refused by level strict with the code.
LENIENT = {
    "blanks": (f" {FIRST} , 1 ", "PADDING"),
    "tabs": (f"\t{FIRST}\t,\t1\t", "PADDING"),
    "no_break_space": (f"{FIRST}\u00a0,1", "PADDING"),
    "form_feed": (f"{FIRST},\f1", "PADDING"),
    "ideographic_space": (f"\u3000{FIRST},1", "PADDING"),
    "01": (f"{FIRST},01", "SCORE"),
    "plus": (f"{FIRST},+1", "SCORE"),
    "minus_zero": (f"{FIRST},-0", "SCORE"),
    "underscore": (f"{FIRST},0_1", "SCORE"),
    "full_width": (f"{FIRST},１", "SCORE"),
    "arabic": (f"{FIRST},٠", "SCORE"),
}
REJECTED = {
    "empty_row_first": (("\n" + "\n".join(ROWS)).encode(), "E1", 1),
    "empty_row_middle": ("\n".join([*ROWS[:9], "", *ROWS[9:]]).encode(), "E1", 10),
    "empty_row_end": (("\n".join(ROWS) + "\n\n").encode(), "E1", 201),
    "blank_row": (changed("   "), "E1", 1),
    "id_alone": (changed(FIRST), "E1", 1),
    "semicolon": (changed(f"{FIRST};1"), "E1", 1),
    "tab": (changed(f"{FIRST}\t1"), "E1", 1),
    "comma_at_end": (changed(f"{FIRST},1,"), "E1", 1),
    "five_fields": (changed("a,b,c,d,e"), "E1", 1),
    "line_separator": (("\u2028".join(ROWS[:2]) + "\n" + "\n".join(ROWS[2:])).encode(), "E1", 1),
    "header": (("figure_id,score\n" + "\n".join(ROWS)).encode(), "E2", 1),
    "no_id": (changed(",1"), "E2", 1),
    "file_ending": (changed(f"{FIRST}.png,1"), "E2", 1),
    "capital": (changed("Real_unknown_0001,1"), "E2", 1),
    "not_padded": (changed("real_unknown_1,1"), "E2", 1),
    "beyond": (changed("real_unknown_0201,1"), "E2", 1),
    "comment": (changed("#c,1"), "E2", 1),
    "quoted": (changed(f'"{FIRST}",1'), "E2", 1),
    "byte_order_mark": (("\ufeff" + "\n".join(ROWS)).encode(), "E2", 1),
    "bad_id_and_score": (changed("a,b"), "E2", 1),
    "again": (changed(f"{FIRST},1", at=7), "E3", 7),
    "again_bad_score": (changed(f"{FIRST},x", at=7), "E3", 7),
    "again_at_201": ("\n".join([*ROWS, f"{FIRST},1"]).encode(), "E3", 201),
    **{
        f"score_{text!a}": (changed(f"{FIRST},{text}"), "E4", 1)
        for text in ["", " ", "1.0", "0.7", "1e0", "True", "used", "nan", "0x1", "0b1", '"1"', "1 #c"]
    },
    **{f"score_{text}": (changed(f"{FIRST},{text}"), "E4", 1) for text in ["2", "-1", "10", "1_0"]},
    "4301_zeros": (changed(f"{FIRST},{'0' * 4301}"), "E4", 1),
    "199_rows": ("\n".join(ROWS[:-1]).encode(), "E5", 199),
    "empty_file": (b"", "E5", 0),
    "nul_in_score": (changed(f"{FIRST},1\0"), "E4", 1),
    "nul_in_id": (changed(f"{FIRST}\0,1"), "E2", 1),
    "utf16": ("\n".join(ROWS).encode("utf-16"), "ENCODING", 1),
    "stray_byte": (b"\xff" + "\n".join(ROWS).encode(), "ENCODING", 1),
    "long_field": (changed(f"{FIRST},{'0' * 131_073}", at=5), "FIELD", 5),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("level", ["official", "strict"])
def test_line_ends_and_order_are_free(content, level):
    """Nobody's file is refused for its line ends, its missing last line end or the order of its rows."""
    report = validate(content, IDS, level)
    assert report.valid
    assert report.first is None
    assert report.organisers_verdict.endswith("is correct.")
    assert report.organisers_status == 0
    assert (report.rows, report.expected) == (200, 200)


@pytest.mark.parametrize(("row", "code"), LENIENT.values(), ids=LENIENT)
def test_strict_refuses_what_only_python_reads(row, code):
    """What the organisers accept by Python's leniency is official, strict names it, and they are not quoted for it."""
    assert validate(changed(row), IDS).valid
    report = validate(changed(row), IDS, "strict")
    assert [(fault.code, fault.row) for fault in report.faults] == [(code, 1)]
    assert report.first is None


@pytest.mark.parametrize(("content", "code", "row"), REJECTED.values(), ids=REJECTED)
@pytest.mark.parametrize("level", ["official", "strict"])
def test_first_fault_is_the_organisers_one(content, code, row, level):
    """The fault marked as first has the organisers' code and row in every known case, at both levels."""
    report = validate(content, IDS, level)
    assert not report.valid
    assert report.first in report.faults
    assert (report.first.code, report.first.row) == (code, row)
    assert report.organisers_status == (1 if code in {"ENCODING", "FIELD"} else 0)


@pytest.mark.parametrize(
    ("score", "printed"), [("2", "2"), ("-1", "-1"), ("1_0", "10"), ("١٠", "10"), (" 0.7 ", "0.7")]
)
def test_wrong_scores_are_shown_as_the_organisers_show_them(score, printed):
    """A score that converts is shown as the number, another one as its stripped text, with their ending."""
    report = validate(changed(f"{FIRST},{score}"), IDS)
    assert report.organisers_verdict == f"Wrong score '{printed}'. Error occured at line nbr 1."


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (changed("a,1"), "Figure ID 'a' is not contained in testset. Error occured at line nbr 1."),
        (changed(",1"), "Figure ID '' is not contained in testset. Error occured at line nbr 1."),
        (
            changed(f"{FIRST},1", at=7),
            f"Figure ID '{FIRST}' was specified more than once in submission file. Error occured at line nbr 7.",
        ),
        (b"", "Number of figure IDs in submission file not equal Error occured at line nbr 0."),
    ],
)
def test_verdict_follows_the_organisers_wording(content, verdict):
    """The verdict can be compared with what the organisers' script prints."""
    assert validate(content, IDS).organisers_verdict == verdict


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (changed(f"{FIRST}.png,1"), "without the file's ending"),
        (changed(f'"{FIRST}",1'), "quotation marks"),
        (("\ufeff" + "\n".join(ROWS)).encode(), "byte-order mark"),
        (("figure_id,score\n" + "\n".join(ROWS)).encode(), "header"),
        (changed(f"{FIRST}\0,1"), "before Python 3.11"),
        (changed(f"{FIRST},1\0"), "before Python 3.11"),
        (changed(f"{FIRST},0.7"), "no probabilities"),
        (changed("a,1", at=2), "letter by letter"),
        (changed("", at=3), "remove the empty row"),
        (changed(f"{FIRST};1"), "1 field "),
        (changed(f"{FIRST},1", at=7), "row 1 names it already"),
        ("\n".join(ROWS[:-2]).encode(), "198 of 200 ids are named; missing: real_unknown_0199, real_unknown_0200"),
        ("\n".join(ROWS).encode("utf-16"), "UTF-16"),
        (b"", "real_unknown_0005 and 195 more"),
    ],
)
def test_hint_says_what_to_do(content, hint):
    """Each usual mistake is answered by what to do about it."""
    report = validate(content, IDS)
    assert hint in report.first.hint


def test_all_faults_are_reported():
    """A file can be mended in one go: later rows are judged too, a row for id and score, and missing ids at the end."""
    rows = list(ROWS)
    rows[0] = "figure_id,score"  # names no id: 0001 is missing
    rows[4] = f"{IDS[4]},0.5"  # names its id all the same
    rows[6] = ""
    rows[8] = f"{IDS[9]},1"  # row 10 is then the second one
    report = validate("\n".join(rows).encode(), IDS)
    assert [(fault.code, fault.row) for fault in report.faults] == [
        ("E2", 1),
        ("E4", 1),
        ("E4", 5),
        ("E1", 7),
        ("E3", 10),
        ("E5", 200),
    ]
    assert report.first is report.faults[0]
    assert "197 of 200" in report.faults[-1].hint


def test_rows_after_a_crash_are_judged():
    """What ends the organisers' script in a traceback is named, and the rest of the file is judged all the same."""
    rows = list(ROWS)
    rows[1] = f"{IDS[1]},{'1' * 131_073}"
    rows[2] = f"{IDS[2]},7"
    report = validate("\n".join(rows).encode(), IDS)
    assert [(fault.code, fault.row) for fault in report.faults] == [("FIELD", 2), ("E4", 3), ("E5", 200)]
    assert report.first.code == "FIELD"
    assert "traceback at line 2" in report.organisers_verdict
    assert validate(changed(f"{FIRST},{'0' * 131_072}"), IDS).first.code == "E4"


def test_bad_bytes_end_the_organisers_script_before_their_row():
    """Text is decoded ahead: bad bytes near a bad row are named first, far behind it they are not."""
    near = changed("a,1").replace(b"real_unknown_0003", b"real\xffunknown_0003")
    report = validate(near, IDS)
    assert [fault.code for fault in report.faults] == ["E2", "ENCODING", "E5"]
    assert (report.first.code, report.first.row) == ("ENCODING", 3)
    ids = [f"real_unknown_{number:05d}" for number in range(1, 5001)]
    far = "".join(f"{image_id},0\n" for image_id in ids).encode()
    far = far.replace(b"real_unknown_00001", b"real_unknown_x").replace(b"real_unknown_04999", b"\xff")
    assert validate(far, ids).first.code == "E2"


def test_foreign_text_can_not_reach_the_terminal_raw():
    """Escape sequences and endless fields of a file are shown escaped and cut."""
    report = validate(changed("\x1b[31mred,1"), IDS)
    assert "\x1b" not in report.first.message + report.first.text
    assert "\\x1b[31mred" in report.first.message
    assert len(validate(changed("x" * 5000 + ",1"), IDS).first.message) < 200


@pytest.mark.parametrize("ids", [[], ["a", "a"]])
def test_unusable_id_lists_are_refused(ids):
    """A check against no ids, or against an id that can never stand twice, would be no check."""
    with pytest.raises(InputError, match="give each test id once"):
        validate(b"a,1\n", ids)


def test_unknown_level_is_refused():
    """A misspelt level is not taken for the official one."""
    with pytest.raises(InputError, match="received 'lax', allowed are official, strict"):
        validate(b"a,1\n", ["a"], "lax")
