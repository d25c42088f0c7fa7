"""A project folder of its own, with the small profile, run through the command line in this process."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from ganprint.cli import main
from ganprint.params import load_params
from ganprint.stages.places import Places
from ganprint.stages.profile import write_profile

ROOT = Path(__file__).resolve().parents[2]

# A corpus in a second: the generator need not be any good.
TINY_PHANTOM = {
    "size": 64,
    "development_patients": 16,
    "test_patients": 4,
    "slices_per_patient": 2,
    "other_patients": 4,
    "generated_development": 16,
    "generated_test": 8,
    "autoencoder_steps": 2,
    "autoencoder_width": 8,
    "generator_steps_least": 1,
    "generator_steps_most": 2,
    "generator_width": 16,
    "sampling_steps": 2,
}


def call(root, *words, status=0):
    """Run the command in a project folder and give what it printed."""
    result = CliRunner().invoke(main, ["-C", str(root), *words], catch_exceptions=True)
    shown = f"{words}: status {result.exit_code}\n{result.output}\n{result.exception!r}"
    assert result.exit_code == status, shown
    return result.output


def new_project(root):
    root.mkdir()
    shutil.copytree(ROOT / "data" / "source", root / "data" / "source")
    shutil.copy(ROOT / "requirements.lock", root)
    write_profile(Places(root), "small", kind=None, path=None, truth=None)
    return root


def repro(root):
    """Run every stage in the order of dvc.yaml."""
    params = load_params(root / "params.yaml")
    call(root, "corpus")
    for name in params.embed:
        call(root, "embed", name)
    for run in params.runs:
        call(root, "compare", run)
    call(root, "submit")
    for run in params.runs:
        call(root, "evaluate", run)
    call(root, "evaluate", "--trivial")
    call(root, "evaluate", "--inference")
    call(root, "evidence")
    call(root, "memorisation")
    call(root, "audit-paper")
    call(root, "audit")
    return params
