"""Hold the image's list of Python packages against the lock: every pin, and nothing beyond.

The list is the image's SBOM (CycloneDX), which ``containers/check.sh`` writes from inside the image.
"""

# ruff: noqa: T201

import json
import sys
from collections.abc import Set
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SBOM = ROOT / "containers" / "sbom.cdx.json"
LOCK = ROOT / "requirements.lock"

# The image is built for this platform; the lock also holds pins for others.
IMAGE: dict[str, str] = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
# The project itself is in the image, and in no lock.
OWN = "ganprint"


def locked(text: str, python: str) -> dict[str, str]:
    """Give name to version of the pins that hold on Linux with a Python version such as ``3.11``."""
    version = {"python_version": python, "python_full_version": f"{python}.0"}
    here = {name: str(value) for name, value in default_environment().items()}
    environment: dict[str, str | Set[str]] = {**here, **IMAGE, **version}
    lines = (line.removesuffix("\\").strip() for line in text.splitlines())
    requirements = [Requirement(line) for line in lines if line and not line.startswith(("#", "--"))]
    holding = (one for one in requirements if one.marker is None or one.marker.evaluate(environment))
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in holding}


def listed(text: str) -> dict[str, str]:
    """Give name to version of the Python packages in a CycloneDX document."""
    components = json.loads(text)["components"]
    packages = (one for one in components if str(one.get("purl", "")).startswith("pkg:pypi/"))
    return {canonicalize_name(one["name"]): one["version"] for one in packages}


def differences(image: dict[str, str], lock: dict[str, str]) -> list[str]:
    """Give a line for every package that is missing in the image, of another version, or in no lock."""
    found = []
    for name in sorted(image.keys() | lock.keys()):
        if name == OWN or image.get(name) == lock.get(name):
            continue
        found.append(f"{name}: {image.get(name, 'absent')} in the image, {lock.get(name, 'absent')} in the lock")
    return found


def main() -> int:
    """Compare the committed files; ``--python 3.12`` when the image's base brings that. Status 2 when they differ."""
    python = sys.argv[2] if sys.argv[1:2] == ["--python"] and len(sys.argv) == 3 else "3.11"
    try:
        image, lock = listed(SBOM.read_text(encoding="utf-8")), locked(LOCK.read_text(encoding="utf-8"), python)
    except FileNotFoundError as error:
        print(f"{error.filename}: no such file; 'make image-check CHECK_ARGS=--write' writes it", file=sys.stderr)
        return 2
    lines = differences(image, lock)
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print(
            f"{SBOM.name} and {LOCK.name} do not agree: build the image anew with 'make image-check'", file=sys.stderr
        )
        return 2
    print(f"image and lock agree: {len(lock)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
