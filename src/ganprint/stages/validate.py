"""The command ``validate``: the official rules applied to a file."""

from pathlib import Path

from ganprint.errors import InputError
from ganprint.submit.ids import read_ids
from ganprint.submit.validator import validate

__all__ = ["validate_file"]


def validate_file(file: Path, ids_file: Path, *, strict: bool) -> tuple[bool, list[str]]:
    """Judge a submission file.

    Returns
    -------
    Whether it is valid, and what to tell the user.

    Raises
    ------
    InputError
        When one of the files can not be read.
    """
    ids = read_ids(_bytes(ids_file), str(ids_file))
    report = validate(_bytes(file), ids, level="strict" if strict else "official")
    if report.valid:
        return True, [f"{file}: valid, {len(ids)} images"]
    lines = [f"{file}: not valid, {len(report.faults)} faults"]
    for fault in report.faults:
        mark = "  <- the organisers' script stops here" if fault is report.first else ""
        lines.append(f"  line {fault.row}: {fault.code}: {fault.message} ({fault.hint}){mark}")
    if report.first is None:
        lines.append("  The organisers' script would accept the file.")
    return False, lines


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror}); check the path") from None
