"""The command ``verify``: whether a bundle holds what it says, and its submissions come out again."""

import json
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ganprint.bundle.archive import MANIFEST
from ganprint.bundle.check import SUBMISSIONS, tampered
from ganprint.bundle.crate import METADATA
from ganprint.corpus.archive import unpack
from ganprint.corpus.entries import ArchiveLimits
from ganprint.errors import InputError
from ganprint.params import Params, load_params
from ganprint.params.corpus import DEFAULT_METADATA
from ganprint.provenance import LOCK_FILE, code_revision
from ganprint.stages.bundle_check import check_contents
from ganprint.stages.bundle_files import IDS
from ganprint.stages.compare import compare_run
from ganprint.stages.corpus import make_corpus
from ganprint.stages.embed import make_embedding
from ganprint.stages.places import Places
from ganprint.stages.pretrain import pretrain
from ganprint.stages.scores import REFUSAL_FILE, SCORES_FILE, THRESHOLD_FILE
from ganprint.stages.submit import write_submissions

__all__ = ["Verified", "verify_bundle"]

_LIMITS = ArchiveLimits(files=5000, total_bytes=1 << 30, file_bytes=256 << 20, nested_bytes=1 << 20)
_BESIDE_SCORES = ("run.json", SCORES_FILE, THRESHOLD_FILE, REFUSAL_FILE)


@dataclass
class Verified:
    """What holds, what does not, and what may explain that, each as a line."""

    passed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, faults: list[str], passed: str) -> None:
        """Note the outcome of one check: its faults, or that it passed."""
        self.faults += faults
        self.passed += [] if faults else [passed]


def verify_bundle(places: Places, file: Path, *, regenerate: bool) -> Verified:
    """Check a bundle.

    Parameters
    ----------
    places
        The folder at hand: its results are compared where they are of the same parameters and corpus, and a corpus
        that the parameters name by a relative path is looked for there.
    file
        The zip file; it is unpacked with the limits and refusals of :func:`ganprint.corpus.archive.unpack`.
    regenerate
        Whether to run the pipeline again.

    Raises
    ------
    InputError
        When the file is no bundle, or the corpus that it names is not at hand.
    """
    if not file.is_file() or not zipfile.is_zipfile(file):
        raise InputError(f"{file}: {'no zip file' if file.exists() else 'no such file'}; give a bundle (NAME.zip)")
    verified = Verified()
    with TemporaryDirectory(prefix="ganprint-verify-") as scratch:
        folder = Path(scratch) / "bundle"
        unpack(file, folder, _LIMITS)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for name in (MANIFEST, METADATA):
            if name not in files:
                raise InputError(f"{file}: holds no {name}; it is no bundle of this kit")
        verified.add(tampered(files), f"{len(files)} files are what {MANIFEST} and {METADATA} say")
        if verified.faults:
            return verified
        try:
            bundled = _Bundled(Places(folder), files, str(file))
            bundled.check(verified)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # Hashes that are right, of content that no kit wrote.
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            raise InputError(f"{file}: is not as this kit writes it ({reason}); write the bundle again") from None
        if not verified.faults:
            bundled.compare_with(places, Path(scratch) / "again", verified)
        if regenerate and not verified.faults:
            bundled.regenerate(places, Path(scratch) / "regenerated", verified)
    return verified


