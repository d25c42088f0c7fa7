"""Reports of finished projects: the right verdict for a planted truth, a valid JSON, a page that stands alone."""

import json
import re
from importlib.resources import files

import jsonschema
import pytest
from pipeline import ROOT, call
from planted import audited

from ganprint.audit.report.model import Report, schema
from ganprint.audit.report.page import SECTIONS, render_page
from ganprint.stages.places import Places


def report_of(root):
    return json.loads((Places(root).audit / "report.json").read_text())


def verdicts(report):
    return {run["name"]: run["verdict"]["kind"] for run in report["runs"] if run["verdict"] is not None}


@pytest.fixture(scope="module")
def leak(tmp_path_factory):
    """Give a project about a generator that copies the used images."""
    return audited(tmp_path_factory.mktemp("leak"), "leak")


def test_a_planted_leak_is_shown(leak):
    """Protects the verdict from end to end: copies of used images are a leak, and no bias of the split."""
    report = report_of(leak)
    assert report["verdict"]["kind"] == "leak shown"
    assert verdicts(report)["nearest-neighbour"] == "leak shown"
    nearest = next(run for run in report["runs"] if run["name"] == "nearest-neighbour")
    assert nearest["figures"]["test"]["roc_auc"]["value"] > 0.9
    assert nearest["controls"]["test"]["swapped"]["roc_auc"]["value"] < 0.8
    assert "nearest-neighbour: ROC AUC" in report["verdict"]["reasons"][0]
    assert nearest["decided_on"] == "test"


def test_a_planted_split_bias_is_not_called_a_leak(tmp_path):
    """Protects against the field's commonest false claim: used images differ, and the generator copied none."""
    report = report_of(audited(tmp_path, "bias"))
    assert report["verdict"]["kind"] == "split bias"
    assert "leak shown" not in verdicts(report).values()
    biased = [run for run in report["runs"] if run["verdict"] and run["verdict"]["kind"] == "split bias"]
    assert any(run["figures"]["test"]["roc_auc"]["low"] > 0.5 for run in biased)
    assert any("never sees the generated images" in reason for run in biased for reason in run["verdict"]["reasons"])


def test_nothing_planted_and_no_truth_is_not_shown(tmp_path):
    """Protects the privacy officer's case: without test labels the development split decides, and says so."""
    root = audited(tmp_path, "none", truth=False)
    report = report_of(root)
    assert report["verdict"]["kind"] == "not shown at this n"
    assert all(set(run["figures"]) == {"development"} for run in report["runs"])
    assert any("truth of the test split is unknown" in limit for limit in report["limits"])
    assert {run["decided_on"] for run in report["runs"]} == {"development"}
    page = (Places(root).audit / "report.html").read_text()
    assert "truth unknown" in page


def test_report_json_validates_and_its_schema_is_the_published_one(leak):
    """Protects readers by machine: the schema in the docs, the one beside the report and the code's are one."""
    published = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    assert json.loads((Places(leak).audit / "report.schema.json").read_text()) == published == schema()
    jsonschema.Draft202012Validator.check_schema(published)
    report = report_of(leak)
    jsonschema.validate(report, published)
    broken = {**report, "verdict": {**report["verdict"], "kind": "proven"}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, published)


def test_the_page_needs_nothing_from_elsewhere(leak):
    """Protects a hospital's network and the reader: no address is ever asked, and the browser is told so."""
    page = (Places(leak).audit / "report.html").read_text()
    assert "default-src 'none'" in page
    outside = re.findall(r"""(?:src|href|action|url\()\s*=?\s*["']?(?!data:|#|blob:)([^"'\s)>]+)""", page)
    assert [address for address in outside if re.match(r"(?:https?:)?//", address)] == []
    assert "@import" not in page
    for identifier, title in SECTIONS:
        # Once: the viewer finds its parts by their identifiers.
        assert page.count(f' id="{identifier}"') == 1, identifier
        assert f">{title}</h2>" in page


def test_every_number_of_a_run_is_on_the_page(leak):
    """Protects the table: value and interval by group of each run's test ROC AUC stand on the page."""
    report = report_of(leak)
    page = (Places(leak).audit / "report.html").read_text()
    for run in report["runs"]:
        figure = run["figures"]["test"]["roc_auc"]
        assert f"{figure['value']:.3f} [{figure['low']:.2f}, {figure['high']:.2f}]" in page, run["name"]


def test_hostile_text_is_escaped(leak):
    """Protects the reader's browser: whatever a corpus or a run is called, it stays text."""
    hostile = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    report = Report.model_validate(report_of(leak))
    run = report.runs[0].model_copy(update={"name": hostile, "refusal": hostile})
    report = report.model_copy(
        update={
            "profile": hostile,
            "question": hostile,
            "runs": [run, *report.runs[1:]],
            "limits": [hostile],
            "embeddings": {hostile: hostile},
            "provenance": {**report.provenance, "code_revision": hostile, "parameters": {"x": "</pre>" + hostile}},
            "plots": [plot.model_copy(update={"svg": None, "title": hostile}) for plot in report.plots[:1]],
        }
    )
    page = render_page(report, {}, "")
    style = files("ganprint.audit.report").joinpath("report.css").read_text()
    assert "<script" not in page.replace(style, "")
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;") >= 7


def test_the_same_results_give_the_same_report(leak):
    """Protects byte-identical reports: writing it again changes no byte of page, data and plots."""
    folder = Places(leak).audit
    before = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    call(leak, "audit")
    after = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []
