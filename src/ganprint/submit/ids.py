"""The ids that a submission must name: one per real test image, each once."""

import io
from collections.abc import Sequence

from ganprint.errors import InputError

__all__ = ["check_ids", "fault_of_id", "read_ids"]


def fault_of_id(image_id: str) -> str | None:
    """Say why an id can not stand in a submission, or ``None`` when it can.

    Refused is what a reader of the file could split, trim, unquote or decode in another way than it was meant.

    Examples
    --------
    >>> fault_of_id("real_unknown_0001") is None
    True
    >>> fault_of_id("a,b")
    'it holds a comma, which separates the fields'
    """
    faults = {
        "it is empty": not image_id,
        "it holds a character outside ASCII": not image_id.isascii(),
        "it holds a control character": not image_id.isprintable(),
        "it starts or ends with a blank, which readers take away": image_id != image_id.strip(),
        "it holds a comma, which separates the fields": "," in image_id,
        "it holds a quotation mark, which some readers take away": '"' in image_id,
    }
    return next((reason for reason, found in faults.items() if found), None)


def check_ids(ids: Sequence[str], name: str) -> None:
    """Refuse ids that a submission can not name; ``name`` says in the message where they come from.

    Raises
    ------
    InputError
        When there is no id, one is unfit for a submission, or one stands twice.
    """
    if not ids:
        raise InputError(f"{name}: no ids; give one id per real test image")
    seen: dict[str, int] = {}
    for number, image_id in enumerate(ids, start=1):
        if reason := fault_of_id(image_id):
            raise InputError(f"{name}: id {number} is {image_id!a}: {reason}; use the file stems of the test images")
        if image_id in seen:
            raise InputError(
                f"{name}: id {number}, {image_id!a}, was id {seen[image_id]} already; name each image once"
            )
        seen[image_id] = number


def read_ids(content: bytes, name: str) -> list[str]:
    """Read the list of test ids: one per line, any line ends, with or without one after the last.

    Parameters
    ----------
    content
        The bytes of the file, such as the organisers' ``image_ids.txt``.
    name
        What to call the file in messages.

    Raises
    ------
    InputError
        When the content is not UTF-8, is empty, or holds an empty line, an unfit id or one id twice.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: byte {error.start} is not UTF-8; save the list of ids as plain ASCII") from None
    ids = [line.rstrip() for line in io.StringIO(text, newline=None)]
    check_ids(ids, name)
    return ids
