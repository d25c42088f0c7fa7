"""Evidence: for the most suspicious real images the nearest generated ones, and how unusual that nearness is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.fingerprints import bits_between
from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.regions import RegionFinder
from ganprint.audit.evidence.shares import shares_below
from ganprint.audit.evidence.suspicion import Neighbours, Suspect, find_neighbours, rank_suspects
from ganprint.corpus.index import Split

__all__ = ["REFERENCES", "EvidenceSearch", "find_evidence"]

REFERENCES = 30
"""Random generated images against which a matched region is set."""

Load = Callable[[int], NDArray[np.uint8]]


@dataclass(frozen=True)
class EvidenceSearch:
    """What to look for.

    Attributes
    ----------
    images
        Most suspicious real images per split.
    evidences
        Nearest generated images per real image and view.
    patch
        Side in pixels of the patches, see :func:`ganprint.audit.evidence.patches.patch_side`.
    references
        Random generated images for the correlations' reference.
    """

    images: int
    evidences: int
    patch: int
    references: int = REFERENCES


def find_evidence(
    images: AuditImages,
    search: EvidenceSearch,
    load: Load,
    rng: np.random.Generator,
    advance: Callable[[int], object] = lambda _: None,
) -> dict[str, Any]:
    """Collect the evidence of both splits.

    Parameters
    ----------
    images
        Of the corpus.
    search
        What to look for.
    load
        Gives image i as grey [h, w].
    rng
        For the reference images.
    advance
        Told 1 per suspicious image that is done.

    Returns
    -------
    Plain values: ``version``, ``views``, ``patch``, ``references`` and ``suspects``, the most suspicious first within
    each split.
    """
    suspects: list[dict[str, Any]] = []
    for split in get_args(Split):
        generated = images.rows("generated", split)
        if not len(images.rows("real", split)) or not len(generated):
            continue
        # As many more as one real image's own neighbours may take away.
        drawn = rng.permutation(generated)[: search.references + search.evidences * len(images.views)]
        regions = RegionFinder(load, search.patch, drawn, search.references)
        suspects += _of_split(images, split, search, regions, advance)
    views = [{"name": name, "dimensions": int(view.shape[1])} for name, view in images.views.items()]
    return {
        "version": 1,
        "views": views,
        "patch": search.patch,
        "references": search.references,
        "suspects": suspects,
    }


def _of_split(
    images: AuditImages,
    split: Split,
    search: EvidenceSearch,
    regions: RegionFinder,
    advance: Callable[[int], object],
) -> list[dict[str, Any]]:
    neighbours = {name: find_neighbours(images, view, split, search.evidences) for name, view in images.views.items()}
    suspects = rank_suspects(neighbours, search.images)
    closer = {name: _closer(images, name, split, found, suspects) for name, found in neighbours.items()}
    real = images.rows("real", split)
    found = []
    for number, suspect in enumerate(suspects):
        evidences = _evidences(images, suspect, number, neighbours, closer)
        shared = regions.find(int(real[suspect.place]), sorted({evidence["row"] for evidence in evidences}))
        for evidence in evidences:
            evidence["region"] = shared[evidence.pop("row")]
        about = {"image": images.describe(int(real[suspect.place])), "order": number + 1}
        about |= {"view": suspect.view, "ratio": _finite(suspect.ratio), "ratios": _ratios(suspect, neighbours)}
        found.append(about | {"evidences": evidences})
        advance(1)
    return found


def _closer(
    images: AuditImages, name: str, split: Split, neighbours: Neighbours, suspects: list[Suspect]
) -> dict[str, NDArray[np.float64]]:
    """Give, [suspects, k], the shares of real-generated and of real-real pairs that are closer than each evidence."""
    view, real, generated = images.views[name], images.rows("real", split), images.rows("generated", split)
    distances = neighbours.distances[[suspect.place for suspect in suspects]]
    flat = distances.ravel()
    shares = {
        "real_generated": shares_below(view, real, generated, flat),
        "real_real": shares_below(view, real, None, flat, groups=images.groups),
    }
    return {kind: share.reshape(distances.shape) for kind, share in shares.items()}


def _evidences(
    images: AuditImages,
    suspect: Suspect,
    number: int,
    neighbours: Mapping[str, Neighbours],
    closer: Mapping[str, Mapping[str, NDArray[np.float64]]],
) -> list[dict[str, Any]]:
    evidences = []
    for name, found in neighbours.items():
        for order, row in enumerate(found.generated[suspect.place]):
            bits, mirrored = bits_between(images.fingerprints, found.rows[[suspect.place]], np.array([row]))
            shares = {kind: _finite(share[number, order]) for kind, share in closer[name].items()}
            evidences.append(
                {
                    "view": name,
                    "order": order + 1,
                    "image": images.describe(int(row)),
                    "row": int(row),
                    "distance": float(found.distances[suspect.place, order]),
                    "closer": shares,
                    "hash_bits": int(bits[0, 0]),
                    "hash_mirrored": bool(mirrored[0, 0]),
                }
            )
    return evidences


def _ratios(suspect: Suspect, neighbours: Mapping[str, Neighbours]) -> dict[str, dict[str, float | None]]:
    place = suspect.place
    return {
        name: {
            "nearest_generated": float(found.distances[place, 0]),
            "nearest_other_group": _finite(found.other[place]),
            "ratio": _finite(found.ratios()[place]),
        }
        for name, found in neighbours.items()
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
