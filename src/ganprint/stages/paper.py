"""Stage ``paper``: the published figures recomputed, the findings measured, and every expected number with a verdict.

paper.json has these keys; the modules of audit/paper describe their records.

- ``version``: 1, raised when a key changes its meaning.
- ``source``: the paper.
- ``confidence``: of all intervals.
- ``table``: one record per published run: ``run``, ``name``, ``counts`` (tp, tn, fp, fn), ``answers_used``,
  ``confidence``, ``figures``: name to ``value``, ``fraction``, ``low``, ``high`` and, where printed, ``printed``,
  ``digits``, ``printing`` (exact, rounded or truncated, rounded, truncated, neither).
- ``tests``: one record per run: ``run``, ``name``, ``correct``, ``n``, ``chance`` (p_coin, p_fisher, p_majority),
  ``all_used`` (f1, run_f1, p_coin, p_own_rate, p_repeated, p_as_good, right_where_they_differ, wrong_where_they_differ,
  p_mcnemar), see :mod:`ganprint.evaluate.claims.tests`.
- ``comparisons``: one record per pair of runs: ``first``, ``second``, ``parts`` (all, used, not used): first_right,
  second_right, n, differ_least, differ_most, p_smallest, p_largest, smallest_table, largest_table.
- ``findings``: ``id``, ``run`` (0: all), ``text``, ``code``, ``consequence``, ``shown_by``, ``effect`` (``sentence``,
  ``numbers``; or null), ``status`` (``measured``; ``measured, not isolated`` when several faults are mended at once;
  ``read from the public code``; ``not measured: `` and why).
- ``headline``: ``run``, ``claim``, ``findings``, ``evidence``, ``status``: that of its weakest finding.
- ``submissions``: ``official``, ``sentence``, ``rows``.

expected.json: ``version``, ``official``, ``verdicts`` (verdict to number), ``rows`` (``id``, ``what``, ``published``,
``here``, ``verdict``, ``note``, ``source``).
"""

from collections.abc import Mapping
from typing import Any

from ganprint.audit.paper import text as paper_text
from ganprint.audit.paper.expected import expected_table
from ganprint.audit.paper.findings import finding_records, headline_records
from ganprint.audit.paper.submissions import submissions_record
from ganprint.audit.paper.table import comparison_records, counts_record, table_records, tests_record
from ganprint.evaluate.claims.claim import check_claim
from ganprint.evaluate.claims.counts import Counts
from ganprint.evaluate.published import SOURCE, published
from ganprint.files import atomic_directory, write_json, write_text
from ganprint.params import Params
from ganprint.stages.paper_inputs import read_finished, read_here
from ganprint.stages.places import Places

__all__ = ["PAPER_VERSION", "claim_lines", "counts_lines", "expected_lines", "paper_lines", "write_paper"]

PAPER_VERSION = 1


def write_paper(places: Places, params: Params) -> dict[str, Any]:
    """Write results/paper/paper.json, expected.json and paper.md.

    Returns
    -------
    ``{"paper": content of paper.json, "expected": content of expected.json}``. Without results, or without a corpus,
    what needs them is said to be not measured or not checkable.

    Raises
    ------
    InputError
        When results are there and can not be read.
    """
    here = read_here(places, params)
    runs = read_finished(places, params)
    findings = finding_records(runs)
    content = {
        "version": PAPER_VERSION,
        "source": SOURCE,
        "confidence": params.evaluate.confidence,
        "table": table_records(params.evaluate.confidence),
        "tests": [{"run": run.run} | tests_record(run.method, run.counts) for run in published()],
        "comparisons": comparison_records(),
        "findings": findings,
        "headline": headline_records(findings),
        "submissions": submissions_record(runs, official=here.official),
    }
    expected = expected_table(here)
    with atomic_directory(places.paper) as folder:
        write_json(folder / "paper.json", content)
        write_json(folder / "expected.json", expected)
        text = [*paper_lines(content), "", "## Expected numbers", "", *expected_lines(expected)]
        write_text(folder / "paper.md", "\n".join(text) + "\n")
    return {"paper": content, "expected": expected}


def paper_lines(content: Mapping[str, Any]) -> list[str]:
    """Give the content of paper.json for a terminal."""
    return paper_text.paper_lines(content)


def expected_lines(content: Mapping[str, Any]) -> list[str]:
    """Give the content of expected.json for a terminal."""
    return paper_text.expected_lines(content)


def counts_lines(text: str, name: str, confidence: float) -> list[str]:
    """Check counts ``TP,TN,FP,FN`` of any paper.

    Raises
    ------
    InputError
        When the text is no counts.
    """
    counts = Counts.parse(text)
    return paper_text.counts_lines(counts_record(name, counts, confidence), tests_record(name, counts))


def claim_lines(printed: Mapping[str, str], n: int | None = None) -> list[str]:
    """Check rates of any paper: accuracy, precision, specificity, recall, f1, prevalence to the printed text.

    Raises
    ------
    InputError
        When a rate is malformed, or no decisions have these rates together.
    """
    return paper_text.claim_lines(check_claim(printed, n))
