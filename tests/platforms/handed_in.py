"""What the tests of this room share: a corpus in the layouts of the task, and the command line."""

import hashlib
import shutil
from pathlib import Path

from click.testing import CliRunner

from ganprint.cli import main

LAYOUTS = {
    "ganprint": {},
    "imageclef-2023": {
        "development/real_used": "img_real/used",
        "development/real_not_used": "img_real/not_used",
        "development/generated": "img_gen/generated",
        "test/real_unknown": "img_test/real_unknown_1",
        "test/generated": "test/test_1/generated_1",
    },
    "imageclef-2025": {
        "development/real_used": "Train/real_used",
        "development/real_not_used": "Train/real_not_used",
        "development/generated": "Train/generated",
        "test/real_unknown": "Final/real_unknown",
        "test/generated": "Final/generated",
    },
}


def call(*words, status=0, env=None):
    """Run a command; give stdout and stderr."""
    result = CliRunner().invoke(main, [str(word) for word in words], env=env)
    assert result.exit_code == status, f"{words}: {result.exit_code}\n{result.output}\n{result.exception!r}"
    return result.stdout, result.stderr


def hashes(folder: Path):
    """Path to content hash of every file: what must not change in a folder that is only read."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def laid_out(corpus: Path, target: Path, layout: str) -> Path:
    """Copy the corpus into another layout."""
    if not LAYOUTS[layout]:
        return Path(shutil.copytree(corpus, target))
    for part, folder in LAYOUTS[layout].items():
        shutil.copytree(corpus / part, target / folder)
    shutil.copy(corpus / "groups.csv", target)
    return target
