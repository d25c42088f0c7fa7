"""The report of an inspection as one HTML file: no request to anywhere, everything inlined, everything escaped."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ganprint.audit.evidence.page import render_evidence
from ganprint.audit.inspection.model import InspectReport

__all__ = ["render_inspection"]

_SHOWN = 50
"""Images of the table; scores.csv and report.json have all."""


def render_inspection(report: InspectReport, pictures: Mapping[str, bytes]) -> str:
    """Give the page.

    Parameters
    ----------
    report
        What it says.
    pictures
        WebP bytes by key of the images that the evidence names.
    """
    environment = Environment(
        loader=FunctionLoader(_template), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    css = (files("ganprint.audit.report") / "report.css").read_text(encoding="utf-8")
    return environment.get_template(
        "inspect.html.j2"
    ).render(
        report=report,
        css=Markup(css),  # noqa: S704  (a file of this package)
        ran=[column for column in report.columns if column.refusal is None],
        refused=[column for column in report.columns if column.refusal is not None],
        images=report.images[:_SHOWN],
        equal_images=[image for image in report.images if image.equal_to],
        evidence=Markup(render_evidence(report.evidence, pictures, _answers(report))),  # noqa: S704  (escaped there)
        provenance=json.dumps(report.provenance, indent=1, sort_keys=True, ensure_ascii=False),
    )


def _answers(report: InspectReport) -> dict[str, Any]:
    """Give what is said of each suspect, as the evidence viewer takes it."""
    of = {image.id: image for image in report.images}
    found = {}
    for suspect in report.evidence["suspects"]:
        image = of[suspect["image"]["id"]]
        said: dict[str, float | int | str | None] = {
            "combined score": image.combined,
            "stands out in": image.outlier_in,
        }
        if image.p is not None:
            said |= {"p": image.p, "p, false discoveries": image.false_discovery, "p, Holm": image.holm}
        found[suspect["image"]["key"]] = {"all attacks": said}
    return found


def _template(name: str) -> str:
    return (files("ganprint.audit.inspection") / name).read_text(encoding="utf-8")
