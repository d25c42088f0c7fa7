"""``ganprint inspect``: what it says of planted folders, that it goes on after a kill, and takes nothing stale."""

import csv
import json
import os
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from planted import textures

from ganprint.audit.inspection.model import schema
from ganprint.cli import main
from ganprint.errors import InputError
from ganprint.stages import inspect_attacks, inspect_rows
from ganprint.stages.inspect import inspect_folders
from ganprint.stages.inspect_options import InspectOptions
from ganprint.stages.inspect_rows import KeptRows

ROOT = Path(__file__).parents[2]
ATTACKS = ("nearest", "calibrated-nearest", "retrieval")
WRITTEN = ("scores.csv", "report.json", "report.html", "inspect.schema.json")
N = 40


@pytest.fixture(autouse=True)
def _one_revision(monkeypatch):
    # Files of two runs are compared: a commit between them is no matter.
    monkeypatch.setattr("ganprint.provenance.code_revision", lambda _: "0" * 40)


def write(folder, stem, pictures):
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        Image.fromarray(np.asarray(picture).round().astype(np.uint8)).save(folder / f"{stem}_{number:03d}.png")


def folders(root, *, copies=0, noised=0, seed=0):
    """Real, reference and generated images; the first ``copies`` real ones are among the latter, then noised ones."""
    rng = np.random.default_rng(seed)
    real, reference, generated = (textures(rng, count) for count in (N, N, 50))
    generated[:copies] = real[:copies]
    part = slice(copies, copies + noised)
    generated[part] = np.clip(real[part] + rng.normal(0, 3, real[part].shape), 0, 255)
    write(root / "real", "r", real)
    write(root / "reference", "f", reference)
    write(root / "generated", "g", generated)
    return root


def options(root, **told):
    known = {"real": root / "real", "generated": root / "generated", "out": root / "out", "attacks": ATTACKS}
    known |= {"reference": root / "reference", "views": ("pixels",), "permutations": 999, "resamples": 100}
    return InspectOptions(**{**known, "images": 5, "threads": 1, **told})


def written(root, names=WRITTEN):
    return {name: (root / "out" / name).read_bytes() for name in names}


