"""The driver is read from what NVIDIA's kernel module and tool say; old ones are told from new ones."""

import pytest

from ganprint.doctor import machine
from ganprint.doctor.machine import driver_version, look_at_machine, newer_driver_needed
from ganprint.doctor.space import count_images, phantom_images, space_needed
from ganprint.params import PhantomParameters

PROPRIETARY = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.124.06  Wed Feb 26 2025\nGCC version 12\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder@U22)\n"


@pytest.mark.parametrize(("text", "version"), [(PROPRIETARY, "570.124.06"), (OPEN, "580.65.06"), ("nothing", None)])
def test_the_kernel_module_tells_the_driver(tmp_path, text, version):
    """Both kinds of module write the version in another place of the line; a compiler's version is none."""
    (tmp_path / "version").write_text(text)
    assert driver_version(tmp_path / "version") == version


def test_without_a_module_the_tool_is_asked(tmp_path, monkeypatch):
    """Some containers see the tool alone; without either there is no driver, and no error."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 580.95.05\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert driver_version(tmp_path / "none") == "580.95.05"
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert driver_version(tmp_path / "none") is None
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert driver_version(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("cuda", "driver", "needed"),
    [
        ("13.0", "579.99", 580),
        ("13.0", "580.65.06", None),
        ("13.5", "595.10", None),
        ("12.8", "520.61.05", 525),
        ("12.8", "580.65", None),
        ("99.0", "1.0", None),
    ],
)
def test_the_first_driver_of_a_major_version_will_do(cuda, driver, needed):
    """NVIDIA's table: within one major version of CUDA its first driver branch runs every minor one."""
    assert newer_driver_needed(cuda, driver) == needed


def test_a_containers_memory_limit_counts(tmp_path, monkeypatch):
    """A container's processes are killed at its limit, whatever the host has."""
    assert look_at_machine(tmp_path).memory_mib > 256
    monkeypatch.setattr(machine, "_memory_limit", lambda: 256 << 20)
    seen = look_at_machine(tmp_path)
    assert seen.memory_mib == 256
    assert seen.available_mib <= 256
    assert seen.cores >= 1


def test_space_covers_what_the_default_profile_was_measured_to_take(tmp_path):
    """327 MiB were measured: the estimate lies above that, and grows with images, features and archives."""
    images, size = phantom_images(PhantomParameters())
    assert images == 90 * 4 + 2500
    rows = [2 * 4 * 1280, 2 * 4 * 1280, 64 * 64]
    assert 327 < space_needed(images, size, rows) < 3 * 327
    assert space_needed(2 * images, 2 * size, rows) > 1.5 * space_needed(images, size, rows)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.png").write_bytes(b"x" * 100)
    (tmp_path / "two.png").write_bytes(b"x" * 10)
    assert count_images(tmp_path) == (2, 110)
    assert count_images(tmp_path / "two.png") == (0, 60)
