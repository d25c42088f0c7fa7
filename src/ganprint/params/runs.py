"""Parameters of runs: comparator, view, threshold rule, folds."""

from typing import Any, Literal

from pydantic import Field, model_validator

from ganprint.params.base import FrozenModel, Name

__all__ = ["LABEL_FREE", "FoldParameters", "RunParameters", "ThresholdParameters"]

LABEL_FREE = frozenset({"fixed", "outlier"})
"""Threshold rules that look at no label."""

Pooling = Literal["none", "values", "max", "average", "grid"]


class ThresholdParameters(FrozenModel):
    """How scores become decisions: a rule that sees development data alone.

    Attributes
    ----------
    rule
        ``fixed`` (``at`` or above is used), ``youden`` (largest recall + specificity of the out-of-fold development
        scores), ``f1`` (largest F1 of them, the official metric), ``not_used`` (reached by an image that was not used
        with probability ``level`` at most; labels of used images are not read) or ``outlier`` (three robust deviations
        above the median of all development scores; no label is read).
    at
        The threshold of ``fixed``.
    level
        The level of ``not_used``.
    """

    rule: Literal["fixed", "youden", "f1", "not_used", "outlier"]
    at: float | None = None
    level: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _values_have_their_rule(self) -> "ThresholdParameters":
        if (self.rule == "fixed") != (self.at is not None):
            raise ValueError("'at' belongs to rule 'fixed' and to no other")
        if (self.rule == "not_used") != (self.level is not None):
            raise ValueError("'level' belongs to rule 'not_used' and to no other")
        return self

    @property
    def reads_labels(self) -> bool:
        """Tell whether the rule looks at labels of development images."""
        return self.rule not in LABEL_FREE


class RunParameters(FrozenModel):
    """One run: a comparator, what it looks at, its threshold rule and its own parameters.

    Attributes
    ----------
    further_views
        Further embeddings that a comparator of several views looks at, and their pooling.
    baseline
        True for a run that others are held against: it makes no submission and no claim.
    member_control
        Also put the whole procedure through used images alone, half of their groups called used.
    """

    comparator: Name
    variant: Literal["as_coded", "as_written", "corrected", "extension"]
    embedding: Name
    pooling: Pooling
    threshold: ThresholdParameters
    further_views: dict[Name, Pooling] = Field(default_factory=dict)
    baseline: bool = False
    member_control: bool = False
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def views(self) -> dict[str, Pooling]:
        """Give all embeddings that the run looks at, the first one first, and their pooling."""
        return {self.embedding: self.pooling} | self.further_views

    @model_validator(mode="after")
    def _views_differ(self) -> "RunParameters":
        if self.embedding in self.further_views:
            raise ValueError(f"further_views names '{self.embedding}', which is the run's embedding")
        return self


class FoldParameters(FrozenModel):
    """Out-of-fold development scores: the same folds, by group, for every run."""

    count: int = Field(default=5, ge=2)
