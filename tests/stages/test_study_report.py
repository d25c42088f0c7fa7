"""A selection study in the pipeline's report: what it claims, its table and plot, what it is not."""

import json
import shutil

import jsonschema
import pytest
import yaml
from pipeline import call
from planted import audited

from ganprint.audit.report.model import schema
from ganprint.stages.places import Places

STUDY = {
    "embeddings": ["pixels-32", "lite0-weights"],
    "comparators": {
        "nearest": {"comparator": "nearest"},
        "band": {"comparator": "nearest", "parameters": {"metric": "band-fine"}},
    },
    "folds": {"outer": 3, "inner": 2, "repetitions": 1},
    "permutations": 19,
}


def change(root, study):
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"study": study}, sort_keys=False))


def report_of(root):
    return json.loads((Places(root).audit / "report.json").read_text())


def page_of(root):
    return (Places(root).audit / "report.html").read_text()


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """Give a project about a generator that copies, with a finished study and the report on all."""
    root = audited(tmp_path_factory.mktemp("studied"), "leak")
    before = page_of(root)
    change(root, {"tried": STUDY})
    call(root, "study", "tried")
    call(root, "audit")
    return root, before


def test_the_report_says_what_the_study_lets_one_say(studied):
    """Protects the claim: the sentences of the study's own page, corrected, with the rule and all candidates."""
    root, before = studied
    assert ' id="study"' not in before
    report, page = report_of(root), page_of(root)
    jsonschema.validate(report, schema())
    (study,) = report["studies"]
    selection = json.loads((Places(root).study("tried") / "selection.json").read_text())
    assert study["selection"] == selection
    assert study["said"][0].startswith("Selected of 3 candidates: pixels-32.none.nearest")
    assert "pixels-32.none.nearest" in selection["claims"]
    assert page.count(' id="study"') == 1
    assert '<a href="#study">' in page
    own = (Places(root).study("tried") / "report.html").read_text()
    for sentence in study["said"]:
        assert sentence in page.replace("&#39;", "'")
        assert sentence in own.replace("&#39;", "'")
    assert selection["rule"] in page.replace("&#39;", "'")
    for row in study["table"]:
        assert f'<th scope="row">{row["candidate"]}</th>' in page
    assert any(limit.startswith("Study tried tried 3 candidates") for limit in report["limits"])


def test_the_plot_and_its_data_are_beside_the_others(studied):
    """Protects the figure: inlined as a picture, with the table it draws."""
    root, _ = studied
    (plot,) = [plot for plot in report_of(root)["plots"] if plot["section"] == "study"]
    folder, own = Places(root).audit / "plots", Places(root).study("tried")
    assert (folder / plot["svg"]).read_bytes() == (own / "study.svg").read_bytes()
    assert (folder / plot["csv"]).read_bytes() == (own / "table.csv").read_bytes()
    assert '<img src="data:image/svg+xml;base64,' in page_of(root).split(' id="study"')[1].split("<h2")[0]


def test_empty_cells_are_null(studied):
    """Protects readers by machine: a refused candidate has its reason and no number that is none."""
    (study,) = report_of(studied[0])["studies"]
    refused = next(row for row in study["table"] if row["candidate"] == "lite0-weights.average.band")
    assert refused["auc"] is None
    assert "compares grey values" in refused["refused"]
    kept = next(row for row in study["table"] if row["candidate"] == "pixels-32.none.nearest")
    assert kept["refused"] == ""
    assert kept["selected_inside"] == 3


def test_a_study_of_other_parameters_or_corpus_is_refused(studied, tmp_path):
    """Protects against a stale study: one line that says how to renew it, and the old report is still there."""
    root = tmp_path / "project"
    shutil.copytree(studied[0], root)
    page = page_of(root)
    change(root, {"tried": STUDY | {"permutations": 25}})
    assert "made with other parameters; run 'ganprint study tried'" in call(root, "audit", status=2)
    for key, other in (("seed", 5), ("evaluate", {"confidence": 0.9, "resamples": 10000, "permutations": 10000})):
        whole = yaml.safe_load((root / "params.yaml").read_text())
        (root / "params.yaml").write_text(yaml.safe_dump(whole | {"study": {"tried": STUDY}, key: other}))
        assert "made with other parameters; run 'ganprint study tried'" in call(root, "audit", status=2)
        (root / "params.yaml").write_text(yaml.safe_dump(whole))
    change(root, {"tried": STUDY, "missing": STUDY})
    assert "run 'ganprint study missing'" in call(root, "audit", status=2)
    change(root, {"tried": STUDY})
    path = Places(root).study("tried") / "selection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"corpus_sha256": "0" * 64}))
    assert "made from another corpus; run 'ganprint study tried'" in call(root, "audit", status=2)
    assert page_of(root) == page


def test_a_study_that_was_made_is_told_until_its_folder_goes(studied, tmp_path):
    """Protects honesty about the search: removing the block from params.yaml does not remove what was tried."""
    root = tmp_path / "project"
    shutil.copytree(studied[0], root)
    change(root, {})
    call(root, "audit")
    assert [study["name"] for study in report_of(root)["studies"]] == ["tried"]
    path = Places(root).study("tried") / "selection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"corpus_sha256": "0" * 64}))
    call(root, "audit")
    assert report_of(root)["studies"] == [], "a study of another corpus is none of this report's"
    shutil.rmtree(Places(root).study("tried"))
    call(root, "audit")
    assert ' id="study"' not in page_of(root)
