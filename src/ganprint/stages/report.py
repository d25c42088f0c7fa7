"""Put the report together from what the other stages wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ganprint.audit.report.judge import decisive_split, numbers_of
from ganprint.audit.report.limits import limits_of
from ganprint.audit.report.model import (
    BaselineModel,
    CorpusModel,
    FigureModel,
    MemorisationModel,
    PlotModel,
    Report,
    RunModel,
    StudyModel,
    VerdictModel,
)
from ganprint.audit.report.model import TestModel as TestedModel
from ganprint.audit.summary import OWN_READING, SWAPPED_READING
from ganprint.audit.verdict import Numbers, Verdict, corpus_verdict, run_verdict
from ganprint.errors import InputError
from ganprint.params import Params
from ganprint.provenance import code_revision
from ganprint.stages.places import Places
from ganprint.stages.scores import read_compared

__all__ = ["QUESTION", "collect_report", "read_json"]

QUESTION = (
    "Which of these real images was the generator trained on, and can that be told from its images alone? Every run "
    "gives each real image a score, higher for more likely used; the audit asks what these scores allow to conclude."
)

Plain = dict[str, Any]


def read_json(path: Path) -> Any:
    """Read what a stage wrote.

    Raises
    ------
    InputError
        When it is missing or broken.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run 'dvc repro' first") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({error}); run 'dvc repro'") from None


def collect_report(
    places: Places, params: Params, embeddings: Mapping[str, str], plots: list[Plain], studies: list[StudyModel]
) -> Report:
    """Collect the report's data.

    Parameters
    ----------
    places, params
        The project.
    embeddings
        Name to what it is made with.
    plots
        Records of the plots that were drawn.
    studies
        Selection studies of this corpus.

    Raises
    ------
    InputError
        When a stage's results are missing or broken.
    """
    inference = read_json(places.inference)
    if "splits" not in inference or set(params.runs) - set(inference.get("refused", {})) - set(
        inference["splits"].get("development", {}).get("runs", {})
    ):
        raise InputError(f"{places.inference}: is not about the runs of params.yaml; run 'dvc repro'")
    figures = {run: read_json(places.evaluated(run) / "figures.json") for run in params.runs}
    level = round(1 - params.evaluate.confidence, 12)
    tested = _Tested(places, params, figures, inference, level)
    runs = [tested.run(run) for run in params.runs]
    verdicts = [
        Verdict(run.verdict.kind, tuple(f"{run.name}: {reason}" for reason in run.verdict.reasons), run.verdict.lay)
        for run in runs
        if run.verdict is not None
    ]
    paper = read_json(places.paper / "paper.json")
    evidence = {
        name: read_json(places.evidence / f"{name}.json") for name in ("duplicates", "collapse", "reidentification")
    }
    corpus = read_json(places.corpus / "corpus.json")
    return Report(
        profile=params.profile,
        question=QUESTION,
        verdict=_verdict(corpus_verdict(verdicts)),
        level=level,
        confidence=params.evaluate.confidence,
        abstain=params.evaluate.abstain,
        corpus=CorpusModel(kind=corpus["kind"], sha256=corpus["hash"], counts=corpus["counts"], record=corpus),
        embeddings=dict(embeddings),
        runs=runs,
        trivial=_trivial(read_json(places.trivial)),
        comparisons={split: _comparisons(found, inference) for split, found in inference["splits"].items()},
        set_level=inference["set_level_unlabelled"],
        **evidence,
        memorisation=_memorisation(places, corpus["hash"]),
        studies=studies,
        findings=paper["findings"],
        published=paper["table"],
        headline=paper["headline"],
        limits=[*_limits(params, inference, evidence["collapse"], studies), paper["submissions"]["sentence"]],
        plots=[PlotModel(**plot) for plot in plots],
        provenance=_provenance(places, params),
    )


def _limits(params: Params, inference: Plain, collapse: Plain, studies: list[StudyModel]) -> list[str]:
    # The paper's runs of these two comparators look at features of Keras' networks.
    others = [
        name
        for name, run in params.runs.items()
        if run.comparator in {"clustering", "svm"}
        and run.variant in {"as_coded", "as_written"}
        and not params.embed[run.embedding].backbone.startswith("keras-")
    ]
    tried = {study.name: int(study.selection["candidates"]) for study in studies}
    return limits_of(params.profile, inference, collapse, other_networks=others, studies=tried)


def _verdict(verdict: Verdict) -> VerdictModel:
    return VerdictModel(kind=verdict.kind, reasons=list(verdict.reasons), lay=verdict.lay)


