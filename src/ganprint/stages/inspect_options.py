"""What an inspection is told."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from ganprint.pairs import Metric
from ganprint.params import FrozenModel

__all__ = ["InspectOptions"]


class InspectOptions(FrozenModel):
    """Folders and settings of ``ganprint inspect``.

    Attributes
    ----------
    real, generated, reference
        Folders of images; reference images are real ones that were certainly not used.
    out
        Folder to write.
    groups
        CSV ``id,group`` of real and reference images.
    views, attacks, metrics
        Names; all attacks when empty. Metrics as in :func:`ganprint.pairs.pair_distances`.
    level
        Of tests; intervals are at 1 - level.
    images, evidences, patch
        Suspicious images that are shown, nearest generated ones per view, side of matched regions in pixels.
    permutations, resamples
        Of tests and intervals.
    seed, device, threads
        Of all chance; of the arithmetic.
    """

    real: Path
    generated: Path
    out: Path
    reference: Path | None = None
    groups: Path | None = None
    views: tuple[str, ...] = ("pixels", "lite0")
    attacks: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ("euclidean",)
    level: float = Field(default=0.05, gt=0, lt=0.5)
    images: int = Field(default=24, ge=1, le=200)
    evidences: int = Field(default=3, ge=1, le=20)
    patch: int = Field(default=64, ge=8)
    permutations: int = Field(default=9999, ge=99)
    resamples: int = Field(default=1000, ge=100)
    seed: int = 20230918
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    threads: int = Field(default=2, ge=1)
