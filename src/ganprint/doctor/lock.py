"""Does the environment agree with the lock? Pins against what is installed, environment markers respected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ganprint.errors import InputError

__all__ = ["NOT_LOCKED", "Drift", "compare_with_lock", "installed_versions", "read_pins"]

NOT_LOCKED = frozenset({"ganprint", "pip"})
"""What no lock of this project names: the project itself, and the installer that reads the lock."""


@dataclass(frozen=True)
class Drift:
    """How an environment differs from the lock.

    Attributes
    ----------
    agreeing
        Number of pins that are installed as they are pinned.
    missing
        Pinned name to version, for what is not installed.
    other
        Name to (pinned, installed) version.
    unlisted
        Installed name to version, for what the lock does not name.
    """

    agreeing: int
    missing: dict[str, str]
    other: dict[str, tuple[str, str]]
    unlisted: dict[str, str]

    @property
    def agrees(self) -> bool:
        """Whether every pin is installed as pinned, and nothing else is."""
        return not (self.missing or self.other or self.unlisted)

    def lines(self) -> list[str]:
        """Name every difference, one per line, by name."""
        said = {name: f"{name}: not installed, {version} in the lock" for name, version in self.missing.items()}
        said |= {name: f"{name}: {here} installed, {pin} in the lock" for name, (pin, here) in self.other.items()}
        said |= {name: f"{name}: {version} installed, not in the lock" for name, version in self.unlisted.items()}
        return [said[name] for name in sorted(said)]


def read_pins(text: str, name: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    r"""Read the pins of a lock that hold in an environment.

    Parameters
    ----------
    text
        Of the lock: ``name==version`` with or without a marker and hashes, as pip's requirements files have it.
    name
        What to call the file in messages.
    environment
        Values of the markers that differ from those of this interpreter, for example ``sys_platform``.

    Returns
    -------
    Canonical name to version.

    Raises
    ------
    InputError
        When a line is no exact pin, or two pins of one package hold at once.

    Examples
    --------
    >>> read_pins("A_b==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:00\n", "lock", {"sys_platform": "linux"})
    {'a-b': '1.0'}
    """
    marked = {key: str(value) for key, value in default_environment().items()} | dict(environment or {})
    pins: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        wanted = line.split("#", 1)[0].split(" --hash", 1)[0].strip()
        if not wanted or wanted.startswith("-"):
            continue
        try:
            requirement = Requirement(wanted)
        except InvalidRequirement as error:
            reason = str(error).split("\n", 1)[0]
            raise InputError(f"{name}: {wanted!r} is no requirement ({reason}); renew the lock") from None
        exact = [specifier.version for specifier in requirement.specifier if specifier.operator in {"==", "==="}]
        if len(exact) != 1 or len(requirement.specifier) != 1:
            raise InputError(f"{name}: {wanted!r} is not pinned to one version; renew the lock")
        if requirement.marker is not None and not requirement.marker.evaluate(marked):
            continue
        key = canonicalize_name(requirement.name)
        if pins.setdefault(key, exact[0]) != exact[0]:
            raise InputError(f"{name}: {key} is pinned to {pins[key]} and to {exact[0]} at once; renew the lock")
    return pins


def installed_versions(paths: Iterable[str] | None = None) -> dict[str, str]:
    """Give canonical name to version of what is installed; ``paths`` are folders to look in, else those of imports.

    What comes first on the path is what an import gets, so it counts.
    """
    found: dict[str, str] = {}
    for distribution in distributions() if paths is None else distributions(path=list(paths)):
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), distribution.version)
    return found


def compare_with_lock(
    pins: Mapping[str, str], installed: Mapping[str, str], not_locked: frozenset[str] = NOT_LOCKED
) -> Drift:
    """Compare pins with installed versions, both by canonical name.

    Versions are compared as versions: ``1.0`` is ``1.0.0``, and a build's local part (``+cu130``) must agree.
    """
    missing, other, agreeing = {}, {}, 0
    for name, pin in pins.items():
        if name not in installed:
            missing[name] = pin
        elif _same(pin, installed[name]):
            agreeing += 1
        else:
            other[name] = (pin, installed[name])
    unlisted = {name: version for name, version in installed.items() if name not in pins and name not in not_locked}
    return Drift(agreeing, missing, other, unlisted)


def _same(one: str, two: str) -> bool:
    try:
        return Version(one) == Version(two)
    except InvalidVersion:
        return one == two
