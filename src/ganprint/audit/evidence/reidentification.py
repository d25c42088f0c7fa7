"""Whether a patient is recognisable in the generated images though no single slice was copied.

Generated images that are near-duplicates of a real one are set aside. The others are given to the group (patient)
whose slices they resemble most: by its nearest slice, and, so that no single slice can decide, by its second nearest.
If used patients win more generated images than chance gives them, or have closer ones, the patient leaked.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from ganprint.audit.evidence.images import AuditImages
from ganprint.corpus.index import Split
from ganprint.pairs.distances import squared_distances

__all__ = ["group_distances", "reidentification", "won_images"]

_LEVELS = ("slice", "patient")
_BLOCK = 512
_LISTED = 20


@dataclass(frozen=True)
class _Groups:
    """Groups that can be asked about: several slices, all used or all not used."""

    names: list[str]
    members: list[NDArray[np.intp]]
    used: NDArray[np.bool_]
    left_out: dict[str, int]


def reidentification(
    images: AuditImages,
    copies: NDArray[np.bool_],
    *,
    permutations: int,
    confidence: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Test on the development split whether used groups are recognisable, labels permuted by group.

    Parameters
    ----------
    images
        Of the corpus.
    copies
        [n], images that are near-duplicates across real and generated: such generated images are set aside.
    permutations
        Random relabellings of groups; p = (1 + k) / (1 + permutations), one-sided.
    confidence
        One minus the level of the tests after Holm's correction over views, levels and statistics.
    rng
        For the permutations.

    Returns
    -------
    Plain values: sizes, a row per test, ``recognisable``, and which groups win the generated images of each split;
    ``assessable`` is False with a ``reason`` where groups are single images or have one membership alone.
    """
    groups = _groups(images)
    rows = images.rows("generated", "development")
    generated = rows[~copies[rows]]
    content: dict[str, Any] = {
        "version": 1,
        "groups": {"used": int(groups.used.sum()), "not_used": int((~groups.used).sum()), **groups.left_out},
        "generated": {"all": len(rows), "set_aside": len(rows) - len(generated), "looked_at": len(generated)},
        "permutations": permutations,
        "confidence": confidence,
        "most_resembled": _most_resembled(images, copies),
    }
    reason = _reason(groups, generated)
    if reason:
        return content | {"assessable": False, "reason": reason, "tests": [], "recognisable": None}
    labels = _relabelled(groups.used, permutations, rng)
    tests = [row for name in images.views for row in _tests(images, name, groups, generated, labels)]
    _, corrected, _, _ = multipletests([row["p"] for row in tests], method="holm")
    for row, p in zip(tests, corrected, strict=True):
        row["p_holm"] = float(p)
    found = any(row["level"] == "patient" and row["p_holm"] <= 1 - confidence for row in tests)
    return content | {"assessable": True, "reason": None, "tests": tests, "recognisable": found}


def group_distances(
    view: NDArray[Any], generated: NDArray[np.intp], members: list[NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Give how far every generated image is from each group's nearest and second nearest slice.

    Parameters
    ----------
    view
        [n, d].
    generated
        [m], positions.
    members
        Positions of each group's slices; a group of one has no second nearest: infinite.

    Returns
    -------
    [2, m, groups].
    """
    found = np.full((2, len(generated), len(members)), np.inf)
    rows = np.concatenate(members)
    ends = np.cumsum([len(member) for member in members])
    for start in range(0, len(generated), _BLOCK):
        block = generated[start : start + _BLOCK]
        distances = np.sqrt(squared_distances(view[block], view[rows]))
        for number, part in enumerate(np.split(distances, ends[:-1], axis=1)):
            nearest = np.sort(part, axis=1)[:, :2]
            found[: nearest.shape[1], start : start + len(block), number] = nearest.T
    return found


def won_images(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the generated images that resemble each group most, shared in equal parts on ties.

    Parameters
    ----------
    distances
        [m, groups].

    Returns
    -------
    [groups], sum m.
    """
    best = distances == distances.min(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).sum(axis=0))


def _groups(images: AuditImages) -> _Groups:
    real = images.rows("real", "development")
    names, members, used = [], [], []
    left_out = {"single": 0, "mixed": 0}
    for name in np.unique(images.groups[real]):
        member = real[images.groups[real] == name]
        labels = set(images.memberships[member])
        if len(labels) > 1 or len(member) < 2:
            left_out["mixed" if len(labels) > 1 else "single"] += 1
            continue
        names.append(str(name))
        members.append(member)
        used.append(labels == {"used"})
    return _Groups(names, members, np.array(used, dtype=np.bool_), left_out)


def _reason(groups: _Groups, generated: NDArray[np.intp]) -> str | None:
    if not len(groups.names):
        return "no group has several real development images, so there are no patients to recognise"
    if groups.used.all() or not groups.used.any():
        return "all groups with several images have the same membership"
    return None if len(generated) else "no generated development image is left after near-duplicates are set aside"


def _relabelled(used: NDArray[np.bool_], permutations: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Give the true labels and their random permutations, [1 + permutations, groups]."""
    repeated = np.broadcast_to(used, (permutations, len(used)))
    return np.vstack([used, rng.permuted(repeated, axis=1)])


def _tests(
    images: AuditImages, view: str, groups: _Groups, generated: NDArray[np.intp], labels: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    distances = group_distances(images.views[view], generated, groups.members)
    rows = []
    for level, found in zip(_LEVELS, distances, strict=True):
        won = won_images(found) / len(generated)
        closest = found.min(axis=0)
        values = {"share_won": labels @ won, "closer_by": _mean(~labels, closest) - _mean(labels, closest)}
        for statistic, drawn in values.items():
            # A relabelling that only changes the order of a sum must count as equal.
            reached = int((drawn[1:] >= drawn[0] - 1e-9 * max(1.0, abs(float(drawn[0])))).sum())
            rows.append(
                {
                    "view": view,
                    "level": level,
                    "statistic": statistic,
                    "value": float(drawn[0]),
                    "expected": float(drawn[1:].mean()),
                    "p": (1 + reached) / len(drawn),
                }
            )
    return rows


def _mean(labels: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((labels @ values) / labels.sum(axis=1))


def _most_resembled(images: AuditImages, copies: NDArray[np.bool_]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Say, without labels, which groups the generated images resemble most, by the nearest slice."""
    splits: tuple[Split, ...] = ("development", "test")
    return {split: {name: _winners(images, split, name, copies) for name in images.views} for split in splits}


def _winners(images: AuditImages, split: Split, view: str, copies: NDArray[np.bool_]) -> list[dict[str, Any]]:
    real, generated = images.rows("real", split), images.rows("generated", split)
    generated = generated[~copies[generated]]
    names, counts = np.unique(images.groups[real], return_counts=True)
    if not len(generated) or counts.max(initial=0) < 2:
        return []
    members = [real[images.groups[real] == name] for name in names]
    won = won_images(group_distances(images.views[view], generated, members)[0])
    expected = counts / counts.sum() * len(generated)
    order = np.lexsort((names, -won))[:_LISTED]
    return [
        {"group": str(names[i]), "images": int(counts[i]), "won": float(won[i]), "expected": float(expected[i])}
        for i in order
    ]
