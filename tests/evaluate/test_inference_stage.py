"""The stage's file: every run, both splits, refusals, baselines, controls, and nothing that JSON can not say."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ganprint.corpus.index import CorpusImage
from ganprint.corpus.store import write_corpus
from ganprint.corpus.truth import write_truth
from ganprint.errors import InputError
from ganprint.evaluate.metrics import metrics
from ganprint.evaluate.permutation import TESTED
from ganprint.evaluate.tables import ScoreTable
from ganprint.files import write_json
from ganprint.params import EvaluateParameters
from ganprint.seeds import derive_seed
from ganprint.stages.inference import write_inference
from ganprint.stages.places import Places

EVALUATE = EvaluateParameters(resamples=200, permutations=199)


def real_images():
    """Twenty development and twenty-four test patients with two slices each."""
    for split, count in (("development", 20), ("test", 24)):
        for number in range(2 * count):
            patient = number // 2
            membership = "unknown" if split == "test" else ("used", "not_used")[patient % 2]
            yield CorpusImage(f"{split[0]}{number:02d}", "real", split, membership, f"{split[0]}p{patient}", b"x", 1, 1)
    for split in ("development", "test"):
        yield CorpusImage(f"g{split}", "generated", split, "", "", b"x", 1, 1)


def used_of(split, count):
    """Truth of the images in order: every second patient."""
    return np.array([number // 2 % 2 == (1 if split == "test" else 0) for number in range(count)]).astype(int)


def write_run(places, run, readings, refusal=None):
    """Write what the stage compare does; ``readings`` gives scores by reading and split."""
    folder = places.compared(run)
    folder.mkdir(parents=True)
    write_json(folder / "run.json", {"run": run, "learns": run != "guesses"})
    if refusal is not None:
        write_json(folder / "refusal.json", {"run": run, "reason": refusal})
        return
    parts = []
    for (reading, split), scores in readings.items():
        numbers = range(len(scores))
        parts.append(
            pd.DataFrame(
                {
                    "reading": reading,
                    "split": split,
                    "id": [f"{split[0]}{number:02d}" for number in numbers],
                    "group": [f"{split[0]}p{number // 2}" for number in numbers],
                    "score": scores,
                    "decision": (scores >= 0.5).astype(int),
                    "fold": [number // 2 // 2 % 2 if split == "development" else -1 for number in numbers],
                }
            )
        )
    pd.concat(parts).to_csv(folder / "scores.csv", index=False)
    write_json(folder / "threshold.json", {reading: {"value": 0.5} for reading, _ in readings})


@pytest.fixture
def project(tmp_path):
    """A corpus and five runs: one that knows, one that does not, a constant, a baseline and a refused one."""
    places = Places(tmp_path)
    write_corpus(real_images(), places.corpus, {})
    write_truth(places.truth, {f"t{number:02d}": int(label) for number, label in enumerate(used_of("test", 48))})
    rng = np.random.default_rng(0)
    truths = {"development": used_of("development", 40), "test": used_of("test", 48)}

    def noise(split):
        return rng.normal(size=len(truths[split]))

    knows = {("own", split): noise(split) + 2 * used for split, used in truths.items()}
    swapped = {("swapped", split): noise(split) for split in truths}
    write_run(places, "knows", knows | swapped)
    for run in ("guesses", "blind"):
        write_run(places, run, {("own", split): noise(split) for split in truths})
    write_run(places, "flat", {("own", split): np.full(len(used), 0.5) for split, used in truths.items()})
    write_run(places, "refused", {}, refusal="no pixels")
    runs = {
        name: SimpleNamespace(
            baseline=name == "blind", threshold=SimpleNamespace(rule="fixed" if name == "flat" else "youden")
        )
        for name in ("knows", "guesses", "flat", "blind", "refused")
    }
    return places, SimpleNamespace(seed=1, evaluate=EVALUATE, runs=runs)


def test_the_file(project):
    """Protects the structure that others read, and the answers of runs that know, guess, or say nothing."""
    places, params = project
    content = write_inference(places, params)
    assert json.loads(places.inference.read_text(encoding="utf-8")) == content
    assert content["version"] == 1
    assert (content["confidence"], content["permutations"]) == (0.95, 199)
    assert content["refused"] == {"refused": "no pixels"}
    assert content["baselines"] == ["blind"]
    assert set(content["splits"]) == {"development", "test"}
    test = content["splits"]["test"]
    assert (test["n"], test["groups"], test["positives"], test["unit"]) == (48, 24, 24, "group")
    assert set(test["runs"]) == {"knows", "guesses", "flat", "blind"}
    for record in test["runs"].values():
        assert {"permutation", "privacy", "power", "set_level"} <= set(record)
        assert set(record["permutation"]) == set(TESTED)
    knows, guesses, flat, blind = (test["runs"][run] for run in ("knows", "guesses", "flat", "blind"))
    assert knows["permutation"]["roc_auc"]["p_holm"] <= 0.02
    assert knows["permutation"]["roc_auc"]["p"] == knows["set_level"]["p"]
    assert guesses["permutation"]["roc_auc"]["p"] > 0.05
    assert flat["permutation"]["roc_auc"] == {
        "value": 0.5,
        "p": 1,
        "p_holm": 1,
        "p_max": 1,
        "how": "permutation",
    }
    assert blind["permutation"]["f1"]["p"] is not None
    assert blind["permutation"]["f1"]["p_holm"] is blind["permutation"]["f1"]["p_max"] is None
    assert knows["privacy"]["epsilon"] > 0.5
    assert knows["privacy"]["guesses"] == 24
    assert 0.5 < knows["power"]["auc"] < 1
    assert set(knows["swapped"]) == set(TESTED)
    assert knows["swapped"]["roc_auc"]["p"] > 0.01
    assert "swapped" not in guesses
    assert knows["against_noise"]["low"] > 0
    assert "against_noise" not in guesses
    # A constant score ranks nothing, so no leak of any size could have been shown by it.
    assert flat["power"]["auc"] is None


def test_out_of_fold_scores_are_tested_inside_folds(project):
    """Protects development tests: runs that learn are tested by fold, chosen thresholds not at all, others as ever."""
    runs = write_inference(*project)["splits"]["development"]["runs"]
    how = {run: {name: test["how"] for name, test in found["permutation"].items()} for run, found in runs.items()}
    assert how["knows"]["roc_auc"] == how["flat"]["f1"] == "inside folds"
    assert how["guesses"]["roc_auc"] == "permutation"
    for run in ("knows", "guesses"):
        assert how[run]["f1"].startswith("not tested")
        assert runs[run]["permutation"]["f1"]["p"] is runs[run]["permutation"]["f1"]["p_holm"] is None
    # Two folds of ten patients: twice the mean of p values that can not be below one in 252 draws.
    assert runs["knows"]["permutation"]["roc_auc"]["p"] >= 2 / 252


def test_comparisons(project):
    """Protects the families: pairs of attacks, and attacks beside baselines; no pair of a run that was refused."""
    content = write_inference(*project)
    pairs = [(pair["a"], pair["b"]) for pair in content["splits"]["test"]["comparisons"]]
    attacks = [("knows", "guesses"), ("knows", "flat"), ("guesses", "flat")]
    assert pairs == attacks + [("knows", "blind"), ("guesses", "blind"), ("flat", "blind")]
    first = content["splits"]["test"]["comparisons"][0]
    assert first["low"] > 0
    assert first["delong_p"] <= first["p_holm"] <= 3 * first["delong_p"] + 1e-12


def test_development_thresholds_are_not_fixed(project):
    """Protects the bound: where the threshold was chosen there is none but the simultaneous one."""
    content = write_inference(*project)
    privacy = content["splits"]["development"]["runs"]["knows"]["privacy"]
    assert privacy["epsilon"] is None
    assert not privacy["fixed_beforehand"]
    assert privacy["simultaneous"]["epsilon"] >= 0


def test_abstention_and_unlabelled_sets(project):
    """Protects the answers: one per image of both splits, coverage where truth is known, and the set's direction."""
    content = write_inference(*project)
    knows = content["abstention"]["knows"]
    assert {split: sum(counts.values()) for split, counts in knows["answers"].items()} == {
        "development": 40,
        "test": 48,
    }
    assert len(knows["per_image"]) == 88
    assert set(knows["per_image"][0]) == {"id", "split", "p_used", "p_not_used", "answer"}
    assert knows["coverage"]["test"]["used"]["groups"] == 12
    assert content["abstention"]["flat"]["answers"]["test"]["can not say"] == 48
    unlabelled = content["set_level_unlabelled"]["knows"]
    # Half of the test patients are used: as a set they stand between the development classes.
    assert unlabelled["against_not_used"]["effect"] > 0.5 > unlabelled["against_used"]["effect"]
    assert (unlabelled["against_not_used"]["side"], unlabelled["against_used"]["side"]) == ("higher", "lower")
    assert "out of fold" in unlabelled["against_used"]["note"]


