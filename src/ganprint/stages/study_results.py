"""From the scores of a study's candidates to its figures, and the figures as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.audit.plots import svg_bytes
from ganprint.audit.study_page import render_study
from ganprint.audit.study_plot import study_plot
from ganprint.audit.study_table import features_table
from ganprint.evaluate.permutation import exchange_unit
from ganprint.evaluate.selection import (
    Candidate,
    Nested,
    StudyTruth,
    corrected_p,
    interval,
    nested_selection,
    plain_p,
    whole_selection,
)
from ganprint.evaluate.selection_pairs import GroupPairs, auc_of_labels, group_pairs
from ganprint.evaluate.selection_rule import RULE
from ganprint.files import atomic_directory, write_json, write_text
from ganprint.params import Params
from ganprint.seeds import generator
from ganprint.stages.study_candidates import StudyCandidate
from ganprint.stages.study_fits import relabelled

__all__ = ["TABLE_COLUMNS", "StudyFigures", "StudyFound", "study_figures", "write_results"]

TABLE_COLUMNS = (
    *("candidate", "family", "embedding", "pooling", "comparator", "learns", "baseline", "place"),
    *("auc", "low", "high", "p", "p_corrected", "selected_inside", "refused"),
)


@dataclass(frozen=True, eq=False)
class StudyFound:
    """What was computed of a study.

    Attributes
    ----------
    truth
        Labels, groups and folds.
    ids
        [n], of the images.
    scored
        Candidate to its scores, the simplest first, baselines among them.
    baselines
        Which of them are never selected.
    drawn
        Candidate that learns to its AUC under every relabelled truth.
    """

    truth: StudyTruth
    ids: NDArray[np.str_]
    scored: Mapping[str, Candidate]
    baselines: frozenset[str]
    drawn: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class StudyFigures:
    """Figures of a study.

    Attributes
    ----------
    rows
        Candidate to ``auc``, ``low``, ``high`` and, but for baselines, ``p``, ``p_corrected``, ``selected_inside``.
    nested
        Scores of "select, then use", ``repetition, fold, id, group, candidate, score``.
    selection
        What selection.json says beside parameters and provenance.
    """

    rows: Mapping[str, Mapping[str, Any]]
    nested: pd.DataFrame
    selection: Mapping[str, Any]


def study_figures(found: StudyFound, params: Params, name: str) -> StudyFigures:
    """Compute all figures of a study.

    Intervals are about the same resamples of groups. A candidate that learns is tested by the AUC of its first
    repetition, which the refits under relabelled truths have, too.
    """
    study, truth = params.study[name], found.truth
    family = [candidate for candidate in found.scored.values() if candidate.name not in found.baselines]
    counted = {candidate.name: candidate.whole(truth) for candidate in found.scored.values()}
    nested = nested_selection(family, truth, study.tolerance)
    times = nested.counts([candidate.name for candidate in family])
    observed, drawn = _tested(found, family, counted, params, name)
    p_values = zip(plain_p(observed, drawn), corrected_p(observed, drawn), strict=True)

    def limits(pairs: GroupPairs) -> dict[str, float]:
        evaluate, rng = params.evaluate, generator(params.seed, "study", name, "resamples")
        low, high = interval(pairs, confidence=evaluate.confidence, resamples=evaluate.resamples, rng=rng)
        return {"auc": pairs.auc, "low": low, "high": high}

    rows: dict[str, dict[str, Any]] = {candidate: limits(pairs) for candidate, pairs in counted.items()}
    for candidate, (p, p_corrected) in zip(family, p_values, strict=True):
        inside = times.get(candidate.name, 0)
        rows[candidate.name] |= {"p": float(p), "p_corrected": float(p_corrected), "selected_inside": inside}
    chosen = family[whole_selection([counted[one.name] for one in family], family, study.tolerance)].name
    naive = max(family, key=lambda one: (counted[one.name].auc, -one.place)).name
    selection = {
        "rule": RULE.format(tolerance=study.tolerance),
        "candidates": len(family),
        "images": len(truth.used),
        "used": int(truth.used.sum()),
        "groups": len(np.unique(truth.groups)),
        "outer_folds": int(truth.outer.max()) + 1,
        "repetitions": len(truth.outer),
        "confidence": params.evaluate.confidence,
        "chosen": {"candidate": chosen, **rows[chosen]},
        "naive": {"candidate": naive, **rows[naive]},
        "nested": {**limits(nested.pairs), "selected": times},
        "optimism": counted[naive].auc - nested.pairs.auc,
        "permutations": study.permutations,
        "exchanged": exchange_unit(truth.used, truth.groups),
        "refitted": sorted(found.drawn),
        # Corrected p values hold for all candidates at once, so whoever passes is claimed, selected or not.
        "claims": [
            one.name for one in family if rows[one.name]["p_corrected"] <= 1 - params.evaluate.confidence + 1e-12
        ],
    }
    return StudyFigures(rows, _nested_table(found, nested, [one.name for one in family]), selection)


def _tested(
    found: StudyFound, family: Sequence[Candidate], counted: Mapping[str, GroupPairs], params: Params, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the tested AUC, [C], and the same under every relabelled truth, [C, draws]."""
    truth, draws = found.truth, range(params.study[name].permutations)
    labels = np.stack([relabelled(truth.used, truth.groups, params.seed, name, draw) for draw in draws])
    observed, drawn = [], []
    for candidate in family:
        if candidate.learns:
            first = group_pairs(truth.used, truth.groups, candidate.outer[:1], truth.outer[:1])
            observed.append(first.auc)
            drawn.append(found.drawn[candidate.name])
        else:
            observed.append(counted[candidate.name].auc)
            drawn.append(auc_of_labels(labels, candidate.outer[0]))
    return np.array(observed), np.stack(drawn)


