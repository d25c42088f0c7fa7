"""Stage ``study``: which embedding and comparator see membership, selected on development data alone."""

from pathlib import Path
from typing import Any

from ganprint.corpus.store import corpus_hash, read_index
from ganprint.errors import InputError
from ganprint.evaluate.selection import Candidate, StudyTruth
from ganprint.params import Params
from ganprint.provenance import provenance
from ganprint.stages.places import Places
from ganprint.stages.study_candidates import StudyCandidate, study_candidates
from ganprint.stages.study_fits import refusal, study_truth, study_views
from ganprint.stages.study_jobs import StudyWork
from ganprint.stages.study_record import study_parameters
from ganprint.stages.study_results import StudyFound, study_figures, write_results

__all__ = ["write_study"]


def write_study(places: Places, params: Params, name: str) -> Path:
    """Write results/study/NAME: table.csv, selection.json, nested.csv, features.md, study.svg and report.html.

    Every candidate is scored out of fold over the same repeated folds by group, the rule selects one, on the whole
    development split and inside every outer fold, and the selected one's p is corrected for all that was tried. Of the
    test split nothing is looked at, neither labels nor images.

    As many parts are computed at a time as ``compute.threads`` says, each with one thread. What is finished is kept in
    results/checkpoints/study/NAME: a killed study goes on, and one that is given further embeddings, comparators or
    permutations computes these alone.

    Raises
    ------
    InputError
        When params.yaml has no such study, an embedding is missing or of another corpus, a comparator is unknown or
        given wrong parameters, or no candidate can run.
    """
    if name not in params.study:
        known = ", ".join(params.study) or "none, section study is empty"
        raise InputError(f"{places.params}: no study '{name}'; allowed: {known}")
    study = params.study[name]
    candidates = study_candidates(places, params, name)
    refused: dict[str, str] = {}
    for candidate in sorted(candidates, key=lambda one: list(one.run.views.items())):
        reason = refusal(candidate.run, study_views(places.root, candidate.run).development)
        if reason is not None:
            refused[candidate.name] = reason
    running = [candidate for candidate in candidates if candidate.name not in refused]
    if all(candidate.baseline for candidate in running):
        reason = next(iter(refused.values()))
        raise InputError(f"{places.params}: study '{name}': no candidate can run; the first reason: {reason}")
    work = StudyWork.open(places, params, name)
    work.compute(running)
    development = study_views(places.root, running[0].run).development
    truth = study_truth(development, params.seed, name, study.folds)
    found = _found(work, running, truth, development.real.ids)
    record = {
        "study": name,
        "corpus_sha256": corpus_hash(read_index(places.corpus)),
        "parameters": study_parameters(params, name),
        "provenance": provenance(places.root, params.compute.device, 1),
    }
    write_results(places.study(name), study_figures(found, params, name), candidates, refused, record)
    return places.study(name)


def _found(work: StudyWork, running: list[StudyCandidate], truth: StudyTruth, ids: Any) -> StudyFound:
    scored, drawn = {}, {}
    for candidate in running:
        arrays = work.observed(candidate)
        scored[candidate.name] = Candidate(
            candidate.name, candidate.place, candidate.learns, arrays["outer"], arrays.get("inner")
        )
        if candidate.learns and not candidate.baseline:
            drawn[candidate.name] = work.drawn(candidate)
    baselines = frozenset(candidate.name for candidate in running if candidate.baseline)
    return StudyFound(truth, ids, scored, baselines, drawn)