def test_answers_are_withheld_where_the_calibration_is_void(project):
    """Protects against answers about test images whose scores are not those that were calibrated."""
    places, params = project
    assert write_inference(places, params)["abstention"]["knows"]["withheld"] is False
    path = places.compared("knows") / "scores.csv"
    table = pd.read_csv(path, dtype={"id": str, "group": str})
    table.loc[table["split"] == "test", "score"] += 5
    table.to_csv(path, index=False)
    knows = write_inference(places, params)["abstention"]["knows"]
    assert knows["withheld"] is True
    assert knows["shift_p"] <= 0.05
    assert knows["answers"]["test"]["can not say"] == 48
    assert knows["answers"]["development"]["can not say"] < 40


def test_unknown_truth_leaves_the_test_split_out(project):
    """Protects against test figures without truth: answers about the images remain, their coverage does not."""
    places, params = project
    write_truth(places.truth, {})
    content = write_inference(places, params)
    assert set(content["splits"]) == {"development"}
    assert set(content["abstention"]["knows"]["coverage"]) == {"development"}
    assert sum(content["abstention"]["knows"]["answers"]["test"].values()) == 48
    assert content["set_level_unlabelled"]["knows"]["against_used"]["set_images"] == 48


def test_seeds_alone_decide(project):
    """Protects reproducibility: the same seed writes the same bytes, and a run's figures ignore other runs."""
    places, params = project
    first = write_inference(places, params)
    assert write_inference(places, params) == first
    fewer = SimpleNamespace(seed=1, evaluate=EVALUATE, runs={"knows": params.runs["knows"]})
    alone = write_inference(places, fewer)["splits"]["test"]["runs"]["knows"]
    assert alone["permutation"]["f1"]["p"] == first["splits"]["test"]["runs"]["knows"]["permutation"]["f1"]["p"]
    assert alone["privacy"] == first["splits"]["test"]["runs"]["knows"]["privacy"]


