"""Stage strength in a project: phantoms of several levels through the stages themselves, resumed, in any order."""

import inspect
import json
import re

import pandas as pd
import pytest
import yaml
from pipeline import ROOT, call, new_project

from ganprint.compare.protocol import create
from ganprint.params import load_params
from ganprint.stages import strength, strength_point
from ganprint.stages.evaluate import read_truths
from ganprint.stages.places import Places

# The generator need not be any good here.
PHANTOM = {
    "size": 64,
    "development_patients": 8,
    "test_patients": 5,
    "slices_per_patient": 2,
    "other_patients": 4,
    "generated_development": 8,
    "generated_test": 12,
    "autoencoder_steps": 2,
    "autoencoder_width": 8,
    "moved_copies": 1,
    "generator_steps_least": 1,
    "generator_steps_most": 2,
    "generator_width": 16,
    "sampling_steps": 2,
}
RUNS = ["prototype-pixels", "nearest-neighbour"]
STUDY = {"levels": [1.0, 0.0], "repeats": 2, "runs": RUNS}
FILES = ["map-development.svg", "map-test.svg", "phantoms.csv", "strength.csv", "strength.json", "strength.svg"]
FILES += ["table-development.md", "table-test.md"]


def edit(root, change):
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def study_project(root, **changes):
    new_project(root)

    def change(content):
        content["corpus"]["phantom"] = dict(PHANTOM)
        content["strength"] = {"study": STUDY | changes}

    edit(root, change)
    return root


