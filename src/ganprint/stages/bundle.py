"""The command ``bundle``: results and how they were made, as one file to hand on."""

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ganprint.bundle.archive import MANIFEST, digests, manifest, source_date, write_zip
from ganprint.bundle.citation import Citation, read_citation
from ganprint.bundle.crate import METADATA, RunFacts, describe
from ganprint.bundle.entries import Entry, refuse_images
from ganprint.bundle.sbom import environment_sbom, packages
from ganprint.compare.protocol import create
from ganprint.doctor.lock import Drift, compare_with_lock, read_pins
from ganprint.errors import InputError
from ganprint.files import atomic_path, sha256_of
from ganprint.params import Params
from ganprint.provenance import LOCK_FILE
from ganprint.stages.bundle_check import check_contents
from ganprint.stages.bundle_files import collect, read
from ganprint.stages.places import Places
from ganprint.stages.report import read_json
from ganprint.stages.times import read_span

__all__ = ["Bundled", "write_bundle"]


@dataclass(frozen=True)
class Bundled:
    """What was written: the file, its SHA-256, the number of files in it, and what is worth telling."""

    path: Path
    sha256: str
    files: int
    notes: list[str]


def write_bundle(places: Places, params: Params, out: Path, *, times: bool = True) -> Bundled:
    """Write the results of a finished pipeline as an RO-Crate in a zip file.

    Parameters
    ----------
    places, params
        The project.
    out
        The zip file to write.
    times
        Whether the bundle says when the run was; without, a second run with the same results gives the same bytes.

    Raises
    ------
    InputError
        When results are missing, do not fit together or were made with other parameters or another lock, or an image
        would be given away.
    """
    if out.suffix != ".zip":
        raise InputError(f"{out}: a bundle is a zip file; name it NAME.zip")
    _refuse_stale(places, params)
    entries = list(collect(places, params))
    sbom = environment_sbom()
    drift = _drift(places, sbom)
    entries += [
        Entry("sbom.cdx.json", sbom, "Packages of the environment (CycloneDX)", "about"),
        Entry("environment.json", _environment(drift), "Environment that wrote the bundle, beside the lock", "about"),
        Entry("README.md", _readme(params).encode(), "What is in here and how to check it", "about"),
    ]
    if params.corpus.kind != "phantom":
        refuse_images(entries)
    _refuse_faults(entries, params, out)
    citation = read_citation(read(places, "CITATION.cff"), str(places.root / "CITATION.cff"))
    facts = _facts(places, params, citation, times=times)
    files = {entry.path: entry.content for entry in entries}
    files[METADATA] = describe(entries, facts, citation)
    # Last, since it holds the hash of the description too, which therefore can not hold the manifest's.
    files[MANIFEST] = manifest(digests(files))
    with atomic_path(out) as temporary:
        write_zip(temporary, files, datetime.fromisoformat(facts.published).replace(tzinfo=UTC))
    return Bundled(out, sha256_of(out), len(files), list(_notes(places, params, drift, facts)))


def _refuse_stale(places: Places, params: Params) -> None:
    """Make sure that the results were made with these parameters and this lock."""
    lock = sha256_of(_present(places.root / LOCK_FILE))
    record = read_json(places.corpus_record)
    stale = []
    if record["parameters"] != params.corpus.model_dump(mode="json") or record["seed"] != params.seed:
        stale.append(f"{places.corpus_record}: made with other parameters")
    for name, run in params.runs.items():
        path = places.compared(name) / "run.json"
        made = read_json(path)
        parameters = create(run.comparator, run.variant, run.parameters).parameters.model_dump(mode="json")
        wanted = run.model_dump(mode="json") | {"parameters": parameters}
        if made["parameters"] != wanted or made["seed"] != params.seed or made["folds"] != params.folds.model_dump():
            stale.append(f"{path}: made with other parameters")
        if made["provenance"]["lock_sha256"] != lock:
            stale.append(f"{path}: made with another {LOCK_FILE}")
        if made["embedding"]["corpus_sha256"] != record["corpus_sha256"]:
            stale.append(f"{path}: made from another corpus")
    if stale:
        more = f" (and {len(stale) - 1} more)" if len(stale) > 1 else ""
        raise InputError(f"{stale[0]}{more}; run 'dvc repro' first")