def test_resamples_are_those_of_the_figures(project):
    """Protects against two intervals of one figure: the set-level interval is that of the evaluation's ROC AUC."""
    places, params = project
    content = write_inference(places, params)
    table = pd.read_csv(places.compared("knows") / "scores.csv", dtype={"id": str, "group": str})
    own = table[(table["reading"] == "own") & (table["split"] == "test")]
    truth = dict(zip(own["id"], used_of("test", 48).tolist(), strict=True))
    seed = derive_seed(1, "evaluate", "test")
    figure = metrics(ScoreTable.from_frame(own, "scores"), truth, 0.95, 200, seed).figures["roc_auc"]
    level = content["splits"]["test"]["runs"]["knows"]["set_level"]
    assert (level["effect"], level["low"], level["high"]) == pytest.approx((figure.value, figure.low, figure.high))


def test_member_control(project):
    """Protects the control: it is read, tested by group, and refused by name when it is broken."""
    places, params = project
    numbers = np.arange(40)
    control = pd.DataFrame(
        {"id": [f"c{n}" for n in numbers], "group": [f"p{n // 2}" for n in numbers],
         "score": np.random.default_rng(1).normal(size=40), "label": numbers // 2 % 2, "fold": numbers // 2 // 2 % 2}
    )  # fmt: skip
    path = places.compared("knows") / "control.csv"
    control.to_csv(path, index=False)
    runs = write_inference(places, params)["splits"]["development"]["runs"]
    found = runs["knows"]["member_control"]
    assert (found["n"], found["groups"]) == (40, 20)
    assert found["low"] < found["auc"] < found["high"]
    assert found["p"] > 0.005
    assert "member_control" not in runs["guesses"]
    for broken in (control.assign(label=2), control.drop(columns="group"), control.assign(score=np.inf)):
        broken.to_csv(path, index=False)
        with pytest.raises(InputError, match=r"control\.csv"):
            write_inference(places, params)


def test_every_run_refused(tmp_path):
    """Protects the edge: a project whose runs were all refused has a file that says so."""
    places = Places(tmp_path)
    write_corpus(real_images(), places.corpus, {})
    write_truth(places.truth, {})
    write_run(places, "refused", {}, refusal="no pixels")
    run = SimpleNamespace(baseline=False, threshold=SimpleNamespace(rule="youden"))
    params = SimpleNamespace(seed=1, evaluate=EVALUATE, runs={"refused": run})
    content = write_inference(places, params)
    assert content["refused"] == {"refused": "no pixels"}
    assert content["splits"] == content["abstention"] == {}
