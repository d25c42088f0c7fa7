"""The report as typed data: what report.json holds and what its published JSON Schema says."""

from typing import Any, Literal

from ganprint.audit.verdict import Kind
from ganprint.params import FrozenModel

__all__ = [
    "REPORT_VERSION",
    "BaselineModel",
    "CorpusModel",
    "FigureModel",
    "MeasureModel",
    "MemorisationModel",
    "PlotModel",
    "Report",
    "RunModel",
    "StudyModel",
    "TestModel",
    "VerdictModel",
    "schema",
]

REPORT_VERSION: Literal[1] = 1
"""Raised whenever a field changes its name or meaning."""


class FigureModel(FrozenModel):
    """A figure, its interval, how that was made and how many images it rests on."""

    value: float | None
    low: float | None
    high: float | None
    method: str
    n: int
    note: str = ""
    group_low: float | None = None
    group_high: float | None = None


class TestModel(FrozenModel):
    """A one-sided permutation test by group against chance: p alone, corrected for the number of runs, and how."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    value: float | None
    p: float | None
    p_holm: float | None = None
    p_max: float | None = None
    how: str = "permutation"


class VerdictModel(FrozenModel):
    """A verdict, the numbers that led to it, and its meaning for lay readers."""

    kind: Kind
    reasons: list[str]
    lay: str


class RunModel(FrozenModel):
    """One run.

    Attributes
    ----------
    name, comparator, variant, embedding
        Of params.yaml.
    role
        ``run`` or ``baseline``.
    refusal
        Why it did not run.
    decided_on
        Split that the verdict rests on.
    figures
        Split to figure name to figure.
    controls
        Split to name (``swapped``) to figure name to figure.
    tests
        Split to figure name to test.
    details
        Split to what else was computed: privacy bound, power, set level, controls.
    abstention
        Per-image answers, counted, with their coverage where the truth is known.
    verdict
        Of the run; a baseline has none.
    """

    name: str
    comparator: str
    variant: str
    embedding: str
    role: Literal["run", "baseline"]
    refusal: str | None
    decided_on: Literal["development", "test"] | None
    figures: dict[str, dict[str, FigureModel]]
    controls: dict[str, dict[str, dict[str, FigureModel]]]
    tests: dict[str, dict[str, TestModel]]
    details: dict[str, dict[str, Any]]
    abstention: dict[str, Any] | None
    verdict: VerdictModel | None


class BaselineModel(FrozenModel):
    """An answer that looks at no image: split to figure name to figure."""

    name: str
    figures: dict[str, dict[str, FigureModel]]


class CorpusModel(FrozenModel):
    """What the runs saw: kind, hash over all images, counts by part, and its record."""

    kind: str
    sha256: str
    counts: dict[str, int]
    record: dict[str, Any]


class MeasureModel(FrozenModel):
    """One measure of how much the generator as a whole memorised.

    Attributes
    ----------
    measure, title
        Its key, and its name for readers.
    leak
        Direction that speaks for copying; ``None`` for figures for context.
    chance
        Level without any copying, where it is known beforehand.
    value, low, high
        Figure and interval.
    p, p_corrected
        One-sided permutation test by group, alone and corrected for all measures and embeddings of the split.
    expected
        Mean under exchanged memberships.
    reference
        Figure of held-out images in place of generated ones; for context, of held-out in place of used images.
    generated, used, held_out, features
        Sizes that it rests on.
    reason
        Why there is no value or no interval.
    reading
        The line in one sentence.
    """

    measure: str
    title: str
    leak: Literal["low", "high"] | None
    chance: float | None
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    expected: float | None
    reference: float | None
    generated: int
    used: int
    held_out: int
    features: int
    reason: str | None
    reading: str


class MemorisationModel(FrozenModel):
    """How much the generator as a whole memorised: split to embedding to measures."""

    version: Literal[1]
    confidence: float
    splits: dict[str, dict[str, list[MeasureModel]]]


class PlotModel(FrozenModel):
    """One plot: file with the picture and file with exactly the data drawn; empty when there was nothing to draw."""

    name: str
    title: str
    caption: str
    svg: str | None
    csv: str | None
    section: str


class StudyModel(FrozenModel):
    """A selection study on the development split: which features see membership.

    Attributes
    ----------
    name
        Of params.yaml.
    said
        What it lets one say, corrected for all that was tried.
    selection
        Rule, selected candidate, nested figure and claims, as in selection.json.
    table
        A row per candidate, as in table.csv; ``None`` where a cell is empty.
    """

    name: str
    said: list[str]
    selection: dict[str, Any]
    table: list[dict[str, Any]]


class Report(FrozenModel):
    """The whole report."""

    version: Literal[1] = REPORT_VERSION
    profile: str
    question: str
    verdict: VerdictModel
    level: float
    confidence: float
    abstain: float
    corpus: CorpusModel
    embeddings: dict[str, str]
    runs: list[RunModel]
    trivial: list[BaselineModel]
    comparisons: dict[str, list[dict[str, Any]]]
    set_level: dict[str, Any]
    duplicates: dict[str, Any]
    collapse: dict[str, Any]
    reidentification: dict[str, Any]
    memorisation: MemorisationModel
    studies: list[StudyModel]
    findings: list[dict[str, Any]]
    published: list[dict[str, Any]]
    headline: list[dict[str, Any]]
    limits: list[str]
    plots: list[PlotModel]
    provenance: dict[str, Any]


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of report.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema()}
