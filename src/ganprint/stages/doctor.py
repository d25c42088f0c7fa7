"""The command ``doctor``: is everything here that regenerating the results needs? Nothing is changed or fetched."""

import os
import platform
import socket
import sqlite3
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from urllib.parse import urlsplit

from packaging.specifiers import SpecifierSet

from ganprint.doctor.findings import Finding, fact, note, trouble
from ganprint.doctor.lock import compare_with_lock, installed_versions, read_pins
from ganprint.doctor.machine import look_at_machine
from ganprint.doctor.space import count_images, phantom_images, space_needed
from ganprint.errors import InputError
from ganprint.params import Params, load_params
from ganprint.provenance import LOCK_FILE, code_revision
from ganprint.stages.doctor_dvc import look_at_dvc
from ganprint.stages.doctor_torch import look_at_device, look_at_weights, row_bytes
from ganprint.stages.places import Places

__all__ = ["examine"]

_INSTALL = f"make setup, or pip install --require-hashes -r {LOCK_FILE}"
_LEAST_MEMORY_MIB = 3072
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def examine(places: Places) -> list[Finding]:
    """Look at the environment, the machine and the project.

    No check ends the others: what can not be looked at is a trouble of its own. No name is resolved and no network
    asked; of a tracking server on loopback alone it is tried whether it answers.
    """
    project = Project(places)
    found: list[Finding] = []
    checks: dict[str, Callable[[Project], Iterator[Finding]]] = {
        "project": _project,
        "versions": _versions,
        "lock": _lock,
        "device": lambda it: look_at_device(None if it.params is None else it.params.compute),
        "machine": _machine,
        "weights": lambda it: look_at_weights(it.places, it.params),
        "dvc": lambda it: look_at_dvc(it.places),
        "mlflow": _mlflow,
    }
    for section, check in checks.items():
        try:
            found += check(project)
        except ImportError as error:
            found.append(trouble(section, error.name or section, f"can not be imported ({error})", _INSTALL))
        except (OSError, ValueError, InputError) as error:
            reason = " ".join(str(error).split())
            found.append(trouble(section, section, f"can not be looked at: {reason}", "mend or remove what is named"))
    return found