def table(root, name="scores.csv"):
    with (root / "out" / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_planted_copies_are_shown_and_come_first(tmp_path):
    """Protects the verdict and the order: real images that the generator gives away are called out, with pictures."""
    report = inspect_folders(options(folders(tmp_path, noised=25)))
    assert report.verdict.kind == "shown", report.verdict.reasons
    assert report.equal == {"real": 0, "reference": 0}
    copied = {f"r_{number:03d}" for number in range(25)}
    assert {image.id for image in report.images[:20]} <= copied
    suspects = report.evidence["suspects"]
    assert {found["image"]["id"] for found in suspects} <= copied
    for found in suspects:  # each copy lies beside its original: equal numbers
        assert found["evidences"][0]["image"]["id"][1:] == found["image"]["id"][1:]
        assert 0 <= found["evidences"][0]["closer"]["real_generated"] < 0.05
    rows = {row["measure"]: row for row in report.memorisation["pixels"]}
    assert rows["closer_to_used"]["p_corrected"] <= 0.05


def test_equal_images_are_shown_without_reference(tmp_path):
    """Protects the plainest finding: a generated image that is a real one needs no chance level."""
    root = folders(tmp_path, copies=3)
    report = inspect_folders(options(root, reference=None))
    assert report.verdict.kind == "shown"
    assert report.equal == {"real": 3}
    assert [image.equal_to for image in report.images if image.id == "r_001"] == [["g_001"]]
    assert all(image.p is None for image in report.images)
    assert [column.refusal is None for column in report.columns] == [False, True, True, True]
    assert "no rate of errors can be stated" in (root / "out" / "report.html").read_text()


def test_nothing_planted_is_not_shown_and_without_reference_not_judged(tmp_path):
    """Protects the null: fresh images give neither a leak nor a claim that there is none."""
    root = folders(tmp_path)
    assert inspect_folders(options(root)).verdict.kind == "not shown at this n"
    assert inspect_folders(options(root, reference=None)).verdict.kind == "cannot be judged without reference"
    few = inspect_folders(options(root, level=0.0001))
    assert few.verdict.kind == "cannot be judged without reference"
    assert "too few" in few.verdict.reasons[0]


def test_reference_unlike_the_real_images_is_no_leak(tmp_path):
    """Protects against bias: brighter real images near brighter generated ones were not copied for that."""
    rng = np.random.default_rng(3)
    for name, shift in (("real", 30), ("reference", 0), ("generated", 30)):
        write(tmp_path / name, name[0], np.clip(textures(rng, N) + shift, 0, 255))
    report = inspect_folders(options(tmp_path, attacks=("nearest",)))
    assert report.verdict.kind == "cannot be judged without reference", report.verdict.reasons
    assert "unlike" in report.verdict.reasons[1]


def test_tables_have_every_image_and_column_and_read_back_exactly(tmp_path):
    """Protects scores.csv: a column per attack and view, refused ones in the report alone, reference images apart."""
    root = folders(tmp_path, noised=10)
    report = inspect_folders(options(root))
    rows = table(root)
    assert list(rows[0]) == ["id", *sorted(f"{name}@pixels" for name in ATTACKS), "combined"]
    assert [row["id"] for row in rows] == [f"r_{number:03d}" for number in range(N)]
    of = {image.id: image.combined for image in report.images}
    assert all(float(row["combined"]) == of[row["id"]] for row in rows)
    beside = table(root, "reference-scores.csv")
    assert report.reference is not None
    assert len(beside) == report.reference.calibration == N - report.reference.for_attacks == N // 2


def test_every_registered_attack_runs_or_says_why_not(tmp_path):
    """Protects the promise that the registry alone decides: no attack is missing, and faults of others are not run."""
    report = inspect_folders(options(folders(tmp_path, noised=10), attacks=()))
    names = {column.attack for column in report.columns}
    registered = {
        name for (name, _), cls in inspect_attacks.registry().items() if issubclass(cls, inspect_attacks.Attack)
    }
    assert registered <= names | {name.rpartition("@")[0] for name in names}
    refused = {column.attack: column.refusal for column in report.columns if column.refusal}
    assert "fault" in refused["ranking-as-coded"]
    assert all(column.p is not None for column in report.columns if column.refusal is None)


def test_a_killed_run_goes_on_to_equal_files(tmp_path, monkeypatch):
    """Protects resumption: killed between chunks, or between attacks, the next call ends in the same bytes."""
    monkeypatch.setattr(inspect_rows, "CHUNK", 16)
    root = folders(tmp_path, noised=10)
    inspect_folders(options(root))
    expected = written(root)
    for kills in (1, 9, 21):  # between a chunk's rows and its digests, between chunks, between attacks
        shutil.rmtree(root / "out")
        made = []
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            for module, name in ((inspect_rows, "_save"), (inspect_attacks, "_scores")):
                _killed_after(patched, module, name, kills, made)
            inspect_folders(options(root))
        before = {path: path.stat().st_mtime_ns for path in (root / "out" / ".work").rglob("chunk-*.npy")}
        inspect_folders(options(root))
        assert written(root) == expected
        assert {path: path.stat().st_mtime_ns for path in before} == before  # finished chunks were not made again
        if kills == 1:
            assert before


def _killed_after(monkeypatch, module, name, kills, made):
    original = getattr(module, name)

    def dying(*words, **told):
        if len(made) >= kills:
            raise KeyboardInterrupt
        made.append(name)
        return original(*words, **told)

    monkeypatch.setattr(module, name, dying)


def test_finished_work_is_not_done_again(tmp_path, monkeypatch):
    """Protects time: a second call computes no row, no pass and no score."""
    root = folders(tmp_path, noised=10)
    inspect_folders(options(root))
    expected = written(root)
    monkeypatch.setattr(inspect_rows, "_save", lambda *_: pytest.fail("a chunk was made again"))
    for attack in inspect_attacks._attacks(ATTACKS, ["euclidean"]):
        monkeypatch.setattr(type(attack), "attack", lambda *_: pytest.fail("an attack was made again"))
    inspect_folders(options(root))
    assert written(root) == expected


def test_stale_work_is_not_taken(tmp_path):
    """Protects truth: another image, another role or another seed gives what a fresh run gives."""
    root = folders(tmp_path, noised=10)
    inspect_folders(options(root))
    first = written(root)
    rng = np.random.default_rng(9)
    changed = root / "real" / "r_003.png"
    Image.fromarray(textures(rng, 1)[0].round().astype(np.uint8)).save(changed)
    os.utime(changed, ns=(1, 1))
    (root / "generated" / "g_049.png").unlink()
    for told in ({}, {"seed": 5}, {"reference": None}):
        inspect_folders(options(root, **told))
        resumed = written(root)
        shutil.rmtree(root / "out")
        inspect_folders(options(root, **told))
        assert written(root) == resumed != first


def test_the_generated_side_is_never_in_memory(tmp_path, monkeypatch):
    """Protects memory: whatever is asked of the generated rows, it is blocks or a few rows."""
    root = folders(tmp_path, noised=10)
    monkeypatch.setattr(inspect_rows, "CHUNK", 8)
    monkeypatch.setattr("ganprint.stages.inspect_evidence._RANDOM", 4)
    whole, some = KeptRows.all, KeptRows.take
    asked = []

    def refusing(self):
        assert len(self) != 50 or self.folder.name.startswith("digests"), "all generated rows at once"
        return whole(self)

    def counting(self, rows):
        asked.append(len(rows))
        return some(self, rows)

    monkeypatch.setattr(KeptRows, "all", refusing)
    monkeypatch.setattr(KeptRows, "take", counting)
    report = inspect_folders(options(root, attacks=(), reference=None))
    assert all(len(chunk) <= 8 for path in (root / "out" / ".work").rglob("chunk-*.npy") for chunk in [np.load(path)])
    assert asked
    assert max(asked) <= 4 + 5 * 3
    assert report.folders["generated"].images == 50


def test_report_json_validates_and_its_schema_is_the_published_one(tmp_path):
    """Protects readers by machine: the schema in the docs, the one beside the report and the code's are one."""
    root = folders(tmp_path, noised=10)
    inspect_folders(options(root))
    published = json.loads((ROOT / "docs" / "inspect.schema.json").read_text())
    assert json.loads((root / "out" / "inspect.schema.json").read_text()) == published == schema()
    jsonschema.Draft202012Validator.check_schema(published)
    report = json.loads((root / "out" / "report.json").read_text())
    jsonschema.validate(report, published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, "verdict": {**report["verdict"], "kind": "safe"}}, published)
    assert report["provenance"]["options"]["seed"] == 20230918
    assert report["provenance"]["code_revision"]


