"""All images of a corpus as the audit sees them: who they are, their fingerprints, and rows of features per view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.fingerprints import Fingerprints
from ganprint.corpus.index import Role, Split

__all__ = ["AuditImages", "image_key"]


def image_key(split: str, role: str, name: str) -> str:
    """Give the text that names one image of a corpus, since ids are unique within split and role alone.

    Examples
    --------
    >>> image_key("test", "real", "real_unknown_0001")
    'test/real/real_unknown_0001'
    """
    return f"{split}/{role}/{name}"


@dataclass(frozen=True)
class AuditImages:
    """Columns of n images, row i of every column and view being image i.

    Attributes
    ----------
    ids, roles, splits, memberships, groups
        [n], as in the corpus' index: test images are ``unknown``, generated ones have neither membership nor group.
    fingerprints
        Of their pixels.
    views
        By name: [n, d], float32 or uint8, in which Euclidean distance means something.
    """

    ids: NDArray[np.str_]
    roles: NDArray[np.str_]
    splits: NDArray[np.str_]
    memberships: NDArray[np.str_]
    groups: NDArray[np.str_]
    fingerprints: Fingerprints
    views: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        columns = [self.roles, self.splits, self.memberships, self.groups, self.fingerprints.hashes]
        lengths = {len(column) for column in [*columns, *self.views.values()]}
        if lengths != {len(self.ids)}:
            raise ValueError(f"{len(self.ids)} images, but columns and views of {sorted(lengths)} rows")

    def rows(self, role: Role, split: Split | None = None) -> NDArray[np.intp]:
        """Give the positions of the images of a role, of one split or of both."""
        chosen = self.roles == role
        return np.flatnonzero(chosen if split is None else chosen & (self.splits == split))

    def key(self, row: int) -> str:
        """Give the text that names one image."""
        return image_key(self.splits[row], self.roles[row], self.ids[row])

    def describe(self, row: int) -> dict[str, str]:
        """Give one image as plain values for JSON."""
        columns = {"id": self.ids, "role": self.roles, "split": self.splits}
        columns |= {"membership": self.memberships, "group": self.groups}
        return {"key": self.key(row), **{name: str(column[row]) for name, column in columns.items()}}
