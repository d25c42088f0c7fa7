"""The fits behind one candidate of a selection study: out of fold, inside the folds, and under relabelled truths.

Only the development split is looked at: its real images with their labels, and its generated images.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ganprint.compare.data import Development, Test
from ganprint.compare.folds import fold_numbers, inner_fold_numbers
from ganprint.compare.protocol import Comparator, Context, create
from ganprint.evaluate.permutation import permuted_labels
from ganprint.evaluate.selection import StudyTruth
from ganprint.evaluate.selection_pairs import group_pairs
from ganprint.params import ComputeParameters, RunParameters, StudyFoldParameters
from ganprint.seeds import derive_seed, generator
from ganprint.stages.checkpoints import FolderCheckpoints
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places
from ganprint.stages.views import Views, read_views

__all__ = ["OBSERVED", "Job", "compute_part", "refusal", "relabelled", "study_truth", "study_views"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
Folds = NDArray[np.intp]

OBSERVED = "observed"
"""The part with the scores under the true labels."""


@dataclass(frozen=True)
class Job:
    """One part of a candidate's work.

    Attributes
    ----------
    project
        The project's folder.
    run
        The candidate.
    axes
        Base of its seeds: (seed, study, candidate).
    folds
        Of the study.
    device
        As in section compute.
    part
        :data:`OBSERVED`, or the name of a range of draws.
    draws
        Numbers of the relabelled truths; empty for :data:`OBSERVED`.
    folder
        Where the part is kept.
    fits
        How much work it is.
    """

    project: Path
    run: RunParameters
    axes: tuple[int, str, str]
    folds: StudyFoldParameters
    device: str
    part: str
    draws: tuple[int, ...]
    folder: Path
    fits: int


def study_views(project: Path, run: RunParameters) -> Views:
    """Read what a candidate looks at; the last few are remembered.

    Raises
    ------
    InputError
        When an embedding is missing, of another corpus, or a part of the corpus is too small.
    """
    return _views(project, tuple(run.views.items()))


@lru_cache(maxsize=2)
def _views(project: Path, views: tuple[tuple[str, str], ...]) -> Views:
    (embedding, pooling), *further = views
    content = {"comparator": "any", "variant": "extension", "threshold": {"rule": "youden"}}
    run = RunParameters.model_validate(
        {**content, "embedding": embedding, "pooling": pooling, "further_views": dict(further)}
    )
    return read_views(Places(project), run)


def refusal(run: RunParameters, development: Development) -> str | None:
    """Give the reason why a candidate can not run on its view, or None when it can."""
    comparator = _made(run)
    if comparator.pixels is not None and comparator.pixels != (run.pooling == "none"):
        wanted = "grey values" if comparator.pixels else "features"
        return f"{run.comparator} {run.variant} looks at {wanted}"
    return comparator.applicable(development, Test(development.real, development.generated))


def study_truth(development: Development, seed: int, study: str, folds: StudyFoldParameters) -> StudyTruth:
    """Give labels, groups, and the folds of all repetitions: they depend on the study and on no candidate."""
    used, groups = development.used, development.groups
    outer = np.stack([_outer(development, seed, study, folds.outer, number) for number in range(folds.repetitions)])
    inner = np.full((len(outer), outer.max() + 1, len(used)), -1, dtype=np.intp)
    for repetition, fold in np.ndindex(inner.shape[:2]):
        kept = np.flatnonzero(outer[repetition] != fold)
        fold_seed = derive_seed(seed, "study", study, "inner", repetition, fold)
        inner[repetition, fold, kept] = inner_fold_numbers(used[kept], groups[kept], folds.inner, fold_seed)
    return StudyTruth(used, groups, outer, inner)


def _outer(development: Development, seed: int, study: str, count: int, repetition: int) -> Folds:
    fold_seed = derive_seed(seed, "study", study, "outer", repetition)
    return fold_numbers(development.used, development.groups, count, fold_seed)


def relabelled(used: Labels, groups: NDArray[np.str_], seed: int, study: str, draw: int) -> Labels:
    """Give a relabelled truth, [n], by its number: the same for all candidates, and for any number of draws."""
    labels: Labels = permuted_labels(used, groups, 1, generator(seed, "study", study, "draw", draw))[0]
    return labels


def compute_part(job: Job) -> int:
    """Compute one part and keep it; give the number of fits.

    ``observed`` has ``outer`` [R, n] and, where something is learned, ``inner`` [R, K, n]. A range of draws has
    ``auc`` [draws]: the AUC of the first repetition under each relabelled truth, everything fitted anew and the folds
    drawn anew, as under the true one.
    """
    # One thread: results do not depend on how many processes share the work.
    with threadpool_limits(1):
        development = study_views(job.project, job.run).development
        fits = _Fits(job, _computer(job))
        if job.part != OBSERVED:
            arrays = {"auc": np.array([fits.permuted_auc(development, draw) for draw in job.draws])}
        else:
            arrays = fits.observed(development)
        FolderCheckpoints(job.folder).save(job.part, arrays)
    return job.fits


def _computer(job: Job) -> Computer:
    if not _made(job.run).accelerated:
        return Computer("cpu", "cpu", 1)
    return prepare(ComputeParameters.model_validate({"device": job.device, "threads": 1}))


def _made(run: RunParameters) -> Comparator:
    return create(run.comparator, run.variant, run.parameters)


@dataclass(frozen=True)
class _Fits:
    job: Job
    computer: Computer

    def observed(self, development: Development) -> dict[str, Floats]:
        seed, study, _ = self.job.axes
        truth = study_truth(development, seed, study, self.job.folds)
        if not _made(self.job.run).learns:
            # Nothing is held out from what looks at no label, so all images are scored once and for all.
            scores = self._scores(development, Test(development.real, development.generated), "all")
            return {"outer": np.tile(scores, (len(truth.outer), 1))}
        outer = np.stack([self._joined(development, folds, "outer", r) for r, folds in enumerate(truth.outer)])
        inner = np.full(truth.inner.shape, np.nan)
        for repetition, fold in np.ndindex(truth.inner.shape[:2]):
            folds = truth.inner[repetition, fold]
            kept = np.flatnonzero(folds >= 0)
            part = self._joined(development.take(kept), folds[kept], "inner", repetition, fold)
            inner[repetition, fold, kept] = part
        return {"outer": outer, "inner": inner}

    def permuted_auc(self, development: Development, draw: int) -> float:
        seed, study, _ = self.job.axes
        used = relabelled(development.used, development.groups, seed, study, draw)
        other = replace(development, used=used)
        folds = _outer(other, seed, study, self.job.folds.outer, 0)
        scores = self._joined(other, folds, "draw", draw)
        return group_pairs(used, development.groups, scores[None], folds[None]).auc

    def _joined(self, development: Development, folds: Folds, *axes: str | int) -> Floats:
        """Give every image's score by a fit on the other folds, [n]."""
        scores = np.empty(len(folds))
        for fold in np.unique(folds):
            held_out = np.flatnonzero(folds == fold)
            test = Test(development.real.take(held_out), development.generated)
            kept = development.take(np.flatnonzero(folds != fold))
            scores[held_out] = self._scores(kept, test, *axes, int(fold))
        return scores

    def _scores(self, development: Development, test: Test, *axes: str | int) -> Floats:
        seed, study, candidate = self.job.axes
        context = Context(derive_seed(seed, "study", study, candidate, *axes), self.computer.device)
        scores = _made(self.job.run).fit(development, context).score(test, context)
        if scores.shape != (len(test.real),) or not np.isfinite(scores).all():
            raise ValueError(f"candidate {candidate}: scores are not one finite number per image")
        return scores