@dataclass(frozen=True)
class _Tested:
    """All runs' figures and tests; the first baseline is what the others are held against."""

    places: Places
    params: Params
    figures: Mapping[str, Plain]
    inference: Plain
    level: float

    def run(self, run: str) -> RunModel:
        parameters, refusal = self.params.runs[run], self.inference["refused"].get(run)
        known: Plain = {
            "name": run,
            "comparator": parameters.comparator,
            "variant": parameters.variant,
            "embedding": " + ".join(parameters.views),
            "role": "baseline" if parameters.baseline else "run",
            "refusal": refusal,
        }
        if refusal is not None:
            verdict = run_verdict(Numbers(run, "test", refusal=refusal), self.level)
            empty: Plain = {"figures": {}, "controls": {}, "tests": {}, "details": {}, "abstention": None}
            return RunModel(**known, **empty, decided_on=None, verdict=_verdict(verdict))
        return RunModel(
            **known,
            **self._found(run),
            decided_on=decisive_split(self.inference),
            abstention=self.inference["abstention"][run],
            verdict=None if parameters.baseline else _verdict(run_verdict(self._numbers(run), self.level)),
        )

    def _numbers(self, run: str) -> Numbers:
        scores = read_compared(self.places, run).own(decisive_split(self.inference)).scores
        baseline = next(iter(self.inference["baselines"]), None)
        return numbers_of(run, self.figures, self.inference, baseline=baseline, constant=bool(np.ptp(scores) == 0))

    def _found(self, run: str) -> Plain:
        readings = self.figures[run]["readings"]
        tested = {split: found["runs"][run] for split, found in self.inference["splits"].items()}
        return {
            "figures": {split: _figures(found) for split, found in readings[OWN_READING].items()},
            "controls": {
                split: {SWAPPED_READING: _figures(found)} for split, found in readings.get(SWAPPED_READING, {}).items()
            },
            "tests": {
                split: {name: TestedModel(**test) for name, test in found["permutation"].items()}
                for split, found in tested.items()
            },
            "details": {
                split: {name: what for name, what in found.items() if name != "permutation"}
                for split, found in tested.items()
            },
        }


def _figures(evaluation: Plain) -> dict[str, FigureModel]:
    return {name: FigureModel(**figure) for name, figure in evaluation["figures"].items()}


def _memorisation(places: Places, corpus: str) -> MemorisationModel:
    path = places.memorisation / "memorisation.json"
    found = read_json(path)
    if found.pop("corpus_sha256", None) != corpus:
        raise InputError(f"{path}: made from another corpus; run 'dvc repro'")
    return MemorisationModel(**found)


def _trivial(trivial: Plain) -> list[BaselineModel]:
    answers = list(next(iter(trivial.values()), {}))
    return [
        BaselineModel(name=name, figures={split: _figures(found[name]) for split, found in trivial.items()})
        for name in answers
    ]


def _comparisons(split: Plain, inference: Plain) -> list[Plain]:
    return [{**pair, "baseline": pair["b"] in inference["baselines"]} for pair in split["comparisons"]]


def _provenance(places: Places, params: Params) -> Plain:
    """Where everything comes from; times are left out, so that the same inputs give the same bytes."""
    records = {run: read_compared(places, run).record for run in params.runs}
    first = next(iter(records.values()))["provenance"]
    corpus = read_json(places.corpus_record)
    return {
        **first,
        # Of the audit itself; runs may have been computed before it and not again, since nothing they need changed.
        "code_revision": code_revision(places.root),
        "code_revisions_of_runs": {run: record["provenance"]["code_revision"] for run, record in records.items()},
        "parameters": params.model_dump(mode="json"),
        "corpus": {name: corpus[name] for name in ("corpus_sha256", "kind", "seed")},
        "embeddings": {name: read_json(places.embedding_record(name)) for name in params.embed},
        "submissions": read_json(places.submit_report)["runs"],
        "dvc_lock": _locked(places.root / "dvc.lock", params),
    }


def _locked(path: Path, params: Params) -> dict[str, dict[str, str]]:
    """Outputs and their hashes, as dvc.lock has them, of the parameters' stages before this one; else empty."""
    try:
        stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}
    wanted = ["corpus", *(f"embed@{name}" for name in params.embed), "submit", "trivial", "inference"]
    wanted += ["evidence", "memorisation"]
    wanted += [f"study@{name}" for name in params.study]
    wanted += [f"{stage}@{run}" for stage in ("compare", "evaluate") for run in params.runs]
    return {
        name: {out["path"]: str(out["md5"]) for out in stages[name].get("outs", []) if "md5" in out}
        for name in wanted
        if name in stages
    }
