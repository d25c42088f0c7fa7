"""The report as one HTML file: no request to anywhere, everything inlined, everything escaped."""

import base64
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ganprint.audit.report import rows
from ganprint.audit.report.model import Report

__all__ = ["SECTIONS", "STUDY_SECTION", "render_page"]

SECTIONS = (
    ("question", "What was asked"),
    ("data", "Data"),
    ("runs", "Runs and their verdicts"),
    ("results", "Results"),
    ("tests", "Tests"),
    ("baselines", "Baselines and controls"),
    ("abstention", "As a set, and one by one"),
    ("duplicates", "Near-duplicates, collapse and patients"),
    ("memorisation", "The generator as a whole"),
    ("evidence", "Evidence per image"),
    ("findings", "Findings on the paper"),
    ("limits", "What can not be concluded"),
    ("plots", "Plots of every run"),
    ("provenance", "Provenance"),
    ("reproduce", "How to reproduce"),
)

STUDY_SECTION = ("study", "Which features see membership")
"""Stands before the evidence where a study was made."""

_TITLES = {
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "accuracy": "accuracy",
    "kappa": "kappa",
    "recall": "recall",
    "specificity": "specificity",
    "tpr_at_fpr_10": "TPR at 10 % FPR",
}
_TESTED = ("roc_auc", "f1", "tpr_at_fpr_10")


def render_page(report: Report, svgs: Mapping[str, bytes], evidence: str, studies: Sequence[str] = ()) -> str:
    """Give the page.

    Parameters
    ----------
    report
        What it says.
    svgs
        File name to content of the plots that the report names.
    evidence
        The evidence viewer's HTML: made by this package, and escaped there.
    studies
        HTML of each selection study, made and escaped likewise.

    Raises
    ------
    KeyError
        When a plot that the report names is missing.
    """
    environment = Environment(
        loader=FunctionLoader(_resource), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    splits = [split for split in ("development", "test") if any(split in run.figures for run in report.runs)]
    decisive = splits[-1] if splits else "development"
    return environment.get_template("report.html.j2").render(
        report=report,
        css=_resource("report.css"),
        sections=_sections(report),
        splits=splits,
        decisive=decisive,
        titles=_TITLES,
        tested=_TESTED,
        interval=lambda figure: rows.interval(None if figure is None else figure.model_dump()),
        number=rows.tested_number,
        pairs=rows.pair_rows(report, decisive),
        controls=rows.control_rows(report, decisive),
        answers=rows.answer_rows(report),
        sets=rows.set_rows(report),
        said=rows.said_of_duplicates(report),
        duplicate_pairs=rows.duplicate_rows(report.duplicates),
        measures=rows.measure_rows(report),
        findings=rows.finding_rows(report.findings),
        pictures=[
            {**plot.model_dump(), "uri": None if plot.svg is None else _data_uri(svgs[plot.svg])}
            for plot in report.plots
        ],
        provenance=json.dumps(report.provenance, indent=1, sort_keys=True, ensure_ascii=False),
        evidence=evidence,
        studies=studies,
    )


def _sections(report: Report) -> list[tuple[str, str]]:
    evidence = next(place for place, (name, _) in enumerate(SECTIONS) if name == "evidence")
    return [*SECTIONS[:evidence], *([STUDY_SECTION] if report.studies else []), *SECTIONS[evidence:]]


def _resource(name: str) -> str:
    return files("ganprint.audit.report").joinpath(name).read_text(encoding="utf-8")


def _data_uri(svg: bytes) -> str:
    # As a picture and not inline: identifiers of several SVGs in one page would clash, and scripts in one would run.
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
