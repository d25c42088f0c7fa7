"""The real pipeline on a small corpus, from parameters to submissions, figures and MLflow runs."""

import json

import numpy as np
import pandas as pd
import pytest
from pipeline import ROOT, call, new_project, repro
from safetensors.numpy import load_file

from ganprint.compare.protocol import Context, create
from ganprint.params import load_params
from ganprint.seeds import derive_seed
from ganprint.stages.places import Places
from ganprint.stages.track import track_results
from ganprint.stages.views import read_views

REFUSED = "svm-as-coded"
BASELINES = {"blind", "relation-noise"}


def test_every_run_makes_a_valid_submission_or_says_why_not(finished):
    """Seventeen runs, seventeen files by the official rules; one more has a reason and no file, baselines none."""
    root, params = finished
    assert len(params.runs) == 20
    written = {path.stem for path in (root / "submissions").glob("*.csv")}
    assert written == set(params.runs) - {REFUSED} - BASELINES
    for run in written:
        said = call(
            root, "validate", f"{root}/submissions/{run}.csv", "--ids", f"{root}/data/corpus/image_ids.txt", "--strict"
        )
        assert "valid, 20 images" in said
    report = json.loads(Places(root).submit_report.read_text())
    refusals = {line["run"]: line["refusal"] for line in report["runs"] if line["refusal"]}
    assert list(refusals) == [REFUSED]
    assert "uninitialised 65 GB array" in refusals[REFUSED]


def test_written_models_score_as_they_did(finished):
    """A model read back from its file gives the scores of the table: what is kept is all that scoring needs."""
    root, params = finished
    for name, run in params.runs.items():
        file = root / "results" / "compare" / name / "model.safetensors"
        if not file.exists():
            assert name == REFUSED
            continue
        views = read_views(Places(root), run)
        seed = derive_seed(params.seed, "compare", name, "whole")
        model = create(run.comparator, run.variant, run.parameters).restore(load_file(file))
        table = pd.read_csv(root / "results" / "compare" / name / "scores.csv")
        kept = table[(table["reading"] == "own") & (table["split"] == "test")]
        scores = model.score(views.test, Context(seed))
        np.testing.assert_allclose(scores, kept["score"], rtol=1e-6, atol=1e-9, err_msg=name)


def test_two_repros_give_the_same_bytes(finished, tmp_path):
    """The promise of the kit: same lock, parameters and machine, byte-identical submissions, and all before them."""
    root, params = finished
    other = new_project(tmp_path / "elsewhere")
    assert repro(other) == params
    same = ["submissions/*.csv", "data/corpus/index.csv", "data/truth.csv", "data/embeddings/*.parquet"]
    same += ["results/compare/*/scores.csv", "results/compare/*/model.safetensors", "results/evaluate/*.json"]
    same += ["results/compare/*/control.csv", "results/evidence/*.json", "results/evidence/images/**/*.webp"]
    same += ["results/paper/*.json", "results/audit/report.html", "results/audit/plots/*"]
    for pattern in same:
        paths = sorted(root.glob(pattern))
        assert paths, pattern
        for path in paths:
            assert (other / path.relative_to(root)).read_bytes() == path.read_bytes(), path


def test_development_scores_are_out_of_fold_by_group(finished):
    """No patient has images in two folds, every image has one, and all runs have the same folds."""
    root, params = finished
    folds = []
    for run in set(params.runs) - {REFUSED}:
        scores = pd.read_csv(Places(root).compared(run) / "scores.csv", dtype={"id": str, "group": str})
        development = scores[(scores["split"] == "development") & (scores["reading"] == "own")]
        assert (development["fold"] >= 0).all()
        assert development.groupby("group")["fold"].agg(lambda fold: len(set(fold)) == 1).all()
        assert (scores.loc[scores["split"] == "test", "fold"] == -1).all()
        folds.append(development.set_index("id")["fold"].sort_index())
    assert all(fold.equals(folds[0]) for fold in folds)
    assert folds[0].nunique() == params.folds.count


def test_nothing_before_evaluation_depends_on_the_truth(finished, tmp_path):
    """Test labels are read by evaluation alone: with every label turned round, scores and submissions stay the same."""
    root, params = finished
    other = new_project(tmp_path / "turned")
    for stage in ("corpus", *(("embed", name) for name in params.embed)):
        call(other, *([stage] if isinstance(stage, str) else stage))
    truth = other / "data" / "truth.csv"
    rows = pd.read_csv(truth, dtype=str)
    rows["membership"] = rows["membership"].map({"used": "not_used", "not_used": "used"})
    rows.to_csv(truth, index=False)
    run = "clustering-corrected"
    call(other, "compare", run)
    call(other, "evaluate", run)
    one, two = (json.loads(Places(place).metrics(run).read_text()) for place in (root, other))
    assert (Places(root).compared(run) / "scores.csv").read_bytes() == (
        Places(other).compared(run) / "scores.csv"
    ).read_bytes()
    assert one["development"] == two["development"]
    assert one["test"]["roc_auc"] == pytest.approx(1 - two["test"]["roc_auc"])


