"""The verdict on a run and on a corpus: rules applied to numbers, in words that say what can not be concluded.

The rules, in this order, on the split whose truth is known (test, else development out of fold):

1. *not assessable*: the run was refused; or all its scores are equal; or there are so few groups that even a ROC AUC of
   0.95 would be missed more often than the stated power allows, or that no p could be small enough; or the run told
   used images from used ones where half of them were called used by lot.
2. Without a ROC AUC above chance (permutation test by group, corrected for the number of runs): *not shown at this n*.
3. Above chance, but without a blind baseline or without the control beside noise: *not assessable*, since nothing is
   held against it.
4. The run has to be clearly better than the blind baseline and than itself beside noise in place of generated images
   (the interval of the paired difference in ROC AUC lies above 0). Where it is not: *split bias* if that control is
   above chance itself, else *not shown at this n*.
5. *leak shown*: above chance, and clearly better than both controls.

A corpus has the strongest verdict of its runs, in the order leak shown, split bias, not shown, not assessable: the
correction for the number of runs makes this one claim at the stated level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["LAY", "Control", "Kind", "Numbers", "Rate", "Verdict", "corpus_verdict", "run_verdict"]

Kind = Literal["leak shown", "split bias", "not shown at this n", "not assessable"]

_STRENGTH: tuple[Kind, ...] = ("leak shown", "split bias", "not shown at this n", "not assessable")
_LEAST_INFORMATIVE_AUC = 0.95

LAY: dict[Kind, str] = {
    "leak shown": (
        "The generated images carry information about which real images the generator was trained on. This does not "
        "say with certainty which single image was used, nor how much of an image could be rebuilt."
    ),
    "split bias": (
        "Used and not used images can be told apart without comparing them with the generated ones, so this success "
        "says nothing about the generator. It does not say that the generator is safe."
    ),
    "not shown at this n": (
        "With these images and these methods no leak could be shown. This does not say that there is none: a weaker "
        "leak may go unseen, and another method may see one."
    ),
    "not assessable": (
        "The question could not be answered with what was at hand. Nothing may be concluded, in either direction."
    ),
}
"""What each verdict means for a reader who knows no statistics, and what it does not mean."""


@dataclass(frozen=True)
class Rate:
    """A ROC AUC, or a difference of two, with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Control:
    """A control's ROC AUC and its permutation p."""

    auc: Rate
    p: float


@dataclass(frozen=True)
class Numbers:
    """What a verdict on one run rests on.

    Attributes
    ----------
    run
        Its name.
    split
        ``development`` (out of fold) or ``test``.
    refusal
        Why it did not run; then the other numbers are not looked at.
    constant
        True when all scores are equal.
    auc
        ``None`` when undefined.
    p_corrected
        One-sided permutation p of the ROC AUC, corrected for the number of runs.
    detectable_auc
        Smallest ROC AUC that would be found with the stated power; ``None`` when there is none.
    blind
        The blind baseline.
    better_than_blind
        ROC AUC of the run minus that of the blind baseline.
    swapped
        The same run beside noise in place of generated images.
    better_than_noise
        ROC AUC of the run minus that of this control.
    members
        The same procedure on used images alone, half of them called used by lot.
    controls
        How many runs have such a control: its level is divided by it.
    """

    run: str
    split: str
    refusal: str | None = None
    constant: bool = False
    auc: Rate | None = None
    p_corrected: float | None = None
    detectable_auc: float | None = None
    blind: Control | None = None
    better_than_blind: Rate | None = None
    swapped: Control | None = None
    better_than_noise: Rate | None = None
    members: Control | None = None
    controls: int = 1


@dataclass(frozen=True)
class Verdict:
    """A verdict, the numbers that led to it as sentences, and its meaning for lay readers."""

    kind: Kind
    reasons: tuple[str, ...]
    lay: str


def run_verdict(numbers: Numbers, level: float) -> Verdict:
    """Apply the rules to one run.

    Parameters
    ----------
    numbers
        Of the run on the split that decides.
    level
        Of the tests, for example 0.05.
    """
    unfit = _not_assessable(numbers, level)
    if unfit is not None:
        return _verdict("not assessable", unfit)
    auc, p = numbers.auc, numbers.p_corrected
    if auc is None or p is None:
        raise ValueError(f"{numbers.run}: a ROC AUC without a test")
    said = f"ROC AUC {auc} on the {numbers.split} split, p = {p:.4f} after correction for the number of runs"
    if p > level:
        below = "; the ranking is below chance, which no rule of this audit counts as a leak" * (auc.high < 0.5)
        missed = f"a leak with a ROC AUC under {numbers.detectable_auc:.3f} would often be missed at this n"
        return _verdict("not shown at this n", f"{said}: not above chance{below}", missed)
    above = f"{said}: above chance"
    held = _held_against(numbers)
    missing = [name for name, (control, better) in held.items() if control is None or better is None]
    if missing:
        return _verdict("not assessable", above, f"nothing is held against it: no {' and no '.join(missing)}")
    reasons = [_comparison(name, control, better) for name, (control, better) in held.items()]
    unclear = [control for control, better in held.values() if control and better and better.low <= 0]
    if unclear:
        biased = any(control.p <= level for control in unclear)
        return _verdict("split bias" if biased else "not shown at this n", above, *reasons)
    if numbers.members is None:
        reasons.append("used images against used images: not made for this run")
    else:
        reasons.append(f"used images against used images: ROC AUC {numbers.members.auc}, p = {numbers.members.p:.4f}")
    return _verdict("leak shown", above, *reasons)


def corpus_verdict(verdicts: Sequence[Verdict]) -> Verdict:
    """Give the strongest verdict of the runs; *not assessable* when there is no run."""
    for kind in _STRENGTH:
        found = [verdict for verdict in verdicts if verdict.kind == kind]
        if found:
            return _verdict(kind, *(reason for verdict in found for reason in verdict.reasons[:1]))
    return _verdict("not assessable", "there is no run")


def _verdict(kind: Kind, *reasons: str) -> Verdict:
    return Verdict(kind, reasons, LAY[kind])


def _not_assessable(numbers: Numbers, level: float) -> str | None:
    if numbers.refusal is not None:
        return f"refused: {numbers.refusal}"
    if numbers.constant:
        return "every image has the same score, so nothing is ranked"
    if numbers.auc is None:
        return "the ROC AUC is undefined: one class is missing"
    if numbers.detectable_auc is None or numbers.detectable_auc > _LEAST_INFORMATIVE_AUC:
        return f"too few groups: even a ROC AUC of {_LEAST_INFORMATIVE_AUC} would often be missed, or could not be told"
    members = numbers.members
    if members is not None and members.p <= level / numbers.controls:
        return (
            f"the control failed: used images were told from used images (ROC AUC {members.auc}, p = {members.p:.4f}), "
            "so the procedure finds differences where there are none"
        )
    return None


def _held_against(numbers: Numbers) -> dict[str, tuple[Control | None, Rate | None]]:
    return {
        "baseline that never sees the generated images": (numbers.blind, numbers.better_than_blind),
        "control beside noise in place of the generated images": (numbers.swapped, numbers.better_than_noise),
    }


def _comparison(name: str, control: Control | None, better: Rate | None) -> str:
    if control is None or better is None:
        raise ValueError(f"{name}: missing")
    clearly = "the run is clearly better" if better.low > 0 else "the run is not clearly better"
    return f"{name}: ROC AUC {control.auc}, p = {control.p:.4f}; {clearly} (difference {better})"
