"""The command line: readable help, one-line errors, status 2, nothing lost."""

import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from pipeline import ROOT, call

from ganprint.cli import main
from ganprint.stages.places import Places
from ganprint.stages.profile import differs, profile_names
from ganprint.stages.times import read_times

COMMANDS = sorted(main.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name):
    """A newcomer copies the example."""
    said = CliRunner().invoke(main, [name, "--help"]).output
    assert "Example" in said
    assert f"ganprint {name}" in said


def test_help_and_version_answer_without_heavy_imports():
    """--help must answer at once: no torch, MLflow, pandas or scikit-learn is loaded for it."""
    code = (
        "import sys; from ganprint.cli import main; "
        "print(sorted({'torch', 'mlflow', 'pandas', 'sklearn', 'timm', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
    assert CliRunner().invoke(main, ["--version"]).output.startswith("ganprint, version 0.")


def change(root, keys, value):
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("keys", "value", "words", "text"),
    [
        (["seed"], "seven", "corpus", "seed: Input should be a valid integer (received 'seven')"),
        (["sed"], 7, "corpus", "sed: Extra inputs are not permitted"),
        (
            ["runs", "svm-as-written", "parameters", "c"],
            -1,
            "corpus",
            "run 'svm-as-written': parameters of svm as_written: c: ",
        ),
        (["runs", "svm-as-written", "parameters", "cc"], 1, "corpus", "cc: Extra inputs are not permitted"),
        (
            ["runs", "svm-as-written", "comparator"],
            "oracle",
            "corpus",
            "comparator 'oracle', variant 'as_written': not registered",
        ),
        (["runs", "svm-as-written", "embedding"], "none", "corpus", "wants embedding 'none', which is not under embed"),
        (
            ["runs", "svm-as-written", "pooling"],
            "grid",
            "corpus",
            "params.yaml: run 'svm-as-written' wants pooling 'grid'",
        ),
        (["runs", "svm-as-written", "pooling"], "grid", "corpus", "which has none; set embed.lite0-paper.grid"),
        (
            ["runs", "svm-as-written", "parameters", "cc"],
            1,
            "compare svm-as-written",
            "params.yaml: run 'svm-as-written': parameters of svm as_written: cc: Extra inputs",
        ),
        (["embed", "pixels-32", "grid"], 3, "corpus", "a grid is of a network's map"),
        (
            ["runs", "svm-as-written", "pooling"],
            "none",
            "compare svm-as-written",
            "looks at features (pooling max, average, grid or values)",
        ),
        (["embed", "lite0-paper", "backbone"], "resnet7", "embed lite0-paper", "no such file; run ganprint corpus"),
        (["corpus", "kind"], "folder", "corpus", "data/source"),
        (["corpus", "path"], "nowhere", "embed nothing", "no embedding 'nothing'; allowed: lite0-paper"),
    ],
)
def test_bad_parameters_are_one_line_with_status_2(project, keys, value, words, text):
    """Each fault is named with its place, on one line, without a traceback."""
    change(project, keys, value)
    said = call(project, *words.split(), status=2)
    assert said.startswith("ganprint: ")
    assert said.count("\n") == 1
    assert text in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("embedding", "pooling", "text"),
    [
        ("lite1-weights", "grid", "which has none; set embed.lite1-weights.grid to its number of cells along a side"),
        (
            "lite1-weights",
            "none",
            "pooling 'none' of embedding 'lite1-weights', which has no such pooling; allowed: average, max",
        ),
        (
            "lite1-weights",
            "values",
            "pooling 'values' of embedding 'lite1-weights', which has no such pooling; allowed: average, max",
        ),
        (
            "metadata",
            "average",
            "pooling 'average' of embedding 'metadata', which has no such pooling; allowed: values",
        ),
        ("metadata", "grid", "pooling 'grid' of embedding 'metadata', which has no such pooling; allowed: values"),
        ("pixels-32", "max", "pooling 'max' of embedding 'pixels-32', which has no such pooling; allowed: none"),
    ],
)
def test_further_views_that_do_not_suit_are_refused_at_the_door(project, embedding, pooling, text):
    """Protects from a run, or a study of hours, that ends when it comes to read a pooling that no file can have."""
    views = {embedding: pooling}
    change(project, ["runs", "svm-as-written", "further_views"], views)
    said = call(project, "corpus", status=2)
    assert "run 'svm-as-written', further_views wants pooling" in said
    assert text in said
    change(project, ["runs", "svm-as-written", "further_views"], {})
    comparators = {"boosted": {"comparator": "boosting", "further_views": views}}
    change(project, ["study"], {"tried": {"embeddings": ["lite0-paper"], "comparators": comparators}})
    said = call(project, "corpus", status=2)
    assert "study 'tried', comparator 'boosted', further_views wants pooling" in said
    assert text in said
    assert said.count("\n") == 1


