"""Stage ``track``: finished results to MLflow, one MLflow run per run of params.yaml; replays them anywhere."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ganprint.audit.plots import confusion_plot, dendrogram_plot, histogram_plot, roc_plot
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.errors import InputError
from ganprint.files import sha256_of, write_json
from ganprint.params import Params
from ganprint.stages.places import Places
from ganprint.stages.scores import OWN_READING, Compared, read_compared
from ganprint.stages.study_track import corpus_dataset, finished_studies
from ganprint.stages.times import read_times
from ganprint.tracking import FinishedRun, is_local, log_runs

__all__ = ["track_results"]


def track_results(places: Places, params: Params) -> dict[str, bool]:
    """Log every run of params.yaml, the report on all of them and every study that the server does not have yet.

    Returns
    -------
    Run name to whether it was logged now.

    Raises
    ------
    InputError
        When a run's results are missing, or the tracking server can not be reached.
    """
    index = read_index(places.corpus)
    fingerprints: dict[str, str] = {}

    def finished() -> Iterator[FinishedRun]:
        for run in params.runs:
            made = _finished(places, params, run, index)
            fingerprints[run] = made.fingerprint
            yield made
        report = _report(places, params, index)
        fingerprints[report.name] = report.fingerprint
        yield report
        # Not among the fingerprints: no stage of the pipeline depends on a study.
        yield from finished_studies(places, params, list(params.study))

    logged = log_runs(finished(), params.track.experiment, places.tracking_store)
    write_json(places.tracked, {"experiment": params.track.experiment, "fingerprints": fingerprints})
    return logged


def _report(places: Places, params: Params, index: pd.DataFrame) -> FinishedRun:
    """Give the audit's report as a run of its own: it is about all the others.

    The page shows images. Those of patients are not sent to a server: of a corpus that is not the phantom the page is
    logged to a local store alone.
    """
    names = ["report.json", "report.schema.json", "summary.md"]
    if params.corpus.kind == "phantom" or is_local(places.tracking_store):
        names.append("report.html")
    files = [places.audit / name for name in names]
    report = _json_or_empty(places.audit / "report.json")
    if not report:
        raise InputError(f"{places.audit / 'report.json'}: no such file; run 'ganprint audit' or 'dvc repro' first")
    digest = sha256_of(places.audit / "report.json")
    verdicts = {
        f"verdict.{run['name']}": run["verdict"]["kind"] for run in report["runs"] if run["verdict"] is not None
    }
    return FinishedRun(
        name="audit",
        fingerprint=digest,
        refusal=None,
        parameters={"profile": params.profile, "corpus.kind": params.corpus.kind},
        metrics={f"seconds.{command}": took for command, (took, _) in read_times(places).items()} | _memorised(report),
        curves={},
        tags={"comparator": "none", "profile": params.profile, "corpus": params.corpus.kind}
        | {"corpus_sha256": corpus_hash(index), "verdict": report["verdict"]["kind"], **verdicts},
        dataset=corpus_dataset(params, index),
        files=files,
        plots={},
    )


def _memorised(report: Mapping[str, Any]) -> dict[str, float]:
    """Give the measures of the generator as a whole, which belong to the corpus and to no run."""
    return {
        f"memorisation.{split}.{embedding}.{line['measure']}{suffix}": float(line[part])
        for split, tables in report["memorisation"]["splits"].items()
        for embedding, lines in tables.items()
        for line in lines
        for part, suffix in (("value", ""), ("low", ".low"), ("high", ".high"), ("p", ".p"))
        if line[part] is not None
    }


def _finished(places: Places, params: Params, run: str, index: pd.DataFrame) -> FinishedRun:
    compared = read_compared(places, run)
    try:
        details = json.loads((places.evaluated(run) / "figures.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{places.evaluated(run)}: not evaluated ({error}); run 'ganprint evaluate {run}'") from None
    files = [path for path in _files(places, run) if path.is_file()]
    figures = _json_or_empty(places.compared(run) / "figures.json")
    return FinishedRun(
        name=run,
        fingerprint=_fingerprint(run, compared, files),
        refusal=compared.refusal,
        parameters=_flat({"profile": params.profile, "corpus.kind": params.corpus.kind} | _parameters(compared)),
        metrics=_metrics(details)
        | {f"fit.{name}": value for name, value in figures.get("numbers", {}).items()}
        | _times(places, run),
        curves={f"curve.{name}": values for name, values in figures.get("curves", {}).items()},
        tags=_tags(params, compared, index),
        dataset=corpus_dataset(params, index),
        files=files,
        plots=_plots(places, run, compared) if compared.refusal is None else {},
    )


def _times(places: Places, run: str) -> dict[str, float]:
    """Give seconds and peak memory of the run's own stages, where they ran here: no part of its fingerprint."""
    times = read_times(places)
    found = {stage: times[f"{stage} {run}"] for stage in ("compare", "evaluate") if f"{stage} {run}" in times}
    return {f"seconds.{stage}": took for stage, (took, _) in found.items()} | {
        f"peak_mib.{stage}": peak for stage, (_, peak) in found.items()
    }


