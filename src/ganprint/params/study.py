"""Parameters of selection studies."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ganprint.params.base import FrozenModel, Name
from ganprint.params.runs import Pooling, ThresholdParameters

__all__ = ["StudyComparatorParameters", "StudyFoldParameters", "StudyParameters"]


class StudyComparatorParameters(FrozenModel):
    """A comparator of a study; with every embedding and pooling it makes a candidate.

    Attributes
    ----------
    comparator, variant, parameters
        As of a run.
    threshold
        Of the run that the study proposes when this comparator is selected; no figure of the study depends on it.
    embeddings
        The study's embeddings that it looks at; empty: all.
    further_views
        Further embeddings that a comparator of several views looks at, and their pooling.
    baseline
        True for one that others are held against: in the table, never selected, and not in the correction.
    """

    comparator: Name
    variant: Literal["as_coded", "as_written", "corrected", "extension"] = "extension"
    parameters: dict[str, Any] = Field(default_factory=dict)
    threshold: ThresholdParameters = ThresholdParameters(rule="youden")
    embeddings: list[Name] = Field(default_factory=list)
    further_views: dict[Name, Pooling] = Field(default_factory=dict)
    baseline: bool = False


class StudyFoldParameters(FrozenModel):
    """Grouped folds, the same for all candidates.

    Attributes
    ----------
    outer
        Folds that are held out in turn.
    inner
        Folds of the remaining images, on which the rule selects.
    repetitions
        How often all of it is repeated with other folds.
    """

    outer: int = Field(default=5, ge=2)
    inner: int = Field(default=3, ge=2)
    repetitions: int = Field(default=2, ge=1)


class StudyParameters(FrozenModel):
    """One study: every embedding, pooling and comparator, the folds, and the rule.

    The orders of ``embeddings``, ``comparators`` and ``poolings`` are a part of the rule: what stands first is taken
    for the simpler.

    Attributes
    ----------
    embeddings
        Blocks of section embed.
    poolings
        Of networks' maps (``grid``: of those embeddings that have one); grey values and formulas have one reading
        alone.
    comparators
        By names of the study's own.
    folds
        Of the nested cross-validation.
    tolerance
        Standard errors of the difference that a simpler candidate may lie below the best; 0: the largest AUC wins.
    permutations
        Exchanges of membership between groups behind every p; comparators that learn are fitted again for each. The
        smallest p is 1 / (1 + permutations).
    """

    embeddings: list[Name] = Field(min_length=1)
    poolings: list[Literal["average", "max", "grid"]] = Field(default=["average"], min_length=1)
    comparators: dict[Name, StudyComparatorParameters] = Field(min_length=1)
    folds: StudyFoldParameters = StudyFoldParameters()
    tolerance: float = Field(default=1.0, ge=0)
    permutations: int = Field(default=99, ge=19)

    @field_validator("embeddings", "poolings")
    @classmethod
    def _names_differ(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("a name is there twice")
        return names

    @model_validator(mode="after")
    def _comparators_name_embeddings(self) -> "StudyParameters":
        for name, comparator in self.comparators.items():
            for embedding in comparator.embeddings:
                if embedding not in self.embeddings:
                    raise ValueError(
                        f"comparator '{name}' wants embedding '{embedding}', which the study does not name"
                    )
        if all(comparator.baseline for comparator in self.comparators.values()):
            raise ValueError("all comparators are baselines; nothing could be selected")
        return self

    @property
    def views(self) -> list[str]:
        """Give all embeddings that the study looks at."""
        further = (view for comparator in self.comparators.values() for view in comparator.further_views)
        return list(dict.fromkeys([*self.embeddings, *further]))