def test_metrics_are_those_of_the_scores(finished):
    """The figures in the metrics file are recomputed here from scores and truth with plain counting."""
    root, params = finished
    truth = pd.read_csv(Places(root).truth, dtype=str).set_index("id")["membership"] == "used"
    for run in set(params.runs) - {REFUSED}:
        scores = pd.read_csv(Places(root).compared(run) / "scores.csv", dtype={"id": str})
        test = scores[(scores["split"] == "test") & (scores["reading"] == "own")].set_index("id")
        used = truth.loc[test.index].to_numpy()
        answers = test["decision"].to_numpy() == 1
        figures = json.loads(Places(root).metrics(run).read_text())["test"]
        assert figures["tp"] == int((used & answers).sum())
        assert figures["fn"] == int((used & ~answers).sum())
        assert figures["accuracy"] == pytest.approx((used == answers).mean())
        positive, negative = test["score"].to_numpy()[used], test["score"].to_numpy()[~used]
        wins = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
        assert figures["roc_auc"] == pytest.approx(wins)


def test_as_coded_findings_show_in_the_numbers(finished):
    """The softmax makes every relation score 1; the two namings of the blind clusters are each other's complement."""
    root, _ = finished
    relation = pd.read_csv(Places(root).compared("relation-as-coded") / "scores.csv")
    assert (relation.loc[relation["reading"] == "own", "score"] == 1.0).all()
    assert len(set(relation.loc[relation["reading"] == "before the softmax", "score"])) > 1
    figures = json.loads((Places(root).compared("relation-as-coded") / "figures.json").read_text())
    assert set(figures["curves"]["validation_accuracy"]) == {0.5}
    clusters = pd.read_csv(Places(root).compared("clustering-as-coded") / "scores.csv")
    test = clusters[clusters["split"] == "test"].pivot_table(index="id", columns="reading", values="score")
    np.testing.assert_array_equal(test["own"] + test["other naming"], 1.0)


def test_summary_shows_every_run_refusal_and_trivial_answer(finished):
    """What a newcomer sees: all rows, the backbone and weights, and that this is not the paper's setting."""
    root, params = finished
    said = call(root, "summary")
    for name in (*params.runs, "all-used", "none-used", "coin", "clustering-as-coded, other naming"):
        assert f"| {name} " in said, name
    assert f"{REFUSED} was refused: the public notebook" in said
    assert "efficientnet-lite0, weights packaged (efficientnet-lite0-57934424.pth" in said
    assert "not the paper's setting" in said
    assert "not in git" in said


# MLflow and the libraries under it warn of each other's deprecations.
@pytest.mark.filterwarnings("ignore::Warning")
def test_tracking_logs_each_result_once_and_fills_an_empty_server(finished, tmp_path, monkeypatch):
    """Running twice does not log twice; a second, empty server gets the same runs from the files alone."""
    mlflow = pytest.importorskip("mlflow")
    root, params = finished
    for server in ("one", "two"):
        uri = f"sqlite:///{tmp_path / server}.db"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        monkeypatch.chdir(tmp_path)
        assert all(track_results(Places(root), params).values())
        assert not any(track_results(Places(root), params).values())
        client = mlflow.MlflowClient(uri)
        experiment = client.get_experiment_by_name(params.track.experiment)
        runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
        assert set(runs) == {*params.runs, "audit"}
        report = {file.path for file in client.list_artifacts(runs["audit"].info.run_id)}
        assert {"report.html", "report.json", "report.schema.json"} <= report
        assert runs[REFUSED].info.status == "FAILED"
        assert "uninitialised" in runs[REFUSED].data.tags["refused"]
        tree = runs["clustering-corrected"]
        assert {"development.f1", "test.roc_auc", "fit.cophenetic_correlation"} <= set(tree.data.metrics)
        assert tree.data.params["parameters.max_clusters"] == "20"
        assert {"comparator", "variant", "corpus", "code_revision", "lock_sha256", "device", "library.torch"} <= set(
            tree.data.tags
        )
        assert tree.inputs.dataset_inputs[0].dataset.name == "phantom"
        names = {file.path for file in client.list_artifacts(tree.info.run_id)}
        assert {
            "clustering-corrected.csv",
            "scores.csv",
            "roc.png",
            "histogram.png",
            "confusion.png",
            "dendrogram.png",
        } <= names


def test_a_killed_stage_leaves_the_old_result(tmp_path, monkeypatch):
    """A stage that dies half-way must leave neither a half-written folder nor the loss of the one before."""
    other = new_project(tmp_path / "killed")
    repro_part = ["corpus", "embed lite0-paper", "compare clustering-as-coded"]
    for words in repro_part:
        call(other, *words.split())
    before = {path.name: path.read_bytes() for path in Places(other).compared("clustering-as-coded").iterdir()}
    monkeypatch.setattr("ganprint.stages.compare._write_fit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    call(other, "compare", "clustering-as-coded", status=1)
    after = {path.name: path.read_bytes() for path in Places(other).compared("clustering-as-coded").iterdir()}
    assert before == after
    assert not list((other / "results" / "compare").glob(".*"))


def test_open_corpus_runs_from_its_folder(tmp_path):
    """A real CT corpus through kind folder: the whole of it is imported, and a blind run scored and submitted."""
    source = ROOT.parent / "shared" / "corpora" / "ct-open"
    if not source.is_dir():
        pytest.skip("the corpus ct-open is not on this machine")
    root = new_project(tmp_path / "open")
    call(root, "profile", "small", "--corpus", "folder", "--path", str(source))
    call(root, "corpus")
    call(root, "embed", "pixels-32")
    params = load_params(root / "params.yaml")
    run = "relation-as-written"
    call(root, "compare", run)
    call(root, "evaluate", run)
    figures = json.loads(Places(root).metrics(run).read_text())
    assert set(figures) == {"development"}, "the truth of the test split is unknown here"
    assert figures["development"]["tp"] + figures["development"]["fn"] == 80
    assert params.corpus.kind == "folder"
