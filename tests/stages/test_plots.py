"""The stage's plots of a project whose results are made by hand: every picture has its data, every gap its reason."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.cluster.hierarchy import linkage

from ganprint.corpus.index import CorpusImage
from ganprint.corpus.phantom.png import png_bytes
from ganprint.corpus.store import corpus_hash, read_index, write_corpus
from ganprint.corpus.truth import write_truth
from ganprint.embed.store import write_embedding
from ganprint.errors import InputError
from ganprint.files import write_json
from ganprint.params import Params
from ganprint.stages.evaluate import evaluate_run, evaluate_trivial
from ganprint.stages.places import Places
from ganprint.stages.plots import write_plots

SCORES = {"plain": "random", "probable": "probability", "level": "constant"}
REFUSED = "too-large"
TEST_IMAGES = 12


def params_of(runs=(*SCORES, REFUSED)):
    """The smallest params.yaml with these runs."""
    run = {
        "comparator": "nearest",
        "variant": "extension",
        "embedding": "grey",
        "pooling": "none",
        "threshold": {"rule": "fixed", "at": 0.5},
    }
    content = f"""
    profile: small
    seed: 1
    compute: {{}}
    corpus: {{kind: phantom, path: data/source, truth: truth.csv}}
    embed: {{grey: {{backbone: pixels, weights: none, preprocessing: area, size: 16}}}}
    folds: {{}}
    runs: {json.dumps(dict.fromkeys(runs, run))}
    evaluate: {{resamples: 100, permutations: 100}}
    audit: {{}}
    track: {{}}
    """
    return Params.model_validate(yaml.safe_load(content))


def write_corpus_of(places, rng):
    """A corpus of noise: 24 development, 12 test and 2 x 15 generated images, two real ones per patient."""
    images = []
    for split, role, count in (
        ("development", "real", 24),
        ("test", "real", TEST_IMAGES),
        ("development", "generated", 15),
        ("test", "generated", 15),
    ):
        for number in range(count):
            known = ("used", "not_used")[number // 2 % 2] if split == "development" else "unknown"
            images.append(
                CorpusImage(
                    id=f"{role[:4]}=$x_{number}$ <b>",
                    role=role,
                    split=split,
                    membership=known if role == "real" else "",
                    group=f"patient {number // 2}" if role == "real" else "",
                    png=png_bytes(rng.integers(0, 256, (16, 16), dtype=np.uint8)),
                    width=16,
                    height=16,
                )
            )
    write_corpus(images, places.corpus, {"kind": "phantom"})
    index = read_index(places.corpus)
    path = places.embedding("grey")
    path.parent.mkdir(parents=True)
    rows = rng.integers(0, 256, (len(index), 30)).astype(np.float32)
    write_embedding(path, index[["split", "role", "id"]], [{"none": rows}], {"corpus_sha256": corpus_hash(index)})
    return index


def write_run(places, run, index, rng, readings=("own",)):
    """Scores as the stage compare writes them."""
    folder = places.compared(run)
    folder.mkdir(parents=True)
    write_json(folder / "run.json", {"run": run})
    if run == REFUSED:
        write_json(folder / "refusal.json", {"run": run, "reason": "it needs 65 GB of memory."})
        return
    parts = []
    for reading in readings:
        for split in ("development", "test"):
            real = index[(index["role"] == "real") & (index["split"] == split)]
            score = {
                "random": rng.normal(size=len(real)) * 3,
                "probability": rng.random(len(real)),
                "constant": np.ones(len(real)),
            }[SCORES[run]]
            columns = {"id": real["id"], "group": real["group"], "score": score, "decision": (score >= 0.5).astype(int)}
            parts.append(pd.DataFrame({"reading": reading, "split": split, **columns, "fold": 0}))
    pd.concat(parts).to_csv(folder / "scores.csv", index=False)
    rule = {"value": 0.5, "rule": "fixed", "n": 0, "figure": None}
    write_json(folder / "threshold.json", dict.fromkeys(readings, rule))


def make_project(root, truth, runs=(*SCORES, REFUSED)):
    """A project in which all runs are evaluated; ``truth`` says how the test images' truth is."""
    rng = np.random.default_rng(0)
    places, params = Places(root), params_of(runs)
    index = write_corpus_of(places, rng)
    test = index[(index["role"] == "real") & (index["split"] == "test")]["id"].tolist()
    labels = {"mixed": np.arange(TEST_IMAGES) // 2 % 2, "one class": np.ones(TEST_IMAGES, dtype=int)}
    write_truth(places.truth, dict(zip(test, labels[truth].tolist(), strict=True)) if truth in labels else {})
    for run in runs:
        write_run(places, run, index, rng, ("own", "swapped", "raw $x$") if run == "plain" else ("own",))
        evaluate_run(places, params, run)
    evaluate_trivial(places, params)
    if "plain" in runs:
        np.save(places.compared("plain") / "dendrogram.npy", linkage(rng.normal(size=(12, 3)), "ward"))
        write_json(places.compared("plain") / "figures.json", {"cut_height": 2.0})
    return places, params


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a project with a known truth, its plots and their records; tests only read it."""
    root = tmp_path_factory.mktemp("plots")
    places, params = make_project(root, "mixed")
    return places, params, root / "plots", write_plots(places, params, root / "plots")


def test_every_plot_has_a_picture_its_data_and_a_caption(project):
    """Protects the promise of the report: valid SVG, a table beside it, a sentence under it, each named once."""
    _, _, folder, records = project
    names = [record["name"] for record in records]
    assert names == [
        "map-grey",
        "forest",
        "roc",
        "scores",
        "confusion",
        *[f"{kind}-plain" for kind in ("roc", "scores", "calibration", "dendrogram")],
        *[f"{kind}-{run}" for run in ("probable", "level") for kind in ("roc", "scores", "calibration")],
        f"refused-{REFUSED}",
    ]
    for record in records:
        assert set(record) == {"name", "title", "caption", "svg", "csv", "section"}
        assert record["caption"].endswith(".")
        assert record["section"] in {"data", "results", "runs"}
        if record["name"].startswith("refused"):
            continue
        ET.parse(folder / record["svg"])
        assert len(pd.read_csv(folder / record["csv"]))
    written = {path.name for path in folder.iterdir()}
    assert written == {record[kind] for record in records for kind in ("svg", "csv")} - {None}


def test_refused_runs_have_a_reason_and_no_picture(project):
    """Protects against silence: the run that did not run is named with its reason, and as missing from the overview."""
    records = {record["name"]: record for record in project[3]}
    refused = records[f"refused-{REFUSED}"]
    assert refused["svg"] is refused["csv"] is None
    assert "it needs 65 GB of memory)" in refused["caption"]
    assert f"without scores: {REFUSED}." in records["roc"]["caption"]


def test_data_beside_a_picture_are_those_of_the_evaluation(project):
    """Protects the tables: curves, bands, bins, thresholds and counts come through as they were, controls left out."""
    places, params, folder, _ = project
    drawn = pd.read_csv(folder / "roc-plain.csv", keep_default_na=False)
    assert set(drawn["reading"]) == {"own", "raw $x$"}
    for part, name in (("curve", "roc"), ("band", "roc_band")):
        source = pd.read_csv(places.evaluated("plain") / f"{name}.csv")
        source = source[source["reading"] != "swapped"]
        kept = drawn[drawn["part"] == part]
        np.testing.assert_array_equal(kept["fpr"], source["fpr"])
        np.testing.assert_array_equal(kept["tpr"].astype(float), source["tpr"])
    overview = pd.read_csv(folder / "roc.csv")
    assert set(overview["run"]) == set(SCORES)
    assert set(overview["reading"]) == {"own"}
    scores = pd.read_csv(folder / "scores.csv")
    bins = scores[scores["part"] == "bin"]
    first = (folder / "scores.csv").read_text().splitlines()[1].split(",")
    assert all(count.isdigit() for count in first[2:4]), "counts are written as whole numbers"
    assert bins.groupby("run")[["used", "not_used"]].sum().sum(axis=1).tolist() == [TEST_IMAGES] * len(SCORES)
    assert scores.loc[scores["part"] == "threshold", "threshold"].tolist() == [0.5] * len(SCORES)
    assert pd.read_csv(folder / "confusion.csv")["count"].sum() == len(SCORES) * (24 + TEST_IMAGES)
    forest = pd.read_csv(folder / "forest.csv").set_index(["name", "split", "figure"])
    metrics = json.loads(places.metrics("plain").read_text())
    assert forest.loc[("plain", "test", "roc_auc"), "value"] == metrics["test"]["roc_auc"]
    assert "swapped" not in " ".join(forest.index.get_level_values("name"))
    assert params.evaluate.confidence == 0.95


def test_captions_say_what_is_calibrated(project):
    """Protects readers: scores taken as probabilities and scores that were mapped are not mixed up."""
    records = {record["name"]: record for record in project[3]}
    assert "taken as a probability" in records["calibration-probable"]["caption"]
    assert "taken as a probability" in records["calibration-level"]["caption"]
    assert "Platt" in records["calibration-plain"]["caption"]


def test_plots_are_the_same_bytes_again_and_need_no_truth(project, tmp_path):
    """Protects reports and the split: drawing twice gives the same files, and test truth is not read."""
    places, params, folder, records = project
    away = places.truth.with_suffix(".away")
    places.truth.rename(away)
    try:
        assert write_plots(places, params, tmp_path) == records
    finally:
        away.rename(places.truth)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    points = pd.read_csv(folder / "map-grey.csv")
    assert set(points.loc[points["split"] == "test", "part"]) == {"unknown", "generated"}


@pytest.mark.parametrize("truth", ["unknown", "one class"])
def test_unknown_truth_and_single_class(tmp_path, truth):
    """Protects official and odd corpora: development is drawn and said to be alone, one class has no curve."""
    places, params = make_project(tmp_path, truth, ("probable", REFUSED))
    records = {record["name"]: record for record in write_plots(places, params, tmp_path / "plots")}
    assert all(record["svg"] for name, record in records.items() if not name.startswith("refused"))
    alone = "The truth of the test split is unknown"
    assert (alone in records["roc"]["caption"]) == (truth == "unknown")
    assert (alone in records["scores-probable"]["caption"]) == (truth == "unknown")
    splits = set(pd.read_csv(tmp_path / "plots" / "roc-probable.csv")["split"])
    assert splits == {"development"}


def test_refusals_alone(tmp_path):
    """Protects a project in which nothing ran: tables of a header alone, reasons, and the map all the same."""
    places, params = make_project(tmp_path, "mixed", (REFUSED,))
    records = {record["name"]: record for record in write_plots(places, params, tmp_path / "plots")}
    assert set(records) == {"map-grey", "forest", "roc", "scores", "confusion", f"refused-{REFUSED}"}
    for name in ("roc", "scores", "confusion"):
        assert records[name]["svg"] is None
        assert "nothing to draw" in records[name]["caption"]
        assert pd.read_csv(tmp_path / "plots" / records[name]["csv"]).empty
    assert records["forest"]["svg"]


def test_missing_results_are_named(project, tmp_path):
    """Protects users: a run that was not evaluated is an error of one line with the file and what to do."""
    places = project[0]
    with pytest.raises(InputError, match=r"absent.roc\.csv: no such file; run 'dvc repro' first"):
        write_plots(places, params_of(("plain", "absent")), tmp_path)
