"""Codabench: the scoring program on the platform's folders, and the organiser's bundle."""

import io
import json
import shutil
import zipfile
from datetime import datetime

import pytest
import yaml
from handed_in import call, hashes
from PIL import Image

from ganprint.errors import InputError
from ganprint.platforms.competition import Competition, competition_files, zip_bytes
from ganprint.platforms.judged import Reference
from ganprint.stages.platforms import default_logo

TRUTH = {f"real_unknown_{n:03d}": n % 2 for n in range(20)}
QUICK = ("--resamples", 100)


@pytest.fixture
def app(tmp_path):
    """Give the folder that a compute worker makes: input/ref, input/res, output."""
    for name in ("input/ref", "input/res", "output"):
        (tmp_path / name).mkdir(parents=True)
    rows = [f"{name},{('not_used', 'used')[used]}" for name, used in TRUTH.items()]
    (tmp_path / "input/ref/truth.csv").write_text("\n".join(["id,membership", *rows]) + "\n")
    (tmp_path / "input/res/run.csv").write_text("".join(f"{name},{used}\n" for name, used in TRUTH.items()))
    return tmp_path


def score(app, status=0):
    return call(
        "platform", "codabench", "score", "--input", app / "input", "--output", app / "output", *QUICK, status=status
    )


def test_scores_and_page_are_written_and_the_input_is_only_read(app):
    """Protects the documented layout: ref and res in, scores.json, scores.txt and detailed_results.html out."""
    before = hashes(app / "input")
    out, _ = score(app)
    assert "run.csv: valid, F1 1.0000" in out
    assert sorted(path.name for path in (app / "output").iterdir()) == [
        "detailed_results.html",
        "scores.json",
        "scores.txt",
    ]
    scores = json.loads((app / "output/scores.json").read_text())
    assert next(iter(scores)) == "f1"
    assert scores["f1"] == 1
    assert yaml.safe_load((app / "output/scores.txt").read_text())["accuracy_low"] == pytest.approx(
        scores["accuracy_low"], abs=1e-6
    )
    assert hashes(app / "input") == before


def test_scoring_twice_gives_the_same_bytes(app):
    """The same submission must not climb by being handed in again."""
    score(app)
    first = hashes(app / "output")
    score(app)
    assert hashes(app / "output") == first


def test_faults_are_listed_everywhere_and_old_scores_are_gone(app):
    """A file that is not valid is not ranked, and its author sees every fault with its line."""
    score(app)
    (app / "input/res/run.csv").write_text("real_unknown_000,1\nreal_unknown_001,0.5\nwho,1\n")
    out, err = score(app, status=2)
    assert out == ""
    page = (app / "output/detailed_results.html").read_text()
    for line, code in ((2, "E4"), (3, "E2"), (3, "E5")):
        assert f"  line {line}: {code}: " in err
        assert f"<td>{line}</td><td>{code}</td>" in page
    assert sorted(path.name for path in (app / "output").iterdir()) == ["detailed_results.html"]


def test_the_submission_may_lie_in_a_folder_of_the_zip_beside_what_macos_adds(app):
    """Participants zip folders."""
    (app / "input/res/team/__MACOSX").mkdir(parents=True)
    (app / "input/res/run.csv").rename(app / "input/res/team/run.csv")
    (app / "input/res/team/__MACOSX/._run.csv").write_text("x")
    (app / "input/res/.hidden.csv").write_text("x")
    assert "valid" in score(app)[0]


def test_groups_beside_the_truth_make_intervals_by_patient(app):
    """Slices of one patient are drawn together."""
    lines = [f"{name},test,patient {n // 4}" for n, name in enumerate(TRUTH)]
    (app / "input/ref/groups.csv").write_text("\n".join(["id,split,group", *lines]) + "\n")
    score(app)
    assert json.loads((app / "output/scores.json").read_text())["groups"] == 5


