"""The words of a corpus as types: what one image is and what the index says of all of them."""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["INDEX_COLUMNS", "CorpusImage", "Membership", "Role", "Split", "is_id", "natural_key"]

Role = Literal["real", "generated"]
Split = Literal["development", "test"]
Membership = Literal["used", "not_used", "unknown", ""]

INDEX_COLUMNS = ("id", "role", "split", "membership", "group", "path", "sha256", "width", "height")


@dataclass(frozen=True)
class CorpusImage:
    """One image of a corpus, ready to be stored.

    Attributes
    ----------
    id
        File stem, unique within its split and role.
    role
        ``real`` or ``generated``.
    split
        ``development`` or ``test``.
    membership
        ``used`` or ``not_used`` for development real images, ``unknown`` for test real images (their truth is kept
        apart), empty for generated images.
    group
        Patient or volume; the id itself when nothing is known; empty for generated images.
    png
        The bytes of an 8-bit grey PNG.
    width, height
        In pixels.
    conversion
        What was done to the image handed in to make it 8-bit grey; empty when its bytes are as they were.
    """

    id: str
    role: Role
    split: Split
    membership: Membership
    group: str
    png: bytes
    width: int
    height: int
    conversion: str = ""


def is_id(text: str) -> bool:
    """Say whether a text can be a file stem, and an unquoted first field of a submission.

    Examples
    --------
    >>> is_id("real_unknown_0001"), is_id("../up"), is_id("a,b")
    (True, False, False)
    """
    return text.isprintable() and text == text.strip() and text[:1] not in {"", "."} and not set(text) & set(',"/\\')


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts ``real_2`` before ``real_10``, so that names need not be zero-padded.

    Examples
    --------
    >>> sorted(["a10", "a2", "a1"], key=natural_key)
    ['a1', 'a2', 'a10']
    """
    parts = re.split(r"([0-9]+)", text)
    return tuple((1, int(part), part) if index % 2 else (0, 0, part) for index, part in enumerate(parts))
