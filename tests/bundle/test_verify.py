"""Verification: whatever is changed is found, hostile archives are refused, submissions come out again or are named."""

import json
import shutil
import zipfile
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
import yaml
from bundle_samples import DATE, content
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganprint.bundle.archive import MANIFEST, write_zip
from ganprint.bundle.check import score_faults
from ganprint.cli import main
from ganprint.errors import InputError
from ganprint.params import load_params
from ganprint.stages.bundle_check import check_contents
from ganprint.stages.places import Places
from ganprint.stages.verify import verify_bundle

SUBMISSION, SCORES = "submissions/svm-corrected.csv", "scores/svm-corrected.csv"
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def verified(file, root, *, regenerate=False):
    return verify_bundle(Places(root), file, regenerate=regenerate)


def test_a_good_bundle_passes_every_check(bundled, finished, tmp_path):
    """Beside the results that it was made of, and in a folder that knows nothing of them."""
    beside = verified(bundled, finished)
    assert beside.faults == []
    assert beside.passed[-1] == "the submissions come out again from the scores in this folder"
    alone = verified(bundled, tmp_path)
    assert alone.faults == []
    assert alone.passed[-1] == "nothing to compare with in this folder: it has other parameters, or none"
    assert len(alone.passed) == len(beside.passed) == 5


@given(data=st.data())
@QUICK
def test_any_changed_byte_of_any_file_is_found(bundled, tmp_path, data):
    """The description and the manifest included: there is no file whose change goes unseen."""
    files = content(bundled)
    path = data.draw(st.sampled_from(sorted(files)))
    position = data.draw(st.integers(0, len(files[path]) - 1))
    body = bytearray(files[path])
    body[position] ^= data.draw(st.integers(1, 255))
    write_zip(tmp_path / "t.zip", files | {path: bytes(body)}, DATE)
    assert verified(tmp_path / "t.zip", tmp_path).faults


@given(data=st.data())
@QUICK
def test_a_changed_byte_of_the_zip_is_found_or_changes_no_file(bundled, tmp_path, data):
    """Damage on the way: whatever still verifies holds the very same files."""
    body = bytearray(bundled.read_bytes())
    position = data.draw(st.integers(0, len(body) - 1))
    body[position] ^= data.draw(st.integers(1, 255))
    (tmp_path / "t.zip").write_bytes(bytes(body))
    try:
        faults = verified(tmp_path / "t.zip", tmp_path).faults
    except InputError as error:
        faults = [str(error)]
    if not faults:
        assert content(tmp_path / "t.zip") == content(bundled)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({SUBMISSION: None}, f"{SUBMISSION}: missing"),
        ({"submissions/more.csv": b"x"}, "submissions/more.csv: not in the manifest"),
        ({"data/corpus/images/a.png": b"x"}, "data/corpus/images/a.png: not in the manifest"),
        ({"params.yaml": b"seed: 1\n"}, "params.yaml: changed"),
    ],
)
def test_files_that_are_missing_extra_or_changed_are_named(forge, tmp_path, changes, fault):
    """The list says which."""
    assert fault in verified(forge(changes), tmp_path).faults


def test_another_text_of_the_manifest_is_found(bundled, forge, tmp_path):
    """There is one manifest of the same files: nothing can be hidden in blanks, line ends or order."""
    body = content(bundled)[MANIFEST]
    lines = body.decode().splitlines()
    for other in (body.replace(b"\n", b"\r\n"), body + b"\n", ("\n".join(reversed(lines)) + "\n").encode()):
        assert verified(forge({MANIFEST: other}), tmp_path).faults == [
            f"{MANIFEST}: changed: the hashes are right, the text is not as it is written"
        ]


def swapped(body, count):
    """Answer the first images the other way round."""
    lines = body.decode().splitlines()
    turned = [line[:-1] + ("0" if line.endswith("1") else "1") for line in lines[:count]]
    return ("\n".join(turned + lines[count:]) + "\n").encode()


def test_a_cheat_who_makes_the_hashes_right_is_found_by_the_scores(bundled, forge, tmp_path):
    """Submissions must be what scores and thresholds give, and valid, whatever the hashes say."""
    body = content(bundled)[SUBMISSION]
    outcome = verified(forge({SUBMISSION: swapped(body, 3)}, consistent=True), tmp_path)
    assert f"{SUBMISSION}: is not what {SCORES} and the run's threshold give" in outcome.faults
    outcome = verified(forge({SUBMISSION: body + b"x,2\n"}, consistent=True), tmp_path)
    assert any(fault.startswith(f"{SUBMISSION} line 61: E2") for fault in outcome.faults)
    threshold = "results/compare/svm-corrected/threshold.json"
    moved = json.loads(content(bundled)[threshold])
    moved["own"]["value"] = -1e9
    outcome = verified(forge({threshold: json.dumps(moved).encode()}, consistent=True), tmp_path)
    assert f"{SCORES}: decisions are not what scores and threshold give" in outcome.faults
    outcome = verified(forge({"requirements.lock": b"a==1\n"}, consistent=True), tmp_path)
    assert any("made with another requirements.lock" in fault for fault in outcome.faults)


