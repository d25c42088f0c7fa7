"""What of a selection study is still to be computed, and its computing in several processes; killed, it goes on."""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.errors import InputError
from ganprint.files import sha256_of
from ganprint.params import Params, StudyParameters
from ganprint.provenance import provenance
from ganprint.stages.checkpoints import FolderCheckpoints, RunCheckpoints, sources_sha256
from ganprint.stages.places import Places
from ganprint.stages.progress import bar
from ganprint.stages.study_candidates import StudyCandidate
from ganprint.stages.study_fits import OBSERVED, Job, compute_part

__all__ = ["StudyWork"]

_SOURCES = (
    *("ganprint.bands", "ganprint.compare", "ganprint.embed", "ganprint.pairs", "ganprint.params", "ganprint.seeds"),
    *("ganprint.evaluate.permutation", "ganprint.evaluate.selection_pairs"),
    *("ganprint.stages.study_fits", "ganprint.stages.views"),
)
"""Whose code decides scores."""

_DRAWS = 10
"""Relabelled truths per part: what a killed study loses of one candidate at most."""

_SECONDS = 2.0


@dataclass(frozen=True)
class StudyWork:
    """The parts of all candidates, in results/checkpoints/study/NAME.

    Attributes
    ----------
    kept
        Good for as long as corpus, folds, seed, code, libraries and machine are the same.
    project
        Places of the project.
    params
        Of the project.
    name
        Of the study.
    hashes
        Embedding to the SHA-256 of its file.
    """

    kept: RunCheckpoints
    project: Places
    params: Params
    name: str
    hashes: Mapping[str, str]

    @classmethod
    def open(cls, places: Places, params: Params, name: str) -> "StudyWork":
        """Find what is kept, and remove what was made from other things."""
        machine = provenance(places.root, params.compute.device, 1)
        made_from = {
            "seed": params.seed,
            "folds": params.study[name].folds.model_dump(mode="json"),
            "corpus": sha256_of(places.corpus / "index.csv"),
            "machine": {key: value for key, value in machine.items() if key != "code_revision"},
            "sources": sources_sha256(_SOURCES),
        }
        kept = RunCheckpoints.open(places.study_parts(name), made_from)
        hashes = {view: sha256_of(places.embedding(view)) for view in params.study[name].views}
        return cls(kept, places, params, name, hashes)

    def compute(self, candidates: Sequence[StudyCandidate]) -> None:
        """Compute what is missing, ``compute.threads`` parts at a time; each is kept as soon as it is finished."""
        jobs = [job for candidate in candidates for job in self._jobs(candidate)]
        missing = [job for job in jobs if FolderCheckpoints(job.folder).load(job.part) is None]
        # Long parts first, so that no process is left alone with one at the end.
        missing.sort(key=lambda job: -job.fits)
        with bar(f"study {self.name}", sum(job.fits for job in jobs), "fit") as advance:
            advance(sum(job.fits for job in jobs) - sum(job.fits for job in missing))
            if min(self.params.compute.threads, len(missing)) < 2:
                for job in missing:
                    advance(compute_part(job))
            else:
                _side_by_side(missing, self.params.compute.threads, advance)

    def observed(self, candidate: StudyCandidate) -> dict[str, NDArray[Any]]:
        """Give the scores under the true labels; see :func:`ganprint.stages.study_fits.compute_part`."""
        return self._load(candidate, OBSERVED)

    def drawn(self, candidate: StudyCandidate) -> NDArray[np.float64]:
        """Give the AUC under every relabelled truth, [draws], of a candidate that learns."""
        parts = [self._load(candidate, part)["auc"] for part, _ in _ranges(self._study.permutations)]
        return np.concatenate(parts)

    @property
    def _study(self) -> StudyParameters:
        return self.params.study[self.name]

    def _load(self, candidate: StudyCandidate, part: str) -> dict[str, NDArray[Any]]:
        arrays = self._folder(candidate).load(part)
        if arrays is None:
            raise InputError(f"{self._folder(candidate).folder}: a finished part is gone; run the study again")
        return arrays

    def _folder(self, candidate: StudyCandidate) -> FolderCheckpoints:
        views = {view: self.hashes[view] for view in candidate.run.views}
        run = candidate.run.model_dump(mode="json", exclude={"threshold"})
        content = {"run": run, "views": views, "files": dict(_files(run["parameters"]))}
        mark = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
        return self.kept.of(candidate.name, mark)

    def _jobs(self, candidate: StudyCandidate) -> Iterator[Job]:
        folds, folder = self._study.folds, self._folder(candidate).folder
        fits = folds.repetitions * folds.outer * (folds.inner + 1) if candidate.learns else 1
        parts: list[tuple[str, tuple[int, ...], int]] = [(OBSERVED, (), fits)]
        if candidate.learns and not candidate.baseline:
            ranges = _ranges(self._study.permutations)
            parts += [(part, draws, len(draws) * folds.outer) for part, draws in ranges]
        for part, draws, size in parts:
            axes = (self.params.seed, self.name, candidate.name)
            device = self.params.compute.device
            yield Job(self.project.root, candidate.run, axes, folds, device, part, draws, folder, size)


def _files(value: Any) -> Iterator[tuple[str, str]]:
    """Give weight files that parameters name, ``file:PATH``, with their SHA-256: a file may change under its name."""
    if isinstance(value, str) and value.startswith("file:"):
        path = Path(value.removeprefix("file:"))
        yield value, sha256_of(path) if path.is_file() else "missing"
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _files(part)


def _ranges(draws: int) -> list[tuple[str, tuple[int, ...]]]:
    ranges = (tuple(range(start, min(start + _DRAWS, draws))) for start in range(0, draws, _DRAWS))
    return [(f"draws-{numbers[0]:05d}-{numbers[-1]:05d}", numbers) for numbers in ranges]


def _side_by_side(jobs: list[Job], processes: int, advance: Callable[[int], object]) -> None:
    # Fresh processes: a forked one would inherit torch's threads in a state that may never end.
    with ProcessPoolExecutor(min(processes, len(jobs)), multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(compute_part, job) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, _SECONDS, FIRST_EXCEPTION)
                for future in done:
                    advance(future.result())
        except BaseException:
            # What is finished is kept; what others have under way is not waited for.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
