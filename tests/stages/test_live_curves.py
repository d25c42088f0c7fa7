"""Curves of a training in MLflow while it goes on: a run of its own, gone on with after a kill."""

import pytest
from mlflow import MlflowClient

from ganprint.errors import InputError
from ganprint.tracking import default_uri, live_curves

# MLflow warns of its own libraries.
pytestmark = pytest.mark.filterwarnings("ignore::Warning")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One local store for all tests: making its tables takes seconds."""
    return tmp_path_factory.mktemp("live") / "mlflow"


@pytest.fixture(autouse=True)
def local(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def runs(store, experiment):
    client = MlflowClient(default_uri(store))
    found = client.get_experiment_by_name(experiment)
    return client, [] if found is None else client.search_runs([found.experiment_id])


def test_figures_arrive_with_their_steps(store):
    """Every figure of every step is there at the end, also those that waited for company."""
    with live_curves("relation", "mark", "curves", store) as tell:
        for step in range(5):
            tell("whole.step_loss", step, 1.0 / (step + 1))
        tell("whole.loss", 0, 0.5)
    client, (run,) = runs(store, "curves")
    assert run.info.run_name == "relation (training)"
    assert run.info.status == "FINISHED"
    history = client.get_metric_history(run.info.run_id, "whole.step_loss")
    assert [(one.step, one.value) for one in history] == [(step, 1.0 / (step + 1)) for step in range(5)]


def test_an_interrupted_training_says_so(store):
    """An exception on the way ends the run as killed and is not swallowed."""
    with pytest.raises(KeyboardInterrupt), live_curves("relation", "mark", "interrupted", store) as tell:
        tell("loss", 0, 1.0)
        raise KeyboardInterrupt
    _, (run,) = runs(store, "interrupted")
    assert run.info.status == "KILLED"


def test_a_killed_process_leaves_a_run_that_is_gone_on_with(store):
    """A run that nobody closed is taken up by a training with the same mark, and by no other."""
    killed = live_curves("relation", "mark", "gone on", store)
    killed.__enter__()("loss", 0, 1.0)
    for mark in ("mark", "other"):
        with live_curves("relation", mark, "gone on", store) as tell:
            tell("loss", 1, 0.5)
    _, found = runs(store, "gone on")
    assert len(found) == 2
    assert {run.info.status for run in found} == {"FINISHED"}


def test_nothing_told_makes_no_run(store):
    """Comparators without a training leave no empty run behind."""
    with live_curves("nearest", "mark", "nothing", store):
        pass
    assert runs(store, "nothing")[1] == []


def test_a_server_that_can_not_be_reached_is_named(tmp_path, monkeypatch):
    """One line with the address, before hours of training."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}")
    with (
        pytest.raises(InputError, match="MLflow says"),
        live_curves("relation", "mark", "lost", tmp_path / "store") as tell,
    ):
        tell("loss", 0, 1.0)