def files_of(root):
    folder = Places(root).strength("study")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kept_of(root):
    return sorted(Places(root).strength_points("study").rglob("repeat-*.json"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a finished study."""
    root = study_project(tmp_path_factory.mktemp("study") / "project")
    call(root, "strength", "study")
    return root


def test_every_run_has_a_row_per_phantom_and_split(project):
    """Protects the tables: all levels, repeats, splits and runs, and what was kept is all that is left of the work."""
    assert sorted(files_of(project)) == FILES
    table = pd.read_csv(Places(project).strength("study") / "phantoms.csv")
    assert len(table) == 2 * 2 * 2 * 2
    assert set(table["groups"]) == {5, 8}
    assert table["auc"].between(0, 1).all()
    assert set(table.groupby("run", sort=False).groups) == set(RUNS)
    content = json.loads(files_of(project)["strength.json"])
    assert content["refused"] == {}
    assert len(content["seen"]) == 4
    assert len(kept_of(project)) == 4
    assert not list(Places(project).strength_points("study").rglob("*work*"))


def test_the_figures_are_those_of_the_stages(project, tmp_path):
    """Protects against a second pipeline: corpus, embed and compare by hand with the phantom's seed give the AUC."""
    params = load_params(project / "params.yaml")
    table = pd.read_csv(Places(project).strength("study") / "phantoms.csv")
    root = study_project(tmp_path / "by-hand")
    seed = strength_point.derive_seed(params.seed, "strength", 2)

    def change(content):
        content["seed"] = seed
        content["corpus"]["phantom"]["memorisation"] = 1.0

    edit(root, change)
    for words in (["corpus"], ["embed", "pixels-32"], ["compare", "nearest-neighbour"]):
        call(root, *words)
    call(root, "evaluate", "nearest-neighbour")
    figures = json.loads(Places(root).metrics("nearest-neighbour").read_text())
    assert set(read_truths(Places(root))) == {"development", "test"}
    rows = table[(table["run"] == "nearest-neighbour") & (table["level"] == 1) & (table["phantom"] == 2)]
    for row in rows.itertuples():
        assert figures[row.split]["roc_auc"] == pytest.approx(row.auc)


def test_a_killed_study_goes_on_and_gives_the_same_bytes(project, tmp_path, monkeypatch):
    """Protects long studies: what is finished is not computed again, what is half-written is; the order of the levels
    and the number of processes change nothing.
    """
    root = study_project(tmp_path / "killed", levels=[0.0, 1.0])
    figures, calls = strength_point._figures, []

    def killed_at_the_third(work, params):
        calls.append(work.root)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return figures(work, params)

    monkeypatch.setattr(strength_point, "_figures", killed_at_the_third)
    call(root, "strength", "study", status=1)
    assert [path.name for path in kept_of(root)] == ["repeat-1-level-0.0000.json", "repeat-1-level-1.0000.json"]
    assert not Places(root).strength("study").exists()
    broken = kept_of(root)[0]
    broken.write_text(broken.read_text()[:40])
    before = kept_of(root)[1].stat().st_mtime_ns
    call(root, "strength", "study")
    assert len(calls) == 3 + 1 + 2
    assert kept_of(root)[1].stat().st_mtime_ns == before
    assert files_of(root) == files_of(project)


def test_processes_side_by_side_give_the_same_bytes(project, tmp_path):
    """As many processes as threads are allowed, each with one thread: no figure depends on their number."""
    root = study_project(tmp_path / "two")
    edit(root, lambda content: content["compute"].update(threads=2))
    call(root, "strength", "study")
    assert files_of(root) == files_of(project)


def test_other_parameters_void_what_is_kept_and_further_levels_do_not(project, tmp_path, monkeypatch):
    """Protects from stale figures: another parameter begins anew, a further level is computed alone."""
    root = study_project(tmp_path / "more", levels=[0.0, 1.0], repeats=1, runs=["nearest-neighbour"])
    computed = []
    monkeypatch.setattr(strength, "compute_phantoms", lambda job, done: computed.append(job.levels))
    with pytest.raises(AssertionError):
        call(root, "strength", "study")
    assert computed == [(0.0, 1.0)]
    monkeypatch.undo()
    call(root, "strength", "study")
    monkeypatch.setattr(strength, "compute_phantoms", lambda job, done: computed.append(job.levels))
    edit(root, lambda content: content["strength"]["study"].update(levels=[0.0, 0.5, 1.0]))
    with pytest.raises(AssertionError):
        call(root, "strength", "study")
    assert computed[-1] == (0.5,)
    edit(root, lambda content: content["folds"].update(count=2))
    with pytest.raises(AssertionError):
        call(root, "strength", "study")
    assert computed[-1] == (0.0, 0.5, 1.0)


def test_what_is_kept_depends_on_every_stage_that_takes_part():
    """New code of a stage voids the phantoms that its old code has made, and DVC repeats the study for it."""
    used = set(re.findall(r"^from ganprint\.(stages\.\w+|seeds) ", inspect.getsource(strength_point), re.MULTILINE))
    used -= {"stages.places"}
    assert {f"ganprint.{name}" for name in used} <= set(strength._SOURCES)
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["strength"]["do"]["deps"]
    assert {f"src/ganprint/{name.replace('.', '/')}.py" for name in used} <= set(listed)


def test_a_refused_run_is_named_with_its_reason(tmp_path):
    """Protects readers: a run without scores has no line in the tables, and the reason stands beside them."""
    root = study_project(tmp_path / "refused", repeats=1, runs=["svm-as-coded", "nearest-neighbour"])
    call(root, "strength", "study")
    content = json.loads(files_of(root)["strength.json"])
    assert list(content["refused"]) == [f"svm-as-coded, level {level}, phantom 1" for level in (0, 1)]
    assert all(content["refused"].values())
    assert {row["run"] for row in content["bands"]} == {"nearest-neighbour"}


@pytest.mark.parametrize("threads", [1, 2])
def test_errors_name_the_files_of_the_project(tmp_path, threads):
    """A run that wants features of pixels fails in one line about the project, not about the study's own folders.

    What other processes have under way is not waited for: of sixty phantoms hardly one was begun.
    """
    root = study_project(tmp_path / "bad", runs=["nearest-neighbour"], repeats=30)
    edit(root, lambda content: content["runs"]["nearest-neighbour"].update(pooling="max"))
    edit(root, lambda content: content["compute"].update(threads=threads))
    said = call(root, "strength", "study", status=2)
    assert len(list(Places(root).strength_points("study").rglob(".work-*"))) <= 2 * threads
    assert said.count("\n") == 1
    assert f" {root / 'data' / 'embeddings' / 'pixels-32.parquet'}" in said


@pytest.mark.parametrize(
    ("study", "text"),
    [
        ({"levels": [0.5]}, "strength.study.levels: List should have at least 2 items"),
        ({"levels": [0.5, 1.5]}, "strength.study.levels.1: Input should be less than or equal to 1"),
        ({"levels": [0.5, 0.5]}, "a level is there twice"),
        ({"repeats": 0}, "strength.study.repeats"),
        ({"runs": ["nobody"]}, "study 'study' wants run 'nobody', which is not under runs"),
        ({"runs": ["blind", "blind"]}, "a run is there twice"),
        ({"seeds": 3}, "strength.study.seeds: Extra inputs are not permitted"),
    ],
)
def test_bad_studies_are_refused_in_one_line(tmp_path, study, text):
    """Protects from a study that fails after half an hour."""
    root = study_project(tmp_path / "bad", **study)
    said = call(root, "strength", "study", status=2)
    assert text in said
    assert said.count("\n") == 1


def test_the_profile_is_a_study_of_six_strengths_and_all_its_runs_can_be_made():
    """Protects half an hour: a run of the profile with a wrong parameter or view would stop the study on its way."""
    params = load_params(ROOT / "src/ganprint/profiles/strength.yaml")
    (study,) = params.strength.values()
    assert len(study.levels) >= 6
    assert study.levels[0] == 0
    assert study.repeats >= 3
    assert study.runs == []
    for run in params.runs.values():
        comparator = create(run.comparator, run.variant, run.parameters)
        assert comparator.pixels is None or comparator.pixels == (run.pooling == "none")
        assert comparator.several or not run.further_views
    for name in ("default", "small", "paper"):
        assert load_params(ROOT / f"src/ganprint/profiles/{name}.yaml").strength == {}


def test_an_unknown_study_is_refused(project):
    """The message says which studies there are."""
    assert "no study 'other'; allowed: study" in call(project, "strength", "other", status=2)
