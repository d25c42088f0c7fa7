"""The doctor's look at the DVC repository: its configuration is read, and DVC itself not asked.

DVC may look for updates of itself when it is called; reading two small files can not.
"""

import configparser
import os
from collections.abc import Iterator
from pathlib import Path

from ganprint.doctor.findings import Finding, fact, note, trouble
from ganprint.stages.places import Places

__all__ = ["look_at_dvc"]


def look_at_dvc(places: Places) -> Iterator[Finding]:
    """Say whether there is a repository that works, a cache that can be written, and a remote."""
    root, folder = places.root, places.root / ".dvc"
    pipeline = (root / "dvc.yaml").is_file()
    if not folder.is_dir():
        if pipeline:
            advice = "run 'dvc init' ('dvc init --no-scm' without git); single stages work without"
            yield trouble("dvc", "repository", "dvc.yaml is here, .dvc is not", advice)
        else:
            yield note("dvc", "repository", "none in this folder", "'dvc repro' needs one; single stages do not")
        return
    config = _config(folder)
    no_scm = config.get("core", "no_scm", fallback="false").lower() in {"true", "1", "yes", "on"}
    if no_scm:
        yield fact("dvc", "repository", "without git (core.no_scm): 'dvc repro' works, 'dvc exp' does not")
    elif any((parent / ".git").exists() for parent in (root.resolve(), *root.resolve().parents)):
        yield fact("dvc", "repository", "in a git repository")
    else:
        yield trouble("dvc", "repository", "not in a git repository", "run 'dvc config core.no_scm true'")
    if not pipeline:
        yield note("dvc", "pipeline", "no dvc.yaml in this folder", "copy it from the kit; single stages work without")
    yield _cache(folder, config.get("cache", "dir", fallback="cache"))
    yield _remote(folder, config)


def _config(folder: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    # The later one wins, as with DVC; a section is written ['remote "store"'], quotes and all.
    for name in ("config", "config.local"):
        try:
            config.read(folder / name, encoding="utf-8")
        except configparser.Error as error:
            raise ValueError(f"{folder / name}: {error}") from None
    for section in config.sections():
        for key, value in config.items(section):
            config.set(section, key, value.strip("\"'"))
    return config


def _cache(folder: Path, named: str) -> Finding:
    cache = folder / Path(named).expanduser()
    there = next(path for path in (cache, *cache.parents) if path.exists())
    if not os.access(there, os.W_OK):
        return trouble("dvc", "cache", f"{cache} can not be written", "give another with 'dvc cache dir', or the right")
    return fact("dvc", "cache", "writable" if cache.is_dir() else "not there yet, can be made")


def _remote(folder: Path, config: configparser.ConfigParser) -> Finding:
    name = config.get("core", "remote", fallback="")
    if not name:
        return fact("dvc", "remote", "none: results are regenerated, not pulled")
    url = config.get(f"'remote \"{name}\"'", "url", fallback="")
    if not url:
        return trouble("dvc", "remote", f"'{name}' has no url", f"run 'dvc remote add --force {name} URL'")
    if "://" in url:
        scheme = url.split("://", 1)[0]
        return note("dvc", "remote", f"{name} ({scheme})", "not asked whether it answers: the doctor uses no network")
    if (folder / Path(url).expanduser()).is_dir():
        return fact("dvc", "remote", f"{name} (a folder), reachable")
    return note("dvc", "remote", f"{name}: its folder is not there", "it is made by 'dvc push'; 'dvc pull' needs it")
