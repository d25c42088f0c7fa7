"""Parameters of studies of the leak's strength."""

from typing import Annotated

from pydantic import Field, field_validator

from ganprint.params.base import FrozenModel, Name

__all__ = ["StrengthParameters"]

_LEVELS_SHOWN = 4
"""Decimal places of a level: file names and tables carry it."""


class StrengthParameters(FrozenModel):
    """One study: phantoms of section ``corpus.phantom`` at several strengths of the leak, and every run on each.

    Attributes
    ----------
    levels
        Values that ``corpus.phantom.memorisation`` takes, in any order.
    repeats
        Phantoms per level, each with patients, coins and networks of its own; their seeds follow from ``seed``.
    runs
        Names of the runs that take part; an empty list stands for all.
    """

    levels: list[Annotated[float, Field(ge=0, le=1)]] = Field(min_length=2)
    repeats: int = Field(default=3, ge=1)
    runs: list[Name] = Field(default_factory=list)

    @field_validator("levels")
    @classmethod
    def _levels_differ(cls, levels: list[float]) -> list[float]:
        if len({round(level, _LEVELS_SHOWN) for level in levels}) < len(levels):
            raise ValueError(f"a level is there twice (levels are told apart by {_LEVELS_SHOWN} decimal places)")
        return sorted(levels)

    @field_validator("runs")
    @classmethod
    def _runs_differ(cls, runs: list[str]) -> list[str]:
        if len(set(runs)) < len(runs):
            raise ValueError("a run is there twice")
        return runs
