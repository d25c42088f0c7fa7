"""From scores to what is said: all columns together, tests beside reference images, verdict, image by image."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.inspection.columns import COMBINED
from ganprint.audit.inspection.equal import equal_images
from ganprint.audit.inspection.limits import limits_of
from ganprint.audit.inspection.model import FolderModel, ImageModel, InspectVerdictModel, ReferenceModel
from ganprint.audit.inspection.reference import (
    Beside,
    ColumnTest,
    ImageAnswers,
    answer_images,
    minus_blind,
    test_columns,
)
from ganprint.audit.inspection.verdict import InspectNumbers, inspect_verdict
from ganprint.compare.rank_aggregation import rank_aggregate
from ganprint.compare.threshold import outlier_threshold
from ganprint.evaluate.fold_tests import attainable_p
from ganprint.evaluate.weighted import weighted_auc
from ganprint.seeds import derive_seed
from ganprint.stages.inspect_attacks import Column, Inspected
from ganprint.stages.inspect_blind import blind_scores
from ganprint.stages.inspect_options import InspectOptions
from ganprint.stages.inspect_people import People

__all__ = ["Judged", "judge"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """What goes into the report; ``combined`` has a score per scored image, ``tests`` are by column."""

    combined: Floats
    tests: Mapping[str, ColumnTest]
    verdict: InspectVerdictModel
    folders: dict[str, FolderModel]
    equal: dict[str, int]
    images: list[ImageModel]
    reference: ReferenceModel | None
    limits: list[str]


def judge(
    people: People,
    views: Sequence[Inspected],
    columns: Sequence[Column],
    digests: Mapping[str, Sequence[str]],
    options: InspectOptions,
) -> Judged:
    """Apply the tests and the rule of :mod:`ganprint.audit.inspection.verdict`.

    Parameters
    ----------
    people, views, columns
        What was inspected and what came out.
    digests
        By role: of the pixels of every image, empty for a single grey value.
    options
        Of the inspection.
    """
    scores = {column.name: column.scores for column in columns if column.scores is not None}
    combined = rank_aggregate(np.stack(list(scores.values()), axis=1)) if scores else np.zeros(len(people.real))
    equal = equal_images(digests, {role: gallery.ids for role, gallery in people.galleries.items()})
    counts = {role: sum(map(bool, found)) for role, found in equal.items()}
    tests: dict[str, ColumnTest] = {}
    answers, reference, numbers = None, None, InspectNumbers(counts["real"], 0)
    groups = 0
    if len(people.calibration):
        beside = _beside_of(people, options)
        everything = {**scores, COMBINED: combined}
        tests, answers = test_columns(everything, beside), answer_images(combined, beside)
        held = _Held(people, views, beside, options)
        numbers = replace(
            held.numbers(everything, tests, counts["real"]), doubtful=_doubtful(digests, equal["reference"])
        )
        reference = held.reference(numbers, answers)
        groups = reference.calibration_groups
    verdict = inspect_verdict(numbers, options.level)
    return Judged(
        combined,
        tests,
        InspectVerdictModel(kind=verdict.kind, reasons=list(verdict.reasons), lay=verdict.lay),
        {role: _folder(people, role, digests[role]) for role in digests},
        counts,
        _images(people, scores, combined, answers, equal["real"]),
        reference,
        limits_of(groups, len(people.real_groups), options.level, named=options.groups is not None),
    )


def _beside_of(people: People, options: InspectOptions) -> Beside:
    seed = derive_seed(options.seed, "inspect", "tests")
    tries = (options.resamples, options.permutations)
    return Beside(people.real, people.scored_groups, 1 - options.level, *tries, seed)


def _folder(people: People, role: str, digests: Sequence[str]) -> FolderModel:
    gallery = people.galleries[role]
    lines = "".join(f"{name} {digest}\n" for name, digest in zip(gallery.ids, digests, strict=True))
    return FolderModel(images=len(gallery), others=gallery.others, sha256=hashlib.sha256(lines.encode()).hexdigest())


def _doubtful(digests: Mapping[str, Sequence[str]], equal: Sequence[list[str]]) -> int:
    real = set(digests["real"]) - {""}
    return sum(digest in real or bool(copies) for digest, copies in zip(digests["reference"], equal, strict=True))


class _Held:
    """What is held against the columns: the blind baseline in the view with the fewest dimensions."""

    def __init__(self, people: People, views: Sequence[Inspected], beside: Beside, options: InspectOptions) -> None:
        self._people, self._beside, self._options = people, beside, options
        self._view = min(views, key=lambda inspected: inspected.scored.shape[1])
        rows, groups = self._view.scored, beside.groups
        self._blind = blind_scores(rows, beside.real, groups, beside.permutations, options.seed)

    def numbers(self, columns: Mapping[str, Floats], tests: Mapping[str, ColumnTest], equal: int) -> InspectNumbers:
        """Give what the verdict rests on."""
        beside, blind = self._beside, self._blind
        best = _best(tests, self._options.level)
        return InspectNumbers(
            equal,
            len(self._people.calibration),
            attainable_p(beside.real, beside.groups, beside.permutations) * len(tests),
            len(tests),
            best,
            tests[best].p_holm,
            tests[best].comparison.effect,
            None if blind is None else _auc(blind[0], beside),
            None if blind is None else blind[1],
            None if blind is None else minus_blind(columns[best], blind[0], beside, tried=len(tests)),
        )

    def reference(self, numbers: InspectNumbers, answers: ImageAnswers) -> ReferenceModel:
        """Give how the reference images served."""
        people, level = self._people, self._options.level
        return ReferenceModel(
            calibration=len(people.calibration),
            calibration_groups=len(np.unique(people.reference_groups[people.calibration])),
            for_attacks=len(people.for_attacks),
            least_p=answers.least,
            called_out_false_discovery=int((answers.false_discovery <= level).sum()),
            called_out_holm=int((answers.holm <= level).sum()),
            blind_view=self._view.name,
            blind_auc=numbers.blind_auc,
            blind_p=numbers.blind_p,
            better_than_blind=None if numbers.better is None else list(numbers.better),
        )


def _best(tests: Mapping[str, ColumnTest], level: float) -> str:
    significant = [name for name, test in tests.items() if test.p_holm <= level]
    if significant:
        return max(significant, key=lambda name: tests[name].comparison.effect)
    return min(tests, key=lambda name: (tests[name].comparison.p, -tests[name].comparison.effect))


def _auc(scores: Floats, beside: Beside) -> float:
    return float(weighted_auc(np.ones((1, len(scores))), beside.real, scores)["roc_auc"][0])


def _images(
    people: People,
    scores: Mapping[str, Floats],
    combined: Floats,
    answers: ImageAnswers | None,
    equal: Sequence[list[str]],
) -> list[ImageModel]:
    """Give the real images, the most suspicious first."""
    n = len(people.real_groups)
    outlier_in = np.zeros(n, dtype=np.int64)
    for values in scores.values():
        outlier_in += values[:n] >= outlier_threshold(values[:n])
    said: dict[str, Any] = {} if answers is None else vars(answers)
    return [
        ImageModel(
            id=str(people.galleries["real"].ids[row]),
            group=str(people.real_groups[row]),
            combined=float(combined[row]),
            outlier_in=int(outlier_in[row]),
            equal_to=equal[row],
            **{name: float(said[name][row]) if said else None for name in ("p", "false_discovery", "holm")},
        )
        for row in np.argsort(-combined[:n], kind="stable")
    ]