def test_debug_shows_the_traceback(project):
    """The way to a bug report."""
    result = CliRunner().invoke(main, ["--debug", "-C", str(project), "compare", "nothing"])
    assert type(result.exception).__name__ == "InputError"


@pytest.mark.parametrize(
    "words", ["compare svm-as-written", "submit", "evaluate svm-as-written", "audit", "summary", "track", "ui"]
)
def test_stages_out_of_order_say_what_to_run_first(project, words):
    """Nothing before it has run: the line says which command is missing."""
    said = call(project, *words.split(), status=2)
    assert said.count("\n") == 1
    assert "run " in said


def test_params_that_are_no_yaml_or_missing(project):
    """A broken file and a wrong folder are told apart."""
    (project / "params.yaml").write_text("a: [")
    assert "can not be read as YAML" in call(project, "corpus", status=2)
    (project / "params.yaml").unlink()
    assert "no such file; run the command in the project's folder" in call(project, "corpus", status=2)


def test_profiles_switch_there_and_back(project):
    """One command each way; a corpus of one's own is put in without touching anything else."""
    before = (project / "params.yaml").read_bytes()
    (project / "mine").mkdir()
    call(project, "profile", "paper", "--corpus", "official", "--path", "mine")
    content = yaml.safe_load((project / "params.yaml").read_text())
    assert content["corpus"]["kind"] == "official"
    assert content["corpus"]["path"] == "mine"
    assert content["embed"].keys() >= {"resnet50-paper", "resnet101-paper"}
    assert "is not the profile" in call(project, "profile", "small", "--check", status=2)
    call(project, "profile", "small")
    assert (project / "params.yaml").read_bytes() == before
    assert "is the profile 'small'" in call(project, "profile", "small", "--check")
    assert "* small" in call(project, "profile")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("profile nothing", "profile 'nothing': unknown; allowed: default, paper, small, strength, study"),
        ("profile default --corpus folder", "--corpus folder: needs --path"),
        ("profile default --path mine", "belong to --corpus folder or official"),
        ("profile default --corpus folder --path nowhere", "no such file or folder"),
    ],
)
def test_a_refused_profile_changes_nothing(project, words, text):
    """params.yaml may hold hours of somebody's work."""
    before = (project / "params.yaml").read_bytes()
    assert text in call(project, *words.split(), status=2)
    assert (project / "params.yaml").read_bytes() == before


def test_profiles_have_the_same_runs():
    """A run may differ between profiles in its parameters, not in its name: submissions stand side by side.

    The profiles `strength` and `study` make no submission: the one has further runs, the other hardly any.
    """
    contents = [
        yaml.safe_load((ROOT / "src/ganprint/profiles" / f"{name}.yaml").read_text())
        for name in profile_names()
        if name not in {"strength", "study"}
    ]
    assert len(contents) == 3
    assert len({tuple(content["runs"]) for content in contents}) == 1
    assert not differs(Places(ROOT), "default") or (ROOT / "params.yaml").is_file()


def test_validate_names_line_and_rule_with_status_2(tmp_path):
    """Status 0 for a valid file alone; all faults are listed, the organisers' first one is marked."""
    ids = tmp_path / "ids.txt"
    ids.write_text("a\nb\nc")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("a,0\nb,1\nc,1\n")
    bad.write_text("a,2\nb;1\nx,1\n")
    assert "valid, 3 images" in call(tmp_path, "validate", str(good), "--ids", str(ids))
    said = call(tmp_path, "validate", str(bad), "--ids", str(ids), status=2)
    assert said.count("<- the organisers' script stops here") == 1
    assert "line 1: E4" in said
    assert "line 2: E1" in said
    assert "line 3: E2" in said
    assert "can not be read" in call(tmp_path, "validate", str(tmp_path / "none.csv"), "--ids", str(ids), status=2)


def test_times_of_stages_are_recorded_and_of_nothing_else(project):
    """Protects the provenance: time and memory of the last good run of each stage, none of a failed or other call."""
    call(project, "corpus")
    call(project, "embed", "pixels-32")
    call(project, "embed", "nowhere", status=2)
    call(project, "profile")
    call(project, "audit-paper", "--counts", "79,22,78,21")
    times = read_times(Places(project))
    assert list(times) == ["corpus", "embed pixels-32"]
    assert all(seconds > 0 and peak > 10 for seconds, peak in times.values())
    (project / "results" / "times.csv").write_text("command,seconds\ncorpus,soon\n")
    assert read_times(Places(project)) == {}
    call(project, "embed", "pixels-32")
    assert list(read_times(Places(project))) == ["embed pixels-32"]
