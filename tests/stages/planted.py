"""Folder corpora with a planted truth: a generator that copies, one that does not, and a split that is biased."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml
from PIL import Image
from pipeline import call, new_project

SIDE = 32
GROUPS, PER_GROUP = 30, 2
RUNS = ("nearest-neighbour", "svm-corrected", "blind")
EMBEDDINGS = ("lite0-weights", "pixels-32")


def textures(rng, count):
    """Smooth random pictures, [count, SIDE, SIDE] in 40..215."""
    coarse = rng.normal(size=(count, SIDE // 4, SIDE // 4))
    smooth = np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)
    return np.clip(128 + 30 * smooth + rng.normal(0, 4, smooth.shape), 40, 215)


def write(folder, stem, pictures):
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        Image.fromarray(np.clip(picture, 0, 255).round().astype(np.uint8)).save(folder / f"{stem}_{number:03d}.png")


def plant(root, kind, seed=0):
    """Write a corpus of ``kind`` leak, none or bias with its truth file; give its folder."""
    rng = np.random.default_rng(seed)
    lines, truth = ["id,split,group"], ["id,membership"]
    for split in ("development", "test"):
        used = np.repeat(rng.permutation(GROUPS) % 2, PER_GROUP).astype(bool)
        # Slices of a group resemble each other; a biased split has brighter used images.
        real = np.repeat(textures(rng, GROUPS), PER_GROUP, axis=0) + rng.normal(0, 6, (len(used), SIDE, SIDE))
        generated = textures(rng, 60)
        if kind == "leak":
            generated[: used.sum()] = real[used] + rng.normal(0, 5, (used.sum(), SIDE, SIDE))
        if kind == "bias":
            real[used] += 25
            generated += 25
        parts = {"real_used": real[used], "real_not_used": real[~used]} if split == "development" else {}
        groups = {"real_used": used, "real_not_used": ~used}
        names = np.repeat([f"{split}-{group}" for group in range(GROUPS)], PER_GROUP)
        for part, pictures in parts.items():
            write(root / split / part, part, pictures)
            lines += [f"{part}_{n:03d},{split},{group}" for n, group in enumerate(names[groups[part]])]
        if split == "test":
            write(root / split / "real_unknown", "real_unknown", real)
            lines += [f"real_unknown_{n:03d},{split},{group}" for n, group in enumerate(names)]
            truth += [f"real_unknown_{n:03d},{int(known)}" for n, known in enumerate(used)]
        write(root / split / "generated", "generated", generated)
    (root / "groups.csv").write_text("\n".join(lines) + "\n")
    (root.parent / "truth.csv").write_text("\n".join(truth) + "\n")
    return root


def audited(tmp_path: Path, kind: str, *, truth: bool = True, more: Mapping[str, Any] = MappingProxyType({})) -> Path:
    """Give a project in which every stage has run on a planted corpus, with a few quick runs and ``more``."""
    corpus = plant(tmp_path / "corpus", kind)
    root = new_project(tmp_path / "project")
    words = ["profile", "small", "--corpus", "folder", "--path", str(corpus)]
    call(root, *words, *(["--truth", str(tmp_path / "truth.csv")] if truth else []))
    content = yaml.safe_load((root / "params.yaml").read_text())
    content["runs"] = {name: content["runs"][name] for name in RUNS} | dict(more)
    content["embed"] = {name: content["embed"][name] for name in EMBEDDINGS}
    (root / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    steps = ["corpus", *(f"embed {name}" for name in EMBEDDINGS)]
    steps += [f"{stage} {run}" for run in content["runs"] for stage in ("compare", "evaluate")]
    steps += ["submit", "evaluate --trivial", "evaluate --inference", "evidence", "memorisation"]
    steps += ["audit-paper", "audit"]
    for step in steps:
        call(root, *step.split())
    return root