def _refuse_faults(entries: list[Entry], params: Params, out: Path) -> None:
    """Refuse results that do not fit together, such as a submission that was edited by hand."""
    files = {entry.path: entry.content for entry in entries}
    faults = [fault for faults, _ in check_contents(files, params, str(out)) for fault in faults]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InputError(f"{faults[0]}{more}; run 'dvc repro' first")


def _present(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: no such file; run the command in the project's folder")
    return path


def _drift(places: Places, sbom: bytes) -> Drift:
    path = places.root / LOCK_FILE
    return compare_with_lock(read_pins(path.read_text(encoding="utf-8"), str(path)), packages(json.loads(sbom)))


def _environment(drift: Drift) -> bytes:
    content = {
        "ganprint": version("ganprint"),
        "python": platform.python_version(),
        "pins_installed_as_pinned": drift.agreeing,
        "differs_from_lock": drift.lines(),
    }
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()


def _facts(places: Places, params: Params, citation: Citation, *, times: bool) -> RunFacts:
    corpus = read_json(places.audit / "summary.json")["corpus"]
    computed = read_json(places.corpus_record)["provenance"]
    libraries = {name: found for name, found in computed["libraries"].items() if found != "absent"}
    span = read_span(places) if times else None
    date = source_date() or (span[1] if span else None)
    return RunFacts(
        profile=params.profile,
        seed=params.seed,
        corpus=corpus,
        software=libraries | {"python": computed["python"]},
        dvc=libraries.get("dvc", "unknown"),
        published=date.date().isoformat() if date else citation.date,
        started=span[0].isoformat(timespec="seconds") if span else None,
        ended=span[1].isoformat(timespec="seconds") if span else None,
    )


def _notes(places: Places, params: Params, drift: Drift, facts: RunFacts) -> Iterator[str]:
    if params.corpus.kind != "phantom":
        yield "the corpus is not the phantom: report.html, which shows images, is left out"
        yield "ids and names of groups are in the bundle: look whether they may be given away"
    if not drift.agrees:
        yield f"the environment differs from {LOCK_FILE} in {len(drift.lines())} packages: see 'ganprint doctor'"
    if not (places.root / "dvc.lock").is_file():
        yield "there is no dvc.lock here: the stages were run by hand"
    if facts.started is None:
        yield "the bundle does not say when the run was"


def _readme(params: Params) -> str:
    images = "" if params.corpus.kind == "phantom" else " `report.html` shows images and is left out."
    return f"""# Results of ganprint, profile {params.profile}

`ganprint verify FILE.zip` compares every file with its SHA-256, validates the submissions and makes them again from
their scores; with the corpus at hand, `ganprint verify FILE.zip --regenerate` runs the whole pipeline again. Without
ganprint, `sha256sum --check {MANIFEST}` does the first.

| | |
| --- | --- |
| `submissions/` | the official files, one per run |
| `scores/` | what they were decided by: score and decision of each real test image |
| `results/` | figures, tests, report, and how each result was made |
| `params.yaml`, `requirements.lock` | what was put in |
| `dvc.yaml`, `dvc.lock` | the pipeline, and the hashes of everything that it read and wrote |
| `image_ids.txt` | ids of the real test images, in their order |
| `sbom.cdx.json`, `environment.json` | packages of the environment that wrote this bundle |
| `{METADATA}` | the same for machines (RO-Crate) |

There are no images of patients in here, ids alone.{images} Who changes a file can change its hash too: compare the
SHA-256 of the zip file with one that you were given another way.
"""
