"""What networks there are: names, sizes, layers and weights, known without loading torch or any network.

They are the rows of ``catalogue.csv``; a test holds these against the networks themselves and torchvision's enums.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Entry", "Published", "catalogue", "imagenet_member"]


@dataclass(frozen=True)
class Published:
    """A published weight file.

    Attributes
    ----------
    file
        Its name in torch's cache; or its path in an installed package that carries it, the package first.
    mib
        Its size.
    """

    file: str
    mib: float


@dataclass(frozen=True)
class Entry:
    """A network.

    Attributes
    ----------
    family
        Networks that are cut into layers alike.
    parameters
        Their number, with the classifier, and without Inception's second one.
    size
        Side of the input in pixels that its first weights were evaluated with.
    least, multiple
        Smallest side of the input in pixels, and what it must be a multiple of.
    layers
        Names of the layers that can be read, in order, and their dimensions; the last is read without a name.
    files
        Published weights by source as in params.yaml; others come from a file or are trained here.
    """

    family: str
    parameters: int
    size: int
    least: int
    multiple: int
    layers: dict[str, int]
    files: dict[str, Published]

    @property
    def dimension(self) -> int:
        """Length of the pooled features of the last layer."""
        return list(self.layers.values())[-1]


@cache
def catalogue() -> dict[str, Entry]:
    """Give every network by name."""
    with Path(__file__).with_name("catalogue.csv").open(encoding="utf-8", newline="") as lines:
        return {row["name"]: _entry(row) for row in csv.DictReader(lines)}


def _entry(row: dict[str, str]) -> Entry:
    layers = {name: int(dimension) for name, dimension in (part.split("=") for part in row["layers"].split())}
    parameters, size, least, multiple = (int(row[column]) for column in ("parameters", "size", "least", "multiple"))
    return Entry(row["family"], parameters, size, least, multiple, layers, dict(_files(row["files"])))


def _files(cell: str) -> Iterator[tuple[str, Published]]:
    for part in cell.split():
        source, file, mib = part.split("=")
        yield source, Published(file, float(mib))


def imagenet_member(source: str) -> str:
    """Give the member of torchvision's enum that a source ``imagenet`` or ``imagenet:MEMBER`` means.

    Examples
    --------
    >>> imagenet_member("imagenet"), imagenet_member("imagenet:IMAGENET1K_V2")
    ('IMAGENET1K_V1', 'IMAGENET1K_V2')
    """
    return source.partition(":")[2] or "IMAGENET1K_V1"
