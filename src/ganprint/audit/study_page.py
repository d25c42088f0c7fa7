"""A selection study as one HTML page: no request to anywhere, everything inlined, everything escaped."""

import base64
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined

from ganprint.audit.study_table import features_rows
from ganprint.audit.study_words import study_sentences

__all__ = ["render_study"]


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
    environment = Environment(
        loader=FunctionLoader(_resource), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    heads, rows = features_rows(table, 1 - content["confidence"])
    return environment.get_template("study.html.j2").render(
        study=content,
        css=files("ganprint.audit.report").joinpath("report.css").read_text(encoding="utf-8"),
        verdict=study_sentences(content),
        candidates=[
            {name: None if pd.isna(value) else value for name, value in row.items()}
            for row in table.astype(object).to_dict("records")
        ],
        heads=heads,
        features=rows,
        # As a picture and not inline: scripts in an inlined one would run.
        plot="data:image/svg+xml;base64," + base64.b64encode(svg).decode(),
    )


def _resource(name: str) -> str:
    return files("ganprint.audit").joinpath(name).read_text(encoding="utf-8")
