"""Rows of the page's tables, from the report's data."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganprint.audit.report.model import Report, RunModel

__all__ = [
    "answer_rows",
    "control_rows",
    "duplicate_rows",
    "finding_rows",
    "interval",
    "measure_rows",
    "pair_rows",
    "said_of_duplicates",
    "set_rows",
    "tested_number",
]

# JSON keeps no order of its own: what a reader asks first comes first.
_RELATIONS = (
    "real_generated",
    "used_not_used",
    "across_splits",
    "between_groups",
    "within_group",
    "real",
    "generated",
)

Row = dict[str, Any]


def interval(figure: Mapping[str, Any] | None) -> str:
    """Write a figure with its interval; the one by group where both are known."""
    if figure is None or figure.get("value") is None:
        return "–"
    by_group = figure.get("group_low") is not None
    low, high = (figure["group_low"], figure["group_high"]) if by_group else (figure.get("low"), figure.get("high"))
    value = f"{figure['value']:.3f}"
    return value if low is None or high is None else f"{value} [{low:.2f}, {high:.2f}]"


def tested_number(run: RunModel, split: str, name: str) -> str:
    """Write the privacy bound (``epsilon``) or the smallest detectable AUC (``power``); a dash where there is none."""
    details = run.details.get(split, {})
    if name == "power":
        value = details["power"]["auc"]
    else:
        bound = details["privacy"]
        simultaneous = bound["simultaneous"] or {"epsilon": None}
        value = bound["epsilon"] if bound["fixed_beforehand"] else simultaneous["epsilon"]
    return "–" if value is None else f"{value:.3f}"


def control_rows(report: Report, split: str) -> list[Row]:
    """Give each run's ROC AUC beside those of its controls."""
    rows = []
    for run in report.runs:
        if run.refusal is not None:
            continue
        members = run.details.get("development", {}).get("member_control")
        swapped = run.controls.get(split, {}).get("swapped", {}).get("roc_auc")
        better = [_difference(pair) for pair in report.comparisons[split] if pair["a"] == run.name and pair["baseline"]]
        rows.append(
            {
                "name": run.name,
                "own": interval(run.figures[split]["roc_auc"].model_dump()),
                "swapped": interval(swapped.model_dump() if swapped is not None else None),
                "members": interval({**members, "value": members["auc"]}) if members else "not made",
                "better": better[0] if better else "–",
                "above_noise": _difference(run.details[split]["against_noise"])
                if "against_noise" in run.details.get(split, {})
                else "–",
            }
        )
    return rows


def pair_rows(report: Report, split: str) -> list[Row]:
    """Give the comparisons of runs with each other."""
    return [
        {**pair, "difference": _difference(pair)} for pair in report.comparisons.get(split, []) if not pair["baseline"]
    ]


def _difference(pair: Mapping[str, Any]) -> str:
    return interval({"value": pair["auc_difference"], "low": pair["low"], "high": pair["high"]})


def answer_rows(report: Report) -> list[Row]:
    """Give the counted answers of every run and split, with the share not answered wrongly where that is known."""
    rows = []
    for run in report.runs:
        for split, answers in (run.abstention or {"answers": {}})["answers"].items():
            known = run.abstention["coverage"].get(split) if run.abstention else None
            said = "truth unknown" if known is None else _coverage(known)
            if run.abstention and run.abstention["withheld"] and split == "test":
                said = f"withheld: scores are not distributed as in development (p = {run.abstention['shift_p']:.4f})"
            rows.append({"run": run.name, "split": split, "answers": answers, "coverage": said})
    return rows


def _coverage(known: Mapping[str, Any]) -> str:
    parts = {word: part for word, part in known.items() if part is not None}
    said = ", ".join(
        f"{word} {interval({**parts[word], 'value': parts[word]['share']})}"
        for word in ("used", "not used")
        if word in parts
    )
    wrong = sum(round((1 - part["share"]) * part["images"]) for part in parts.values())
    given = sum(round((1 - part["can_not_say"]) * part["images"]) for part in parts.values())
    return f"{said}; {wrong} of {given} answers wrong" if given else said


