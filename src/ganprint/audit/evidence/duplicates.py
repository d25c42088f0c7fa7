"""Exact and near duplicates among the images of a corpus, counted over all pairs and listed up to a cap.

Near-duplicates between used and not used images, or between splits, blur what a run's figures mean; near-duplicates
between real and generated images ask for a look: identical ones are copies, and a blurred generator can be closer to
every patient than patients are to each other without having copied one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.fingerprints import HASH_BITS
from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.near import NearRule, closeness, near_masks
from ganprint.audit.evidence.pair_blocks import BLOCK, PairBlock, exact_distance, pair_blocks

__all__ = ["LISTED", "Duplicates", "find_duplicates"]

LISTED = 50
"""Pairs listed per relation; counts have no cap."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Duplicates:
    """What was found.

    Attributes
    ----------
    content
        Plain values for JSON.
    generated_near_real
        [n] over all images of the corpus: generated images that are an exact or near duplicate of a real one.
    """

    content: dict[str, Any]
    generated_near_real: NDArray[np.bool_]


@dataclass(frozen=True)
class _Relation:
    name: str
    title: str
    belongs: Callable[[AuditImages, PairBlock], Mask | bool]


def find_duplicates(images: AuditImages, rule: NearRule, *, listed: int = LISTED, block: int = BLOCK) -> Duplicates:
    """Look at all pairs of real images, of real with generated, and of generated images.

    Parameters
    ----------
    images
        Of both splits.
    rule
        What counts as near.
    listed
        Pairs listed per relation, the closest first; generated pairs are counted alone.
    block
        Images of a side looked at together; no result depends on it.
    """
    real, generated = images.rows("real"), images.rows("generated")
    among_real = _tally(images, rule, _REAL, (real, None), listed=listed, block=block)
    across = _tally(images, rule, _ACROSS, (real, generated), listed=listed, block=block)
    among_generated = _tally(images, rule, _GENERATED, (generated, None), listed=0, block=block)
    tallies = {tally.relation.name: tally for tally in [*among_real, *across, *among_generated]}
    chance = tallies["between_groups"].share("hash")
    content = {
        "version": 1,
        "rule": rule.as_dict(images),
        "listed_at_most": listed,
        # What unrelated patients give: a count of near hashes says little until it exceeds this.
        "chance": {"hash_share": chance},
        "relations": {name: tally.as_dict(chance) for name, tally in tallies.items()},
    }
    return Duplicates(content, across[0].involved & (images.roles == "generated"))


def _differ(column: NDArray[np.str_], block: PairBlock) -> Mask:
    return np.asarray(column[block.rows][:, np.newaxis] != column[block.columns][np.newaxis, :])


def _labels_differ(images: AuditImages, block: PairBlock) -> Mask:
    labelled = images.memberships != "unknown"
    both = labelled[block.rows][:, np.newaxis] & labelled[block.columns][np.newaxis, :]
    return np.asarray(both & _differ(images.memberships, block))


_REAL = (
    _Relation("real", "real images", lambda *_: True),
    _Relation("within_group", "real images of one group", lambda images, block: ~_differ(images.groups, block)),
    _Relation("between_groups", "real images of different groups", lambda images, block: _differ(images.groups, block)),
    _Relation("used_not_used", "used with not used development images", _labels_differ),
    _Relation(
        "across_splits", "real development with real test images", lambda images, block: _differ(images.splits, block)
    ),
)
_ACROSS = (_Relation("real_generated", "real with generated images", lambda *_: True),)
_GENERATED = (_Relation("generated", "generated images", lambda *_: True),)


def _tally(
    images: AuditImages,
    rule: NearRule,
    relations: tuple[_Relation, ...],
    sides: tuple[NDArray[np.intp], NDArray[np.intp] | None],
    *,
    listed: int,
    block: int,
) -> list["_Tally"]:
    tallies = [_Tally(relation, images, rule, listed) for relation in relations]
    for pairs in pair_blocks(images, *sides, block=block):
        masks = near_masks(pairs, rule)
        order = closeness(pairs, rule, masks)
        for tally in tallies:
            tally.add(pairs, masks, order)
    return tallies


class _Tally:
    """Counts and the closest pairs of one relation, block after block."""

    def __init__(self, relation: _Relation, images: AuditImages, rule: NearRule, listed: int) -> None:
        self.relation, self._images, self._rule, self._listed = relation, images, rule, listed
        self._pairs = 0
        self._counts = dict.fromkeys(["exact", "hash", *images.views, "near"], 0)
        self._closest: list[tuple[float, int, int, int, bool]] = []
        self.involved = np.zeros(len(images.ids), dtype=np.bool_)

    def add(self, block: PairBlock, masks: dict[str, Mask], order: NDArray[np.float64]) -> None:
        mine = block.pairs & self.relation.belongs(self._images, block)
        self._pairs += int(mine.sum())
        for name, mask in masks.items():
            self._counts[name] += int((mine & mask).sum())
        near = mine & masks["near"]
        self.involved[block.rows[near.any(axis=1)]] = True
        self.involved[block.columns[near.any(axis=0)]] = True
        if self._listed:
            self._keep(block, near, order)

    def _keep(self, block: PairBlock, near: Mask, order: NDArray[np.float64]) -> None:
        a, b = np.nonzero(near)
        # A block keeps no more than could be listed in the end; ties go by position, as in the whole.
        best = np.lexsort((block.columns[b], block.rows[a], order[a, b]))[: self._listed]
        found = [
            (
                float(order[i, j]),
                int(block.rows[i]),
                int(block.columns[j]),
                int(block.bits[i, j]),
                bool(block.mirrored[i, j]),
            )
            for i, j in zip(a[best], b[best], strict=True)
        ]
        self._closest = sorted(self._closest + found)[: self._listed]

    def share(self, name: str) -> float | None:
        return self._counts[name] / self._pairs if self._pairs else None

    def as_dict(self, chance: float | None) -> dict[str, Any]:
        return {
            "title": self.relation.title,
            "pairs": self._pairs,
            "counts": self._counts,
            "hash_expected": None if chance is None else chance * self._pairs,
            "images": self._by_kind(),
            "listed": [self._listing(*pair[1:]) for pair in self._closest],
        }

    def _by_kind(self) -> list[dict[str, Any]]:
        """Count images with a near-duplicate in this relation by split, role and membership."""
        images, found = self._images, []
        kinds = zip(images.splits, images.roles, images.memberships, strict=True)
        names = np.array([f"{split}/{role}/{membership}".rstrip("/") for split, role, membership in kinds])
        for name in np.unique(names):
            here = names == name
            found.append({"kind": str(name), "images": int(here.sum()), "near": int((here & self.involved).sum())})
        return found

    def _listing(self, left: int, right: int, bits: int, mirrored: bool) -> dict[str, Any]:
        images = self._images
        distances = {name: exact_distance(view, left, right) for name, view in images.views.items()}
        pixels = images.fingerprints.pixels
        return {
            "left": images.describe(left),
            "right": images.describe(right),
            "exact": bool(pixels[left] == pixels[right]),
            "bits": bits,
            "of": HASH_BITS,
            "mirrored": mirrored,
            "distances": distances,
            "near_by": self._rule.near_by(bits, distances),
        }
