"""Finished selection studies as MLflow runs: one per study, and below it one per candidate."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ganprint.corpus.store import corpus_hash, read_index
from ganprint.errors import InputError
from ganprint.files import sha256_of
from ganprint.params import Params
from ganprint.stages.places import Places
from ganprint.tracking import FinishedRun, log_runs

__all__ = ["corpus_dataset", "finished_studies", "read_selection", "track_study"]

_FILES = ("selection.json", "table.csv", "features.md", "study.svg", "report.html")
_FIGURES = ("auc", "low", "high", "p", "p_corrected", "selected_inside")


def read_selection(folder: Path) -> dict[str, Any]:
    """Read selection.json of a finished study.

    Raises
    ------
    InputError
        When it can not be read.
    """
    path = folder / "selection.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({error}); run 'ganprint study {folder.name}'") from None
    return content


def corpus_dataset(params: Params, index: pd.DataFrame) -> tuple[pd.DataFrame, str, str]:
    """Give the corpus as a data set of MLflow's: its index, the name of its kind, and its hash."""
    # As floats: MLflow warns of whole numbers, which could not hold a missing value.
    return index.astype({"width": "float64", "height": "float64"}), params.corpus.kind, corpus_hash(index)[:32]


def track_study(places: Places, params: Params, name: str) -> bool:
    """Log one finished study, unless the tracking server has it; tell whether it was logged now.

    Raises
    ------
    InputError
        When the study has no results, or the tracking server can not be reached.
    """
    read_selection(places.study(name))
    logged = log_runs(finished_studies(places, params, [name]), params.track.experiment, places.tracking_store)
    return all(logged.values())


def finished_studies(places: Places, params: Params, names: Iterable[str]) -> Iterator[FinishedRun]:
    """Give the studies that have results, one at a time; one that was not computed is left out."""
    for name in names:
        if (places.study(name) / "selection.json").is_file():
            yield _study(places.study(name), params, read_index(places.corpus))


def _study(folder: Path, params: Params, index: pd.DataFrame) -> FinishedRun:
    content, name = read_selection(folder), folder.name
    digest, dataset = sha256_of(folder / "selection.json"), corpus_dataset(params, index)
    tags = {"study": name, "corpus": params.corpus.kind, "corpus_sha256": corpus_hash(index)}
    tags |= {"code_revision": content["provenance"]["code_revision"]}
    table = pd.read_csv(folder / "table.csv", keep_default_na=False, na_values=[""])
    children = [
        _candidate({str(key): value for key, value in row.items()}, digest, tags, dataset)
        for row in table.to_dict("records")
    ]
    study = content["parameters"]["study"]
    return FinishedRun(
        name=f"study {name}",
        fingerprint=digest,
        refusal=None,
        parameters={"study": name, "seed": content["parameters"]["seed"]}
        | {f"folds.{key}": value for key, value in study["folds"].items()}
        | {key: study[key] for key in ("tolerance", "permutations")},
        metrics=_metrics(content),
        curves={},
        tags=tags | {"chosen": content["chosen"]["candidate"], "claims": str(len(content["claims"]))},
        dataset=dataset,
        files=[folder / file for file in _FILES],
        plots={},
        children=children,
    )


def _metrics(content: Mapping[str, Any]) -> dict[str, float]:
    figures = {f"nested.{key}": content["nested"][key] for key in ("auc", "low", "high")}
    figures |= {f"chosen.{key}": content["chosen"][key] for key in _FIGURES}
    figures |= {"naive.auc": content["naive"]["auc"]} | {key: content[key] for key in ("optimism", "candidates")}
    return {key: float(value) for key, value in figures.items()}


def _candidate(row: dict[str, Any], digest: str, tags: dict[str, str], dataset: Any) -> FinishedRun:
    described = ("family", "embedding", "pooling", "comparator", "learns", "baseline", "place")
    return FinishedRun(
        name=row["candidate"],
        fingerprint=f"{digest}-{row['candidate']}",
        refusal=None if pd.isna(row["refused"]) else str(row["refused"]),
        parameters={key: row[key] for key in described},
        metrics={key: float(row[key]) for key in _FIGURES if not pd.isna(row[key])},
        curves={},
        tags=tags | {key: str(row[key]) for key in ("family", "embedding", "comparator")},
        dataset=dataset,
        files=[],
        plots={},
    )