def test_groups_beside_the_truth_may_be_those_of_the_whole_corpus(app):
    """An organiser puts the corpus' own groups.csv there, which has lines of both splits."""
    lines = [f"{name},test,patient {n // 4}" for n, name in enumerate(TRUTH)]
    lines += [f"{name},development,patient {n}" for n, name in enumerate(["used_1", *TRUTH])]
    (app / "input/ref/groups.csv").write_text("\n".join(["id,split,group", *lines]) + "\n")
    score(app)
    assert json.loads((app / "output/scores.json").read_text())["groups"] == 5


def _truth_lacks_an_id(app):
    path = app / "input/ref/truth.csv"
    (app / "input/ref/image_ids.txt").write_text("\n".join(TRUTH))
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")


def _rewrite(name, content):
    return lambda app: (app / name).write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda app: shutil.rmtree(app / "input/ref"), "ref: no such file or folder; the truth is looked for there"),
        (lambda app: (app / "input/ref/truth.csv").unlink(), "no truth.csv"),
        (lambda app: shutil.rmtree(app / "input/res"), "res: no such folder; the submission is looked for there"),
        (lambda app: (app / "input/res/run.csv").rename(app / "input/res/run.txt"), "no CSV file (found: run.txt)"),
        (_rewrite("input/res/other.csv", b""), "2 CSV files (found: other.csv, run.csv)"),
        (_truth_lacks_an_id, "1 of 20 real test images have no truth, first real_unknown_019"),
        (_rewrite("input/ref/truth.csv", b"id,membership\n"), "the truth is unknown"),
        (_rewrite("input/ref/truth.csv", b""), "truth.csv: empty"),
        (_rewrite("input/ref/truth.csv", b"id,membership\na,perhaps\n"), "received 'a,perhaps'"),
        (_rewrite("input/ref/truth.csv", b"\xff\xfe"), "truth.csv: can not be read as CSV"),
        (_rewrite("input/ref/groups.csv", b"id,split,group\nwho,test,p\n"), "1 lines name no real image"),
        (_rewrite("input/ref/groups.csv", b"id,split,group\nwho,testing,p\n"), "1 lines name no real image"),
        (lambda app: (shutil.rmtree(app / "output"), (app / "output").write_text("")), "output"),
    ],
)
def test_what_an_organiser_can_get_wrong_is_one_line_with_status_2(app, spoil, text):
    """The platform shows stderr: one line that names the file and says what to do, no traceback, no scores."""
    score(app)
    spoil(app)
    _, err = score(app, status=2)
    assert err.startswith("ganprint: ")
    assert err.count("\n") == 1
    assert text in err
    assert (app / "output").is_file() or not list((app / "output").iterdir())


def competition(**changes):
    said = {"title": "A title: with a colon", "docker_image": "me/kit:1", "start": datetime(2027, 1, 15), "end": None}  # noqa: DTZ001
    said |= {"per_day": 2, "in_all": 5, "logo": ("logo.png", b"png")}
    return Competition(**(said | changes))


def test_every_file_that_competition_yaml_names_is_in_the_bundle():
    """The platform refuses a bundle with a dangling path, an empty page, or without version 2 and its required keys."""
    files = competition_files(competition(contact="a@example.org"), Reference(TRUTH, {}))
    made = yaml.safe_load(files["competition.yaml"])
    assert made["version"] == 2
    assert {"title", "image", "terms", "pages", "tasks", "phases", "leaderboards"} <= set(made)
    assert made["title"] == "A title: with a colon"
    assert made["contact_email"] == "a@example.org"
    named = [made["image"], made["terms"], *(page["file"] for page in made["pages"])]
    assert all(files[path].strip() for path in named)
    [task], [phase] = made["tasks"], made["phases"]
    folders = {path.split("/")[0] for path in files}
    assert {task["scoring_program"], task["reference_data"], phase["starting_kit"]} <= folders
    assert phase["tasks"] == [task["index"]]
    assert phase["start"] == datetime(2027, 1, 15)  # noqa: DTZ001
    assert "end" not in phase
    command = yaml.safe_load(files["scoring_program/metadata.yaml"])["command"]
    assert command == "ganprint platform codabench score --input /app/input --output /app/output"


