"""Stage study in a project of noise: complete tables, development data alone, resumed, one claim for a planted leak."""

import inspect
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from pipeline import ROOT, call
from sklearn.metrics import roc_auc_score

from ganprint.compare.data import Test
from ganprint.compare.folds import fold_numbers
from ganprint.compare.protocol import Context, create
from ganprint.corpus.index import CorpusImage
from ganprint.corpus.phantom.png import png_bytes
from ganprint.corpus.store import corpus_hash, read_index, write_corpus
from ganprint.embed.store import write_embedding
from ganprint.evaluate.selection_pairs import group_pairs
from ganprint.params import load_params
from ganprint.seeds import derive_seed
from ganprint.stages import study_fits, study_jobs
from ganprint.stages.places import Places
from ganprint.stages.study_candidates import study_candidates
from ganprint.stages.study_fits import relabelled, study_truth, study_views
from ganprint.stages.study_track import finished_studies
from ganprint.tracking import default_uri

PATIENTS, EACH, GENERATED, DRAWS = 12, 2, 20, 19
SIZE = 16
FILES = ["features.md", "nested.csv", "report.html", "selection.json", "study.svg", "table.csv"]
STUDY = {
    "embeddings": ["grey", "net"],
    "comparators": {
        "nearest": {"comparator": "nearest"},
        "ssim": {"comparator": "nearest", "parameters": {"metric": "band-fine"}},
        "prototype": {"comparator": "prototype", "embeddings": ["net"], "parameters": {"generated": "distances"}},
        "blind": {
            "comparator": "blind",
            "embeddings": ["net"],
            "baseline": True,
            "parameters": {"c": [0.1], "folds": 2},
        },
    },
    "folds": {"outer": 3, "inner": 2, "repetitions": 2},
    "permutations": DRAWS,
}
NAMES = {"grey.none.nearest", "grey.none.ssim", "net.average.nearest", "net.average.ssim", "net.average.prototype"}
NAMES |= {"net.average.blind"}


