"""The machine: processor, memory, disk, and the NVIDIA driver that a CUDA build needs."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["LEAST_DRIVER", "Machine", "driver_version", "look_at_machine", "newer_driver_needed"]

LEAST_DRIVER = {11: 450, 12: 525, 13: 580}
"""CUDA's major version to the first driver branch that runs it (NVIDIA, "CUDA Compatibility", section "Minor Version
Compatibility", table 1, read in November 2026). Within one major version any such driver does; newer ones always do."""

_KERNEL_MODULE = Path("/proc/driver/nvidia/version")
_VERSION = re.compile(r"\b(\d{3,}\.\d+(?:\.\d+)?)\b")
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
_MIB = 2**20


@dataclass(frozen=True)
class Machine:
    """What there is to compute with.

    Attributes
    ----------
    cores
        Logical cores that this process may use.
    memory_mib, available_mib
        Main memory in all and available now; a container's limit counts where it is lower.
    free_mib
        Free space on the disk of the project.
    bf16
        Whether the processor has instructions for bfloat16.
    """

    cores: int
    memory_mib: int
    available_mib: int
    free_mib: int
    bf16: bool


def look_at_machine(folder: Path) -> Machine:
    """Look at the machine; ``folder`` is where results are written."""
    memory = psutil.virtual_memory()
    limit = _memory_limit()
    total = memory.total if limit is None else min(memory.total, limit)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(
        cores,
        total // _MIB,
        min(memory.available, total) // _MIB,
        shutil.disk_usage(folder).free // _MIB,
        _has_bf16(),
    )


def _memory_limit() -> int | None:
    """Give the memory limit of a container in bytes; None where there is none."""
    for path in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        try:
            return int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return None


def _has_bf16() -> bool:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    lines = (line for line in text.splitlines() if line.startswith(("flags", "Features")))
    return bool(_BF16_FLAGS & set(next(lines, "").split()))


def driver_version(module: Path = _KERNEL_MODULE) -> str | None:
    """Give the version of the NVIDIA driver, for example ``580.65.06``; None where none is found.

    The kernel module says it in a container too; else the driver's own tool is asked.
    """
    try:
        said = module.read_text(encoding="utf-8").split("\n", 1)[0]
    except OSError:
        said = _ask_tool()
    found = _VERSION.search(said)
    return found.group(1) if found else None


def _ask_tool() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def newer_driver_needed(cuda: str, driver: str) -> int | None:
    """Give the driver branch that a CUDA build needs where ``driver`` is older; None where it does.

    Examples
    --------
    >>> newer_driver_needed("13.0", "570.124.06")
    580
    >>> newer_driver_needed("13.0", "580.65.06") is None
    True
    """
    least = LEAST_DRIVER.get(int(cuda.split(".", 1)[0]))
    return least if least is not None and int(driver.split(".", 1)[0]) < least else None
