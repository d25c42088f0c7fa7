"""What the paper printed: Table 1, three runs on the 200 real test images, in per cent as printed and in counts.

The counts are enough to compute every figure of decisions anew; scores were not published.
"""

from dataclasses import dataclass, replace

import numpy as np

from ganprint.evaluate.claims.counts import CLAIMED, Counts, PrintedRate
from ganprint.evaluate.figures import Evaluation, Figure
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.tables import ScoreTable
from ganprint.evaluate.weighted import FALSE_POSITIVE_RATES

__all__ = ["SOURCE", "PublishedRun", "published"]

SOURCE = (
    "Correlating Biomedical Image Fingerprints between GAN-generated and Real Images using a ResNet Backbone with "
    "ML-based Downstream Comparators and Clustering, CEUR-WS Vol-3497, paper 116 (2023), Table 1"
)


@dataclass(frozen=True)
class PublishedRun:
    """One line of the table.

    Attributes
    ----------
    run, method
        Number and name of the run.
    accuracy, precision, specificity, recall, f1
        In per cent, as printed: truncated, not rounded, after at most one digit.
    tp, tn, fp, fn
        Counts of images.
    """

    run: int
    method: str
    accuracy: float
    precision: float
    specificity: float
    recall: float
    f1: float
    tp: int
    tn: int
    fp: int
    fn: int

    @property
    def counts(self) -> Counts:
        """The four counts."""
        return Counts(self.tp, self.tn, self.fp, self.fn)

    def printed(self) -> dict[str, PrintedRate]:
        """Give the figures with the digits that were printed."""
        return {name: PrintedRate.parse(f"{getattr(self, name):g}", name, percent=True) for name in CLAIMED}

    def evaluation(self, confidence: float, resamples: int, seed: int) -> Evaluation:
        """Evaluate the counts like a run of today; figures of a ranking stay undefined.

        Images are their own groups, since patients were not published.
        """
        used = np.repeat([1, 0, 0, 1], [self.tp, self.tn, self.fp, self.fn])
        decisions = np.repeat([1, 0, 1, 0], [self.tp, self.tn, self.fp, self.fn]).astype(np.int8)
        ids = np.array([f"image_{number:04d}" for number in range(1, len(used) + 1)])
        table = ScoreTable(ids, ids, decisions.astype(np.float64), decisions)
        truth = dict(zip(ids.tolist(), used.tolist(), strict=True))
        evaluated = metrics(table, truth, confidence, resamples, seed)
        unknown = Figure(None, None, None, "bootstrap by group", evaluated.n, "unknown: no scores were published")
        ranking = dict.fromkeys(["roc_auc", "average_precision", *FALSE_POSITIVE_RATES], unknown)
        return replace(evaluated, figures={**evaluated.figures, **ranking})


def published() -> tuple[PublishedRun, ...]:
    """Give the runs of Table 1."""
    return (
        PublishedRun(1, "relation network", 50.5, 50.3, 22, 79, 61.4, tp=79, tn=22, fp=78, fn=21),
        PublishedRun(2, "hierarchical clustering", 49.5, 49.5, 44, 55, 52.1, tp=55, tn=44, fp=56, fn=45),
        PublishedRun(3, "support vector machine", 52.5, 53.7, 69, 36, 43.1, tp=36, tn=69, fp=31, fn=64),
    )