def write_images(places, rng, leak):
    """Noise; generated images are near-copies of used ones as far as ``leak`` says."""
    images, pictures = [], []
    for split, role, count in (
        ("development", "real", PATIENTS * EACH),
        ("development", "generated", GENERATED),
        ("test", "real", 6),
        ("test", "generated", 6),
    ):
        for number in range(count):
            used = number // EACH % 2 == 0
            picture = rng.integers(0, 256, (SIZE, SIZE))
            if (split, role) == ("development", "generated"):
                copied = pictures[number // EACH * 2 * EACH % (PATIENTS * EACH) + number % EACH]
                picture = (leak * copied + (1 - leak) * picture).astype(int)
            known = ("used" if used else "not_used") if split == "development" else "unknown"
            images.append(
                CorpusImage(
                    id=f"{split[0]}{role[0]}{number:02d}",
                    role=role,
                    split=split,
                    membership=known if role == "real" else "",
                    group=f"p{split[0]}{number // EACH}" if role == "real" else "",
                    png=png_bytes(picture.astype(np.uint8)),
                    width=SIZE,
                    height=SIZE,
                )
            )
            pictures.append(picture)
    write_corpus(images, places.corpus, {"kind": "phantom"})
    return {image.id: picture for image, picture in zip(images, pictures, strict=True)}


def new_study(root, leak=0.0, threads=1, test_shift=0, **changes):
    """A project with embeddings and no truth of the test split."""
    root.mkdir()
    places, rng = Places(root), np.random.default_rng(7)
    pictures = write_images(places, rng, leak)
    index = read_index(places.corpus)
    rows = np.stack([pictures[name].ravel() for name in index["id"]]).astype(np.uint8)
    features = rng.normal(size=(len(index), 5)).astype(np.float32)
    features[index["split"] == "test"] += test_shift
    places.embedding("grey").parent.mkdir(parents=True)
    for name, pooling, values in (("grey", "none", rows), ("net", "average", features)):
        metadata = {"corpus_sha256": corpus_hash(index)}
        write_embedding(places.embedding(name), index[["split", "role", "id"]], [{pooling: values}], metadata)
    content = f"""
    profile: small
    seed: 1
    compute: {{threads: {threads}}}
    corpus: {{kind: phantom, path: data/source, truth: truth.csv, metadata: metadata.csv}}
    embed:
      grey: {{backbone: pixels, weights: none, preprocessing: area, size: {SIZE}}}
      net: {{backbone: resnet18, weights: "random:1", preprocessing: weights, size: 32}}
    folds: {{}}
    runs: {{}}
    evaluate: {{resamples: 200, permutations: 100}}
    audit: {{}}
    track: {{}}
    study: {json.dumps({"tried": STUDY | changes})}
    """
    (root / "params.yaml").write_text(content)
    return root


def edit(root, change):
    """Change the study's block."""
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    change(content["study"]["tried"])
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def files_of(root):
    return {path.name: path.read_bytes() for path in Places(root).study("tried").iterdir()}


def selection_of(root):
    return json.loads(files_of(root)["selection.json"])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a finished study."""
    root = new_study(tmp_path_factory.mktemp("study") / "project")
    call(root, "study", "tried")
    return root


def test_every_candidate_has_a_row_and_a_refusal_its_reason(project):
    """Protects the table: nothing that was tried is left out, whatever came of it."""
    assert sorted(files_of(project)) == FILES
    table = pd.read_csv(Places(project).study("tried") / "table.csv").set_index("candidate")
    assert set(table.index) == NAMES
    assert table.loc["net.average.ssim", "refused"] == (
        "metric 'band-fine' compares grey values; give an embedding of pixels"
    )
    assert np.isnan(table.loc["net.average.ssim", "auc"])
    assert table.loc["net.average.blind", ["p", "p_corrected", "selected_inside"]].isna().all()
    family = table.drop(["net.average.ssim", "net.average.blind"])
    assert (family["p_corrected"] >= family["p"]).all()
    assert family["selected_inside"].sum() == 3 * 2
    assert selection_of(project)["candidates"] == 4
    page = files_of(project)["report.html"].decode()
    assert all(name in page for name in NAMES)


def test_the_figures_are_those_of_fits_by_hand(project):
    """Protects against a second pipeline: all pairs of what looks at no label, pairs within folds of a learner."""
    params, places = load_params(project / "params.yaml"), Places(project)
    table = pd.read_csv(places.study("tried") / "table.csv").set_index("candidate")
    candidates = {one.name: one for one in study_candidates(places, params, "tried")}
    development = study_views(project, candidates["grey.none.nearest"].run).development
    grey = [images.rows.astype(float) for images in (development.real, development.generated)]
    nearest = -np.sqrt(((grey[0][:, None] - grey[1]) ** 2).sum(axis=2)).min(axis=1)
    assert table.loc["grey.none.nearest", "auc"] == pytest.approx(roc_auc_score(development.used, nearest))

    development = study_views(project, candidates["net.average.prototype"].run).development
    truth = study_truth(development, params.seed, "tried", params.study["tried"].folds)
    scores = np.stack([by_hand(development, folds) for folds in truth.outer])
    wanted = group_pairs(truth.used, truth.groups, scores, truth.outer).auc
    assert table.loc["net.average.prototype", "auc"] == pytest.approx(wanted)


def by_hand(development, folds):
    """Out-of-fold scores of the prototype, which has no chance in it."""
    scores = np.empty(len(folds))
    for fold in np.unique(folds):
        kept, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        made = create("prototype", "extension", {"generated": "distances"}).fit(development.take(kept), Context(1))
        scores[held_out] = made.score(Test(development.real.take(held_out), development.generated), Context(1))
    return scores


def test_a_learner_is_fitted_again_under_every_exchange(project):
    """Protects the test: folds, fits and scores under relabelled truths, not the true scores beside other labels."""
    params, places = load_params(project / "params.yaml"), Places(project)
    candidate = next(one for one in study_candidates(places, params, "tried") if one.comparator == "prototype")
    development = study_views(project, candidate.run).development
    work = study_jobs.StudyWork.open(places, params, "tried")
    drawn = work.drawn(candidate)
    assert len(drawn) == DRAWS
    for draw in (0, DRAWS - 1):
        used = relabelled(development.used, development.groups, params.seed, "tried", draw)
        seed = derive_seed(params.seed, "study", "tried", "outer", 0)
        folds = fold_numbers(used, development.groups, 3, seed)
        other = study_fits.replace(development, used=used)
        wanted = group_pairs(used, development.groups, by_hand(other, folds)[None], folds[None]).auc
        assert drawn[draw] == pytest.approx(wanted)


def test_nothing_of_the_test_split_is_looked_at(project, tmp_path):
    """Protects from selection on test data: other test images give the same bytes, and there is no truth to read."""
    assert not Places(project).truth.exists()
    root = new_study(tmp_path / "shifted", test_shift=9)
    call(root, "study", "tried")
    before, after = files_of(project), files_of(root)
    assert {name: before[name] for name in FILES if name != "selection.json"} == {
        name: after[name] for name in FILES if name != "selection.json"
    }


def test_a_planted_leak_is_selected_and_claimed_and_noise_is_not(project, tmp_path):
    """Protects the claim both ways; the proposed run is one that params.yaml takes."""
    assert selection_of(project)["claims"] == []
    root = new_study(tmp_path / "leak", leak=0.9)
    said = call(root, "study", "tried")
    content = selection_of(root)
    assert "grey.none.nearest" in content["claims"]
    assert content["chosen"]["candidate"] == "grey.none.nearest"
    assert content["chosen"]["p_corrected"] == 1 / (1 + DRAWS)
    assert content["nested"]["auc"] == 1
    assert "Membership is seen: the selected candidate passes" in said
    path = root / "params.yaml"
    whole = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(whole | {"runs": {"selected": content["chosen_run"]}}))
    assert load_params(path).runs["selected"].comparator == "nearest"


def test_a_killed_study_goes_on_and_gives_the_same_bytes(project, tmp_path, monkeypatch):
    """Protects long studies: what is finished is not computed again, what is half-written is."""
    root, done = new_study(tmp_path / "killed"), []

    def killed_at_the_third(job):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job.part)
        return study_fits.compute_part(job)

    monkeypatch.setattr(study_jobs, "compute_part", killed_at_the_third)
    call(root, "study", "tried", status=1)
    assert not Places(root).study("tried").exists()
    kept = sorted(Places(root).study_parts("tried").rglob("*.safetensors"))
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:40])
    again = []
    monkeypatch.setattr(study_jobs, "compute_part", lambda job: again.append(job) or study_fits.compute_part(job))
    call(root, "study", "tried")
    parts = 3 + 3 + 1  # two ranges of draws and the true labels; three attacks; the baseline
    assert len(again) == parts - 1
    assert files_of(root) == files_of(project)


def test_processes_side_by_side_give_the_same_figures(project, tmp_path):
    """As many processes as threads are allowed, each with one thread: no figure depends on their number."""
    root = new_study(tmp_path / "two", threads=2)
    call(root, "study", "tried")
    assert files_of(root)["table.csv"] == files_of(project)["table.csv"]
    assert files_of(root)["nested.csv"] == files_of(project)["nested.csv"]


def test_further_candidates_and_draws_are_computed_alone(tmp_path, monkeypatch):
    """Protects the search: what is added to a study costs what it costs, and the rest is still good."""
    root = new_study(tmp_path / "more")
    call(root, "study", "tried")
    computed = []
    monkeypatch.setattr(
        study_jobs, "compute_part", lambda job: computed.append(job.part) or study_fits.compute_part(job)
    )
    edit(root, lambda study: study["comparators"].update(ratio={"comparator": "local-ratio"}))
    call(root, "study", "tried")
    assert computed == ["observed"] * 2
    edit(root, lambda study: study.update(permutations=25, tolerance=0.0))
    call(root, "study", "tried")
    assert computed[2:] == ["draws-00010-00019", "draws-00020-00024"]
    edit(root, lambda study: study["folds"].update(repetitions=1))
    call(root, "study", "tried")
    assert len(computed) == 4 + 4 + 5 + 1  # a learner with three ranges of draws, five attacks, the baseline


# MLflow and the libraries under it warn of each other's deprecations.
@pytest.mark.filterwarnings("ignore::Warning")
def test_mlflow_has_a_run_per_candidate_below_the_study_once(project, monkeypatch):
    """Protects the server: children below their study, and nothing of it a second time."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "logged to MLflow" in call(project, "study", "tried", "--track")
    assert "MLflow has it already" in call(project, "study", "tried", "--track")
    client = MlflowClient(default_uri(Places(project).tracking_store))
    experiment = client.get_experiment_by_name("ganprint").experiment_id
    (study,) = client.search_runs([experiment], "attributes.run_name = 'study tried'")
    below = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{study.info.run_id}'")
    assert {run.info.run_name for run in below} == NAMES
    assert {run.info.run_name for run in below if run.info.status == "FAILED"} == {"net.average.ssim"}
    content = selection_of(project)
    assert study.data.metrics["nested.auc"] == content["nested"]["auc"]
    chosen = next(run for run in below if run.info.run_name == content["chosen"]["candidate"])
    assert chosen.data.metrics["p_corrected"] == content["chosen"]["p_corrected"]
    assert len(client.search_runs([experiment])) == 1 + len(NAMES)
    params = load_params(project / "params.yaml")
    assert [run.name for run in finished_studies(Places(project), params, ["tried", "tried"])] == ["study tried"] * 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"embeddings": ["grey", "net", "other"]}, "study 'tried' wants embedding 'other', which is not under embed"),
        ({"embeddings": ["net", "net"]}, "a name is there twice"),
        ({"poolings": ["grid"]}, "study 'tried' reads 'net' by 'grid' alone, and it has no grid"),
        ({"permutations": 5}, "study.tried.permutations"),
        ({"seeds": 3}, "study.tried.seeds: Extra inputs are not permitted"),
        ({"comparators": {"a": {"comparator": "nobody"}}}, "study 'tried', comparator 'a': comparator 'nobody'"),
        (
            {"comparators": {"a": {"comparator": "nearest", "parameters": {"k": 3}}}},
            "study 'tried', comparator 'a': parameters of nearest extension: k",
        ),
        ({"comparators": {"a": {"comparator": "nearest", "embeddings": ["far"]}}}, "wants embedding 'far'"),
        ({"comparators": {"a": {"comparator": "nearest", "baseline": True}}}, "nothing could be selected"),
        (
            {"comparators": {"a": {"comparator": "nearest", "further_views": {"net": "average"}}}},
            "nearest looks at one view; remove its further_views",
        ),
        (
            {"embeddings": ["net"], "comparators": {"a": {"comparator": "prototype-pixels"}}},
            "no candidate can run; the first reason: prototype-pixels extension looks at grey values",
        ),
    ],
)
def test_bad_studies_are_refused_in_one_line(tmp_path, changes, text):
    """Protects from a study that fails after half an hour."""
    said = call(new_study(tmp_path / "bad", **changes), "study", "tried", status=2)
    assert text in said
    assert said.count("\n") == 1


