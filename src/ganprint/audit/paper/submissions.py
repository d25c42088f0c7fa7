"""Regenerated submissions beside the published counts, and whether they can be the same decisions.

Of the published files only the number of answers "used" is known (TP + FP). The same decisions have the same number, so
another number rules them out, save for images that were answered otherwise. An equal number proves little: an answer
that knows nothing and says "used" at the published rate has it with probability P[Binomial(n, k / n) = k], the largest
over all rates. Held against each other at even odds, an equal number makes "the same decisions" as probable as
1 / (1 + that probability).
"""

from typing import Any

from scipy.stats import binom

from ganprint.audit.paper.runs import FinishedRuns
from ganprint.audit.summary import OWN_READING
from ganprint.evaluate.published import PublishedRun, published

__all__ = ["same_decisions", "submissions_record"]

_COMPARATORS = {1: "relation", 2: "clustering", 3: "svm"}


def same_decisions(here: int, published_count: int, n: int) -> dict[str, Any]:
    """Compare two numbers of answers "used" on the same n images.

    Returns
    -------
    ``least_differing`` (images that differ at least), ``chance_of_equal_count``, ``probability_same`` (at even odds
    beforehand: 0 when the numbers differ).
    """
    chance = float(binom.pmf(published_count, n, published_count / n))
    equal = here == published_count
    return {
        "least_differing": abs(here - published_count),
        "chance_of_equal_count": chance,
        "probability_same": 1 / (1 + chance) if equal else 0.0,
    }


def submissions_record(runs: FinishedRuns, *, official: bool) -> dict[str, Any]:
    """Hold regenerated submissions against the published counts.

    Returns
    -------
    ``official``, a ``sentence``, and ``rows`` with ``run``, ``published_run``, ``n``, ``used_here``, ``used_published``
    and what :func:`same_decisions` gives. Without the official images there are no rows.
    """
    if not official:
        sentence = (
            "The corpus here is not the official one, so no regenerated submission can be held against the published "
            "counts."
        )
        return {"official": False, "sentence": sentence, "rows": []}
    rows = [row for run in published() for row in _rows(runs, run)]
    sentence = (
        'Only the number of answers "used" is published, not which images: an equal number allows the same decisions, '
        "another number rules them out."
    )
    return {"official": True, "sentence": sentence, "rows": rows}


def _rows(runs: FinishedRuns, given: PublishedRun) -> list[dict[str, Any]]:
    rows = []
    for name, run in runs.runs.items():
        if not name.startswith(f"{_COMPARATORS[given.run]}-") or run.refusal is not None:
            continue
        for reading, split in run.tables:
            if split != "test" or len(run.tables[reading, split]) != given.counts.n:
                continue
            used = int(run.tables[reading, split].decisions.sum())
            rows.append(
                {
                    "run": name if reading == OWN_READING else f"{name}, {reading}",
                    "published_run": given.run,
                    "n": given.counts.n,
                    "used_here": used,
                    "used_published": given.counts.called,
                    **same_decisions(used, given.counts.called, given.counts.n),
                }
            )
    return rows
