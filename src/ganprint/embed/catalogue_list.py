"""The catalogue as a table and as plain values, with what of its weights is here without a network."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ganprint.embed.catalogue import Entry, catalogue
from ganprint.embed.catalogue_weights import whereabouts

__all__ = ["Listed", "families", "listed", "table"]

_HERE = ("packaged", "cached")
_NUMBERED = re.compile(r"(.*?)(\d+)")
_HEAD = ("name", "family", "parameters", "dimension", "input", "MiB", "weights", "layers")
_RIGHT = ("parameters", "dimension", "input", "MiB")


@dataclass(frozen=True)
class Listed:
    """A network, and where each of its published weights is: ``packaged``, ``cached``, ``network``, ..."""

    name: str
    entry: Entry
    weights: dict[str, str]

    @property
    def offline(self) -> bool:
        """Whether there are weights that need no network: here, or trained here."""
        return self.entry.family == "autoencoder" or any(where in _HERE for where in self.weights.values())

    def as_dict(self) -> dict[str, Any]:
        """Give plain values."""
        entry = self.entry
        weights = {
            source: {"where": where, "file": entry.files[source].file, "mib": entry.files[source].mib}
            for source, where in self.weights.items()
        }
        return {
            "name": self.name,
            "family": entry.family,
            "parameters": entry.parameters,
            "dimension": entry.dimension,
            "input": {"size": entry.size, "least": entry.least, "multiple": entry.multiple},
            "layers": entry.layers,
            "offline": self.offline,
            "weights": weights,
        }

    def cells(self) -> dict[str, str]:
        """Give the row of the table: the size is that of the first weights."""
        entry = self.entry
        first = next(iter(entry.files.values()), None)
        return {
            "name": self.name,
            "family": entry.family,
            "parameters": f"{entry.parameters:,}",
            "dimension": str(entry.dimension),
            "input": str(entry.size),
            "MiB": "" if first is None else f"{first.mib:.1f}",
            "weights": self._where(),
            "layers": " ".join(_short(entry.layers)),
        }

    def _where(self) -> str:
        if not self.weights:
            return "pretrained-here" if self.entry.family == "autoencoder" else "file:PATH"
        said = {source: where if where == source else f"{where} ({source})" for source, where in self.weights.items()}
        here = [said[source] for source, where in self.weights.items() if where in _HERE]
        return "; ".join(here) or next(iter(self.weights.values()))


def families() -> list[str]:
    """Give the families in the order of the catalogue."""
    return list(dict.fromkeys(entry.family for entry in catalogue().values()))


def listed(family: str | None = None, *, offline: bool = False) -> list[Listed]:
    """Give the networks of a family, or of all, and only those that need no network when ``offline``."""
    found = []
    for name, entry in catalogue().items():
        if family in (None, entry.family):
            found.append(Listed(name, entry, {source: whereabouts(file) for source, file in entry.files.items()}))
    return [one for one in found if one.offline or not offline]


def _short(layers: Iterable[str]) -> Iterator[str]:
    """Join the numbers of layers that are named alike.

    Examples
    --------
    >>> list(_short(["layer1", "layer2", "layer3", "norm"])), list(_short(["features.1", "features.3"]))
    (['layer1-3', 'norm'], ['features.1,3'])
    """
    for prefix, group in groupby(layers, lambda name: (match := _NUMBERED.fullmatch(name)) and match[1]):
        names = list(group)
        if not prefix:
            yield from names
            continue
        numbers = [int(name.removeprefix(prefix)) for name in names]
        consecutive = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
        yield prefix + (f"{numbers[0]}-{numbers[-1]}" if consecutive else ",".join(map(str, numbers)))


def table(networks: Iterable[Listed]) -> list[str]:
    """Give the lines of a table for a terminal."""
    rows = [dict(zip(_HEAD, _HEAD, strict=True)), *(one.cells() for one in networks)]
    widths = {column: max(len(row[column]) for row in rows) for column in _HEAD}
    return [
        "  ".join(f"{row[column]:{'>' if column in _RIGHT else '<'}{widths[column]}}" for column in _HEAD).rstrip()
        for row in rows
    ]
