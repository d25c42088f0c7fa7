"""Where a result comes from: code revision, lock, library versions, processor and device."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ganprint.files import sha256_of

__all__ = ["LOCK_FILE", "Provenance", "code_revision", "provenance"]

Provenance = dict[str, Any]

LOCK_FILE = "requirements.lock"
_LIBRARIES = (
    "ganprint",
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "pillow",
    "mlflow",
    "dvc",
)


def code_revision(root: Path) -> str:
    """Give the git commit of the code in ``root``, with ``+changes`` when sources differ from it or are not in it.

    ``unknown`` outside a git checkout.
    """
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", "src", LOCK_FILE)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+changes" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def provenance(root: Path, device: str, threads: int) -> Provenance:
    """Collect the provenance of a result that is being computed.

    Parameters
    ----------
    root
        The project's folder.
    device
        ``cpu``, or the name of the GPU.
    threads
        Threads that the arithmetic used.

    Returns
    -------
    Plain values: code revision, hash of the lock, Python and library versions, system, processor, device, threads.
    Times are left out on purpose: the same computation has the same provenance.
    """
    lock = root / LOCK_FILE
    return {
        "code_revision": code_revision(root),
        "lock_sha256": sha256_of(lock) if lock.is_file() else "absent",
        "python": platform.python_version(),
        "libraries": _versions(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "device": device,
        "threads": threads,
    }
