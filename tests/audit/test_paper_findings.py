"""Findings carry an effect measured on runs, or say which run is missing."""

import json
import re

import numpy as np
import pytest

from ganprint.audit.paper.findings import FINDINGS, MEASURED, NOT_ISOLATED, READ, finding_records, headline_records
from ganprint.audit.paper.runs import FinishedRun, FinishedRuns, NotMeasuredError, Probe
from ganprint.audit.paper.sentences import sentences, told
from ganprint.audit.paper.submissions import same_decisions, submissions_record
from ganprint.evaluate.tables import ScoreTable

IDS = np.array([f"real_{number}" for number in range(8)])
CODE_ALONE = {"relation-learning-rate", "relation-no-decision-rule", "svm-cannot-run"}
SEVERAL_MENDED = {"features-preprocessing", "relation-last-batch-statistics"}
ARITHMETIC = {"table-omits-trivial-answer", "relation-loss-floor", "relation-auc-of-points", "svm-eigenvalue"}


def table(scores):
    scores = np.asarray(scores, dtype=float)
    return ScoreTable(IDS, IDS, scores, (scores >= 0.5).astype(int))


def run(name, readings, **more):
    tables = {(reading, "test"): table(scores) for reading, scores in readings.items()}
    figures = {
        reading: {"test": {"roc_auc": 0.5 + 0.01 * place, "accuracy": 0.5, "f1": None}}
        for place, reading in enumerate(readings)
    }
    return FinishedRun(name, None, tables, figures, **more)


@pytest.fixture
def runs():
    """Runs of eight images with effects that are known by construction."""
    half, other = [0, 1] * 4, [1, 0] * 4
    made = [
        run(
            "relation-as-coded",
            {"own": [1.0] * 8, "before the softmax": np.linspace(0.1, 0.9, 8)},
            curves={"validation_accuracy": [0.5, 0.5, 0.5], "area_under_points": [0.2, 0.3, 0.2]},
            parameters={"score_batch": 1, "milestones": [120, 160], "epochs": 3, "batch": 8},
            numbers={
                "shuffled_batches.spread_in_order": 0.0,
                "shuffled_batches.spread_shuffled": 0.02,
                "shuffled_batches.largest_change": 0.01,
                "shuffled_batches.pair_rank_correlation": 0.1,
                "shuffled_batches.image_rank_correlation": 0.3,
                "last_loss": 0.7,
                "kept_epoch": 0.0,
            },
        ),
        run("relation-as-written", {"own": np.linspace(0.4, 0.6, 8)}),
        run("relation-corrected", {"own": np.linspace(0.4, 0.6, 8)}),
        run("clustering-as-coded", {"own": half, "other naming": other}),
        run("clustering-as-written", {"own": [0, 1, 1, 1, 0, 1, 1, 1]}),
        run("clustering-corrected", {"own": half}),
        FinishedRun("svm-as-coded", "it has no vote and writes no file"),
        run("svm-as-written", {"own": [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9], "swapped": [0.1, 0.2, 0.3, 0.7] * 2}),
        run("svm-corrected", {"own": half}),
    ]
    probes = {"clustering-as-coded": Probe(8, {"noise for the generated test images": 0})}
    return FinishedRuns({one.name: one for one in made}, {}, probes)


def by_id(runs):
    return {record["id"]: record for record in finding_records(runs)}


def test_every_finding_is_measured(runs):
    """Protects the promise that no finding is prose alone: each has numbers, and all of it is JSON."""
    records = by_id(runs)
    assert list(records) == [finding.id for finding in FINDINGS]
    for name, record in records.items():
        wanted = READ if name in CODE_ALONE else NOT_ISOLATED if name in SEVERAL_MENDED else MEASURED
        assert record["status"] == wanted, name
        assert record["effect"]["numbers"], name
        assert record["effect"]["sentence"], name
        assert record["consequence"], name
    json.dumps(list(records.values()), allow_nan=False)


def test_effects_are_those_of_the_runs(runs):
    """Protects the measurements: numbers that can be counted by hand on eight images."""
    records = {name: record["effect"]["numbers"] for name, record in by_id(runs).items()}
    assert records["relation-softmax-across-batch"]["scores exactly 1"] == 8
    assert records["relation-softmax-across-batch"]["as coded before the softmax, test roc_auc"] == pytest.approx(0.51)
    assert records["relation-validation-accuracy"] == {
        "epochs": 3,
        "lowest": 0.5,
        "highest": 0.5,
        "kept epoch": 0,
        "largest area": 0.3,
    }
    assert records["relation-learning-rate"]["milestones reached"] == 0
    assert records["relation-scores-of-company"]["largest_change"] == 0.01
    assert "last_loss" not in records["relation-scores-of-company"]
    assert records["relation-no-decision-rule"]["published answers used"] == 157
    assert records["relation-no-decision-rule"]["here distinct scores"] == 1
    assert records["clustering-text-against-file"]["answers that differ"] == 2
    assert records["svm-generated-half"]["answers changed"] == 4
    assert records["svm-generated-half"]["largest change of a score"] == pytest.approx(0.5)
    assert records["svm-cannot-run"]["GB of the array"] == pytest.approx(65.536)
    assert records["clustering-blind"]["TP + FP of Table 1"] == 111


