"""The paper's audit on a project's own results, and the commands' text."""

import json

import numpy as np
import pytest
import yaml
from pipeline import ROOT

from ganprint.corpus.index import CorpusImage
from ganprint.corpus.phantom.png import png_bytes
from ganprint.corpus.store import read_index, write_corpus
from ganprint.corpus.truth import write_truth
from ganprint.embed.store import write_embedding
from ganprint.errors import InputError
from ganprint.params import Params
from ganprint.stages.compare import compare_run
from ganprint.stages.evaluate import evaluate_run
from ganprint.stages.paper import claim_lines, counts_lines, expected_lines, paper_lines, write_paper
from ganprint.stages.paper_inputs import read_here
from ganprint.stages.paper_networks import backbone_outputs, network_parameters
from ganprint.stages.places import Places

RUNS = ("clustering-as-coded", "clustering-as-written", "svm-as-coded", "svm-as-written")
NOT_CHECKABLE = "not checkable without the official images"


@pytest.fixture(scope="module")
def params():
    """Parameters of the default profile with the runs that need features alone."""
    content = yaml.safe_load((ROOT / "src" / "ganprint" / "profiles" / "default.yaml").read_text())
    content["runs"] = {name: content["runs"][name] for name in RUNS}
    content["runs"]["clustering-as-written"]["parameters"] = {"agglomerated_features": 4, "clusters": 3}
    content["evaluate"] |= {"resamples": 100, "permutations": 100}
    content["folds"] = {"count": 2}
    return Params.model_validate(content)


def make(root, params):
    """Write a corpus of plain images and features that have nothing to do with them; run and evaluate."""
    places, rng = Places(root), np.random.default_rng(0)
    png = png_bytes(np.zeros((4, 4), dtype=np.uint8))
    images = [
        CorpusImage(
            f"dev_{i:03d}", "real", "development", "used" if i % 2 else "not_used", f"p{i // 2}_{i % 2}", png, 4, 4
        )
        for i in range(24)
    ]
    images += [CorpusImage(f"real_{i:03d}", "real", "test", "unknown", f"t{i // 2}", png, 4, 4) for i in range(20)]
    images += [CorpusImage(f"g_{i:03d}", "generated", "development", "", "", png, 4, 4) for i in range(15)]
    images += [CorpusImage(f"h_{i:03d}", "generated", "test", "", "", png, 4, 4) for i in range(18)]
    summary = write_corpus(images, places.corpus, {"kind": params.corpus.kind})
    write_truth(places.truth, {f"real_{i:03d}": i % 2 for i in range(20)})
    keys = read_index(places.corpus)[["split", "role", "id"]]
    rows = np.maximum(rng.standard_normal((len(keys), 6)), 0).astype(np.float32)
    path = places.embedding("lite0-paper")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_embedding(path, keys, [{"max": rows, "average": rows}], {"corpus_sha256": summary.hash})
    for run in params.runs:
        compare_run(places, params, run)
        evaluate_run(places, params, run)
    return places, rows, keys


@pytest.fixture(scope="module")
def done(tmp_path_factory, params):
    places, rows, keys = make(tmp_path_factory.mktemp("paper") / "project", params)
    return places, rows, keys, write_paper(places, params)


def test_networks_have_the_papers_sizes():
    """Protects the parameter counts and shapes of the paper, to the digit, without a weight in memory."""
    assert backbone_outputs() == {
        10: [512, 16, 16],
        12: [640, 16, 16],
        18: [512, 16, 16],
        34: [512, 16, 16],
        50: [2048, 16, 16],
        101: [2048, 16, 16],
        152: [2048, 16, 16],
    }
    assert list(network_parameters().values()) == [
        44_542_888,
        2_049_000,
        113_274_897,
        202_360_673,
        23_587_712,
        53_120,
        42_658_176,
        105_344,
    ]


def test_features_are_kerass_only_with_a_file_of_keras(tmp_path, params):
    """Protects the reason why a number differs: the network alone, or drawn weights, are not Keras' features."""

    def told(**changes):
        embed = {name: block.model_copy(update=changes) for name, block in params.embed.items()}
        return read_here(Places(tmp_path), params.model_copy(update={"embed": embed})).keras

    assert not told()
    assert not told(backbone="keras-resnet50", weights="random:1")
    assert told(backbone="keras-resnet50", weights="file:data/keras/resnet50.safetensors")


def test_files_are_what_is_returned(done):
    """Protects the files that the report reads: same content, nothing left over, readable text."""
    places, _, _, made = done
    assert json.loads((places.paper / "paper.json").read_text()) == json.loads(json.dumps(made["paper"]))
    assert json.loads((places.paper / "expected.json").read_text()) == json.loads(json.dumps(made["expected"]))
    assert sorted(path.name for path in places.paper.iterdir()) == ["expected.json", "paper.json", "paper.md"]
    text = (places.paper / "paper.md").read_text()
    read = json.loads((places.paper / "expected.json").read_text())
    for line in [*paper_lines(made["paper"]), *expected_lines(read)]:
        assert line in text
    assert set(made["paper"]) == {
        "version",
        "source",
        "confidence",
        "table",
        "tests",
        "comparisons",
        "findings",
        "headline",
        "submissions",
    }


