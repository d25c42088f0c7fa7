"""The evidence page: a fragment of HTML with its style, script, data and images, which needs nothing from elsewhere."""

import base64
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["render_evidence"]

RunAnswers = Mapping[str, Mapping[str, Mapping[str, float | int | str | None]]]


def _resource(name: str) -> str:
    return (files("ganprint.audit.evidence") / "viewer" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_evidence(evidence: Mapping[str, Any], images: Mapping[str, bytes], runs: RunAnswers | None = None) -> str:
    """Render the viewer of suspicious real images and their nearest generated ones.

    Parameters
    ----------
    evidence
        Content of evidence.json.
    images
        WebP bytes by key (``split/role/id``), of every image that the evidence names; each is inlined once.
    runs
        What runs say of a suspicious image, by key, run and column, for example
        ``{"test/real/x": {"svm-corrected": {"score": 0.7, "answer": "used"}}}``.

    Returns
    -------
    One ``<section>`` of HTML, everything from the data escaped; to be put into one page once.

    Raises
    ------
    ValueError
        When an image that the evidence names is missing.
    """
    wanted = {suspect["image"]["key"] for suspect in evidence["suspects"]}
    wanted |= {found["image"]["key"] for suspect in evidence["suspects"] for found in suspect["evidences"]}
    if missing := sorted(wanted - images.keys()):
        raise ValueError(f"{len(missing)} images of the evidence are missing, first {missing[0]}")
    inlined = {key: "data:image/webp;base64," + base64.b64encode(images[key]).decode() for key in sorted(wanted)}
    # Style and script are files of this package, not data: they go in as they are.
    return (
        _environment()
        .get_template("evidence.html.j2")
        .render(
            evidence=evidence,
            runs=dict(runs or {}),
            images=inlined,
            style=Markup(_resource("evidence.css")),  # noqa: S704
            script=Markup(_resource("evidence.js")),  # noqa: S704
        )
    )
