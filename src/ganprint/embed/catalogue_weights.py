"""Where a network's published weights are: in an installed package, in torch's cache, or still to be fetched."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from ganprint.embed.catalogue import Published

__all__ = ["Whereabouts", "cache_folder", "published_path", "whereabouts"]

Whereabouts = Literal["packaged", "cached", "network", "missing package"]


def cache_folder() -> Path:
    """Give the folder where torch keeps downloaded weights, by the rule of ``torch.hub`` and without loading torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache) / "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def published_path(published: Published) -> Path | None:
    """Give where a published file lies or would lie; None when its package is not installed."""
    package, _, inside = published.file.partition("/")
    if not inside:
        return cache_folder() / published.file
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / inside


def whereabouts(published: Published) -> Whereabouts:
    """Say where a published file is to be had."""
    path = published_path(published)
    packaged = "/" in published.file
    if path is not None and path.is_file():
        return "packaged" if packaged else "cached"
    return "missing package" if packaged else "network"
