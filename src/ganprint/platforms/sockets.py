"""Grand Challenge: which inputs a container was given, and the one output that this algorithm writes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.errors import InputError
from ganprint.evaluate.tables import ScoreTable

__all__ = ["Socket", "corpus_socket", "membership", "read_sockets"]

_ARCHIVES = (".zip",)


@dataclass(frozen=True)
class Socket:
    """One input: its slug, and its path below ``/input``."""

    slug: str
    relative_path: str

    @property
    def is_archive(self) -> bool:
        """Whether the platform hands it in as the content of a ZIP file."""
        return self.relative_path.lower().endswith(_ARCHIVES)


def read_sockets(content: bytes, name: str) -> list[Socket]:
    """Read ``inputs.json``, the file in which the platform describes the inputs of this very job.

    It is a list of objects; each describes its input under the key ``socket`` and, for the sake of older algorithms,
    once more under ``interface``. Files with the older key alone are read as well.

    Parameters
    ----------
    content
        The bytes of the file.
    name
        What to call it in messages.

    Raises
    ------
    InputError
        When it is not such a list, or a path leads out of the input folder.
    """
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: can not be read as JSON ({' '.join(str(error).split())})") from None
    if not isinstance(values, list) or not values:
        raise InputError(f"{name}: wanted is a list with one object per input, received {_kind(values)}")
    return [_socket(value, f"{name}, input {number}") for number, value in enumerate(values, start=1)]


def _socket(value: Any, name: str) -> Socket:
    described = value.get("socket", value.get("interface")) if isinstance(value, dict) else None
    if not isinstance(described, dict):
        raise InputError(f"{name}: wanted is an object with the key 'socket' (or 'interface'), received {_kind(value)}")
    slug, path = described.get("slug"), described.get("relative_path")
    if not isinstance(slug, str) or not isinstance(path, str):
        raise InputError(f"{name}: 'slug' and 'relative_path' must be text, received {slug!r} and {path!r}")
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise InputError(f"{name}: relative_path {path!r} leads out of the input folder")
    return Socket(slug, path)


def corpus_socket(sockets: Sequence[Socket], slug: str | None) -> Socket:
    """Choose the input that holds the images: the one called ``slug``, else the only ZIP file.

    Raises
    ------
    InputError
        When there is no such input, or more than one.
    """
    found = [socket for socket in sockets if socket.slug == slug] if slug else [s for s in sockets if s.is_archive]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{socket.slug} ({socket.relative_path})" for socket in sockets)
    wanted = f"an input socket '{slug}'" if slug else "exactly one input socket of kind ZIP file"
    raise InputError(f"inputs.json: wanted is {wanted}, with the images of the corpus; the inputs are {there}")


def membership(table: ScoreTable, probability: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Give the output: per real test image its id, probability of having been used, and decision, in the table's order.

    Parameters
    ----------
    table
        Scores and decisions of the run on the test split.
    probability
        [n], see :func:`ganprint.evaluate.calibration.probabilities`.
    """
    columns = (table.ids.tolist(), probability.tolist(), table.scores.tolist(), table.decisions.tolist())
    return [
        {"id": image_id, "probability": chance, "score": score, "used": bool(decision)}
        for image_id, chance, score, decision in zip(*columns, strict=True)
    ]


def _kind(value: Any) -> str:
    return "nothing" if value is None or value == [] else type(value).__name__