class Project:
    """The project's folder with its parameters, where it has good ones."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.params: Params | None = None
        self.fault = ""
        if places.params.is_file():
            try:
                self.params = load_params(places.params)
            except InputError as error:
                self.fault = str(error)


def _project(project: Project) -> Iterator[Finding]:
    places = project.places
    if project.fault:
        yield trouble("project", "params.yaml", project.fault, "mend it, or write one with 'ganprint profile default'")
    elif project.params is None:
        yield note("project", "params.yaml", "not in this folder", "go to the project's folder or give it with -C")
    else:
        runs = len(project.params.runs)
        yield fact("project", "params.yaml", f"profile {project.params.profile}, {runs} runs")
    revision = code_revision(places.root)
    if revision == "unknown":
        yield note(
            "project", "revision", "unknown: no git here, or no repository", "results then name no revision of the code"
        )
    else:
        yield fact("project", "revision", revision)


def _versions(project: Project) -> Iterator[Finding]:
    del project
    yield fact("versions", "ganprint", version("ganprint"))
    here, wanted = platform.python_version(), metadata("ganprint")["Requires-Python"]
    if wanted and here not in SpecifierSet(wanted):
        yield trouble("versions", "python", here, f"python {wanted} is needed: make PYTHON=/path/to/it")
    else:
        yield fact("versions", "python", f"{here}, {platform.system()} {platform.machine()}")
    for name in ("torch", "torchvision", "timm", "numpy", "scikit-learn", "dvc", "mlflow"):
        try:
            yield fact("versions", name, version(name))
        except PackageNotFoundError:
            yield trouble("versions", name, "not installed", _INSTALL)


def _lock(project: Project) -> Iterator[Finding]:
    path = project.places.root / LOCK_FILE
    if not path.is_file():
        yield note("lock", LOCK_FILE, "not in this folder", "the environment can not be held against a lock")
        return
    drift = compare_with_lock(read_pins(path.read_text(encoding="utf-8"), str(path)), installed_versions())
    total = drift.agreeing + len(drift.missing) + len(drift.other)
    yield fact("lock", LOCK_FILE, f"{drift.agreeing} of {total} pins of this platform are installed as pinned")
    for line in drift.lines():
        name, _, said = line.partition(": ")
        if name in drift.unlisted:
            yield note("lock", name, said, f"pip uninstall {name}, or start a fresh environment")
        else:
            yield trouble("lock", name, said, _INSTALL)


def _machine(project: Project) -> Iterator[Finding]:
    machine, params = look_at_machine(project.places.root), project.params
    threads = params.compute.threads if params else 1
    if threads > machine.cores:
        yield note("machine", "cores", machine.cores, f"compute.threads is {threads}; fewer threads will not wait")
    else:
        yield fact("machine", "cores", machine.cores)
    memory = f"{machine.available_mib} MiB free of {machine.memory_mib}"
    if machine.available_mib < _LEAST_MEMORY_MIB:
        yield note("machine", "memory", memory, f"{_LEAST_MEMORY_MIB} MiB are on the safe side; close something")
    else:
        yield fact("machine", "memory", memory)
    yield fact("machine", "bfloat16", "the processor has it" if machine.bf16 else "not in the processor: say float32")
    if params is None:
        yield fact("machine", "disk", f"{machine.free_mib} MiB free")
        return
    needed = _space(project.places, params)
    said = f"{machine.free_mib} MiB free, {needed} on the safe side for a 'dvc repro' from nothing"
    if machine.free_mib < needed:
        yield trouble("machine", "disk", said, "make room, or 'dvc gc --workspace' to clear the cache of old results")
    else:
        yield fact("machine", "disk", said)


def _space(places: Places, params: Params) -> int:
    corpus = params.corpus
    if corpus.kind == "phantom":
        images, size = phantom_images(corpus.phantom)
    else:
        source = places.root / corpus.path
        if not source.exists():
            raise InputError(f"{source}: the corpus' source is not here; check corpus.path in {places.params}")
        images, size = count_images(source)
    return space_needed(images, size, [row_bytes(embedding) for embedding in params.embed.values()])


def _mlflow(project: Project) -> Iterator[Finding]:
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if uri:
        yield from _tracking_server(uri)
        return
    database = project.places.tracking_store / "mlflow.db"
    if not database.is_file():
        yield fact("mlflow", "store", "none yet: a local one is made by the stage 'track'")
        return
    yield _sqlite(database)


def _sqlite(database: Path) -> Finding:
    try:
        # Read only: looking must not make a journal, or a database where there is none.
        with sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True) as connection:
            count = connection.execute("select count(*) from runs where lifecycle_stage = 'active'").fetchone()[0]
    except sqlite3.Error as error:
        advice = f"remove {database.parent} and run 'ganprint track' to log all results anew"
        return trouble("mlflow", "store", f"{database}: can not be read ({error})", advice)
    return fact("mlflow", "store", f"local, {count} runs")


def _tracking_server(uri: str) -> Iterator[Finding]:
    address = urlsplit(uri)
    shown = uri.replace(f"{address.username}:{address.password}@", "") if address.password else uri
    if address.scheme == "sqlite":
        yield _sqlite(Path(uri.removeprefix("sqlite:///")))
    elif address.hostname not in _LOOPBACK:
        yield note("mlflow", "server", shown, "not asked whether it answers: the doctor uses no network")
    else:
        try:
            port = address.port or (443 if address.scheme == "https" else 80)
            socket.create_connection((address.hostname or "", port), timeout=2).close()
        except OSError as error:
            advice = "start the server, or unset MLFLOW_TRACKING_URI for the local store"
            yield trouble("mlflow", "server", f"{shown} does not answer ({error})", advice)
        else:
            yield fact("mlflow", "server", f"{shown} answers")