def test_a_grid_is_read_of_what_has_one(tmp_path):
    """Protects the table: pooling `grid` makes candidates of networks with a grid, and of no others."""
    root = new_study(tmp_path / "grid", poolings=["average", "grid"])
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["embed"]["far"] = content["embed"]["net"] | {"grid": 2}
    content["study"]["tried"]["embeddings"].append("far")
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    names = {one.name for one in study_candidates(Places(root), load_params(path), "tried")}
    assert {name for name in names if ".grid." in name} == {"far.grid.nearest", "far.grid.ssim"}
    assert names >= NAMES


def test_an_unknown_study_and_a_missing_embedding_are_named(tmp_path):
    """The messages say what there is and what to do."""
    root = new_study(tmp_path / "bad")
    assert "no study 'other'; allowed: tried" in call(root, "study", "other", status=2)
    Places(root).embedding("net").unlink()
    assert "run 'ganprint embed net'" in call(root, "study", "tried", status=2)


def test_kept_parts_are_of_this_code_and_of_these_weight_files(project, tmp_path):
    """Protects from old figures with new provenance: whatever comparators import counts, and what a file holds."""
    imported = {
        match
        for path in (ROOT / "src/ganprint/compare").glob("*.py")
        for match in re.findall(r"^ *from ganprint\.(\w+)", path.read_text(), re.MULTILINE)
    }
    assert {f"ganprint.{name}" for name in imported - {"errors", "files", "evaluate"}} <= set(study_jobs._SOURCES)
    params, places = load_params(project / "params.yaml"), Places(project)
    work = study_jobs.StudyWork.open(places, params, "tried")
    candidate = study_candidates(places, params, "tried")[0]
    weights = tmp_path / "weights.safetensors"
    run = candidate.run.model_copy(update={"parameters": {"of": [{"weights": f"file:{weights}"}]}})
    folders = set()
    for content in (b"one", b"two", b"one", None):
        if content is None:
            weights.unlink()
        else:
            weights.write_bytes(content)
        folders.add(work._folder(replace(candidate, run=run)).folder)
    assert len(folders) == 3