def test_a_score_at_the_threshold_means_used():
    """As the pipeline decides: whoever takes it for not used would refuse good bundles."""
    files = {SCORES: b"id,score,decision\na,0.5,1\nb,0.49,0\n", SUBMISSION: b"a,1\nb,0\n"}
    assert score_faults(files, ["a", "b"], {"svm-corrected": 0.5}) == []
    assert score_faults(files, ["a", "b"], {"svm-corrected": 0.6})[-1].startswith(f"{SUBMISSION}: is not what")
    assert score_faults({SCORES: b""}, ["a"], {"svm-corrected": 0.5}) == [f"svm-corrected: {SUBMISSION} is missing"]
    assert "can not be read" in score_faults(files | {SCORES: b"\xff"}, ["a"], {"svm-corrected": 0.5})[0]


def forged_scores(bundled, count):
    """Move the first scores to the other side of the threshold, and the submission with them."""
    files = content(bundled)
    threshold = json.loads(files["results/compare/svm-corrected/threshold.json"])["own"]["value"]
    head, *rows = files[SCORES].decode().splitlines()
    for number, row in enumerate(rows[:count]):
        name, _, decision = row.split(",")
        rows[number] = f"{name},{threshold - 1 if decision == '1' else threshold + 1},{1 - int(decision)}"
    return {SCORES: "\n".join([head, *rows, ""]).encode(), SUBMISSION: swapped(files[SUBMISSION], count)}


def test_a_cheat_who_changes_the_scores_too_is_found_beside_the_results(bundled, finished, forge, tmp_path):
    """In itself such a bundle is sound: only the results, or running the pipeline again, can tell."""
    file = forge(forged_scores(bundled, 3), consistent=True)
    assert verified(file, tmp_path).faults == []
    assert verified(file, finished).faults == [f"{SUBMISSION}: comes out otherwise: 3 of 60 answers differ"]
    assert (finished / SUBMISSION).read_bytes() == content(bundled)[SUBMISSION]


def test_the_whole_pipeline_is_run_again_where_asked(bundled, finished, forge, tmp_path):
    """By the bundle's own parameters, in a folder of its own: nothing in the project is touched."""
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    outcome = verified(bundled, finished, regenerate=True)
    assert (outcome.faults, outcome.notes) == ([], [])
    assert outcome.passed[-1] == "the submissions came out again from the pipeline, byte by byte"
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before
    made = "results/compare/nearest-neighbour/run.json"
    record = json.loads(content(bundled)[made])
    record["provenance"]["libraries"]["numpy"] = "1.0"
    forged = forged_scores(bundled, 2) | {made: json.dumps(record).encode()}
    outcome = verified(forge(forged, consistent=True), tmp_path, regenerate=True)
    assert outcome.faults == [f"{SUBMISSION}: comes out otherwise: 2 of 60 answers differ"]
    assert f"numpy: 1.0 when the bundle's results were made, {version('numpy')} here" in outcome.notes


def test_another_corpus_is_told_from_another_result(bundled, forge, tmp_path):
    """Images that changed since are no proof against the submissions; images that are gone are asked for."""
    params = yaml.safe_load(content(bundled)["params.yaml"])
    shutil.copytree(params["corpus"]["path"], tmp_path / "corpus")
    shutil.copy(params["corpus"]["truth"], tmp_path / "truth.csv")
    params["corpus"] |= {"path": "corpus", "truth": "truth.csv"}
    file = forge({"params.yaml": yaml.safe_dump(params, sort_keys=False).encode()}, consistent=True)
    first, second, *_ = sorted((tmp_path / "corpus" / "test" / "generated").iterdir())
    shutil.copy(second, first)
    (fault,) = verified(file, tmp_path, regenerate=True).faults
    assert fault.startswith("the corpus came out as ")
    shutil.rmtree(tmp_path / "corpus")
    with pytest.raises(InputError, match=r"corpus\.path of the bundle's parameters is not here"):
        verified(file, tmp_path, regenerate=True)


