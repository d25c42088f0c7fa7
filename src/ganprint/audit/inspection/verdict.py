"""The verdict of an inspection: a rule applied to numbers, in words that say what can not be concluded.

In this order:

1. A real image that is equal, pixel for pixel, to a generated one (images of a single grey value are left out):
   *shown*. No rate of errors is needed to call that a copy.
2. Without reference images: *cannot be judged without reference*. Some generated image is nearest to every real one;
   how near one comes by chance is not known.
3. With a reference image that is equal, pixel for pixel, to a real or a generated one: *cannot be judged without
   reference*, since it is not certain that such an image was not used.
4. With so few groups of calibration images that no p could be small enough: *cannot be judged without reference*, of
   which there are too few.
5. Without a column whose set-level test is significant after correction for the number of columns (Holm):
   *not shown at this n*.
6. Of the significant columns the one with the largest effect has to be clearly better than the blind baseline, which
   tells real from reference images without looking at any generated one (the interval of the difference in ROC AUC
   lies above 0). Where it is not, and the baseline is above chance itself: *cannot be judged without reference*, since
   these are unlike the real images for another reason. Where it is not, and the baseline is at chance:
   *not shown at this n*.
7. *shown*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["LAY", "InspectKind", "InspectNumbers", "InspectVerdict", "inspect_verdict", "look_alikes"]

_ALIKE = 2
"""Bits of a perceptual hash by which a copy may differ: noise of two grey levels changes none or few."""

InspectKind = Literal["shown", "not shown at this n", "cannot be judged without reference"]

LAY: dict[InspectKind, str] = {
    "shown": (
        "The generated images carry information about these real images that chance does not explain. Treat them as "
        "data of the patients, not as anonymous. This does not say with certainty which single image was used, unless "
        "an image is listed as equal."
    ),
    "not shown at this n": (
        "By these tests and their rule copying is not shown. This does not say that there is none: copies of a "
        "few images among many, mirrored copies or a weaker leak may go unseen, and another method may see one. Look "
        "at the evidence per image before you rely on this. It is no proof of anonymity."
    ),
    "cannot be judged without reference": (
        "The question could not be answered with what was at hand: it needs real images that were certainly not used, "
        "of the same kind as the ones in question. The order of suspicion below is worth looking at; no rate of errors "
        "can be stated for it, in either direction."
    ),
}
"""What each verdict means for a reader who knows no statistics, and what it does not mean."""


@dataclass(frozen=True)
class InspectNumbers:
    """What the verdict rests on.

    Attributes
    ----------
    equal
        Real images equal to a generated one.
    calibration
        Reference images that were scored beside the real ones; 0 without any.
    doubtful
        Reference images that are equal to a real or a generated one.
    attainable
        Smallest p of the set-level test that is possible, times the number of columns.
    columns
        How many columns were tested.
    best
        Name of the significant column with the largest effect, or of the column with the smallest p.
    p_holm, effect
        Of that column.
    blind_auc, blind_p
        Of the baseline that never sees generated images; None when it could not be fitted.
    better
        ROC AUC of the column less that of the baseline, with its interval.
    """

    equal: int
    calibration: int
    attainable: float = 1.0
    columns: int = 0
    best: str = ""
    p_holm: float = 1.0
    effect: float = 0.5
    blind_auc: float | None = None
    blind_p: float | None = None
    better: tuple[float, float, float] | None = None
    doubtful: int = 0


@dataclass(frozen=True)
class InspectVerdict:
    """A verdict, the numbers that led to it as sentences, and its meaning for lay readers."""

    kind: InspectKind
    reasons: tuple[str, ...]
    lay: str


def inspect_verdict(numbers: InspectNumbers, level: float) -> InspectVerdict:
    """Apply the rule; ``level`` is that of the tests, for example 0.05."""
    kind, reasons = _judged(numbers, level)
    if numbers.equal:
        equal = f"real images that are equal, pixel for pixel, to a generated one: {numbers.equal}"
        return InspectVerdict("shown", (equal, *reasons), LAY["shown"])
    return InspectVerdict(kind, tuple(reasons), LAY[kind])


def look_alikes(evidence: Mapping[str, Any]) -> list[str]:
    """Say how many images of the evidence have a generated one that the eye may take for a copy; empty without any."""
    suspects = evidence["suspects"]
    count = sum(any(pair["hash_bits"] <= _ALIKE for pair in found["evidences"]) for found in suspects)
    if not count:
        return []
    return [
        f"look at the evidence: {count} of the {len(suspects)} real images there have a generated image with nearly "
        f"the same perceptual hash, mirrored or not (at most {_ALIKE} of 64 bits differ); this is no test, and may be "
        "a copy"
    ]


def _judged(numbers: InspectNumbers, level: float) -> tuple[InspectKind, list[str]]:
    if not numbers.calibration:
        return "cannot be judged without reference", [
            "no reference images were given (--reference), so nothing says how near generated images come by chance"
        ]
    if numbers.doubtful:
        return "cannot be judged without reference", [
            "reference images that are equal, pixel for pixel, to a real or a generated one: "
            f"{numbers.doubtful}; it is not certain that they were not used, so no test holds: find out, take them away"
        ]
    if numbers.attainable > level:
        few = f"{numbers.calibration} reference images were scored beside the real ones"
        return "cannot be judged without reference", [
            f"{few}, too few: no p under {numbers.attainable:.2g} is possible after correction; the level is {level:g}"
        ]
    said = (
        f"column {numbers.best}: a real image outscores a reference image with probability {numbers.effect:.3f} "
        f"(0.5: no difference), p = {numbers.p_holm:.2g} after correction for {numbers.columns} columns"
    )
    if numbers.p_holm > level:
        return "not shown at this n", [f"{said}: no more than chance allows"]
    return _beside_blind(numbers, level, said)


def _beside_blind(numbers: InspectNumbers, level: float, said: str) -> tuple[InspectKind, list[str]]:
    if numbers.better is None or numbers.blind_auc is None or numbers.blind_p is None:
        return "cannot be judged without reference", [
            said,
            "the baseline that never sees generated images could not be fitted (too few groups), so nothing is held "
            "against it",
        ]
    value, low, high = numbers.better
    blind = (
        f"baseline that never sees generated images: {numbers.blind_auc:.3f}, p = {numbers.blind_p:.2g}; "
        f"the column's figure less that is {value:.3f} [{low:.3f}, {high:.3f}]"
    )
    if low > 0:
        return "shown", [said, f"{blind}: clearly better"]
    if numbers.blind_p <= level:
        unlike = "not clearly better, and the reference images are unlike the real ones without any generator"
        return "cannot be judged without reference", [said, f"{blind}: {unlike}"]
    return "not shown at this n", [said, f"{blind}: not clearly better"]