def test_odd_names_can_not_act_in_the_page(tmp_path):
    """Protects the reader's browser: names and groups are text, and the page asks nothing of any network."""
    root = folders(tmp_path, copies=2)
    odd = "<img src=x onerror=alert(1)>&"
    (root / "real" / "r_000.png").rename(root / "real" / f"{odd}.png")
    (root / "generated" / "g_000.png").rename(root / "generated" / f"{odd}.png")
    groups = root / "groups.csv"
    groups.write_text(f"id,group\n{odd},<script>alert(2)</script>\n")
    inspect_folders(options(root, groups=groups))
    page = (root / "out" / "report.html").read_text()
    assert "<img src=x" not in page
    assert "<script>alert(2)" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_groups_are_kept_whole(tmp_path):
    """Protects exactness: slices of a patient are never on both sides, and count once in the smallest p."""
    root = folders(tmp_path, noised=10)
    lines = [f"f_{number:03d},p{number // 4}" for number in range(N)]
    lines += [f"r_{number:03d},q{number // 4}" for number in range(N)]
    (root / "groups.csv").write_text("\n".join(["id,group", *lines]) + "\n")
    report = inspect_folders(options(root, groups=root / "groups.csv"))
    assert report.reference is not None
    assert report.reference.calibration_groups == 5
    assert report.reference.least_p == pytest.approx(1 / 6)
    beside = {f"p{int(row['id'][2:]) // 4}" for row in table(root, "reference-scores.csv")}
    assert len(beside) == 5


