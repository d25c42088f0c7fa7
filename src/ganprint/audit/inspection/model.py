"""The report of an inspection as typed data: what report.json holds and what its published JSON Schema says."""

from typing import Any, Literal

from ganprint.audit.inspection.verdict import InspectKind
from ganprint.params import FrozenModel

__all__ = ["INSPECT_VERSION", "ColumnModel", "ImageModel", "InspectReport", "schema"]

INSPECT_VERSION: Literal[1] = 1
"""Raised whenever a field changes its name or meaning."""


class InspectVerdictModel(FrozenModel):
    """A verdict, the numbers that led to it, and its meaning for lay readers."""

    kind: InspectKind
    reasons: list[str]
    lay: str


class FolderModel(FrozenModel):
    """A folder: its images, other files passed over, and a hash over ids and pixels of all images."""

    images: int
    others: int
    sha256: str


class ColumnModel(FrozenModel):
    """One column of scores.csv, or why there is none.

    Attributes
    ----------
    name, attack, view, metric, title
        ``attack@view``, its parts, how pairs were measured, and the attack in a line.
    refusal
        Why it did not run; None when it did.
    outlier_threshold, outliers
        Score from which on an image stands out among the real ones by the stated rule, and how many do.
    used_from, used
        Score from which on the authors of the attack call an image used, where they say so, and how many that are.
    effect, low, high, p, p_holm
        Set-level test beside reference images: probability that a real image outscores a reference image, with its
        interval; p alone and corrected for the number of columns.
    """

    name: str
    attack: str
    view: str
    metric: str
    title: str
    refusal: str | None = None
    outlier_threshold: float | None = None
    outliers: int | None = None
    used_from: float | None = None
    used: int | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None


class ImageModel(FrozenModel):
    """One suspicious real image.

    Attributes
    ----------
    id, group
        Of the image.
    combined
        Score of all columns together; higher = more likely used.
    outlier_in
        In how many columns it stands out by the stated rule.
    equal_to
        Ids of generated images with the same pixels.
    p, false_discovery, holm
        Conformal p value, and corrected after Benjamini and Hochberg, and after Holm; None without reference images.
    """

    id: str
    group: str
    combined: float
    outlier_in: int
    equal_to: list[str]
    p: float | None = None
    false_discovery: float | None = None
    holm: float | None = None


class ReferenceModel(FrozenModel):
    """How the reference images served, and the baseline that tells them from real ones without generated images."""

    calibration: int
    calibration_groups: int
    for_attacks: int
    least_p: float
    called_out_false_discovery: int
    called_out_holm: int
    blind_view: str
    blind_auc: float | None
    blind_p: float | None
    better_than_blind: list[float] | None


class InspectReport(FrozenModel):
    """The whole report."""

    version: Literal[1] = INSPECT_VERSION
    verdict: InspectVerdictModel
    level: float
    confidence: float
    folders: dict[str, FolderModel]
    views: dict[str, str]
    equal: dict[str, int]
    columns: list[ColumnModel]
    images: list[ImageModel]
    reference: ReferenceModel | None
    memorisation: dict[str, list[dict[str, Any]]]
    evidence: dict[str, Any]
    limits: list[str]
    provenance: dict[str, Any]


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of report.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **InspectReport.model_json_schema()}