class _Bundled:
    """An unpacked bundle whose files are what they should be."""

    def __init__(self, places: Places, files: dict[str, bytes], name: str) -> None:
        for wanted in (IDS, "params.yaml", LOCK_FILE, "results/corpus/record.json"):
            if wanted not in files:
                raise InputError(f"{name}: holds no {wanted}; write the bundle again")
        self.places, self.files = places, files
        self.params: Params = load_params(places.params)
        self.name = name
        self.corpus: str = json.loads(files["results/corpus/record.json"])["corpus_sha256"]

    def check(self, verified: Verified) -> None:
        """Check what the bundle tells by itself."""
        for faults, passed in check_contents(self.files, self.params, self.name):
            verified.add(faults, passed)

    def compare_with(self, places: Places, again: Path, verified: Verified) -> None:
        """Run the stage submit on the scores of the folder at hand, where they are of the same run."""
        reason = self._other_results(places)
        if reason:
            verified.passed.append(f"nothing to compare with in this folder: {reason}")
            return
        made = Places(again)
        made.corpus.mkdir(parents=True)
        shutil.copy(places.corpus / IDS, made.corpus)
        for run in self.params.runs:
            made.compared(run).mkdir(parents=True)
            for name in _BESIDE_SCORES:
                if (places.compared(run) / name).is_file():
                    shutil.copy(places.compared(run) / name, made.compared(run))
        write_submissions(made, self.params)
        verified.add(self._differences(made), "the submissions come out again from the scores in this folder")

    def _other_results(self, places: Places) -> str:
        """Say why the results in a folder can not be compared with the bundle's; empty when they can."""
        if not places.params.is_file() or places.params.read_bytes() != self.files["params.yaml"]:
            return "it has other parameters, or none"
        try:
            record = json.loads(places.corpus_record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return "it has no results"
        if record.get("corpus_sha256") != self.corpus or not (places.corpus / IDS).is_file():
            return "its corpus is another"
        absent = [run for run in self.params.runs if not (places.compared(run) / "run.json").is_file()]
        return f"it has no results of {absent[0]}" if absent else ""

    def regenerate(self, places: Places, root: Path, verified: Verified) -> None:
        """Run corpus, pretrain, embed, compare and submit by the bundle's parameters in a fresh folder."""
        root.mkdir()
        made, params = Places(root), self._with_absolute_corpus(places)
        shutil.copy(self.places.root / LOCK_FILE, root)
        shutil.copy(self.places.params, root)
        summary = make_corpus(made, params)
        if summary.hash != self.corpus:
            verified.faults.append(f"the corpus came out as {summary.hash}, the bundle's is {self.corpus}")
            return
        for block in dict.fromkeys(
            block for name, embedding in params.embed.items() if (block := embedding.pretraining(name)) is not None
        ):
            pretrain(made, params, block)
        for embedding in dict.fromkeys(view for run in params.runs.values() for view in run.views):
            make_embedding(made, params, embedding)
        for run in params.runs:
            compare_run(made, params, run)
        write_submissions(made, params)
        differences = self._differences(made)
        verified.add(differences, "the submissions came out again from the pipeline, byte by byte")
        if differences:
            verified.notes += self._made_otherwise(made, code_revision(places.root))

    def _with_absolute_corpus(self, places: Places) -> Params:
        corpus = self.params.corpus
        names = [] if corpus.kind == "phantom" else ["path", "truth"]
        # Metadata that nobody gave need not be here.
        if corpus.metadata != DEFAULT_METADATA or (places.root / corpus.metadata).exists():
            names.append("metadata")
        paths = {name: (places.root / getattr(corpus, name)).resolve() for name in names}
        for name, path in paths.items():
            if not path.exists():
                raise InputError(
                    f"{path}: corpus.{name} of the bundle's parameters is not here; put it there, or say -C"
                )
        at_hand = corpus.model_copy(update={name: str(path) for name, path in paths.items()})
        return self.params.model_copy(update={"corpus": at_hand})

    def _differences(self, made: Places) -> list[str]:
        wanted = {path: content for path, content in self.files.items() if path.startswith(SUBMISSIONS)}
        there = {f"{SUBMISSIONS}{path.name}": path.read_bytes() for path in made.submissions.iterdir()}
        return [
            f"{path}: {self._difference(wanted.get(path), there.get(path))}"
            for path in sorted(wanted.keys() | there.keys())
            if wanted.get(path) != there.get(path)
        ]

    def _made_otherwise(self, made: Places, revision: str) -> list[str]:
        """Say in what the provenance of the bundle's results and of those just made differ."""
        run = next(iter(self.params.runs))
        then, now = (
            json.loads(content)["provenance"]
            for content in (
                self.files[f"results/compare/{run}/run.json"],
                (made.compared(run) / "run.json").read_bytes(),
            )
        )
        now["code_revision"] = revision
        then, now = ({**it.pop("libraries"), **it} for it in (then, now))
        return [
            f"{name}: {then.get(name)} when the bundle's results were made, {now.get(name)} here"
            for name in sorted(then.keys() | now.keys())
            if then.get(name) != now.get(name)
        ]

    def _difference(self, wanted: bytes | None, made: bytes | None) -> str:
        if made is None:
            return "does not come out again: its run is refused"
        if wanted is None:
            return "comes out, and is not in the bundle"
        pairs = zip(wanted.splitlines(), made.splitlines(), strict=False)
        count = sum(one != two for one, two in pairs)
        return f"comes out otherwise: {count} of {len(wanted.splitlines())} answers differ"