def test_findings_are_measured_on_the_results(done):
    """Protects the way from results to effects: blindness, namings, refusal and the exchanged generated half."""
    places, _, _, made = done
    findings = {finding["id"]: finding for finding in made["paper"]["findings"]}
    blind = findings["clustering-blind"]["effect"]["numbers"]
    for what in ("generated test images", "development images"):
        assert blind[f"scores changed with noise for the {what}"] == 0
    assert blind["scores changed with every development label turned round"] == 0
    assert blind["scores changed with noise for the real test images themselves"] > 0, "the probe notices nothing"
    naming = findings["clustering-naming"]["effect"]["numbers"]
    total = naming["here, own, test accuracy"] + naming["here, other naming, test accuracy"]
    assert total == pytest.approx(1)
    assert "has no vote" in findings["svm-cannot-run"]["effect"]["sentence"]
    assert findings["svm-cannot-run"]["status"] == made["paper"]["headline"][2]["status"] == "read from the public code"
    half = findings["svm-generated-half"]
    assert half["status"] == "measured"
    assert half["effect"]["numbers"]["images"] == 20
    assert (
        findings["features-preprocessing"]["status"] == "not measured: run clustering-corrected is not in params.yaml"
    )
    assert made["paper"]["headline"][1]["status"] == "not measured: run relation-as-coded is not in params.yaml"
    assert "not the official one" in made["paper"]["submissions"]["sentence"]
    scores = (places.compared("clustering-as-coded") / "scores.csv").read_text()
    assert scores.count("own,test") == 20


def test_numbers_here_are_those_of_the_embedding(done):
    """Protects the values shown for information: counted here with plain NumPy on the rows that were written."""
    _, rows, keys, made = done
    here = {row["id"]: row for row in made["expected"]["rows"]}
    not_used = (keys["split"] == "development") & (keys["role"] == "real") & (keys["id"].str[-3:].astype(int) % 2 == 0)
    generated = (keys["split"] == "development") & (keys["role"] == "generated")
    wanted = 15 * np.count_nonzero(rows[not_used]) + 12 * np.count_nonzero(rows[generated])
    assert here["svm-nonzero"]["here"] == wanted
    assert here["images-test-generated"]["here"] == 18
    assert here["image-size"]["here"] == "4x4"
    assert {here[name]["verdict"] for name in ("svm-nonzero", "images-test-generated", "cophenetic-correlation")} == {
        NOT_CHECKABLE
    }
    assert here["shape-101"]["verdict"] == "reproduced"
    assert [row["id"] for row in made["expected"]["rows"] if row["verdict"] == "differs"] == ["loss-floor-0"]


def test_a_fresh_clone_gets_the_arithmetic(tmp_path, params):
    """Protects the first call: without corpus and results, the table is recomputed and the rest says what to run."""
    made = write_paper(Places(tmp_path), params)
    assert made["paper"]["table"][0]["figures"]["f1"]["printing"] == "truncated"
    findings = {finding["id"]: finding["status"] for finding in made["paper"]["findings"]}
    assert findings["svm-generated-half"] == "not measured: run svm-as-written has no results yet; run 'dvc repro'"
    assert findings["relation-loss-floor"] == "measured"
    rows = {row["id"]: row for row in made["expected"]["rows"]}
    assert rows["cophenetic-correlation"]["note"] == "nothing here to compute it from"
    assert rows["images-test-generated"]["here"] is None


def test_same_results_same_bytes(done, params):
    """Protects reproducibility: the probe's noise is seeded, so a second call writes the same files."""
    places, *_ = done
    before = {path.name: path.read_bytes() for path in places.paper.iterdir()}
    write_paper(places, params)
    assert {path.name: path.read_bytes() for path in places.paper.iterdir()} == before


def test_claims_and_counts_as_text():
    """Protects what the command prints of other papers' claims."""
    said = "\n".join(claim_lines({"accuracy": ".883", "f1": ".540", "precision": ".461"}))
    assert "| prevalence " in said
    assert "0.1054" in said
    assert '"none used" as answer to every image is more often right than the claim' in said
    assert '"all used" as answer to every image is less often right' in said
    said = "\n".join(claim_lines({"accuracy": "0.810", "f1": "0.801"}, 200))
    assert "No count gives this: no TP, TN, FP, FN of 200 images has these rates, rounded or cut off." in said
    said = "\n".join(claim_lines({"accuracy": "0.81"}, 20))
    assert "No count gives this" in said
    assert "counts of 100 images have these rates when rounded" in "\n".join(claim_lines({"accuracy": "0.81"}, 100))
    said = "\n".join(claim_lines({"f1": "61.4", "recall": "79", "precision": "50.3"}, 200))
    assert "7 counts of 200 images have these rates when rounded" in said
    assert "2 counts of 200 images have these rates only when cut off" in said
    assert "79,22,78,21" in said
    assert "61.4 read as per cent" in said
    assert "Claimed: F1 61.4" in said
    assert "1.5 read as per cent" in "\n".join(claim_lines({"accuracy": "1.5"}))
    assert "read as per cent" not in "\n".join(claim_lines({"accuracy": "1.5%", "f1": ".02"}))
    said = "\n".join(counts_lines("79,22,78,21", "run 1", 0.95))
    assert "158/257" in said
    assert "0.472" in said
    assert "undefined" in "\n".join(counts_lines("0,5,0,0", "none", 0.95))
    with pytest.raises(InputError, match="counts: received"):
        counts_lines("1,2", "x", 0.95)