@pytest.mark.parametrize(
    ("break_it", "named", "said"),
    [
        (lambda root: shutil.rmtree(root / "real"), "real", "no such folder"),
        (lambda root: [path.unlink() for path in (root / "real").iterdir()], "real", "no PNG image"),
        (lambda root: (root / "generated" / "bad.png").write_bytes(b"no image"), "bad.png", "not a PNG"),
        (
            lambda root: write(root / "real" / "more", "r", textures(np.random.default_rng(0), 1)),
            "r_000.png",
            "same id",
        ),
        (lambda root: (root / "real" / "r_000.png").rename(root / "real" / "a,b.png"), "a,b.png", "is no id"),
        (lambda root: (root / "real" / "l.png").symlink_to(root / "real" / "r_001.png"), "l.png", "a link"),
        (lambda root: Image.new("L", (4, 40)).save(root / "real" / "tiny.png"), "tiny.png", "4x40 pixels"),
        (lambda root: (root / "groups.csv").write_text("id,group\nstranger,a\n"), "groups.csv", "stranger"),
        (lambda root: (root / "groups.csv").write_text("id,patient\n"), "groups.csv", "id,patient"),
        (lambda root: (root / "groups.csv").write_text("id,group\nr_001,a\nr_001,b\n"), "groups.csv", "line 3"),
    ],
)
def test_bad_inputs_are_one_line_that_names_the_file(tmp_path, break_it, named, said):
    """Protects users: status 2, no traceback, the file and what is wrong with it."""
    root = folders(tmp_path)
    (root / "groups.csv").write_text("id,group\nr_001,a\n")
    break_it(root)
    words = ["inspect", "--view", "pixels", "--attack", "nearest", "--out", str(root / "out")]
    words += ["--groups", str(root / "groups.csv")]
    result = CliRunner().invoke(main, [*words, "--real", str(root / "real"), "--generated", str(root / "generated")])
    assert result.exit_code == 2, result.output
    assert result.output.startswith("ganprint: ")
    assert result.output.count("\n") == 1
    assert named in result.output
    assert said in result.output


def test_bad_options_are_refused(tmp_path):
    """Protects users from silence: unknown views and attacks, one folder twice, a level out of range."""
    root = folders(tmp_path)
    for told, said in (
        ({"views": ("eyes",)}, "allowed: pixels, lite0"),
        ({"attacks": ("guess",)}, "no such attack"),
        ({"reference": root / "real"}, "one folder for two roles"),
    ):
        with pytest.raises(InputError, match=said):
            inspect_folders(options(root, **told))
    words = ["inspect", "--real", "a", "--generated", "b", "--out", "c", "--level", "2"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "level" in result.output


def test_a_folder_that_can_not_be_written_is_refused_before_the_work(tmp_path):
    """Protects users: one line at once, no traceback after the images were read."""
    root = folders(tmp_path)
    (root / "file").write_text("")
    with pytest.raises(InputError, match="can not be written"):
        inspect_folders(options(root, out=root / "file" / "out"))


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"generated": "real/made"}, "generated images inside"),
        ({"reference": "generated/kept"}, "reference images inside"),
    ],
)
def test_a_folder_inside_another_is_refused(tmp_path, told, named):
    """Protects from a false "shown": generated images below the real ones would be copies of themselves."""
    root = folders(tmp_path)
    ((role, place),) = told.items()
    (root / role).rename(root / place)
    with pytest.raises(InputError, match=named):
        inspect_folders(options(root, **{role: root / place}))