def set_rows(report: Report) -> list[Row]:
    """Give, run by run, how the test images compare as a set with development images of either class."""
    rows = []
    for run in (run.name for run in report.runs if run.name in report.set_level):
        sides = {side: report.set_level[run][f"against_{side}"] for side in ("not_used", "used")}
        row: Row = {"run": run}
        for side, compared in sides.items():
            row[side] = "–" if compared is None else interval({**compared, "value": compared["effect"]})
            row[f"{side}_p"] = None if compared is None else compared["p"]
        rows.append(row)
    return rows


def duplicate_rows(duplicates: Mapping[str, Any]) -> list[Row]:
    """Give the listed pairs of near-duplicates."""
    return [
        {
            "relation": relation["title"],
            "left": _named(pair["left"]),
            "right": _named(pair["right"]),
            "bits": f"{pair['bits']} of {pair['of']}" + ", mirrored" * bool(pair["mirrored"]),
            "near_by": "identical" if pair["exact"] else ", ".join(pair["near_by"]),
        }
        for relation in (duplicates["relations"][name] for name in _RELATIONS)
        for pair in relation["listed"]
    ]


def _named(image: Mapping[str, Any]) -> str:
    return f"{image['split']}/{image['role']}/{image['id']}"


def said_of_duplicates(report: Report) -> list[str]:
    """Say in sentences what was found among near-duplicates, about mode collapse and about patients."""
    said = []
    for relation in (report.duplicates["relations"][name] for name in _RELATIONS):
        counts, expected = relation["counts"], relation["hash_expected"]
        chance = "" if expected is None else f" (pairs of different groups would give {expected:.0f})"
        views = ", ".join(
            f"{count} closer in {name}" for name, count in counts.items() if name not in {"exact", "hash", "near"}
        )
        said.append(
            f"{relation['title'].capitalize()}: of {relation['pairs']} pairs {counts['exact']} are identical and "
            f"{counts['hash']} near by perceptual hash{chance}; than any two real images of different groups, {views}."
        )
    for split, found in report.collapse["splits"].items():
        verdict = {None: "not assessable", True: "collapsed", False: "not collapsed"}[found["collapsed"]]
        said.append(f"Generated images of the {split} split as a set: {verdict}.")
    patients = report.reidentification
    if not patients["assessable"]:
        said.append(f"Whether a patient is recognisable could not be asked: {patients['reason']}.")
    else:
        least = min(test["p_holm"] for test in patients["tests"] if test["level"] == "patient")
        verb = "are" if patients["recognisable"] else "are not shown to be"
        said.append(
            f"Used patients {verb} recognisable beyond single copied slices (development split, "
            f"smallest corrected p = {least:.4f})."
        )
    return said


def measure_rows(report: Report) -> list[Row]:
    """Give the tables of how much the generator as a whole memorised: split, embedding and their lines."""
    return [
        {
            "split": split,
            "embedding": embedding,
            "rows": [
                {
                    **line.model_dump(),
                    "shown": _measured(line.value, line.low, line.high),
                    "beside": _plain(line.expected if line.p is not None else line.reference),
                }
                for line in lines
            ],
        }
        for split, tables in report.memorisation.splits.items()
        for embedding, lines in tables.items()
    ]


def _measured(value: float | None, low: float | None, high: float | None) -> str:
    shown = _plain(value)
    return shown if low is None or high is None else f"{shown} [{low:.3g}, {high:.3g}]"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def finding_rows(findings: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Give the findings on the paper, each with what was measured."""
    rows = []
    for finding in findings:
        effect = finding["effect"]
        measured = finding["status"] if effect is None else effect["sentence"]
        if effect is not None and finding["status"] != "measured":
            measured = f"{measured} ({finding['status']})"
        rows.append({**finding, "measured": measured})
    return rows
