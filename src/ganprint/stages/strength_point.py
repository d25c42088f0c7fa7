"""One phantom of a study of the leak's strength: built, embedded, compared by every run, and its AUCs.

All of it is done by the stages themselves, in a project folder of its own, so the study measures what the pipeline
computes and nothing like it.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from ganprint.corpus.store import write_corpus
from ganprint.corpus.truth import write_truth
from ganprint.errors import InputError
from ganprint.evaluate.strength import auc_with_interval
from ganprint.files import write_json
from ganprint.params import ComputeParameters, Params
from ganprint.seeds import derive_seed, generator
from ganprint.stages.compare import compare_run
from ganprint.stages.compute import prepare
from ganprint.stages.embed import make_embedding
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.pretrain import pretrain
from ganprint.stages.scores import read_compared

__all__ = ["SPLITS", "Job", "compute_phantoms", "point_file", "read_point"]

Split = Literal["development", "test"]
SPLITS: tuple[Split, ...] = ("test", "development")


@dataclass(frozen=True)
class Job:
    """The phantoms of one repeat that are still to be computed; they share patients and autoencoder.

    Attributes
    ----------
    project
        The project's folder: what errors name.
    params
        Of the project; section ``runs`` holds the study's runs alone.
    repeat
        Number of the repeat, from 1.
    levels
        Strengths of the leak.
    folder
        Where finished phantoms are kept.
    """

    project: Path
    params: Params
    repeat: int
    levels: tuple[float, ...]
    folder: Path


def point_file(folder: Path, repeat: int, level: float) -> Path:
    """Give the file of a finished phantom's figures."""
    return folder / f"repeat-{repeat}-level-{level:.4f}.json"


def read_point(path: Path) -> dict[str, Any] | None:
    """Read a finished phantom's figures; None when there are none, or a machine that went down left half of them."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def compute_phantoms(job: Job, done: Callable[[], object] | None = None) -> None:
    """Compute the phantoms of a job one after the other; each is kept as soon as it is finished.

    Parameters
    ----------
    job
        What to do.
    done
        Called after each phantom.

    Raises
    ------
    InputError
        When an embedding or a run is bad; the message names the project's own files.
    """
    from ganprint.corpus.phantom import phantom_base  # noqa: PLC0415  (torch, which a finished study does not need)

    seed = derive_seed(job.params.seed, "strength", job.repeat)
    params = _alone(job.params, seed)
    # Results of one thread are the same however many processes share the work.
    prepare(params.compute)
    work = Places(job.folder / f".work-{job.repeat}")
    with _silent_bars():
        base = phantom_base(params.corpus.phantom, seed)
        for level in job.levels:
            shutil.rmtree(work.root, ignore_errors=True)
            phantom = base.phantom(level)
            write_corpus(phantom.images, work.corpus, {"kind": "phantom"})
            write_truth(work.truth, phantom.truth)
            try:
                figures = _figures(work, params)
            except InputError as error:
                raise InputError(str(error).replace(str(work.root), str(job.project))) from None
            write_json(point_file(job.folder, job.repeat, level), figures)
            shutil.rmtree(work.root)
            if done is not None:
                done()


def _alone(params: Params, seed: int) -> Params:
    """Give the parameters of one phantom's project: one thread, and nothing that no AUC depends on."""
    runs = {name: run.model_copy(update={"member_control": False}) for name, run in params.runs.items()}
    changes = {
        "seed": seed,
        "compute": ComputeParameters(device=params.compute.device, threads=1),
        "runs": runs,
        "track": params.track.model_copy(update={"live": False}),
    }
    return params.model_copy(update=changes)


def _figures(work: Places, params: Params) -> dict[str, Any]:
    needed = [name for name in params.embed if any(name in run.views for run in params.runs.values())]
    for block in dict.fromkeys(params.embed[name].pretraining(name) for name in needed):
        if block is not None:
            pretrain(work, params, block)
    for name in needed:
        make_embedding(work, params, name)
    found = {}
    for run in params.runs:
        reason = compare_run(work, params, run)
        found[run] = {"refused": reason} if reason is not None else _aucs(work, params, run)
        shutil.rmtree(work.compared(run))
    return found


def _aucs(work: Places, params: Params, run: str) -> dict[str, Any]:
    compared, truths = read_compared(work, run), read_truths(work)
    return {
        split: auc_with_interval(
            compared.own(split),
            truths[split],
            confidence=params.evaluate.confidence,
            resamples=params.evaluate.resamples,
            # One stream per split for all runs: their resamples are the same groups.
            rng=generator(params.seed, "evaluate", split),
        )
        for split in SPLITS
    }


class _NoTerminal:
    """Standard error without the look of a terminal: warnings pass, progress bars of single steps stay silent."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _silent_bars() -> Iterator[None]:
    before = sys.stderr
    sys.stderr = _NoTerminal(before)
    try:
        yield
    finally:
        sys.stderr = before
