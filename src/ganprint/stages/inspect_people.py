"""Who is in an inspection: the images of its folders, their groups, and which of them serve for what."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganprint.corpus.gallery import Gallery, read_gallery, read_image_groups
from ganprint.errors import InputError
from ganprint.seeds import generator
from ganprint.stages.inspect_options import InspectOptions

__all__ = ["People", "read_people"]


@dataclass(frozen=True, eq=False)
class People:
    """The images that are inspected.

    Attributes
    ----------
    galleries
        By role: ``real``, ``generated`` and, if given, ``reference``.
    real_groups, reference_groups
        [n] and [r].
    calibration, for_attacks
        Positions of reference images: those that are scored beside the real ones, and those that attacks may look at.
        An image never serves for both, or it would be compared with itself.
    """

    galleries: dict[str, Gallery]
    real_groups: NDArray[np.str_]
    reference_groups: NDArray[np.str_]
    calibration: NDArray[np.intp]
    for_attacks: NDArray[np.intp]

    @property
    def real(self) -> NDArray[np.int8]:
        """1 for each real image and 0 for each calibration image, in the order of the scores."""
        return np.repeat(np.array([1, 0], dtype=np.int8), [len(self.real_groups), len(self.calibration)])

    @property
    def scored_groups(self) -> NDArray[np.str_]:
        """Groups in the order of the scores."""
        return np.concatenate([self.real_groups, self.reference_groups[self.calibration]])


def read_people(options: InspectOptions, *, halve: bool) -> People:
    """List the folders and share out the reference images.

    Parameters
    ----------
    options
        Of the inspection.
    halve
        Whether attacks need reference images: then half of the groups, drawn by the seed, are theirs.

    Raises
    ------
    InputError
        When a folder or the groups are bad, or two folders are one or lie in each other.
    """
    folders = {"real": options.real, "generated": options.generated}
    if options.reference is not None:
        folders["reference"] = options.reference
    _apart(folders)
    galleries = {role: read_gallery(folder) for role, folder in folders.items()}
    ids = {role: gallery.ids for role, gallery in galleries.items()}
    ids.setdefault("reference", np.empty(0, dtype=np.str_))
    known = {str(name) for role in ("real", "reference") for name in ids[role]}
    groups = {} if options.groups is None else read_image_groups(options.groups, known)
    if twice := groups.keys() & set(ids["real"].tolist()) & set(ids["reference"].tolist()):
        raise InputError(f"{options.groups}: id {min(twice)} is a real and a reference image; rename one of the files")
    named = {
        role: np.array([groups.get(str(name), f"{role}/{name}") for name in ids[role]], dtype=np.str_)
        for role in ("real", "reference")
    }
    calibration, for_attacks = _shared_out(named["reference"], options.seed, halve=halve)
    return People(galleries, named["real"], named["reference"], calibration, for_attacks)


def _apart(folders: Mapping[str, Path]) -> None:
    # Subfolders are looked into: a folder inside another would have its images in two roles, as copies of themselves.
    for (outer, around), (inner, inside) in permutations(folders.items(), 2):
        if around.resolve() == inside.resolve():
            raise InputError(f"{inside}: one folder for two roles; real, generated and reference images lie apart")
        if inside.resolve().is_relative_to(around.resolve()):
            raise InputError(f"{inside}: {inner} images inside the folder of {outer} images, {around}; move them apart")


def _shared_out(groups: NDArray[np.str_], seed: int, *, halve: bool) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    names = np.unique(groups)
    drawn = generator(seed, "inspect", "reference").permutation(names)[: len(names) // 2 if halve else 0]
    kept = np.isin(groups, drawn)
    return np.flatnonzero(~kept), np.flatnonzero(kept)
