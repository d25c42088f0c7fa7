"""The only module that knows MLflow: finished results become MLflow runs, each of them once.

A result is known by its fingerprint, so logging the same results again finds them and does nothing, whatever server
they are logged to. The tracking server is MLflow's own MLFLOW_TRACKING_URI; without it, a SQLite file in the folder
that the caller gives.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Experiment, Metric
from mlflow.exceptions import MlflowException

from ganprint.errors import InputError

__all__ = ["FinishedRun", "default_uri", "is_local", "live_curves", "log_runs"]

_FINGERPRINT = "ganprint.fingerprint"
_LIVE = "ganprint.live"
_LONGEST_PARAMETER = 6000
_LARGEST_BATCH = 1000  # MLflow's own limit
_SECONDS_BETWEEN = 2.0
"""Live figures are sent in batches: a local store takes some ten milliseconds a time."""


@dataclass(frozen=True)
class FinishedRun:
    """Everything of one finished run that is logged.

    Attributes
    ----------
    name
        Of the run in params.yaml.
    fingerprint
        Hash of all of its results: two results are the same when theirs are.
    refusal
        Why it did not run; it is logged as a failed run then.
    parameters
        Dotted name to value.
    metrics
        Dotted name to value, undefined ones left out.
    curves
        Name to values per step.
    tags
        Comparator, variant, corpus, revision, lock, device, library versions.
    dataset
        Index of the corpus, its name and digest.
    files
        Logged as they are.
    plots
        File name to figure.
    children
        Runs that are logged below this one, with it.
    """

    name: str
    fingerprint: str
    refusal: str | None
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    curves: Mapping[str, list[float]]
    tags: Mapping[str, str]
    dataset: tuple[pd.DataFrame, str, str]
    files: Iterable[Path]
    plots: Mapping[str, Figure]
    children: Iterable["FinishedRun"] = ()


def default_uri(folder: Path) -> str:
    """Give the tracking URI in force: MLflow's own variable, or a SQLite file in ``folder``."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"


def is_local(folder: Path) -> bool:
    """Say whether results stay on this machine: the tracking URI is a file, and not a server."""
    return default_uri(folder).startswith(("sqlite:", "file:"))


def log_runs(runs: Iterable[FinishedRun], experiment: str, folder: Path) -> dict[str, bool]:
    """Log finished runs that the tracking server does not have yet.

    Parameters
    ----------
    runs
        Taken one at a time, so that figures need not all be held.
    experiment
        Name of the experiment; it is made when missing.
    folder
        Where the local store lies, unless MLflow's variable names a server.

    Returns
    -------
    Run name to whether it was logged now (False: it was there already).

    Raises
    ------
    InputError
        When the server can not be reached, or the local store was moved from another folder.
    """
    with _server(experiment, folder) as (client, where):
        mlflow.set_experiment(experiment_id=where.experiment_id)
        return {run.name: _log(client, where, run) for run in runs}


@contextmanager
def live_curves(name: str, mark: str, experiment: str, folder: Path) -> Iterator[Callable[[str, int, float], None]]:
    """Give what logs figures of a training while it goes on, to an MLflow run of its own, named ``NAME (training)``.

    The run begins with the first figure. When the process is killed it stays open, and the next call with the same mark
    goes on with it. A server that is lost on the way stops the curves, not the training.

    Parameters
    ----------
    name
        Of the run in params.yaml.
    mark
        Hash of all that decides the training.
    experiment, folder
        As for :func:`log_runs`.

    Raises
    ------
    InputError
        When the server can not be reached at the first figure.
    """
    live = _Live(name, mark, experiment, folder)
    try:
        yield live.tell
    except BaseException:
        live.close("KILLED")
        raise
    live.close("FINISHED")


