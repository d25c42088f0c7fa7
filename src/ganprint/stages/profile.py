"""Profiles: complete parameter files that come with the package; params.yaml is written from one of them."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from ganprint.errors import InputError
from ganprint.files import write_text
from ganprint.params import load_params
from ganprint.stages.places import Places

__all__ = ["describe", "differs", "profile_names", "write_profile"]


def _folder() -> Traversable:
    return files("ganprint") / "profiles"


def profile_names() -> list[str]:
    """Give the names of the profiles."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))


def _text(name: str) -> str:
    if name not in profile_names():
        raise InputError(f"profile '{name}': unknown; allowed: {', '.join(profile_names())}")
    return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")


def differs(places: Places, name: str) -> bool:
    """Say whether params.yaml is anything but the profile, to the letter."""
    return not places.params.is_file() or places.params.read_text(encoding="utf-8") != _text(name)


def describe(places: Places) -> list[str]:
    """Say which profiles there are and which one params.yaml is."""
    lines = []
    for name in profile_names():
        comment = [line.removeprefix("# ") for line in _text(name).splitlines() if line.startswith("# ")]
        mark = "*" if not differs(places, name) else " "
        lines.append(f"{mark} {name:<10}{comment[0]}")
    if any(line.startswith("*") for line in lines):
        return [*lines, "* in force: params.yaml is this profile, to the letter"]
    return [*lines, f"{places.params}: profile '{load_params(places.params).profile}' with changes of your own"]


def write_profile(places: Places, name: str, *, kind: str | None, path: str | None, truth: str | None) -> None:
    """Write params.yaml from a profile, with another corpus when one is given; comments are kept.

    Raises
    ------
    InputError
        When the profile is unknown, or the corpus is of a kind that needs a path and has none or a missing one.
    """
    text = _text(name)
    if kind in {"folder", "official"} and path is None:
        raise InputError(f"--corpus {kind}: needs --path with the folder or archive")
    if kind not in {"folder", "official"} and (path is not None or truth is not None):
        raise InputError("--path and --truth: belong to --corpus folder or official")
    for option, value in (("--path", path), ("--truth", truth)):
        if value is not None and not (places.root / value).exists():
            raise InputError(f"{option} {value}: no such file or folder; paths are relative to the project's folder")
    if kind is not None:
        text = _with_corpus(text, {"kind": kind, "path": path, "truth": truth})
    temporary = places.root / ".params.yaml.check"
    write_text(temporary, text)
    try:
        load_params(Path(temporary))
    finally:
        temporary.unlink()
    write_text(places.params, text)


def _with_corpus(text: str, values: dict[str, str | None]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    content = yaml.load(text)
    for key, value in values.items():
        if value is not None:
            content["corpus"][key] = value
    out = StringIO()
    yaml.dump(content, out)
    return out.getvalue()