def test_dvc_repeats_a_study_for_all_code_that_decides_it():
    """Protects from stale figures: every module of the stages that the study uses is named in dvc.yaml."""
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["study"]["do"]["deps"]
    for module in ("study", "study_candidates", "study_fits", "study_jobs", "study_results"):
        text = (ROOT / f"src/ganprint/stages/{module}.py").read_text()
        used = set(re.findall(r"^from ganprint\.(stages\.\w+|audit\.study\w+) ", text, re.MULTILINE))
        used -= {"stages.places", "stages.progress", "stages.compute"}
        assert {f"src/ganprint/{name.replace('.', '/')}.py" for name in used} <= set(listed)
    used = set(re.findall(r"^from ganprint\.(evaluate\.\w+) ", inspect.getsource(study_fits), re.MULTILINE))
    assert used - {"evaluate.selection"} <= {name.removeprefix("ganprint.") for name in study_jobs._SOURCES}


def test_the_profile_is_a_study_whose_candidates_can_be_made():
    """Protects minutes: a comparator of the profile with a wrong parameter would stop the study on its way."""
    params = load_params(ROOT / "src/ganprint/profiles/study.yaml")
    candidates = study_candidates(Places(ROOT), params, "features")
    assert {one.family for one in candidates} == {"grey values", "hand-made", "metadata", "network"}
    assert len({one.name for one in candidates}) == len(candidates) > 60
    learning = [one.learns for one in candidates]
    assert learning == sorted(learning)
    assert 1 / (1 + params.study["features"].permutations) <= 1 - params.evaluate.confidence
    for name in ("default", "small", "paper", "strength"):
        assert load_params(ROOT / f"src/ganprint/profiles/{name}.yaml").study == {}
