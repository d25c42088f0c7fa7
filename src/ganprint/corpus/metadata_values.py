"""Cells of a metadata table: what is missing, what is a number, what is a date."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

__all__ = ["MISSING", "as_days", "as_number", "dates_among", "is_missing", "numbers_of"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""What stands for an unknown value, in any case."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?")
_YEAR_LAST = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}|[0-9]{4})([T ,].*)?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?")
_COMPACT = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
# Seconds since 1970 of the years 2001 to 2100, and the same in thousandths, millionths and billionths of a second.
_EPOCH = tuple((1e9 * scale, 4.11e9 * scale) for scale in (1, 1e3, 1e6, 1e9))


def is_missing(cell: str) -> bool:
    """Say whether a cell stands for an unknown value.

    Examples
    --------
    >>> is_missing("NaN"), is_missing("0")
    (True, False)
    """
    return cell.strip().casefold() in MISSING


def as_number(cell: str) -> float | None:
    """Give the finite number that a cell is, with a decimal point; None when it is none.

    Examples
    --------
    >>> as_number("1e3"), as_number("0x10"), as_number("1e999")
    (1000.0, None, None)
    """
    if _NUMBER.fullmatch(cell) is None:
        return None
    number = float(cell)
    return number if math.isfinite(number) else None


def numbers_of(cells: Sequence[str]) -> list[float] | None:
    """Give the numbers that all cells are; None when there is no cell, or one that is no number."""
    numbers = [number for cell in cells if (number := as_number(cell)) is not None]
    return numbers if numbers and len(numbers) == len(cells) else None


def dates_among(cells: Sequence[str]) -> list[str]:
    """Give the cells that look like a date, a time of day, or seconds (or parts of them) since 1970.

    Empty when they are fewer than half of the known cells: a number may look like a date by chance.

    Examples
    --------
    >>> dates_among(["2021-03-04", "4.3.2021", "20210304", "1614816000"])
    ['2021-03-04', '4.3.2021', '20210304', '1614816000']
    >>> dates_among(["63", "1.5", "20210304"])
    []
    """
    known = [cell for cell in cells if cell]
    dates = [cell for cell in known if _is_date(cell)]
    return dates if 2 * len(dates) >= len(known) else []


def _is_date(cell: str) -> bool:
    if any(pattern.fullmatch(cell) for pattern in (_YEAR_FIRST, _YEAR_LAST, _CLOCK, _COMPACT)):
        return True
    number = as_number(cell)
    return number is not None and any(low <= number <= high for low, high in _EPOCH)


def as_days(cell: str) -> float | None:
    """Give the days since 1970-01-01 of YYYY-MM-DD (with or without a time) or YYYYMMDD; None for anything else.

    Examples
    --------
    >>> as_days("1970-01-02"), as_days("1970-01-01T12:00"), as_days("19700102"), as_days("1.2.1970")
    (1.0, 0.5, 1.0, None)
    """
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    start = datetime.combine(date(1970, 1, 1), datetime.min.time(), UTC)
    return (moment - start).total_seconds() / 86400
