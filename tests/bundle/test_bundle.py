"""A bundle: valid for the public validator, the same bytes for the same results, no images, nothing out of date."""

import json
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from bundle_samples import content
from click.testing import CliRunner

from ganprint.bundle.archive import write_zip
from ganprint.bundle.citation import read_citation
from ganprint.bundle.entries import Entry, refuse_images
from ganprint.bundle.sbom import packages, without_places
from ganprint.cli import main
from ganprint.doctor.lock import installed_versions
from ganprint.errors import InputError
from ganprint.params import load_params
from ganprint.stages.bundle_files import collect
from ganprint.stages.places import Places
from ganprint.stages.times import read_span, record_time

VALIDATOR = Path(sys.prefix) / "roc-validator" / "bin" / "python"
# Recommended, and not known here: who ran it, who publishes, the addresses of the authors' organisations and libraries.
# Libraries are named by package URLs, which are absolute addresses though they do not start with http (5.1).
NOT_KNOWN = {
    "process-run-crate-0.5_3.2",
    "process-run-crate-0.5_5.1",
    "process-run-crate-0.5_8.6",
    "ro-crate-1.1_22.3",
    "ro-crate-1.1_31.2",
}


def judged(crate, level):
    runner = Path(__file__).with_name("validate_crate.py")
    done = subprocess.run([VALIDATOR, runner, crate, level], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(not VALIDATOR.exists(), reason="the validator's environment is made by make setup")
def test_the_public_validator_finds_nothing_that_is_required(bundled, forge):
    """A Workflow Run Crate for all who read such; of what is recommended, what nobody here knows is missing."""
    required = judged(bundled, "REQUIRED")
    assert required["found"] == []
    assert required["checks"] > 50
    recommended = judged(bundled, "RECOMMENDED")["found"]
    assert {line.split()[1].rstrip(":") for line in recommended} == NOT_KNOWN
    description = json.loads(content(bundled)["ro-crate-metadata.json"])
    for entity in description["@graph"]:
        entity.pop("instrument", None)
    spoiled = forge({"ro-crate-metadata.json": json.dumps(description).encode()})
    assert any("instrument" in line for line in judged(spoiled, "REQUIRED")["found"])


def test_the_run_is_described_with_what_went_in_and_what_came_out(bundled, finished):
    """Who reads the description alone finds parameters, corpus, submissions and times."""
    graph = {entity["@id"]: entity for entity in json.loads(content(bundled)["ro-crate-metadata.json"])["@graph"]}
    run = graph["#run"]
    assert run["instrument"] == {"@id": "dvc.yaml"}
    assert {"@id": "params.yaml"} in run["object"]
    record = json.loads((finished / "results/corpus/record.json").read_text())
    assert graph["#corpus"]["value"] == record["corpus_sha256"]
    results = {entity["@id"] for entity in run["result"]}
    assert results >= {"submissions/svm-corrected.csv", "results/evaluate/blind.json", "results/audit/report.json"}
    started, ended = (datetime.fromisoformat(run[name]) for name in ("startTime", "endTime"))
    assert (started, ended) == tuple(time.replace(microsecond=0) for time in read_span(Places(finished)))
    assert started < ended
    assert graph["./"]["author"] == {"@id": "#author-1"}
    assert graph["#author-1"]["name"] == "The ganprint authors"
    assert graph["https://spdx.org/licenses/MIT"]["@type"] == "CreativeWork"


def test_the_same_results_give_the_same_bytes(make, bundled, finished, tmp_path):
    """Two people with the same results can compare one hash; a run at another time differs in its times alone."""
    assert make(tmp_path / "again.zip").sha256 == make(tmp_path / "more.zip").sha256
    assert (tmp_path / "again.zip").read_bytes() == bundled.read_bytes()
    later = tmp_path / "later"
    shutil.copytree(finished, later)
    record_time(Places(later), "audit", 1.0)
    times = (later / "results" / "times.csv").read_text()
    (later / "results" / "times.csv").write_text(times.replace("+00:00", "+01:00"))
    assert make(tmp_path / "later.zip", later).sha256 != make(tmp_path / "again.zip").sha256
    one, two = (make(tmp_path / f"{root.name}.zip", root, times=False).sha256 for root in (later, finished))
    assert one == two
    (later / "results" / "audit" / "summary.md").write_bytes(b"other")
    assert make(tmp_path / "other.zip", later, times=False).sha256 != one


def test_the_date_is_the_environments_or_the_runs(make, monkeypatch, tmp_path):
    """SOURCE_DATE_EPOCH, as elsewhere; no clock of this machine."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    make(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {info.date_time[:3] for info in archive.infolist()} == {(2023, 11, 14)}
    assert b'"datePublished": "2023-11-14"' in content(tmp_path / "a.zip")["ro-crate-metadata.json"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InputError, match="'yesterday' is no number of seconds"):
        make(tmp_path / "a.zip")
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    make(tmp_path / "b.zip", times=False)
    assert b'"datePublished": "2026-11-24"' in content(tmp_path / "b.zip")["ro-crate-metadata.json"]


def test_a_zip_is_not_dated_before_zips_were(tmp_path):
    """SOURCE_DATE_EPOCH=0 is common, and no date of a zip's entry."""
    write_zip(tmp_path / "a.zip", {"b": b"2", "a": b"1"}, datetime(1970, 1, 1, tzinfo=UTC))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert [(info.filename, info.date_time[0]) for info in archive.infolist()] == [("a", 1980), ("b", 1980)]


def test_a_bundle_of_patients_holds_no_image_and_no_group_beside_scores(bundled, finished):
    """The corpus is not the phantom: the page that shows images stays at home, and so does the data folder."""
    files = content(bundled)
    assert "results/audit/report.html" not in files
    assert not [path for path in files if path.startswith(("data/", "results/evidence")) or path.endswith(".png")]
    for run in ("svm-corrected", "nearest-neighbour"):
        assert files[f"scores/{run}.csv"].startswith(b"id,score,decision\n")
    named = Places(finished).params.parent.parent
    telling = {path for path, body in files.items() if str(named).encode() in body}
    assert telling <= {"params.yaml", "results/corpus/record.json", "results/audit/report.json"}
    places = Places(finished)
    params = load_params(places.params)
    phantom = params.model_copy(update={"corpus": params.corpus.model_copy(update={"kind": "phantom"})})
    assert "results/audit/report.html" in {entry.path for entry in collect(places, phantom)}


@pytest.mark.parametrize(
    "body",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"text\0text",
        b'<img src="data:image/png;base64,AAAA">',
        b"DATA:IMAGE/x",
    ],
)
def test_what_may_be_an_image_is_refused(body):
    """A last barrier, should a result ever come to hold one."""
    refuse_images([Entry("good.json", '{"id": "ä"}'.encode(), "", "output")])
    with pytest.raises(InputError, match=r"^page: may hold an image"):
        refuse_images([Entry("page", body, "", "output")])


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished project that may be changed."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda root: edit(root, ["seed"], 1), "record.json: made with other parameters (and 3 more)"),
        (lambda root: edit(root, ["folds", "count"], 4), "run.json: made with other parameters (and 2 more)"),
        (
            lambda root: edit(root, ["runs", "svm-corrected", "parameters", "gamma"], [2.0]),
            "svm-corrected/run.json: made with other parameters;",
        ),
        (lambda root: (root / "requirements.lock").write_text(""), "made with another requirements.lock"),
        (
            lambda root: (root / "results/audit/report.json").unlink(),
            "report.json: no such file; run 'dvc repro' first",
        ),
        (lambda root: (root / "submissions/svm-corrected.csv").unlink(), "svm-corrected.csv: no such file"),
        (
            lambda root: (root / "submissions/svm-corrected.csv").write_text("real_unknown_000,1\n"),
            "submissions/svm-corrected.csv line 1: E5",
        ),
        (lambda root: (root / "LICENSE").unlink(), "LICENSE: no such file; copy the kit's"),
        (lambda root: (root / "CITATION.cff").write_text("title: x"), "authors, license and date-released are needed"),
    ],
)
def test_what_is_missing_or_out_of_date_is_refused_in_one_line(make, copy, tmp_path, change, text):
    """A bundle of results that other parameters made would be a lie; nothing half-written stays."""
    change(copy)
    with pytest.raises(InputError) as caught:
        make(tmp_path / "out.zip", copy)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*out.zip*"))