class _Live:
    def __init__(self, name: str, mark: str, experiment: str, folder: Path) -> None:
        self._name, self._mark, self._experiment, self._folder = name, mark, experiment, folder
        self._client: MlflowClient | None = None
        self._run_id = ""
        self._waiting: list[Metric] = []
        self._sent = time.monotonic()

    def tell(self, name: str, step: int, value: float) -> None:
        if not self._run_id:
            self._begin()
        self._waiting.append(Metric(name, value, int(time.time() * 1000), step))
        if time.monotonic() - self._sent > _SECONDS_BETWEEN:
            self._send()

    def close(self, status: str) -> None:
        self._send()
        if self._client is not None:
            try:
                self._client.set_terminated(self._run_id, status)
            except MlflowException:
                self._client = None

    def _begin(self) -> None:
        with _server(self._experiment, self._folder) as (client, where):
            mine = f"tags.`{_LIVE}` = '{self._mark}' and attributes.status = 'RUNNING'"
            known = client.search_runs([where.experiment_id], mine)
            tags = {_LIVE: self._mark}
            run = known[0] if known else client.create_run(where.experiment_id, None, tags, f"{self._name} (training)")
            self._client, self._run_id = client, run.info.run_id

    def _send(self) -> None:
        waiting, self._waiting, self._sent = self._waiting, [], time.monotonic()
        try:
            for start in range(0, len(waiting), _LARGEST_BATCH):
                if self._client is not None:
                    self._client.log_batch(self._run_id, waiting[start : start + _LARGEST_BATCH])
        except MlflowException:
            self._client = None


@contextmanager
def _server(experiment: str, folder: Path) -> Iterator[tuple[MlflowClient, Experiment]]:
    """Give a client of the tracking server in force and the experiment; MLflow's complaints become one line."""
    uri = default_uri(folder)
    if uri.startswith("sqlite:"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        mlflow.set_tracking_uri(uri)
        client = MlflowClient()
        yield client, _experiment(client, experiment, folder, local="MLFLOW_TRACKING_URI" not in os.environ)
    except (MlflowException, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        raise InputError(f"{uri}: MLflow says: {reason}; check MLFLOW_TRACKING_URI or remove {folder}") from None


def _experiment(client: MlflowClient, name: str, folder: Path, *, local: bool) -> Experiment:
    found = client.get_experiment_by_name(name)
    artifacts = (folder / "artifacts").resolve()
    if found is None:
        location = artifacts.as_uri() if local else None
        return client.get_experiment(client.create_experiment(name, artifact_location=location))
    # MLflow keeps artifact places as absolute paths, which a moved folder breaks.
    if local and found.artifact_location != artifacts.as_uri():
        raise InputError(f"{folder}: was made in another folder; remove it and run 'ganprint track' to log all anew")
    return found


def _log(client: MlflowClient, experiment: Experiment, run: FinishedRun) -> bool:
    known = client.search_runs(
        [experiment.experiment_id], f"tags.`{_FINGERPRINT}` = '{run.fingerprint}' and attributes.status != 'RUNNING'"
    )
    if known:
        return False
    _write(client, run, nested=False)
    return True


def _write(client: MlflowClient, run: FinishedRun, *, nested: bool) -> None:
    with mlflow.start_run(run_name=run.name, nested=nested) as active:
        mlflow.log_params({name: str(value)[:_LONGEST_PARAMETER] for name, value in run.parameters.items()})
        mlflow.log_metrics(dict(run.metrics))
        for name, values in run.curves.items():
            for step, value in enumerate(values):
                mlflow.log_metric(name, value, step=step)
        index, name, digest = run.dataset
        mlflow.log_input(from_pandas(index, name=name, digest=digest), context="corpus")
        for path in run.files:
            mlflow.log_artifact(str(path))
        for file, figure in run.plots.items():
            mlflow.log_figure(figure, file)
        for child in run.children:
            _write(client, child, nested=True)
        # The fingerprint comes last: a run that was killed half-way is not taken for logged.
        mlflow.set_tags({**run.tags, _FINGERPRINT: run.fingerprint})
        run_id = active.info.run_id
        if run.refusal is not None:
            mlflow.set_tag("mlflow.note.content", f"Refused: {run.refusal}")
    if run.refusal is not None:
        client.set_terminated(run_id, status="FAILED")
