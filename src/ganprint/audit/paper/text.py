"""The paper's audit as lines of Markdown that read in a terminal as well."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from ganprint.audit.paper.expected_check import VERDICTS
from ganprint.audit.paper.sentences import figure_title
from ganprint.evaluate.claims.claim import Claim
from ganprint.evaluate.claims.tables import CountGroup

__all__ = ["claim_lines", "counts_lines", "expected_lines", "paper_lines"]

_WIDTH = 110


def paper_lines(content: Mapping[str, Any]) -> list[str]:
    """Give the whole of paper.json as text."""
    lines = ["# The paper from its counts", "", *wrap(content["source"], _WIDTH), ""]
    for record in content["table"]:
        lines += [*_figures(record), ""]
    lines += ["## Tests from the counts", "", *_tests(content["tests"]), ""]
    lines += [
        "## Pairs of runs: all McNemar tests that the counts allow",
        "",
        *_comparisons(content["comparisons"]),
        "",
    ]
    lines += ["## Headlines", ""]
    for headline in content["headline"]:
        lines += [*wrap(f"**{headline['claim']}** ({headline['status']})", _WIDTH)]
        lines += [line for evidence in headline["evidence"] for line in _item(evidence)]
        lines += [""]
    lines += ["## Findings", ""]
    for finding in content["findings"]:
        lines += [*_finding(finding), ""]
    lines += ["## Submissions beside the published counts", "", *wrap(content["submissions"]["sentence"], _WIDTH), ""]
    return [*lines, *_submissions(content["submissions"]["rows"])]


def counts_lines(record: Mapping[str, Any], tests: Mapping[str, Any]) -> list[str]:
    """Give one set of counts as text: figures, then tests."""
    return [*_figures(record), "", *_tests([tests])]


def claim_lines(claim: Claim) -> list[str]:
    """Give a checked claim as text."""
    said = ", ".join(f"{figure_title(name)} {text}" for name, text in claim.printed.items())
    lines = wrap(f"Claimed: {said}" + (f"; {claim.n} images." if claim.n is not None else "."), _WIDTH)
    if claim.taken_as_percent:
        taken = ", ".join(f"{claim.printed[name]} read as per cent" for name in claim.taken_as_percent)
        lines += wrap(f"Above 1 and without a % sign: {taken}.", _WIDTH)
    rows = [
        [
            figure_title(name),
            f"{value.low:.4f}",
            f"{value.high:.4f}",
            "-" if value.value is None else f"{value.value:.4f}",
        ]
        for name, value in claim.implied.items()
    ]
    lines += ["", *_table([f"implied ({claim.printing})", "least", "most", "digits taken as exact"], rows), ""]
    if claim.printing == "rounded":
        lines += wrap("The ranges take the digits as rounded; where they were cut off, others hold.", _WIDTH)
    for answer in ("none used", "all used"):
        lines += wrap(_lead(claim, answer), _WIDTH)
    if claim.tables is not None:
        lines += [""] + [line for said in _counts_said(claim) for line in wrap(said, _WIDTH)]
    return lines


def _lead(claim: Claim, answer: str) -> str:
    lead = claim.implied[f"lead of {answer} in accuracy"]
    if lead.low > 0 or lead.high < 0:
        more, by = ("more", lead.low) if lead.low > 0 else ("less", -lead.high)
        return f'"{answer}" as answer to every image is {more} often right than the claim, by {by:.4f} at least.'
    return f'The claim does not say whether the answer "{answer}" to every image is more often right.'


def _counts_said(claim: Claim) -> list[str]:
    tables = claim.tables
    if tables is None:
        return []
    if not tables.rounded.number and not tables.only_cut.number:
        return [f"No count gives this: no TP, TN, FP, FN of {tables.n} images has these rates, rounded or cut off."]
    return [
        _group_said(tables.rounded, tables.n, "when rounded"),
        _group_said(tables.only_cut, tables.n, "only when cut off"),
    ]


def _group_said(group: CountGroup, n: int, how: str) -> str:
    if group.prevalences is None:
        return f"No count of {n} images has these rates {how}."
    low, high = group.prevalences
    shown = "; ".join(",".join(map(str, example)) for example in group.examples)
    listed = "TP,TN,FP,FN" if len(group.examples) == group.number else "TP,TN,FP,FN for example"
    has = "count of {n} images has" if group.number == 1 else "counts of {n} images have"
    used = f"{low} to {high}" if low < high else f"{low}"
    return f"{group.number} {has.format(n=n)} these rates {how}, with {used} used images; {listed} {shown}."


def expected_lines(content: Mapping[str, Any]) -> list[str]:
    """Give the expected numbers as text, verdict by verdict."""
    lines = []
    shown = [verdict for verdict in VERDICTS if verdict in content["verdicts"]]
    for verdict in shown:
        rows = [
            [row["what"], _short(row["published"]), _short(row["here"]), row["note"]]
            for row in content["rows"]
            if row["verdict"] == verdict
        ]
        lines += [f"### {verdict}: {len(rows)}", "", *_table(["number", "expected", "here", "note"], rows), ""]
    said = ", ".join(f"{content['verdicts'][verdict]} {verdict}" for verdict in shown)
    return [*lines, f"{said}."]


def _short(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        return " / ".join(" ".join(map(str, line)) for line in value)
    return " x ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _figures(record: Mapping[str, Any]) -> list[str]:
    counts = record["counts"]
    said = ", ".join(f"{name.upper()} {counts[name]}" for name in ("tp", "tn", "fp", "fn"))
    head = [
        "figure",
        "from the counts",
        f"{record['confidence']:.0%} interval",
        "fraction",
        "printed",
        "printed figure is",
    ]
    rows = []
    for name, figure in record["figures"].items():
        if figure["value"] is None:
            rows.append([figure_title(name), "undefined", "", "", "", ""])
            continue
        interval = "" if figure["low"] is None else f"{figure['low']:.3f} to {figure['high']:.3f}"
        printed = [figure.get("printed", ""), figure.get("printing", "")]
        rows.append([figure_title(name), f"{figure['value']:.5f}", interval, figure["fraction"], *printed])
    return [f"{record['name']}: {said}", "", *_table(head, rows)]


def _tests(records: Iterable[Mapping[str, Any]]) -> list[str]:
    head = ["run", "right", "p coin", "p Fisher", "p majority", "F1", "all used F1"]
    head += ["coin reaches it", "own rate reaches it", "repeated run reaches it", "p as good", "McNemar all used"]
    rows = []
    for record in records:
        chance, beside = record["chance"], record["all_used"]
        row = [record["name"], f"{record['correct']} of {record['n']}"]
        row += [f"{chance[name]:.3f}" for name in ("p_coin", "p_fisher", "p_majority")]
        if beside is not None:
            row += [f"{beside[name]:.4f}" for name in ("run_f1", "f1")]
            row += [f"{beside[name]:.2g}" for name in ("p_coin", "p_own_rate", "p_repeated", "p_as_good")]
            pair = f"{beside['right_where_they_differ']}:{beside['wrong_where_they_differ']}"
            row += [f"{pair}, p {beside['p_mcnemar']:.3f}"]
        rows.append([*row, *[""] * (len(head) - len(row))])
    return _table(head, rows)


def _comparisons(records: Iterable[Mapping[str, Any]]) -> list[str]:
    head = [
        "first",
        "second",
        "images",
        "right",
        "they differ on",
        "least p",
        "only one right",
        "largest p",
        "only one right",
    ]
    rows = []
    for record in records:
        for part in record["parts"]:
            tables = [f"{part[name][0]}:{part[name][1]}" for name in ("smallest_table", "largest_table")]
            right = f"{part['first_right']}, {part['second_right']} of {part['n']}"
            differ = f"{part['differ_least']} to {part['differ_most']}"
            p = [f"{part[name]:.3g}" for name in ("p_smallest", "p_largest")]
            row = [record["first"], record["second"], part["part"], right, differ]
            rows.append([*row, p[0], tables[0], p[1], tables[1]])
    return _table(head, rows)


def _finding(finding: Mapping[str, Any]) -> list[str]:
    run = f"run {finding['run']}" if finding["run"] else "all runs"
    effect = finding["effect"]
    lines = [f"### {finding['id']} ({run}; {finding['status']})", ""]
    for title, name in (("Text", "text"), ("Code", "code"), ("Consequence", "consequence"), ("Shown by", "shown_by")):
        lines += _item(f"{title}: {finding[name]}")
    return lines if effect is None else [*lines, *_item(f"Effect: {effect['sentence']}")]


def _submissions(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    head = [
        "run",
        "published run",
        "used here",
        "used published",
        "differ at least",
        "chance of equal",
        "probability same",
    ]
    body = [
        [row["run"], str(row["published_run"]), str(row["used_here"]), str(row["used_published"])]
        + [str(row["least_differing"]), f"{row['chance_of_equal_count']:.3f}", f"{row['probability_same']:.3f}"]
        for row in rows
    ]
    return _table(head, body)


def _item(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="- ", subsequent_indent="  ")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Give a table of GitHub-flavoured Markdown, padded so that it reads in a terminal."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    widths[-1] = len(head[-1])  # a long last cell need not be padded
    lines = [head, ["-" * width for width in widths], *rows]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
