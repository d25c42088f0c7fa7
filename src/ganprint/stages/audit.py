"""Stage ``audit``: report and summary of all runs, and the summary's printing beside git's submissions."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganprint.audit.evidence.page import render_evidence
from ganprint.audit.report.model import Report, schema
from ganprint.audit.report.page import render_page
from ganprint.audit.summary import OWN_READING, Row, rows_of_run, rows_of_trivial, table_lines
from ganprint.files import atomic_directory, write_json, write_text
from ganprint.params import Params
from ganprint.stages.evidence import read_evidence
from ganprint.stages.places import Places
from ganprint.stages.plots import write_plots
from ganprint.stages.report import collect_report, read_json
from ganprint.stages.scores import read_compared
from ganprint.stages.study_report import read_studies, studies_html, write_study_plots

__all__ = ["print_lines", "write_audit"]

NOT_THE_PAPER = "This is not the paper's setting: see 'ganprint profile paper'."


def write_audit(places: Places, params: Params) -> None:
    """Write results/audit: report.html, report.json with its schema, plots, summary.json and summary.md.

    Raises
    ------
    InputError
        When a stage before this one has not run.
    """
    rows = [
        row
        for name, run in params.runs.items()
        for row in rows_of_run(read_json(places.evaluated(name) / "figures.json"), baseline=run.baseline)
    ]
    rows += rows_of_trivial(read_json(places.trivial))
    corpus = read_json(places.corpus / "corpus.json")
    backbones = _backbones(places, params)
    content = {
        "profile": params.profile,
        "corpus": {key: corpus[key] for key in ("kind", "hash", "counts")},
        "backbones": backbones,
        "rows": [row.as_dict() for row in rows],
    }
    studies = read_studies(places, params)
    with atomic_directory(places.audit) as folder:
        plots = write_plots(places, params, folder / "plots")
        plots += write_study_plots(places, studies, folder / "plots")
        report = collect_report(places, params, backbones, plots, studies)
        write_json(folder / "report.json", report.model_dump(mode="json"))
        write_json(folder / "report.schema.json", schema())
        svgs = {plot.svg: (folder / "plots" / plot.svg).read_bytes() for plot in report.plots if plot.svg is not None}
        evidence, images = read_evidence(places)
        viewer = render_evidence(evidence, images, _said_by_runs(places, report, evidence))
        page = render_page(report, svgs, viewer, studies_html(places, studies))
        write_text(folder / "report.html", page)
        write_json(folder / "summary.json", content)
        write_text(folder / "summary.md", "\n".join(["# Summary", "", *_head(content), "", *_table(rows)]) + "\n")


def _said_by_runs(places: Places, report: Report, evidence: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give each suspicious image's score and answers, by run: test labels play no part."""
    keys = {
        (suspect["image"]["split"], suspect["image"]["id"]): suspect["image"]["key"] for suspect in evidence["suspects"]
    }
    said: dict[str, dict[str, Any]] = {key: {} for key in keys.values()}
    for run in report.runs:
        if run.refusal is not None or run.abstention is None:
            continue
        answers = {(row["split"], row["id"]): row["answer"] for row in run.abstention["per_image"]}
        for (reading, split), table in read_compared(places, run.name).tables.items():
            for image, score, decision in zip(table.ids.tolist(), table.scores, table.decisions, strict=True):
                if reading == OWN_READING and (split, image) in keys:
                    said[keys[split, image]][run.name] = {
                        "score": float(score),
                        "decision": int(decision),
                        "answer": answers[split, image],
                    }
    return said


def _backbones(places: Places, params: Params) -> dict[str, str]:
    """Say for every embedding in use what it is made with."""
    said = {}
    for name in dict.fromkeys(view for run in params.runs.values() for view in run.views):
        record = read_json(places.embedding_record(name))
        if record["backbone"] == "pixels":
            said[name] = f"grey values at {record['parameters']['size']} pixels"
            continue
        if record["weights"]["source"] == "none":
            given = f"formula {record['backbone']} at {record['parameters']['size']} pixels"
            said[name] = "metadata of the images" if record["backbone"] == "metadata" else given
            continue
        weights = record["weights"]
        said[name] = (
            f"{record['backbone']}, weights {weights['source']} ({weights['origin']}, "
            f"sha256 {weights['sha256'][:12]}), preprocessing {record['parameters']['preprocessing']}"
        )
    return said


def _head(content: Mapping[str, Any]) -> list[str]:
    corpus = content["corpus"]
    counts = ", ".join(f"{count} {part}" for part, count in corpus["counts"].items())
    lines = [f"Profile {content['profile']}; corpus {corpus['kind']} ({corpus['hash'][:12]}): {counts}."]
    lines += [f"Embedding {name}: {what}." for name, what in content["backbones"].items()]
    return lines if content["profile"] == "paper" else [*lines, NOT_THE_PAPER]


def _table(rows: list[Row]) -> list[str]:
    splits = [split for split in ("development", "test") if any(split in row.figures for row in rows)]
    lines = table_lines(rows, splits)
    lines += ["", "Development figures are out of fold; intervals are by group."]
    if "test" not in splits:
        lines += ["The truth of the test split is unknown, so there are no test figures."]
    lines += [f"{row.name} was refused: {row.note}." for row in rows if row.kind == "refused"]
    return lines


def print_lines(places: Places, params: Params) -> list[str]:
    """Give the summary for a terminal: the table, submissions beside those in git, and where to look next.

    Raises
    ------
    InputError
        When there is no summary yet.
    """
    content = read_json(places.audit / "summary.json")
    rows = [Row(**row) for row in content["rows"]]
    lines = [*_head(content), "", *_table(rows), "", *_submissions(places, params), ""]
    shown = {
        "submissions": places.submissions,
        "report": places.audit / "report.html",
        "summary": places.audit / "summary.md",
        "figures and intervals": places.root / "results" / "evaluate",
    }
    lines += [f"{title + ':':<24}{path.relative_to(places.root)}" for title, path in shown.items()]
    return [*lines, f"{'MLflow UI:':<24}make ui"]


def _submissions(places: Places, params: Params) -> list[str]:
    lines = ["Submissions beside those of the last commit (git HEAD):"]
    for run in params.runs:
        path = places.submissions / f"{run}.csv"
        if path.is_file():
            lines.append(f"  {run:<24}{_against_git(places.root, path)}")
    return lines


def _against_git(root: Path, path: Path) -> str:
    command = ["git", "show", f"HEAD:./{path.relative_to(root).as_posix()}"]
    try:
        done = subprocess.run(command, cwd=root, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "not in git"
    content = path.read_bytes()
    if done.stdout == content:
        return "identical"
    old, new = (dict(line.split(",", 1) for line in text.decode().split()) for text in (done.stdout, content))
    if old.keys() != new.keys():
        return "of other images"
    differ = sum(old[name] != new[name] for name in new)
    return f"{differ} of {len(new)} answers differ"
