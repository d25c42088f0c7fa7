"""Records of one run's answers about images whose truth need not be known: as a set, and one by one with abstention."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.evaluate.conformal import Calibration, answer, coverage
from ganprint.evaluate.set_level import Side, compare_sets
from ganprint.evaluate.shift import shift_p
from ganprint.evaluate.tables import ScoreTable, labels_of
from ganprint.params import EvaluateParameters
from ganprint.seeds import generator

__all__ = ["abstention_record", "unlabelled_record"]

Record = dict[str, Any]
Truths = Mapping[str, Mapping[str, int]]

_CAVEAT = (
    "test scores come from the fit on the whole development split, development scores are out of fold: a difference "
    "may stem from that as well, and does so where test images outscore even used development images"
)


def unlabelled_record(
    tables: Mapping[str, ScoreTable], truth: Mapping[str, int], parameters: EvaluateParameters, seed: int
) -> Record:
    """Compare the test images, as a set, with the development images of either class; their truth is not asked for.

    Parameters
    ----------
    tables
        ``development`` and ``test``.
    truth
        Of the development split.
    parameters
        Section ``evaluate`` of params.yaml.
    seed
        Already derived for the run.

    Returns
    -------
    ``against_not_used`` (do the test images score higher?) and ``against_used`` (do they score lower?); ``None`` for a
    class without images.
    """
    development, test = tables["development"], tables["test"]
    used = labels_of(development, truth)
    keys = _group_keys(tables)
    found: Record = {}
    sides: dict[str, tuple[int, Side]] = {"against_not_used": (0, "higher"), "against_used": (1, "lower")}
    for name, (label, side) in sides.items():
        reference = used == label
        scores = np.concatenate([test.scores, development.scores[reference]])
        in_set = np.repeat([1, 0], [len(test), int(reference.sum())]).astype(np.int8)
        groups = np.concatenate([keys["test"], keys["development"][reference]])
        compared = compare_sets(
            scores, in_set, groups, side=side, confidence=parameters.confidence, resamples=parameters.resamples,
            permutations=parameters.permutations, rng=generator(seed, name), note=_CAVEAT,
        )  # fmt: skip
        found[name] = None if compared is None else compared.as_dict()
    return found


def abstention_record(
    tables: Mapping[str, ScoreTable], truths: Truths, parameters: EvaluateParameters, seed: int
) -> Record:
    """Answer "used", "not used" or "can not say" about every image.

    The calibration holds for test images if their scores are distributed as those of development images. That needs no
    truth to be tested, and where it is refuted at 1 - confidence every answer about a test image is "can not say".

    Parameters
    ----------
    tables
        ``development`` and ``test``.
    truths
        By split, where known; the development split's is.
    parameters
        Section ``evaluate`` of params.yaml.
    seed
        Already derived for the run.

    Returns
    -------
    ``level``; ``shift_p`` and ``withheld`` (of and because of the test of the calibration); ``answers`` (split to
    answer to number of images); ``coverage`` (split to class, where the truth is known); ``per_image``.
    """
    keys = _group_keys(tables)
    p, withheld = _shift(tables, keys, parameters, seed)
    calibration = Calibration(
        tables["development"].scores, labels_of(tables["development"], truths["development"]), keys["development"]
    )
    record: Record = {
        "level": parameters.abstain, "shift_p": p, "withheld": withheld, "answers": {}, "coverage": {}, "per_image": []
    }  # fmt: skip
    for split, table in tables.items():
        answers = answer(calibration, table.scores, keys[split], parameters.abstain)
        if split == "test" and withheld:
            answers = answers.withheld()
        record["answers"][split] = answers.counts()
        if split in truths:
            known = labels_of(table, truths[split])
            record["coverage"][split] = coverage(answers, known, keys[split], parameters.confidence)
        columns = (table.ids.tolist(), answers.p_used.tolist(), answers.p_not_used.tolist(), answers.answers.tolist())
        record["per_image"] += [
            {"id": image, "split": split, "p_used": p_used, "p_not_used": p_not_used, "answer": said}
            for image, p_used, p_not_used, said in zip(*columns, strict=True)
        ]
    return record


def _shift(
    tables: Mapping[str, ScoreTable], keys: Mapping[str, NDArray[np.str_]], parameters: EvaluateParameters, seed: int
) -> tuple[float, bool]:
    """P value of equal distributions of the scores of both splits, and whether they are refuted."""
    sizes = [len(tables[split]) for split in ("development", "test")]
    p = shift_p(
        np.concatenate([tables[split].scores for split in ("development", "test")]),
        np.repeat([0, 1], sizes).astype(np.int8),
        np.concatenate([keys[split] for split in ("development", "test")]),
        parameters.permutations,
        generator(seed, "shift"),
    )
    return p, p <= 1 - parameters.confidence


def _group_keys(tables: Mapping[str, ScoreTable]) -> dict[str, NDArray[np.str_]]:
    """Groups of both splits side by side: a patient is the same in both, an image of unknown group is not."""
    return {
        split: np.array(
            [
                f"{split}/{image}" if image == group else group
                for image, group in zip(table.ids.tolist(), table.groups.tolist(), strict=True)
            ]
        )
        for split, table in tables.items()
    }