def test_an_id_of_both_folders_has_no_group(tmp_path):
    """Protects patients: by id alone a real and a reference image of one name would fall into one group."""
    root = folders(tmp_path)
    (root / "reference" / "f_001.png").rename(root / "reference" / "r_001.png")
    (root / "groups.csv").write_text("id,group\nr_001,a\n")
    with pytest.raises(InputError, match="r_001 is a real and a reference image"):
        inspect_folders(options(root, groups=root / "groups.csv"))


@pytest.mark.parametrize("source", ["real", "generated"])
def test_a_reference_image_that_may_have_been_used_ends_all_tests(tmp_path, source):
    """Protects tests: reference images are certainly not used; one that is also real or generated is not."""
    root = folders(tmp_path, noised=25)
    shutil.copy(next((root / source).iterdir()), root / "reference" / "same.png")
    verdict = inspect_folders(options(root)).verdict
    assert verdict.kind == "cannot be judged without reference"
    assert "a generated one: 1;" in verdict.reasons[0]


def test_a_few_copies_that_no_test_sees_are_pointed_at(tmp_path):
    """Protects from the wrong comfort: two noised copies escape the tests, and the verdict's reasons count them."""
    nothing = inspect_folders(options(folders(tmp_path / "without"))).verdict
    assert not any("perceptual hash" in reason for reason in nothing.reasons)
    for told in ({}, {"reference": None}):
        verdict = inspect_folders(options(folders(tmp_path / f"with{len(told)}", noised=2), **told)).verdict
        assert verdict.kind != "shown"
        assert "2 of the 5 real images there" in verdict.reasons[-1]


def test_the_command_ends_with_status_0_whatever_the_verdict(tmp_path):
    """Protects scripts: a leak is a finding and no failure."""
    root = folders(tmp_path, copies=5)
    words = ["inspect", "--view", "pixels", "--attack", "nearest", "--out", str(root / "out"), "--threads", "1"]
    result = CliRunner().invoke(main, [*words, "--real", str(root / "real"), "--generated", str(root / "generated")])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("shown: ")


def test_network_features_are_a_view(tmp_path):
    """Protects the default view beside pixels: features of the packaged network, in the same tables."""
    root = folders(tmp_path, noised=10)
    report = inspect_folders(options(root, views=("pixels", "lite0"), attacks=("nearest",), reference=None))
    assert [column.name for column in report.columns] == ["nearest@pixels", "nearest@lite0", "combined"]
    nearest = [float(row["nearest@lite0"]) for row in table(root)]
    assert np.mean(nearest[:10]) > np.mean(nearest[10:])


def test_another_metric_is_another_column(tmp_path):
    """Protects --metric: SSIM sees grey values alone, and the columns of two metrics do not mix."""
    root = folders(tmp_path, noised=10)
    told = {"attacks": ("nearest",), "reference": None, "metrics": ("euclidean", "ssim"), "views": ("pixels", "lite0")}
    report = inspect_folders(options(root, **told))
    refused = {column.name: column.refusal is not None for column in report.columns}
    assert refused == {
        "nearest@pixels": False,
        "nearest:ssim@pixels": False,
        "nearest@lite0": False,
        "nearest:ssim@lite0": True,
        "combined": False,
    }
    for row in table(root)[:10]:
        assert -1 < float(row["nearest:ssim@pixels"]) < 0
        assert row["nearest:ssim@pixels"] != row["nearest@pixels"]


@pytest.mark.parametrize("count", [1, 2])
def test_very_few_images_end_in_a_report(tmp_path, count):
    """Protects small folders: one real and one generated image are looked at, and nothing is claimed."""
    rng = np.random.default_rng(0)
    for name in ("real", "reference", "generated"):
        write(tmp_path / name, name[0], textures(rng, count))
    kind = inspect_folders(options(tmp_path, attacks=())).verdict.kind
    assert kind == "cannot be judged without reference"
