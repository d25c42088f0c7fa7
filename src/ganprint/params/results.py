"""Parameters of what computes, of figures and tests, of the report and of MLflow."""

from typing import Literal

from pydantic import Field

from ganprint.params.base import FrozenModel

__all__ = ["AuditParameters", "ComputeParameters", "EvaluateParameters", "MemorisationParameters", "TrackParameters"]


class ComputeParameters(FrozenModel):
    """What computes: part of every result's provenance, since sums in another order differ in their last digits."""

    device: Literal["cpu", "cuda", "auto"] = "cpu"
    threads: int = Field(default=2, ge=1)


class EvaluateParameters(FrozenModel):
    """Figures and tests.

    Attributes
    ----------
    confidence
        Level of all intervals; tests are at one minus it.
    resamples
        Bootstrap resamples of groups.
    permutations
        Random relabellings of groups of a permutation test.
    power
        Power at which the smallest leak that could have been shown is stated.
    abstain
        Error level of the per-image answers "used", "not used", "can not say".
    """

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    resamples: int = Field(default=10_000, ge=100)
    permutations: int = Field(default=10_000, ge=100)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    abstain: float = Field(default=0.1, gt=0, lt=0.5)


class AuditParameters(FrozenModel):
    """What the report shows.

    Attributes
    ----------
    images
        Most suspicious real images per split on the evidence page.
    evidences
        Nearest generated images per real image and view.
    near_hash
        Largest number of differing bits, of 64, of the perceptual hashes of near-duplicates.
    patch
        Side in pixels of the region that is looked for in the generated image.
    """

    images: int = Field(default=24, ge=1, le=500)
    evidences: int = Field(default=3, ge=1, le=10)
    near_hash: int = Field(default=4, ge=0, le=20)
    patch: int = Field(default=64, ge=16, le=256)


class MemorisationParameters(FrozenModel):
    """How much the generator as a whole memorised.

    Attributes
    ----------
    permutations
        Exchanges of membership between groups behind every p.
    folds
        Folds of groups, left out in turn, behind every interval.
    cells
        Cells of the data-copying test C_T.
    limit
        Distance ratio below which one used image counts as clearly nearer than any other.
    neighbours
        k of precision, recall, density and coverage.
    sample
        Largest number of generated images for the figures that need all pairs of them.
    """

    permutations: int = Field(default=200, ge=20)
    folds: int = Field(default=20, ge=2)
    cells: int = Field(default=3, ge=1)
    limit: float = Field(default=0.8, gt=0, lt=1)
    neighbours: int = Field(default=5, ge=1)
    sample: int = Field(default=1000, ge=10)


class TrackParameters(FrozenModel):
    """MLflow. The server is MLflow's own MLFLOW_TRACKING_URI; without it a local SQLite file.

    Attributes
    ----------
    experiment
        Name of the experiment.
    live
        Also show the curves of a training while it goes on, as a run of its own.
    """

    experiment: str = "ganprint"
    live: bool = False
