"""Evidence of an inspection: the most suspicious real images and their nearest generated ones, as pictures."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.fingerprints import fingerprint, stack
from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.patches import patch_side
from ganprint.audit.evidence.pictures import encode_pictures
from ganprint.audit.evidence.search import EvidenceSearch, find_evidence
from ganprint.corpus.gallery import Gallery
from ganprint.seeds import generator
from ganprint.stages.inspect_attacks import Inspected, KeptSeen
from ganprint.stages.inspect_options import InspectOptions
from ganprint.stages.inspect_people import People

__all__ = ["evidence_of"]

_RANDOM = 300
"""Random generated images that are at hand beside the nearest ones: matched regions are set against some of them."""

# A pair's distance in a block is rounded: it must not count as closer than itself.
_BELOW = 1 - 1e-6

Floats = NDArray[np.float64]
Sights = Sequence[tuple[Inspected, KeptSeen]]


def evidence_of(
    people: People, sights: Sights, options: InspectOptions, advance: Callable[[str, int, int], object]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Collect the evidence, and the pictures that it shows, by key.

    The order of suspicion is that of :func:`ganprint.audit.evidence.suspicion.rank_suspects`. Only the generated images
    near the suspects, and some at random, are looked at; the share of all pairs that are closer is counted in a pass.

    Parameters
    ----------
    people
        Who is inspected.
    sights
        Every view and what is seen in it by Euclidean distance.
    options
        Of the inspection.
    advance
        Told (what goes on, done, total).
    """
    chosen = _generated(people, sights, options)
    load = _Loader(people.galleries["real"], people.galleries["generated"], chosen)
    images, smallest = _images(people, sights, chosen, load, options.threads)
    search = EvidenceSearch(options.images, options.evidences, patch_side(options.patch, smallest))
    total, done = min(options.images, len(people.real_groups)), 0

    def one(step: int) -> None:
        nonlocal done
        done += step
        advance("evidence", done, total)

    evidence = find_evidence(images, search, load, generator(options.seed, "inspect", "evidence"), one)
    evidence["suspects"] = _with_shares(evidence["suspects"], sights, len(people.real_groups))
    rows = {images.key(row): row for row in range(len(images.ids))}
    keys = sorted({about["image"]["key"] for found in evidence["suspects"] for about in [found, *found["evidences"]]})
    pictures, quality = encode_pictures(load, [rows[key] for key in keys])
    evidence["pictures"] = {"format": "webp", "quality": quality, "keys": keys}
    return evidence, {key: pictures[rows[key]] for key in keys}


class _Loader:
    """Gives the grey values of the real images, and after them those of the chosen generated ones."""

    def __init__(self, real: Gallery, generated: Gallery, chosen: NDArray[np.intp]) -> None:
        self._real, self._generated, self._chosen = real, generated, chosen

    def __call__(self, row: int) -> NDArray[np.uint8]:
        if row < len(self._real):
            return self._real.load(row)[0]
        return self._generated.load(int(self._chosen[row - len(self._real)]))[0]


def _generated(people: People, sights: Sights, options: InspectOptions) -> NDArray[np.intp]:
    """Choose the generated images that are nearest to the suspects, and some at random."""
    n, count = len(people.real_groups), len(people.galleries["generated"])
    same = people.real_groups[:, np.newaxis] == people.real_groups[np.newaxis, :]
    ratios, near = [], []
    for _, seen in sights:
        found = seen.neighbours(options.evidences)
        other = np.where(same, np.inf, seen.real_distances()[:n, :n]).min(axis=1)
        first = found.distances[:n, 0]
        divided = np.divide(first, other, out=np.full(n, np.inf), where=np.isfinite(other) & (other > 0))
        ratios.append(np.where(first == 0, 0.0, divided))
        near.append(found.positions[:n, : options.evidences])
    suspects = np.argsort(np.min(ratios, axis=0), kind="stable")[: options.images]
    drawn = generator(options.seed, "inspect", "random").permutation(count)[:_RANDOM]
    return np.unique(np.concatenate([drawn, *(positions[suspects].ravel() for positions in near)])).astype(np.intp)


def _images(
    people: People, sights: Sights, chosen: NDArray[np.intp], load: _Loader, threads: int
) -> tuple[AuditImages, int]:
    n, m = len(people.real_groups), len(chosen)
    with ThreadPoolExecutor(threads) as pool:
        looked = list(pool.map(lambda row: _looked(load(row)), range(n + m)))
    views = {
        inspected.name: np.concatenate([inspected.scored[:n], inspected.generated.take(chosen.tolist())])
        for inspected, _ in sights
    }
    images = AuditImages(
        ids=np.concatenate([people.galleries["real"].ids, people.galleries["generated"].ids[chosen]]),
        roles=np.repeat(["real", "generated"], [n, m]),
        splits=np.full(n + m, "test"),
        memberships=np.repeat(["unknown", ""], [n, m]),
        groups=np.concatenate([people.real_groups, np.full(m, "")]),
        fingerprints=stack(found for found, _ in looked),
        views=views,
    )
    return images, min(side for _, side in looked)


def _looked(grey: NDArray[np.uint8]) -> tuple[Any, int]:
    return fingerprint(grey), min(grey.shape)


def _with_shares(suspects: list[dict[str, Any]], sights: Sights, n: int) -> list[dict[str, Any]]:
    """Count, over all generated images, the pairs that are closer than each pair that is shown."""
    for inspected, seen in sights:
        found = [pair for suspect in suspects for pair in suspect["evidences"] if pair["view"] == inspected.name]
        scale = 255.0 if inspected.view.grey else 1.0
        shares = _shares(seen, n, np.array([pair["distance"] for pair in found]) / scale)
        for pair, share in zip(found, shares, strict=True):
            pair["closer"]["real_generated"] = float(share)
    return [{**suspect, "image": _named(suspect["image"])} for suspect in suspects]


def _named(image: Mapping[str, str]) -> dict[str, str]:
    # The viewer speaks of splits, and here there are none.
    return {**image, "split": "inspected"}


def _shares(seen: KeptSeen, n: int, limits: Floats) -> Floats:
    order = np.argsort(limits, kind="stable")
    ascending = limits[order] * _BELOW
    counts, pairs = np.zeros(len(limits) + 1, dtype=np.int64), 0
    for rows in seen.blocks():
        distances = seen.measure.to(rows)[:n]
        pairs += distances.size
        near = distances[distances < ascending[-1]]
        counts += np.bincount(np.searchsorted(ascending, near, side="right"), minlength=len(counts))
    shares = np.empty(len(limits))
    shares[order] = counts.cumsum()[:-1] / pairs
    return shares
