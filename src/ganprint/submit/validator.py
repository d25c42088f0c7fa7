"""Judge a submission by the organisers' rules of 2023, and say everything that is wrong with it.

Their script stops at the first fault. Here the reading goes on, so that a file can be mended at once:

- a row is judged for its id and for its score, both;
- an id counts as named by the first row that names it, whatever that row's score, so that one bad score is not reported
  once more as a missing id; E5 lists the ids that no readable row names;
- a row that can not be read (ENCODING, FIELD, E1) names nothing.
"""

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from typing import get_args

from ganprint.errors import InputError
from ganprint.submit.rules import STRICT_ONLY, Fault, Level, Report, shown

__all__ = ["validate"]

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LISTED = 5


def validate(content: bytes, ids: Sequence[str], level: Level = "official") -> Report:
    r"""Judge the bytes of a submission.

    Parameters
    ----------
    content
        The file as it lies on disk. It is read as UTF-8; the organisers' script takes the encoding of its locale, which
        is the same thing for a file of ASCII.
    ids
        Ids of the real test images (200 in the official task of 2023), each once.
    level
        ``official`` (the organisers' rules) or ``strict`` (see :mod:`ganprint.submit.rules`).

    Raises
    ------
    InputError
        When the level is unknown, or ``ids`` is empty or holds an id twice.

    Examples
    --------
    >>> report = validate(b"a,1\nb,0.5\n", ["a", "b"])
    >>> report.valid, report.first.code, report.first.row
    (False, 'E4', 2)
    """
    if level not in get_args(Level):
        raise InputError(f"level: received {level!r}, allowed are {', '.join(get_args(Level))}")
    expected = dict.fromkeys(ids)
    if not expected or len(expected) != len(ids):
        raise InputError(f"ids: {len(ids)} ids, {len(expected)} of them distinct; give each test id once")
    if content.startswith(_UTF16_MARKS):
        # Another encoding altogether: what its bytes look like in UTF-8 says nothing about rows and ids.
        fault = Fault("ENCODING", 1, "", "The file holds bytes that are not UTF-8 text.", "save UTF-16 as plain ASCII")
        return Report(level, len(expected), 0, (fault,), fault)
    lines, readable = _lines(content)
    named: dict[str, int] = {}
    faults: list[Fault] = []
    for row, line in enumerate(lines, start=1):
        faults += _faults_of_row(row, line, expected, named)
    faults += _faults_of_count(len(lines), expected, named)
    faults = [fault for fault in faults if level == "strict" or fault.code not in STRICT_ONLY]
    return Report(level, len(expected), len(lines), tuple(faults), _first(faults, readable))


def _lines(content: bytes) -> tuple[list[str], int]:
    """Give the lines, and how many of them the organisers' script gets to see before it meets bytes it can not decode.

    Text is decoded ahead in blocks, so bad bytes end the script before it reaches their line.
    """
    readable = 0
    # Bad bytes are no error here: below they are kept as surrogates, by which their rows are known.
    with contextlib.suppress(UnicodeDecodeError):
        for _ in io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=None):
            readable += 1
    text = io.StringIO(content.decode(errors="surrogateescape"), newline=None)
    return [line.removesuffix("\n") for line in text], readable


def _first(faults: Sequence[Fault], readable: int) -> Fault | None:
    official = [fault for fault in faults if fault.code not in STRICT_ONLY]
    undecodable = next((fault for fault in official if fault.code == "ENCODING"), None)
    if undecodable and not any(fault.row <= readable for fault in official if fault.code != "ENCODING"):
        return undecodable
    return official[0] if official else None


def _faults_of_row(row: int, line: str, expected: dict[str, None], named: dict[str, int]) -> Iterator[Fault]:
    """Yield the faults of one row, in the order in which the organisers' script looks for them; note its id."""
    text = shown(line)
    if any("\udc80" <= character <= "\udcff" for character in line):
        hint = "save the file as plain ASCII"
        yield Fault("ENCODING", row, text, "The line holds bytes that are not UTF-8 text.", hint)
        return
    try:
        fields = next(csv.reader([line], delimiter=",", quoting=csv.QUOTE_NONE), [])
    except csv.Error:
        limit = csv.field_size_limit()
        yield Fault("FIELD", row, text, f"A field has more than {limit} characters.", "write one id,score per line")
        return
    if len(fields) != 2:
        yield Fault("E1", row, text, "Wrong format: Each line must consist of 2 tokens", _hint_of_fields(line, fields))
        return
    image_id, score = (field.strip() for field in fields)
    yield from _faults_of_id(row, text, image_id, expected, named)
    yield from _faults_of_score(row, text, score)
    if fields != [image_id, score]:
        yield Fault("PADDING", row, text, "White space around the id or the score.", "write id,score without blanks")


def _faults_of_id(
    row: int, text: str, image_id: str, expected: dict[str, None], named: dict[str, int]
) -> Iterator[Fault]:
    if image_id not in expected:
        message = f"Figure ID '{shown(image_id)}' is not contained in testset."
        yield Fault("E2", row, text, message, _hint_of_id(row, image_id, expected))
    elif image_id in named:
        message = f"Figure ID '{shown(image_id)}' was specified more than once in submission file."
        yield Fault("E3", row, text, message, f"row {named[image_id]} names it already; keep one of the two")
    else:
        named[image_id] = row


def _faults_of_score(row: int, text: str, score: str) -> Iterator[Fault]:
    try:
        number = int(score)
    except ValueError:
        # Also more digits than Python converts (4300): the text is shown then, as the organisers' script does.
        yield Fault("E4", row, text, f"Wrong score '{shown(score)}'.", _hint_of_score(score))
        return
    if number not in {0, 1}:
        yield Fault("E4", row, text, f"Wrong score '{shown(str(number))}'.", _hint_of_score(score))
    elif score not in {"0", "1"}:
        yield Fault("SCORE", row, text, f"Score '{shown(score)}' is not the digit 0 or 1.", f"write {number}")


def _faults_of_count(rows: int, expected: dict[str, None], named: dict[str, int]) -> Iterator[Fault]:
    missing = [image_id for image_id in expected if image_id not in named]
    if missing:
        some = ", ".join(shown(image_id) for image_id in missing[:_LISTED])
        rest = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        hint = f"{len(named)} of {len(expected)} ids are named; missing: {some}{rest}"
        yield Fault("E5", rows, "", "Number of figure IDs in submission file not equal", hint)


def _hint_of_fields(line: str, fields: list[str]) -> str:
    if not line.strip():
        return "remove the empty row"
    return f"write id,score; the row has {len(fields)} field{'s' * (len(fields) != 1)} between commas"


def _hint_of_id(row: int, image_id: str, expected: dict[str, None]) -> str:
    if image_id.startswith("\ufeff"):
        return "the file starts with a byte-order mark; save it without"
    if "\0" in image_id:
        return "take out the NUL character (before Python 3.11 the organisers' script ends in a traceback here)"
    if image_id.strip("\"'") in expected:
        return "quotation marks are taken literally; leave them out"
    if image_id.rpartition(".")[0] in expected:
        return "write the id without the file's ending"
    if row == 1:
        return "a header is not allowed; the first row is an image already"
    return "use the ids of the test images, letter by letter (upper and lower case differ)"


def _hint_of_score(score: str) -> str:
    if "\0" in score:
        return "take out the NUL character (before Python 3.11 the organisers' script ends in a traceback here)"
    return "write 1 (used) or 0 (not used): decisions, no probabilities or words"
