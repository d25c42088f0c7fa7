"""What counts as a near-duplicate: few differing bits, or closer than real images of different groups ever are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.fingerprints import HASH_BITS
from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.pair_blocks import BLOCK, PairBlock, exact_distance, pair_blocks

__all__ = ["NearRule", "closeness", "near_masks", "near_rule"]

# Block distances are rounded, the limit is not: the pair that sets the limit must not fall below it.
_BELOW = 1 - 1e-6


@dataclass(frozen=True)
class NearRule:
    """The rule, with what chance does.

    Attributes
    ----------
    bits
        Largest number of differing bits of two perceptual hashes.
    limits
        By view: the smallest distance of two real images of different groups that are not near by their hashes, so
        that one duplicate across groups does not hide the others; None when there is no such pair, and then the view
        finds nothing.
    closest
        By view: positions of that pair.
    """

    bits: int
    limits: Mapping[str, float | None]
    closest: Mapping[str, tuple[int, int] | None]

    def near_by(self, bits: int, distances: Mapping[str, float]) -> list[str]:
        """Say which parts of the rule hold for one pair."""
        views = [name for name, limit in self.limits.items() if limit is not None and distances[name] < limit * _BELOW]
        return (["hash"] if bits <= self.bits else []) + views

    def as_dict(self, images: AuditImages) -> dict[str, Any]:
        """Give the rule as plain values for JSON."""
        pairs = {name: pair and [images.key(row) for row in pair] for name, pair in self.closest.items()}
        views = {name: {"closer_than": limit, "distance_of": pairs[name]} for name, limit in self.limits.items()}
        return {"hash": "pHash", "bits_at_most": self.bits, "bits": HASH_BITS, "views": views}


def near_rule(images: AuditImages, bits: int, *, block: int = BLOCK) -> NearRule:
    """Measure the chance level: how close real images of different groups come to one another in each view.

    Parameters
    ----------
    images
        Of both splits.
    bits
        Largest number of differing bits of near-duplicates.
    block
        Images of a side looked at together; the result does not depend on it.
    """
    best: dict[str, tuple[float, tuple[int, int] | None]] = dict.fromkeys(images.views, (np.inf, None))
    for pairs in pair_blocks(images, images.rows("real"), block=block):
        different = images.groups[pairs.rows][:, np.newaxis] != images.groups[pairs.columns][np.newaxis, :]
        usual = pairs.pairs & different & (pairs.bits > bits) & ~pairs.exact
        if not usual.any():
            continue
        for name, distances in pairs.distances.items():
            masked = np.where(usual, distances, np.inf)
            i, j = np.unravel_index(int(masked.argmin()), masked.shape)
            pair = (int(pairs.rows[i]), int(pairs.columns[j]))
            best[name] = min(
                best[name],
                (exact_distance(images.views[name], *pair), pair),
                key=lambda found: (found[0], found[1] or ()),
            )
    return NearRule(
        bits,
        {name: None if pair is None else distance for name, (distance, pair) in best.items()},
        {name: pair for name, (_, pair) in best.items()},
    )


def near_masks(pairs: PairBlock, rule: NearRule) -> dict[str, NDArray[np.bool_]]:
    """Say for each pair of a block by what it is near: ``exact``, ``hash``, each view, and ``near`` for any of them."""
    masks = {"exact": pairs.exact, "hash": pairs.bits <= rule.bits}
    for name, distances in pairs.distances.items():
        limit = rule.limits[name]
        masks[name] = np.zeros(distances.shape, np.bool_) if limit is None else distances < limit * _BELOW
    return masks | {"near": np.logical_or.reduce(list(masks.values()))}


def closeness(pairs: PairBlock, rule: NearRule, masks: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Give the order in which near pairs are listed: -1 for exact ones, else the least share of a limit that is used.

    Parameters
    ----------
    pairs, rule
        The block and the rule.
    masks
        Of :func:`near_masks`.

    Returns
    -------
    [a, b], infinite for pairs that are not near.
    """
    order = np.where(masks["hash"], pairs.bits / (rule.bits + 1), np.inf)
    for name, distances in pairs.distances.items():
        limit = rule.limits[name]
        if limit:
            order = np.where(masks[name], np.minimum(order, distances / limit), order)
    # Rounded, so that the last digits of a matrix product, which vary with the block, decide no order.
    return np.asarray(np.where(masks["exact"], -1.0, np.round(order, 9)))