def test_sentences_are_for_a_reader(runs):
    """Protects the report's prose: capitals, full stops and the figures' names, with and without runs."""
    records = [*by_id(runs).values(), *by_id(FinishedRuns({})).values()]
    for said in (record["effect"]["sentence"] for record in records if record["effect"] is not None):
        assert re.match(r'[A-Z0-9"]', said), said
        assert said.endswith("."), said
        assert ".." not in said, said
        assert not re.search(r"roc_auc|\bf1\b|\. [a-z]", said), said
    assert told({"as coded": {"test roc_auc": 0.5}, "as written": {}}) == "as coded: test ROC AUC 0.500"
    naming = told({"here (own reading)": {"test f1": 0.517, "development f1": 0.286}})
    assert sentences(naming) == "Here (own reading): test F1 0.517, development F1 0.286."
    assert sentences("known.", told({"as coded": {}})) == "Known. No truth is known on this corpus."


def test_both_published_namings(runs):
    """Protects the published coin toss: the other naming has TP 45, FP 44, accuracy 50.5 and F1 47.6."""
    numbers = by_id(runs)["clustering-naming"]["effect"]["numbers"]
    assert (numbers["other naming, TP"], numbers["other naming, FP"]) == (45, 44)
    assert numbers["published, other naming, accuracy"] == pytest.approx(0.505)
    assert round(numbers["published, other naming, f1"] * 100, 1) == 47.6


def test_absent_runs_are_named():
    """Protects honesty: without runs, only arithmetic is measured, and every other finding names the missing run."""
    records = by_id(FinishedRuns({}, {"svm-as-written": "run svm-as-written has no results yet; run 'dvc repro'"}))
    for name, record in records.items():
        if name in ARITHMETIC:
            assert record["status"] == "measured"
        else:
            assert record["status"].startswith("not measured: run "), name
            assert record["status"].endswith(("is not in params.yaml", "run 'dvc repro'"))
    assert records["svm-generated-half"]["status"].endswith("has no results yet; run 'dvc repro'")
    assert records["relation-softmax-across-batch"]["effect"] is None
    assert records["clustering-naming"]["effect"]["numbers"]["other naming, TP"] == 45


def test_missing_readings_and_refusals_are_named(runs):
    """Protects against guessing: a run without the reading "swapped", or refused, leaves its finding unmeasured."""
    bare = run("svm-as-written", {"own": [0.5] * 8})
    records = by_id(FinishedRuns({**runs.runs, bare.name: bare}, {}, {}))
    assert records["svm-generated-half"]["status"] == "not measured: run svm-as-written has no reading 'swapped'"
    assert records["clustering-blind"]["status"].startswith("not measured: the embedding")
    with pytest.raises(NotMeasuredError, match="was refused"):
        FinishedRun("x", "no").table()


def test_headlines_rest_on_findings(runs):
    """Protects the three headlines: each has evidence, and is as strong as its weakest finding, no stronger."""
    headlines = headline_records(finding_records(runs))
    assert [headline["run"] for headline in headlines] == [2, 1, 3]
    assert [headline["status"] for headline in headlines] == [MEASURED, READ, READ]
    assert all(len(headline["evidence"]) == len(headline["findings"]) for headline in headlines)
    absent = headline_records(finding_records(FinishedRuns({})))
    assert all(headline["status"].startswith("not measured") for headline in absent)
    assert "111" in headlines[0]["evidence"][0]
    coded = {name: one for name, one in runs.runs.items() if name != "relation-as-written"}
    one_open = headline_records(finding_records(FinishedRuns(coded, {}, runs.probes)))
    assert one_open[1]["status"] == "not measured: run relation-as-written is not in params.yaml"


def test_same_decisions():
    """Protects the comparison of counts: another number rules the same decisions out, an equal one proves little."""
    other = same_decisions(100, 111, 200)
    assert (other["least_differing"], other["probability_same"]) == (11, 0.0)
    equal = same_decisions(111, 111, 200)
    rng = np.random.default_rng(0)
    assert equal["chance_of_equal_count"] == pytest.approx(
        np.mean(rng.binomial(200, 111 / 200, 200_000) == 111), abs=0.002
    )
    assert equal["probability_same"] == pytest.approx(1 / (1 + equal["chance_of_equal_count"]))


def test_submissions_stand_beside_the_published_only_with_the_official_images(runs):
    """Protects from comparing answers about other images, and from leaving out a reading."""
    assert submissions_record(runs, official=False)["rows"] == []
    ids = np.array([f"real_unknown_{number:04d}" for number in range(1, 201)])
    scores = np.repeat([1.0, 0.0], [111, 89])
    tables = {
        (reading, "test"): ScoreTable(ids, ids, values, values.astype(int))
        for reading, values in (("own", scores), ("other naming", 1 - scores))
    }
    made = FinishedRuns({"clustering-as-coded": FinishedRun("clustering-as-coded", None, tables)})
    rows = submissions_record(made, official=True)["rows"]
    assert [(row["run"], row["used_here"], row["probability_same"] > 0) for row in rows] == [
        ("clustering-as-coded", 111, True),
        ("clustering-as-coded, other naming", 89, False),
    ]