def edit(root, keys, value):
    content = yaml.safe_load((root / "params.yaml").read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    (root / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def test_the_command_tells_what_it_wrote_and_what_to_look_at(finished, tmp_path):
    """The hash is what the other side is told by another way."""
    out = tmp_path / "x.zip"
    result = CliRunner().invoke(main, ["-C", str(finished), "bundle", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "sha256 " in result.output
    assert "note: the corpus is not the phantom" in result.output
    assert "note: there is no dvc.lock here" in result.output
    result = CliRunner().invoke(main, ["-C", str(finished), "bundle", "--out", str(tmp_path / "x.tar")])
    assert result.exit_code == 2
    assert "name it NAME.zip" in result.output


def test_the_list_of_packages_is_that_of_the_environment_and_names_no_place(sbom):
    """Every installed package with its version, and not where on this machine it came from."""
    listed = json.loads(sbom)
    assert packages(listed) == installed_versions()
    assert b"file:" not in sbom
    assert "timestamp" not in listed["metadata"]
    assert "serialNumber" not in listed
    references = [{"type": "distribution", "url": "file:///home/me"}, {"type": "vcs", "url": "https://example.org"}]
    assert without_places({"a": [{"refs": references}]}) == {"a": [{"refs": references[1:]}]}


def test_a_citation_names_persons_and_organisations():
    """Authors are named as the citation file has them."""
    text = """
license: MIT
date-released: 2026-01-02
authors:
  - {given-names: Ada, family-names: Lovelace, orcid: "https://orcid.org/0000-0000-0000-0000"}
  - {name: Society}
references:
  - {title: "A\\n B", authors: [{family-names: Doe}], notes: n, collection-title: c}
"""
    citation = read_citation(text.encode(), "CITATION.cff")
    assert [(author.name, author.kind) for author in citation.authors] == [
        ("Ada Lovelace", "Person"),
        ("Society", "Organization"),
    ]
    assert citation.authors[0].identifier == "https://orcid.org/0000-0000-0000-0000"
    assert citation.date == "2026-01-02"
    assert (citation.references[0].title, citation.references[0].notes) == ("A B", "c; n")
    for bad in ("a: [", "license: MIT\ndate-released: 2026-01-02\nauthors: []", "- 1"):
        with pytest.raises(InputError, match=r"^CITATION\.cff: "):
            read_citation(bad.encode(), "CITATION.cff")


def test_the_span_of_a_run_needs_every_time_of_day(tmp_path):
    """Times that are not known are left out, not guessed."""
    places = Places(tmp_path)
    assert read_span(places) is None
    record_time(places, "corpus", 5.0)
    record_time(places, "audit", 1.0)
    started, ended = read_span(places)
    assert 5 <= (ended - started).total_seconds() <= 7
    table = tmp_path / "results" / "times.csv"
    table.write_text("command,seconds,peak_mib\ncorpus,1.0,2.0\n")
    assert read_span(places) is None
    record_time(places, "audit", 1.0)
    assert read_span(places) is None
    record_time(places, "corpus", 1.0)
    assert read_span(places) is not None