def _nested_table(found: StudyFound, nested: Nested, names: Sequence[str]) -> pd.DataFrame:
    tables = []
    for repetition, folds in enumerate(found.truth.outer):
        columns = {"repetition": repetition, "fold": folds, "id": found.ids, "group": found.truth.groups}
        chosen = np.array(names)[nested.chosen[repetition, folds]]
        tables.append(pd.DataFrame(columns | {"candidate": chosen, "score": nested.scores[repetition]}))
    return pd.concat(tables)


def write_results(
    target: Path,
    figures: StudyFigures,
    candidates: Sequence[StudyCandidate],
    refused: Mapping[str, str],
    record: Mapping[str, Any],
) -> None:
    """Write a study's folder; it appears when all of it is there."""
    table = _table(figures, candidates, refused)
    chosen = next(one for one in candidates if one.name == figures.selection["chosen"]["candidate"])
    # As a block of section runs, ready to be put there.
    block = chosen.run.model_dump(mode="json", exclude_defaults=True)
    content = {**record, **figures.selection, "chosen_run": block, "refused": dict(refused)}
    title = f"Study {record['study']}: what sees membership, development split"
    svg = svg_bytes(study_plot(title, table, content["nested"], chosen.name))
    with atomic_directory(target) as folder:
        write_text(folder / "table.csv", table.to_csv(index=False, lineterminator="\n"))
        write_text(folder / "nested.csv", figures.nested.to_csv(index=False, lineterminator="\n"))
        write_json(folder / "selection.json", content)
        write_text(folder / "features.md", "\n".join(features_table(table, 1 - content["confidence"])) + "\n")
        (folder / "study.svg").write_bytes(svg)
        write_text(folder / "report.html", render_study(content, table, svg))


def _table(figures: StudyFigures, candidates: Sequence[StudyCandidate], refused: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        {
            "candidate": one.name,
            "family": one.family,
            "embedding": one.run.embedding,
            "pooling": one.run.pooling,
            "comparator": one.comparator,
            "learns": one.learns,
            "baseline": one.baseline,
            "place": one.place,
            **figures.rows.get(one.name, {}),
            "refused": refused.get(one.name, ""),
        }
        for one in candidates
    ]
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    table["selected_inside"] = table["selected_inside"].astype("Int64")
    return table.sort_values("auc", ascending=False, kind="stable", na_position="last").reset_index(drop=True)
