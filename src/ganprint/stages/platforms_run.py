"""One run on the images that a platform hands in: the pipeline's own stages, in a work folder of their own."""

import codecs
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from ganprint.corpus.archive import unpack
from ganprint.corpus.entries import is_archive_name
from ganprint.corpus.groups import GROUPS_FILE
from ganprint.corpus.store import read_index
from ganprint.errors import InputError
from ganprint.evaluate.tables import ScoreTable
from ganprint.files import atomic_directory, write_text
from ganprint.params import Params, load_params
from ganprint.stages.compare import compare_run
from ganprint.stages.corpus import make_corpus
from ganprint.stages.embed import make_embedding
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places
from ganprint.stages.pretrain import pretrain
from ganprint.stages.profile import profile_names, write_profile
from ganprint.stages.scores import read_compared
from ganprint.stages.submit import write_submissions
from ganprint.submit.ids import read_ids

__all__ = ["IDS_FILE", "Finished", "RunOptions", "run_on", "writing"]

IDS_FILE = "image_ids.txt"
"""Where it lies among the images, the real test images must be the ones that it lists."""

_GROUPS_HEADER = b"id,split,group"

Device = Literal["cpu", "cuda", "auto"]


@dataclass(frozen=True)
class RunOptions:
    """What runs, and where.

    Attributes
    ----------
    run
        Name of a run of the profile.
    profile
        Name of a profile.
    development
        Folder or archive with the development split, where the platform hands in the test split alone.
    work
        Folder for everything that is computed on the way, kept; ``None`` for a temporary one.
    device
        ``cpu``, ``cuda`` or ``auto``; ``None`` for what the profile says.
    """

    run: str = "nearest-neighbour"
    profile: str = "default"
    development: Path | None = None
    work: Path | None = None
    device: Device | None = None


@dataclass(frozen=True)
class Finished:
    """What a run left.

    Attributes
    ----------
    submission
        Bytes of the official file, valid by the strict rules.
    used
        Number of images that it calls used.
    development, test
        Scores and decisions of the real images.
    development_truth
        Id to 1 (used) or 0 (not used).
    """

    submission: bytes
    used: int
    development: ScoreTable
    test: ScoreTable
    development_truth: dict[str, int]


def run_on(source: Path, options: RunOptions) -> Finished:
    """Import the images, compute one run, give its submission; the source is only read.

    Parameters
    ----------
    source
        Folder in any layout that the kit knows (docs/corpora.md), with archives in it or without, or an archive.
    options
        See :class:`RunOptions`.

    Raises
    ------
    InputError
        When the images are missing, incomplete or unreadable, or are not those of image_ids.txt; when the run or the
        profile is unknown, or the run refuses these images.
    """
    for path in (source, *([options.development] if options.development else [])):
        if not path.exists():
            raise InputError(f"{path}: no such folder; give the folder with the images")
    with _work_folder(source, options) as work:
        places = Places(work)
        write_text(work / "truth.csv", "id,membership\n")
        laid_out = _laid_out(source, options.development, work)
        if options.profile not in profile_names():
            raise InputError(f"--profile {options.profile}: unknown; allowed: {', '.join(profile_names())}")
        write_profile(places, options.profile, kind="folder", path=str(laid_out.resolve()), truth="truth.csv")
        params = _reduced(load_params(places.params), options)
        make_corpus(places, params)
        _refuse_other_ids(places, laid_out)
        for embedding in params.runs[options.run].views:
            block = params.embed[embedding].pretraining(embedding)
            if block is not None:
                pretrain(places, params, block)
            make_embedding(places, params, embedding)
        reason = compare_run(places, params, options.run)
        if reason is not None:
            raise InputError(f"run '{options.run}': refused: {reason}; choose another run")
        [written] = write_submissions(places, params)
        compared = read_compared(places, options.run)
        return Finished(
            (places.submissions / f"{options.run}.csv").read_bytes(),
            written.answers_used,
            compared.own("development"),
            compared.own("test"),
            read_truths(places)["development"],
        )


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn an output that can not be written into an error that names it."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{target}: can not be written ({error.strerror}); give a folder that is writable") from None


@contextmanager
def _work_folder(source: Path, options: RunOptions) -> Iterator[Path]:
    if options.work is None:
        with TemporaryDirectory(prefix="ganprint-") as temporary:
            yield Path(temporary)
        return
    if options.work.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{options.work}: lies in {source}, which is only read; give a work folder outside")
    with writing(options.work):
        options.work.mkdir(parents=True, exist_ok=True)
    yield options.work


def _laid_out(source: Path, development: Path | None, work: Path) -> Path:
    """Give one folder with both splits: the source itself where it is one, else copies in the work folder."""
    trees = {"corpus": source} if development is None else {"development": development, "test": source}
    if development is None and source.is_dir() and not _has_archives(source):
        return source
    target = work / "source"
    with atomic_directory(target) as folder:
        for name, tree in trees.items():
            unpack(tree, folder / name)
        if development is not None:
            _join_groups(folder, trees)
    return target


def _has_archives(folder: Path) -> bool:
    return any(is_archive_name(name) for _, _, names in os.walk(folder) for name in names)


def _join_groups(folder: Path, trees: Mapping[str, Path]) -> None:
    """Put the groups of both splits, copied to ``folder``, in one file, where the scan looks for it."""
    rows: list[bytes] = []
    for name, tree in trees.items():
        path = folder / name / GROUPS_FILE
        if not path.is_file():
            continue
        header, *more = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines() or [b""]
        if header != _GROUPS_HEADER:
            raise InputError(
                f"{tree}/{GROUPS_FILE}: header is not {_GROUPS_HEADER.decode()}; name patients or volumes under it"
            )
        rows += more
    if rows:
        (folder / GROUPS_FILE).write_bytes(b"".join(row + b"\n" for row in [_GROUPS_HEADER, *rows]))


def _reduced(params: Params, options: RunOptions) -> Params:
    """Give the profile with the one run alone, and the embeddings that it looks at."""
    if options.run not in params.runs:
        raise InputError(f"--run {options.run}: no such run; allowed: {', '.join(params.runs)}")
    run = params.runs[options.run]
    if run.baseline:
        raise InputError(f"--run {options.run}: a baseline, which makes no submission; choose another run")
    compute = params.compute
    if options.device is not None:
        compute = compute.model_copy(update={"device": options.device})
    return params.model_copy(
        update={
            "runs": {options.run: run},
            "embed": {view: params.embed[view] for view in run.views},
            "compute": compute,
        }
    )


def _refuse_other_ids(places: Places, source: Path) -> None:
    """Compare the real test images with every image_ids.txt that lies among the images."""
    index = read_index(places.corpus)
    there = set(index.loc[(index["split"] == "test") & (index["role"] == "real"), "id"])
    for path in sorted(source.rglob(IDS_FILE)):
        wanted = set(read_ids(path.read_bytes(), str(path)))
        missing, strangers = sorted(wanted - there), sorted(there - wanted)
        if missing or strangers:
            raise InputError(
                f"{path}: {len(missing)} of {len(wanted)} ids have no real test image and {len(strangers)} real test "
                f"images are not listed, first {(missing or strangers)[0]}; give the images that the list is about"
            )
