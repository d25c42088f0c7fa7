"""Figures as records: a value is never without its interval, how that was made, and how many images it rests on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["COUNTS", "FIGURES_VERSION", "PROPORTIONS", "Evaluation", "Figure", "Method"]

FIGURES_VERSION = 2
"""Raised whenever a figure changes its meaning, so that old and new numbers are not compared unawares."""

Method = Literal["count", "exact", "bootstrap by group", "fair coins", "random rankings"]

COUNTS = ("tp", "tn", "fp", "fn")
PROPORTIONS = ("accuracy", "precision", "specificity", "recall", "prevalence")


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    value
        ``None`` when it is undefined; the note says why.
    low, high
        Interval at the confidence of the evaluation; ``None`` when there is none.
    method
        ``count`` (no interval), ``exact`` (Clopper-Pearson, images taken as independent), ``bootstrap by group``
        (BCa limits over resampled groups; percentiles where BCa is undefined, and then the note says so), ``fair
        coins`` or ``random rankings`` (mean and central range of answers that are chance alone: all throws of a coin,
        or as many rankings as there would be resamples).
    n
        Number of images that the figure is about: for a proportion, its denominator.
    note
        What must be known to read the figure; empty when nothing.
    group_low, group_high
        For an exact interval where images share groups: the interval of the bootstrap by group beside it (BCa, or
        percentiles when the note says so).
    """

    value: float | None
    low: float | None
    high: float | None
    method: Method
    n: int
    note: str = ""
    group_low: float | None = None
    group_high: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """All figures of one run on one split.

    Attributes
    ----------
    figures
        Name to figure: accuracy, precision, specificity, recall, f1, kappa, prevalence, tp, tn, fp, fn, roc_auc,
        average_precision, tpr_at_fpr_10, tpr_at_fpr_05, tpr_at_fpr_01 (true positive rate at 10, 5 and 1 % false
        positive rate).
    n, groups
        Number of images, and of groups among them.
    confidence
        Level of all intervals.
    resamples
        Number of bootstrap resamples; 0 when there was no bootstrap.
    degenerate
        How many of them lacked one of the classes.
    """

    figures: Mapping[str, Figure]
    n: int
    groups: int
    confidence: float
    resamples: int
    degenerate: int

    def plain(self) -> dict[str, float | int | None]:
        """Give name to number alone: a metrics file in which ``dvc metrics show`` has one column per figure."""
        return {
            name: int(figure.value) if figure.method == "count" and figure.value is not None else figure.value
            for name, figure in self.figures.items()
        }

    def details(self) -> dict[str, Any]:
        """Give everything as JSON-able values, for a file beside the metrics file."""
        return asdict(self) | {"version": FIGURES_VERSION}
