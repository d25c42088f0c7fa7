"""Answers per image that may abstain: "used", "not used" or "can not say", with a bounded rate of wrong ones.

Split conformal prediction within each class (Mondrian; Vovk, Gammerman and Shafer 2005): an image is strange for a
class when its score is on the far side of the scores that calibration images of this class have. Images of one group
are not exchangeable with those of others, so every calibration group counts once, its images sharing its weight, and
the new image's own group counts as wholly as strange as the image itself. If groups are exchangeable, and images within
a group are, the p value of the true class is then below a level with at most that probability (hierarchical conformal
prediction: Lee, Barber and Willett 2023; the problem and the pooled distribution: Dunn, Wasserman and Ramdas 2022).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

__all__ = ["ANSWERS", "Answers", "Calibration", "answer", "coverage"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

ANSWERS = ("used", "not used", "can not say")


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores whose truth is known: out-of-fold development scores.

    Attributes
    ----------
    scores, used, groups
        [c] each.
    """

    scores: Floats
    used: Labels
    groups: NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers about n images.

    Attributes
    ----------
    p_used, p_not_used
        [n], p values of the two classes.
    answers
        [n], of :data:`ANSWERS`: the class that alone is not rejected at the level. Where both are rejected, as where
        none is, nothing is said.
    """

    p_used: Floats
    p_not_used: Floats
    answers: NDArray[np.str_]

    def counts(self) -> dict[str, int]:
        """Give how many images have each answer."""
        return {word: int((self.answers == word).sum()) for word in ANSWERS}

    def withheld(self) -> "Answers":
        """Give the same p values with every answer "can not say", for images that the calibration is not about."""
        return Answers(self.p_used, self.p_not_used, np.full(len(self.answers), ANSWERS[2]))


def answer(calibration: Calibration, scores: Floats, groups: NDArray[np.str_], level: float) -> Answers:
    """Answer about images.

    Parameters
    ----------
    calibration
        Scores whose truth is known.
    scores, groups
        [n] each. Calibration images of an image's own group are left out of its calibration, so that calibration
        images can be answered about as well.
    level
        Bound on the share of wrong answers in either class. With g groups of a class no p value is under 1 / (g + 1):
        at lower levels the answer is always "can not say".
    """
    p_used, p_not_used = (_p_values(calibration, label, scores, groups) for label in (1, 0))
    may_be_used, may_be_not_used = p_used > level, p_not_used > level
    answers = np.full(len(scores), ANSWERS[2])
    answers[may_be_used & ~may_be_not_used] = ANSWERS[0]
    answers[may_be_not_used & ~may_be_used] = ANSWERS[1]
    return Answers(p_used, p_not_used, answers)


def coverage(
    answers: Answers, used: Labels, groups: NDArray[np.str_], confidence: float
) -> dict[str, Mapping[str, Any] | None]:
    """Give, by class, the share of images that were not answered wrongly; ``None`` for a class without images.

    The interval is that of Clopper and Pearson (1934) with the number of groups in place of the number of images
    (Korn and Graubard 1998): images of one group are taken to stand or fall together.
    """
    found: dict[str, Mapping[str, Any] | None] = {}
    for label, word, wrong in ((1, "used", "not used"), (0, "not used", "used")):
        part = used == label
        if not part.any():
            found[word] = None
            continue
        share = float((answers.answers[part] != wrong).mean())
        n = len(np.unique(groups[part]))
        low, high = _limits(share * n, n, confidence)
        silent = float((answers.answers[part] == ANSWERS[2]).mean())
        found[word] = {
            "share": share, "low": low, "high": high, "images": int(part.sum()), "groups": n, "can_not_say": silent
        }  # fmt: skip
    return found


def _p_values(calibration: Calibration, label: int, scores: Floats, groups: NDArray[np.str_]) -> Floats:
    """P value of a class for every image, [n]: how strange its score would be for a member of it."""
    of_class = calibration.used == label
    known, names = calibration.scores[of_class], calibration.groups[of_class]
    if not len(known):
        return np.ones(len(scores))
    group_names, member_of = np.unique(names, return_inverse=True)
    weights = 1 / np.bincount(member_of)[member_of]
    others = names[None, :] != groups[:, None]
    # Used images are strange when their scores are low, not-used ones when they are high.
    stranger = known[None, :] <= scores[:, None] if label else known[None, :] >= scores[:, None]
    n = len(group_names) - np.isin(groups, group_names)
    p: Floats = (1 + (stranger & others) @ weights) / (n + 1)
    return p


def _limits(successes: float, n: int, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, n - successes)) if successes < n else 1.0
    return low, high
