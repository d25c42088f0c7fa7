"""The list of the environment's packages (SBOM, CycloneDX), written by the kept tool for Python environments."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from ganprint.errors import InputError

__all__ = ["environment_sbom", "packages", "without_places"]

_COMMAND = ("-m", "cyclonedx_py", "environment", "--output-reproducible", "--sv", "1.6", "--of", "JSON")


def environment_sbom() -> bytes:
    """Give the SBOM of the running environment as JSON: no time, no random number, no place on this machine.

    Raises
    ------
    InputError
        When the tool fails.
    """
    command = [sys.executable, *_COMMAND, "--no-validate", sys.executable]
    try:
        done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"status {error.returncode}"
        raise InputError(f"cyclonedx-py: {reason}; run 'ganprint doctor' to see what the environment lacks") from None
    plain = without_places(json.loads(done.stdout))
    return (json.dumps(plain, indent=1, sort_keys=True) + "\n").encode()


def without_places(sbom: Any) -> Any:
    """Drop references to local files from an SBOM: where a package was installed from is nobody's business."""
    if isinstance(sbom, dict):
        return {key: without_places(value) for key, value in sbom.items()}
    if isinstance(sbom, list):
        return [without_places(item) for item in sbom if not _is_place(item)]
    return sbom


def _is_place(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("url", "")).startswith("file:")


def packages(sbom: Mapping[str, Any]) -> dict[str, str]:
    """Give canonical name to version of the packages in an SBOM."""
    return {canonicalize_name(component["name"]): str(component["version"]) for component in sbom["components"]}
