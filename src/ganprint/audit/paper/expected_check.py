"""One checkable number: how it is compared, and what its verdict depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from ganprint.audit.paper.expected_tree import TreeNumbers

__all__ = ["VERDICTS", "Expected", "Here", "Verdict", "checked", "of_images"]

Verdict = Literal["reproduced", "differs", "not checkable without the official images"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""In the order in which they are shown."""


@dataclass(frozen=True)
class Expected:
    """One number.

    Attributes
    ----------
    id, what
        Name, and what it counts or measures.
    published
        As printed, or as established from the code.
    here
        What comes out here; ``None`` when there is nothing to compute it from.
    verdict
        See :mod:`ganprint.audit.paper.expected`.
    note
        By how much it differs and why, or how it was computed.
    source
        Where the number stands.
    """

    id: str
    what: str
    published: Any
    here: Any
    verdict: Verdict
    note: str
    source: str


@dataclass(frozen=True)
class Here:
    """What the corpus and the networks at hand give.

    Attributes
    ----------
    official
        Whether the corpus is the organisers'.
    counts
        Images by split, role and membership, as in corpus.json; empty when there is no corpus.
    sizes
        Images by ``WIDTHxHEIGHT``.
    parameters
        Network to number of parameters.
    outputs
        Depth of a relation backbone to its output [C, h, w] for an image of 256 x 256 pixels.
    tree
        Development tree on the features of run 2; ``None`` without them.
    nonzero
        ``rows not used``, ``rows generated``, ``nonzero not used``, ``nonzero generated`` and ``width`` of the
        development features of run 3; empty without them.
    ones
        Answers "used" of run clustering-as-coded on the test split; ``None`` without it.
    keras
        Whether the features of runs 2 and 3 are those of Keras' networks with Keras' weights.
    """

    official: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[int, Sequence[int]] = field(default_factory=dict)
    tree: TreeNumbers | None = None
    nonzero: Mapping[str, int] = field(default_factory=dict)
    ones: int | None = None
    keras: bool = False


def checked(name: str, what: str, published: Any, here: Any, source: str, *, within: float = 0.0) -> Expected:
    """Compare what does not depend on images."""
    if isinstance(published, int | float) and isinstance(here, int | float):
        off = here - published
        same = abs(off) <= within
        note = f"within {within:g}" if same and within else "" if same else f"by {off:+.4g}"
    else:
        same = published == here
        note = "" if same else f"received {here}"
    return Expected(name, what, published, here, "reproduced" if same else "differs", note, source)


def of_images(here: Here, row: Expected, why: str = "") -> Expected:
    """Take the verdict back where the corpus is not the organisers', and say why a number differs where it is."""
    if here.official and row.here is not None:
        return replace(row, note=f"{row.note}; {why}") if row.verdict == "differs" and why else row
    note = "nothing here to compute it from" if row.here is None else "value here for information"
    return replace(row, verdict="not checkable without the official images", note=note)