def test_the_starting_kit_does_not_tell_the_truth():
    """Participants can download it."""
    files = competition_files(competition(), Reference(TRUTH, {}))
    for path, content in files.items():
        if not path.startswith("reference_data/"):
            assert b"not_used" not in content, path
    assert set(files["starting_kit/run.csv"].decode().split()) == {f"{name},1" for name in TRUTH}


def test_the_zip_depends_on_names_and_contents_alone():
    """Protects reproducibility: neither order nor the clock shows."""
    files = {"b/c.txt": b"1", "a.txt": b"2"}
    made = zip_bytes(files)
    assert made == zip_bytes(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["a.txt", "b/c.txt"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


def test_a_bundle_scores_its_own_starting_kit(app):
    """The bundle as an organiser makes it, unpacked as the platform does: the dummy submission gets F1 of all used."""
    words = ["platform", "codabench", "bundle", "--docker-image", "me/kit:1", "--start", "2027-01-15"]
    words += ["--truth", app / "input/ref"]
    for name in ("one.zip", "two.zip"):
        call(*words, "--out", app / name)
    assert (app / "one.zip").read_bytes() == (app / "two.zip").read_bytes()
    with zipfile.ZipFile(app / "one.zip") as archive:
        archive.extractall(app / "bundle")
    shutil.rmtree(app / "input")
    shutil.copytree(app / "bundle/reference_data", app / "input/ref")
    (app / "input/res").mkdir()
    shutil.copy(app / "bundle/starting_kit/run.csv", app / "input/res")
    score(app)
    scores = json.loads((app / "output/scores.json").read_text())
    assert scores["f1"] == pytest.approx(2 / 3) == pytest.approx(scores["f1_all_used"])


def test_a_bundle_of_the_project_in_force_has_its_groups(tmp_path, planted):
    """Without --truth the corpus of the project gives truth and patients; groups with commas survive."""
    groups = (planted / "groups.csv").read_text().replace(",test,test-1\n", ',test,"ward 1, bed 2"\n')
    corpus = shutil.copytree(planted, tmp_path / "corpus")
    (corpus / "groups.csv").write_text(groups)
    words = ["-C", tmp_path, "profile", "small", "--corpus", "folder", "--path", corpus]
    call(*words, "--truth", planted.parent / "truth.csv")
    bundle = ["-C", tmp_path, "platform", "codabench", "bundle", "--docker-image", "me/kit:1", "--start", "2027-01-15"]
    _, err = call(*bundle, "--out", tmp_path / "bundle.zip", status=2)
    assert "data/corpus: no corpus there; give --truth FILE" in err
    call("-C", tmp_path, "corpus")
    out, _ = call(*bundle, "--out", tmp_path / "bundle.zip")
    assert "holds the truth of 60 test images" in out
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        written = archive.read("reference_data/groups.csv").decode()
    assert written.count("\n") == 61
    assert written.count(',test,"ward 1, bed 2"\n') == 2
    call("-C", tmp_path, "profile", "small")
    (tmp_path / "data/truth.csv").write_text("id,membership\n")
    _, err = call(*bundle, "--out", tmp_path / "other.zip", status=2)
    assert "the truth of the test split is unknown; give --truth FILE" in err


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"end": datetime(2027, 1, 15)}, "not after its start"),  # noqa: DTZ001
        ({"per_day": 0}, "0 submissions a day"),
        ({"per_day": 6}, "6 submissions a day and 5 in all"),
    ],
)
def test_a_competition_that_nobody_could_take_part_in_is_refused(changes, text):
    """Found before the upload."""
    with pytest.raises(InputError, match=text):
        competition(**changes)


def test_the_drawn_logo_is_a_picture():
    """The platform wants one."""
    with Image.open(io.BytesIO(default_logo())) as image:
        assert image.size == (256, 256)
        assert image.getextrema()[1] > 200 > 50 > image.getextrema()[0]
