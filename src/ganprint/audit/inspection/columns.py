"""One row of the report per attack and view: what was found, by which rule, or why it did not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.inspection.model import ColumnModel
from ganprint.audit.inspection.reference import ColumnTest

__all__ = ["COMBINED", "ColumnFacts", "column_models"]

COMBINED = "combined"
"""Name of the column that puts all others together."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnFacts:
    """An attack in a view: see :class:`ganprint.audit.inspection.model.ColumnModel`."""

    name: str
    attack: str
    view: str
    metric: str
    title: str
    used_from: float | None
    refusal: str | None
    outlier_from: float | None = None


def column_models(
    facts: Sequence[ColumnFacts], scores: Mapping[str, Floats], combined: Floats, tests: Mapping[str, ColumnTest]
) -> list[ColumnModel]:
    """Put rows together.

    Parameters
    ----------
    facts
        Of every attack and view.
    scores
        Column to scores of the real images; refused ones are missing.
    combined
        All columns together, of the real images. Its scores are ranks, in which nothing stands out by a distance.
    tests
        Column to set-level test; empty without reference images.
    """
    models = [_model(fact, scores.get(fact.name), tests.get(fact.name)) for fact in facts]
    title = "All columns together: the mean of the normal scores of their ranks"
    whole = ColumnFacts(COMBINED, COMBINED, "all views", "ranks", title, None, None if len(scores) else "no attack ran")
    return [*models, _model(whole, combined, tests.get(COMBINED))]


def _model(fact: ColumnFacts, scores: Floats | None, test: ColumnTest | None) -> ColumnModel:
    comparison = None if test is None else test.comparison
    return ColumnModel(
        name=fact.name,
        attack=fact.attack,
        view=fact.view,
        metric=fact.metric,
        title=fact.title,
        refusal=fact.refusal,
        outlier_threshold=fact.outlier_from,
        outliers=_reaching(scores, fact.outlier_from),
        used_from=fact.used_from,
        used=_reaching(scores, fact.used_from),
        effect=None if comparison is None else comparison.effect,
        low=None if comparison is None else comparison.low,
        high=None if comparison is None else comparison.high,
        p=None if comparison is None else comparison.p,
        p_holm=None if test is None else test.p_holm,
    )


def _reaching(scores: Floats | None, limit: float | None) -> int | None:
    return None if scores is None or limit is None else int((scores >= limit).sum())
