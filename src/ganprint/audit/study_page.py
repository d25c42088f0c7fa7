"""A selection study as HTML, a page of its own and a section of the report: everything inlined, everything escaped."""

import base64
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from ganprint.audit.study_table import features_rows
from ganprint.audit.study_words import study_sentences

__all__ = ["render_study", "render_study_section"]


def render_study(content: Mapping[str, Any], table: pd.DataFrame, svg: bytes) -> str:
    """Give the page.

    Parameters
    ----------
    content
        Of selection.json.
    table
        Of table.csv.
    svg
        The dot plot.
    """
    # As a picture and not inline: scripts in an inlined one would run.
    plot = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    css = files("ganprint.audit.report").joinpath("report.css").read_text(encoding="utf-8")
    return _template("study.html.j2").render(css=css, plot=plot, **_shared(content, table))


def render_study_section(content: Mapping[str, Any], table: pd.DataFrame) -> str:
    """Give what the report says of the study, without the plot; parameters as of :func:`render_study`."""
    return _template("study_section.html.j2").render(**_shared(content, table))


def _shared(content: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    heads, rows = features_rows(table, 1 - content["confidence"])
    candidates = [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in table.astype(object).to_dict("records")
    ]
    return {
        "study": content,
        "verdict": study_sentences(content),
        "candidates": candidates,
        "heads": heads,
        "features": rows,
    }


def _template(name: str) -> Template:
    loader = FunctionLoader(_resource)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(name)


def _resource(name: str) -> str:
    return files("ganprint.audit").joinpath(name).read_text(encoding="utf-8")