def test_a_refused_run_has_its_reason_and_no_submission(make, finished, tmp_path):
    """A refusal is a result: it is in the bundle; a submission that turns up for it, or is lost elsewhere, is named."""
    root = tmp_path / "project"
    shutil.copytree(finished, root)
    for name in ("scores.csv", "threshold.json", "control.csv"):
        (root / "results/compare/svm-corrected" / name).unlink()
    reason = {"run": "svm-corrected", "reason": "too few images"}
    (root / "results/compare/svm-corrected/refusal.json").write_text(json.dumps(reason))
    made = make(tmp_path / "refused.zip", root)
    files = content(made.path)
    assert "results/compare/svm-corrected/refusal.json" in files
    assert SUBMISSION not in files
    outcome = verified(made.path, root)
    assert outcome.faults == []
    assert outcome.passed[1] == "1 submissions are valid by the strict rules, 60 images each"
    assert outcome.passed[-1] == "the submissions come out again from the scores in this folder"
    params = load_params(root / "params.yaml")
    stranger = files | {SUBMISSION: files["submissions/nearest-neighbour.csv"]}
    (faults, _), *_ = check_contents(stranger, params, "refused.zip")
    assert faults == [f"{SUBMISSION}: is of no run of params.yaml"]
    (faults, _), *_ = check_contents({p: b for p, b in files.items() if not p.startswith("subm")}, params, "x")
    assert faults == ["submissions/nearest-neighbour.csv: missing, though its run was not refused"]


def hostile(path, name, body=b"x", *, mode=0o100644, method=zipfile.ZIP_STORED, twice=False):
    with zipfile.ZipFile(path, "w", method) as archive:
        for _ in range(1 + twice):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = method
            archive.writestr(info, body)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "../out.txt"}, "leads out of the archive"),
        ({"name": "a/../../out.txt"}, "leads out of the archive"),
        ({"name": "/tmp/out.txt"}, "has an absolute path"),
        ({"name": "C:\\out.txt"}, "has an absolute path"),
        ({"name": "link", "body": b"/etc/passwd", "mode": 0o120777}, "is a link"),
        ({"name": "bomb", "body": bytes(64 << 20), "method": zipfile.ZIP_DEFLATED}, "as a bomb would"),
        ({"name": "large", "body": bytes(300 << 20), "method": zipfile.ZIP_DEFLATED}, "bytes allowed for one file"),
        ({"name": "a", "twice": True}, "collide"),
        ({"name": "readme.txt"}, f"holds no {MANIFEST}"),
    ],
)
def test_hostile_and_foreign_archives_are_refused(tmp_path, options, text):
    """A bundle comes from others: nothing is written outside, nothing fills the disk."""
    file = hostile(tmp_path / "x.zip", **options)
    with pytest.raises(InputError) as caught:
        verified(file, tmp_path)
    assert text in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.zip"]
    assert not (tmp_path.parent / "out.txt").exists()


def test_the_command_ends_with_status_2_and_names_every_fault(bundled, forge, tmp_path):
    """Scripts rely on the status, people on the lines."""
    good = CliRunner().invoke(main, ["-C", str(tmp_path), "verify", str(bundled)])
    assert good.exit_code == 0, good.output
    assert good.output.count("good: ") == 5
    bad = CliRunner().invoke(main, ["-C", str(tmp_path), "verify", str(forge({SUBMISSION: None, "LICENSE": b"mine"}))])
    assert bad.exit_code == 2
    assert "fault: LICENSE: changed" in bad.output
    assert f"fault: {SUBMISSION}: missing" in bad.output
    for other in (tmp_path, tmp_path / "none.zip", forge({}).with_suffix(".csv")):
        result = CliRunner().invoke(main, ["verify", str(other)])
        assert result.exit_code == 2
        assert "give a bundle" in result.output
        assert result.output.count("\n") == 1


def test_hashes_that_are_right_of_content_that_is_not_end_in_one_line(forge, tmp_path):
    """A crafted bundle must not end in a traceback."""
    for changes in (
        {"results/corpus/record.json": b"[]"},
        {"results/compare/svm-corrected/run.json": b"{}"},
        {"params.yaml": b"[]"},
        {"image_ids.txt": b"\xff"},
    ):
        with pytest.raises(InputError) as caught:
            verified(forge(changes, consistent=True), tmp_path)
        assert "\n" not in str(caught.value)


def test_a_repacked_bundle_is_still_good(bundled, tmp_path):
    """Mail and archives may pack it anew: the files count, not the packing."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in reversed(content(bundled).items()):
            archive.writestr(zipfile.ZipInfo(path, datetime.now(UTC).timetuple()[:6]), body)
    assert verified(tmp_path / "x.zip", tmp_path).faults == []
