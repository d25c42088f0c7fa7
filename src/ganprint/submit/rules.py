"""The rules of a submission: what each fault is called, and how the organisers word it.

The official rules are those of the organisers' validator of 2023, established by running it. Four codes are our own:
two name the files on which that validator ends in a traceback, two belong to the level ``strict`` alone.

======== =========================================================================================
code     fault
======== =========================================================================================
E1       a row that has not two fields separated by one comma
E2       an id that is not in the list of test ids
E3       an id that an earlier row has named
E4       a score that Python's ``int()`` does not read as 0 or 1
E5       not all ids are named
ENCODING bytes that are no text in UTF-8: the organisers' script ends in a traceback
FIELD    a field of more than 131 072 characters: the organisers' script ends in a traceback
SCORE    strict alone: ``int()`` reads 0 or 1, but other readers may not (``+1``, ``01``, ``-0``, ``0_1``, ``１``)
PADDING  strict alone: white space around the id or the score
======== =========================================================================================

Line ends (LF, CRLF, CR), the order of the ids and a missing last line end are free at both levels.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["CRASHES", "ENDING", "STRICT_ONLY", "Code", "Fault", "Level", "Report", "shown"]

Level = Literal["official", "strict"]
Code = Literal["E1", "E2", "E3", "E4", "E5", "ENCODING", "FIELD", "SCORE", "PADDING"]

CRASHES: frozenset[Code] = frozenset({"ENCODING", "FIELD"})
STRICT_ONLY: frozenset[Code] = frozenset({"SCORE", "PADDING"})

# Their spelling.
ENDING = " Error occured at line nbr {row}."
_SHOWN = 80


def shown(text: str) -> str:
    r"""Make foreign text fit for a terminal: unprintable characters escaped, cut after 80 characters.

    Examples
    --------
    >>> shown("\ufeffreal_unknown_0001")
    '\\ufeffreal_unknown_0001'
    """
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    # A blank of an unusual kind is unprintable to Python and, rightly, escaped too.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


@dataclass(frozen=True)
class Fault:
    """One fault of a submission.

    Attributes
    ----------
    code
        See the table of this module.
    row
        Row and line number from 1 (they are the same: quotes are literal, so no field runs over a line end); for E5 the
        last row, 0 in an empty file.
    text
        The line, made fit for a terminal; empty for E5.
    message
        What the organisers' script says, in outline and without its ending; for our own codes, our words.
    hint
        What to do.
    """

    code: Code
    row: int
    text: str
    message: str
    hint: str


@dataclass(frozen=True)
class Report:
    """The verdict on one submission.

    Attributes
    ----------
    level
        The rules that were applied.
    expected
        Number of ids that must be named.
    rows
        Number of rows found.
    faults
        All faults, by row.
    first
        The fault at which the organisers' script stops; ``None`` when it accepts the file (a strict fault does not
        stop it).
    """

    level: Level
    expected: int
    rows: int
    faults: tuple[Fault, ...]
    first: Fault | None

    @property
    def valid(self) -> bool:
        """Whether the file keeps all rules of the level."""
        return not self.faults

    @property
    def organisers_status(self) -> int:
        """Exit status of the organisers' script: 0 even when it rejects the file, 1 when it ends in a traceback."""
        return int(self.first is not None and self.first.code in CRASHES)

    @property
    def organisers_verdict(self) -> str:
        """What the organisers' script says of the file, in outline."""
        if self.first is None:
            return "The format of your submission file is correct."
        if self.first.code in CRASHES:
            return f"The script ends in a traceback at line {self.first.row}: {self.first.message}"
        return self.first.message + ENDING.format(row=self.first.row)
