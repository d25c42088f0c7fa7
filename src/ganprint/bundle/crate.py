"""The bundle's description as a Workflow Run Crate: what was run, on what, and what came out.

RO-Crate 1.1 with the profiles Process Run Crate 0.5, Workflow Run Crate 0.5 and Workflow RO-Crate 1.0
(https://w3id.org/ro/wfrun/workflow/0.5), the newest that the public validator knows.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from rocrate.model.computerlanguage import ComputerLanguage
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from ganprint.bundle.archive import digests
from ganprint.bundle.citation import Citation, Reference
from ganprint.bundle.entries import Entry

__all__ = ["METADATA", "RunFacts", "describe", "described_digests"]

METADATA = "ro-crate-metadata.json"
WORKFLOW = "dvc.yaml"

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_SLOTS = {
    "params.yaml": ("input", "parameters", "All parameters of the pipeline."),
    "requirements.lock": ("input", "lock", "Every package of the environment, pinned and hashed."),
    "results/audit/report.json": ("output", "report", "Verdicts, figures, tests and findings."),
}


@dataclass(frozen=True)
class RunFacts:
    """What is known of the run.

    Attributes
    ----------
    profile, seed
        Of the parameters.
    corpus
        Its kind, hash and counts.
    software
        Name to version of what computed, Python included.
    dvc
        Version of DVC.
    published
        ISO date of the bundle.
    started, ended
        ISO times of the run's first and last stage; None where they were not recorded.
    """

    profile: str
    seed: int
    corpus: Mapping[str, Any]
    software: Mapping[str, str]
    dvc: str
    published: str
    started: str | None
    ended: str | None


def describe(entries: Iterable[Entry], facts: RunFacts, citation: Citation) -> bytes:
    """Give the bytes of ``ro-crate-metadata.json``, with size and SHA-256 of every entry.

    The run is one ``CreateAction``: its instrument is the pipeline's definition, its objects are the parameters, the
    lock and the corpus (a property with its hash: the images are not there), its results the pipeline's outputs.
    """
    crate = ROCrate(version="1.1")
    # The term is in schema.org, and too young for the context of RO-Crate 1.1.
    crate.metadata.extra_terms["sha256"] = "http://schema.org/sha256"
    _root(crate, facts, citation)
    found = list(entries)
    hashes = digests({entry.path: entry.content for entry in found})
    files = {entry.path: _file(crate, entry, hashes.get(entry.path), facts) for entry in found}
    _run(crate, found, files, facts)
    graph: dict[str, Any] = crate.metadata.generate()
    graph["@graph"] = sorted(graph["@graph"], key=lambda entity: str(entity["@id"]))
    return (json.dumps(graph, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _context(crate: ROCrate, identifier: str, **properties: Any) -> Any:
    given = {name.replace("type_", "@type"): value for name, value in properties.items() if value is not None}
    return crate.add(ContextEntity(crate, identifier, properties=given))


def _root(crate: ROCrate, facts: RunFacts, citation: Citation) -> None:
    root = crate.root_dataset
    root["name"] = f"ganprint results, profile {facts.profile}"
    root["description"] = (
        "Submissions, figures, report and provenance of a pipeline that asks which real images a generator was trained "
        "on. No images of patients are in here, ids alone."
    )
    root["datePublished"] = facts.published
    root["license"] = _context(
        crate, f"https://spdx.org/licenses/{citation.license}", type_="CreativeWork", name=citation.license
    )
    root["author"] = _one_or_all(
        _context(crate, author.identifier or f"#author-{number}", type_=author.kind, name=author.name)
        for number, author in enumerate(citation.authors, start=1)
    )
    root["citation"] = _one_or_all(
        _reference(crate, f"#reference-{number}", reference)
        for number, reference in enumerate(citation.references, start=1)
    )
    root["conformsTo"] = [
        _context(crate, identifier, type_="CreativeWork", name=name, version=version)
        for identifier, (name, version) in _PROFILES.items()
    ]


def _reference(crate: ROCrate, identifier: str, reference: Reference) -> Any:
    return _context(
        crate,
        identifier,
        type_="ScholarlyArticle",
        name=reference.title,
        datePublished=reference.year,
        description=reference.notes,
        author=_one_or_all(
            _context(crate, f"{identifier}-author-{number}", type_="Organization", name=name)
            for number, name in enumerate(reference.authors, start=1)
        ),
    )


def _one_or_all(entities: Iterable[Any]) -> Any:
    """Give a single one as such, as RO-Crate 1.1 recommends; None for none."""
    found = list(entities)
    return found[0] if len(found) == 1 else found or None


def _file(crate: ROCrate, entry: Entry, digest: str | None, facts: RunFacts) -> Any:
    properties = {
        "name": entry.title,
        "encodingFormat": entry.format,
        "contentSize": str(len(entry.content)),
        "sha256": digest,
    }
    if entry.path != WORKFLOW:
        return crate.add_file(BytesIO(entry.content), entry.path, properties=properties)
    language = crate.add(
        ComputerLanguage(
            crate,
            "#dvc",
            properties={
                "name": "Data Version Control (DVC) pipeline",
                "url": {"@id": "https://dvc.org"},
                "version": facts.dvc,
            },
        )
    )
    return crate.add_workflow(BytesIO(entry.content), entry.path, main=True, lang=language, properties=properties)


def _run(crate: ROCrate, entries: Iterable[Entry], files: Mapping[str, Any], facts: RunFacts) -> None:
    workflow = files[WORKFLOW]
    workflow["version"] = facts.software["ganprint"]
    workflow["conformsTo"] = {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"}
    # A package URL is an address without a place: https://github.com/package-url/purl-spec.
    workflow["softwareRequirements"] = [
        _context(crate, f"pkg:pypi/{name}@{version}", type_="SoftwareApplication", name=name, softwareVersion=version)
        if name != "python"
        else _context(crate, "https://www.python.org", type_="SoftwareApplication", name=name, softwareVersion=version)
        for name, version in sorted(facts.software.items())
    ]
    slots: dict[str, list[Any]] = {"input": [], "output": []}
    for path, (kind, name, said) in _SLOTS.items():
        slot = crate.add_formal_parameter(name, "File", identifier=f"#{name}", description=said)
        slots[kind].append(slot)
        files[path]["exampleOfWork"] = slot
        slot["workExample"] = files[path]
    for kind, filled in slots.items():
        workflow[kind] = _one_or_all(filled)
    corpus = _context(
        crate,
        "#corpus",
        type_="PropertyValue",
        name="SHA-256 of the corpus' index",
        value=facts.corpus["hash"],
        description=f"Corpus {facts.corpus['kind']}: "
        + ", ".join(f"{count} {part}" for part, count in sorted(facts.corpus["counts"].items())),
    )
    seed = _context(crate, "#seed", type_="PropertyValue", name="seed", value=str(facts.seed))
    entries = list(entries)
    times = {name: value for name, value in (("startTime", facts.started), ("endTime", facts.ended)) if value}
    action = crate.add_action(
        workflow,
        identifier="#run",
        object=[*(files[entry.path] for entry in entries if entry.role == "input"), corpus, seed],
        result=[files[entry.path] for entry in entries if entry.role == "output"],
        properties={
            "name": f"Run of the pipeline with profile {facts.profile}",
            "description": "dvc repro, or the stages' commands one after another",
            **times,
        },
    )
    crate.root_dataset["mentions"] = action
    files["README.md"]["about"] = crate.root_dataset


def described_digests(metadata: bytes) -> dict[str, str]:
    """Read path to SHA-256 out of a bundle's description.

    Raises
    ------
    ValueError
        When it is not JSON of the form that :func:`describe` writes.
    """
    try:
        graph = json.loads(metadata)["@graph"]
        return {str(entity["@id"]): str(entity["sha256"]) for entity in graph if "sha256" in entity}
    except (KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"no description of a bundle ({type(error).__name__})") from None
