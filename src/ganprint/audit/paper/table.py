"""The published table as records: every figure from the counts beside what was printed, tests, and pairs of runs."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Any

from ganprint.evaluate.claims.counts import Counts, PrintedRate, printing_of
from ganprint.evaluate.claims.pairs import paired_ranges
from ganprint.evaluate.claims.tests import all_used_tests, chance_tests
from ganprint.evaluate.published import published

__all__ = ["comparison_records", "counts_record", "table_records", "tests_record"]


def table_records(confidence: float) -> list[dict[str, Any]]:
    """Give Table 1: per run its counts and every figure, see :func:`counts_record`."""
    return [{"run": run.run} | counts_record(run.method, run.counts, confidence, run.printed()) for run in published()]


def counts_record(
    name: str, counts: Counts, confidence: float, printed: Mapping[str, PrintedRate] | None = None
) -> dict[str, Any]:
    """Give every figure of one set of counts.

    Returns
    -------
    ``name``, ``counts``, ``answers_used``, ``confidence`` and ``figures``: name to ``value``, ``fraction``, ``low``,
    ``high`` (``None`` for kappa) and, where printed, ``printed``, ``digits`` after the point and ``printing``.
    """
    figures = {}
    for figure, value in counts.figures().items():
        interval = counts.interval(figure, confidence)
        record: dict[str, Any] = {
            "value": None if value is None else float(value),
            "fraction": None if value is None else str(value),
            "low": interval[0] if interval else None,
            "high": interval[1] if interval else None,
        }
        if printed and figure in printed and value is not None:
            rate = printed[figure]
            record |= {"printed": rate.text, "digits": rate.digits, "printing": printing_of(value, rate)}
        figures[figure] = record
    return {
        "name": name,
        "counts": asdict(counts),
        "answers_used": counts.called,
        "confidence": confidence,
        "figures": figures,
    }


def tests_record(name: str, counts: Counts) -> dict[str, Any]:
    """Give the tests of one set of counts: ``chance`` and ``all_used`` (``None`` when a class has no image)."""
    beside = all_used_tests(counts)
    return {
        "name": name,
        "correct": counts.correct,
        "n": counts.n,
        "chance": asdict(chance_tests(counts)),
        "all_used": None if beside is None else asdict(beside),
    }


def comparison_records() -> list[dict[str, Any]]:
    """Give every pair of published runs with the range of McNemar's p, on all images and class by class."""
    return [
        {
            "first": first.method,
            "second": second.method,
            "parts": [asdict(part) for part in paired_ranges(first.counts, second.counts)],
        }
        for first, second in combinations(published(), 2)
    ]
