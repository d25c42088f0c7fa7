"""Importing this makes the kit importable where it is not installed, from the sources beside this folder."""

import sys
import types
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

try:
    version("ganprint")
except PackageNotFoundError:
    # The package asks for its installed version when it is imported; here its sources are used as they lie.
    package = types.ModuleType("ganprint")
    package.__path__ = [str(Path(__file__).resolve().parents[1] / "src" / "ganprint")]
    sys.modules["ganprint"] = package