def _files(places: Places, run: str) -> list[Path]:
    compared, evaluated = places.compared(run), places.evaluated(run)
    names = ("run.json", "scores.csv", "threshold.json", "refusal.json")
    evaluated_names = ("figures.json", "roc.csv", "roc_band.csv", "histogram.csv", "confusion.csv", "calibration.csv")
    own = [compared / name for name in names] + [evaluated / name for name in evaluated_names]
    return [places.submissions / f"{run}.csv", *own]


def _fingerprint(run: str, compared: Compared, files: list[Path]) -> str:
    """Hash the results; run.json counts without the code revision, which a commit changes and a result does not."""
    record = {**compared.record, "provenance": {**compared.record["provenance"], "code_revision": ""}}
    digest = hashlib.sha256(f"{run}\n{json.dumps(record, sort_keys=True)}\n".encode())
    for path in files:
        if path.name != "run.json":
            digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _json_or_empty(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _parameters(compared: Compared) -> dict[str, Any]:
    record = compared.record
    chosen = {name: record["embedding"][name] for name in ("backbone", "weights", "preprocessing", "dtype")}
    return {**record["parameters"], "seed": record["seed"], "folds": record["folds"], "embedded": chosen}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _metrics(details: Mapping[str, Any]) -> dict[str, float]:
    metrics = {}
    for reading, splits in details["readings"].items():
        prefix = "" if reading == OWN_READING else f"{reading.replace(' ', '_')}."
        for split, evaluation in splits.items():
            for name, figure in evaluation["figures"].items():
                for part, suffix in (("value", ""), ("low", ".low"), ("high", ".high")):
                    if figure[part] is not None:
                        metrics[f"{prefix}{split}.{name}{suffix}"] = float(figure[part])
    return metrics


def _tags(params: Params, compared: Compared, index: pd.DataFrame) -> dict[str, str]:
    record = compared.record
    provenance = record["provenance"]
    tags = {
        "comparator": record["parameters"]["comparator"],
        "variant": record["parameters"]["variant"],
        "profile": params.profile,
        "corpus": params.corpus.kind,
        "corpus_sha256": corpus_hash(index),
        "code_revision": provenance["code_revision"],
        "lock_sha256": provenance["lock_sha256"],
        "device": provenance["device"],
        "processor": provenance["processor"],
        "python": provenance["python"],
        "backbone": record["embedding"]["backbone"],
        "weights": record["embedding"]["weights"]["source"],
        "weights_sha256": record["embedding"]["weights"]["sha256"],
        "refused": "no" if compared.refusal is None else compared.refusal,
    }
    return tags | {f"library.{name}": version for name, version in provenance["libraries"].items()}


def _plots(places: Places, run: str, compared: Compared) -> dict[str, Figure]:
    evaluated = places.evaluated(run)
    tables = {name: pd.read_csv(evaluated / f"{name}.csv") for name in ("roc", "histogram", "confusion")}
    own = {name: table[table["reading"] == OWN_READING] for name, table in tables.items()}
    thresholds = {rule["rule"]: rule["value"] for name, rule in compared.thresholds.items() if name == OWN_READING}
    plots = {
        "roc.png": roc_plot(run, own["roc"]),
        "histogram.png": histogram_plot(run, own["histogram"], thresholds),
        "confusion.png": confusion_plot(run, own["confusion"]),
    }
    tree = places.compared(run) / "dendrogram.npy"
    if tree.is_file():
        cut = float(_json_or_empty(places.compared(run) / "figures.json")["cut_height"])
        plots["dendrogram.png"] = dendrogram_plot(run, np.load(tree, allow_pickle=False), cut)
    return plots
