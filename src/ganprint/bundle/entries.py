"""What goes into a bundle: files with what they are, and no images of patients."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ganprint.errors import InputError

__all__ = ["Entry", "Role", "refuse_images"]

Role = Literal["input", "output", "about"]

_FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    ".html": "text/html",
    ".md": "text/markdown",
}
_SBOM_FORMAT = "application/vnd.cyclonedx+json"
_EMBEDDED = re.compile("data:image/", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """One file of a bundle.

    Attributes
    ----------
    path
        In the bundle, with forward slashes.
    content
        Its bytes.
    title
        What it is, for people.
    role
        ``input`` of the pipeline, ``output`` of it, or ``about`` both.
    """

    path: str
    content: bytes
    title: str
    role: Role

    @property
    def format(self) -> str:
        """Its media type."""
        if self.path.endswith(".cdx.json"):
            return _SBOM_FORMAT
        return _FORMATS.get(PurePosixPath(self.path).suffix, "text/plain")


def refuse_images(entries: Iterable[Entry]) -> None:
    """Make sure that every file is text, and has no image embedded: a bundle of a real corpus is given away.

    Raises
    ------
    InputError
        With the first file that is not.
    """
    for entry in entries:
        try:
            text = entry.content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text or _EMBEDDED.search(text):
            raise InputError(f"{entry.path}: may hold an image, and this corpus is not the phantom; leave it out")
