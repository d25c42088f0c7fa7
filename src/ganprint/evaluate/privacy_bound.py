"""A lower bound on the privacy loss epsilon from one run of the generator.

Steinke, Nasr and Jagielski (2023), with delta = 0: whoever guesses memberships of a generator that is epsilon-private
is right no more often than a coin that shows the right side with probability e^epsilon / (1 + e^epsilon). The bound
needs every membership to be an independent fair coin, and guesses made without knowing other memberships.

What was one coin is one guess: where every group (patient) is of one class, groups are guessed by the mean score of
their images.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import beta, binomtest

from ganprint.evaluate.permutation import exchange_unit

__all__ = ["SHARES", "PrivacyBound", "Simultaneous", "epsilon_lower_bound", "privacy_bound"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

SHARES = (0.05, 0.1, 0.25, 0.5)
"""Shares of the units that the simultaneous bound guesses, at the highest end alone or at either end: fixed before any
score was seen, since every further candidate costs all others."""

_ASSUMES = (
    "holds if memberships are independent fair coins, as in the phantom; a split of fixed halves is exchangeable, not "
    "independent, and then the bound is an approximation"
)
_OUT_OF_FOLD = (
    "development scores are out of fold: their fits knew the memberships of other groups, which the bound does not "
    "allow for, and the threshold was chosen on them"
)
_MIXED = "classes mix inside groups, so images are guessed one by one and taken as independent"


@dataclass(frozen=True)
class Simultaneous:
    """The best of several ways to guess, corrected for their number (Bonferroni).

    Attributes
    ----------
    epsilon
        Lower bound.
    guesses, right
        Of the best way.
    ends
        ``highest`` (the highest scored are guessed used, no other is guessed) or ``both`` (the lowest scored are
        guessed not used as well).
    share
        Share of the units that are guessed at an end.
    candidates
        Number of ways tried.
    """

    epsilon: float
    guesses: int
    right: int
    ends: Literal["highest", "both"]
    share: float
    candidates: int


@dataclass(frozen=True)
class PrivacyBound:
    """Lower bounds on epsilon of one run on one split.

    Attributes
    ----------
    epsilon, guesses, right
        With the run's own threshold; ``None`` where that was not fixed beforehand.
    fixed_beforehand
        Whether it was.
    simultaneous
        Needs no threshold; ``None`` where memberships are no fair coins.
    unit
        ``image`` or ``group``: what one guess is about.
    confidence
        Of either bound.
    note
        What it assumes.
    """

    epsilon: float | None
    guesses: int | None
    right: int | None
    fixed_beforehand: bool
    simultaneous: Simultaneous | None
    unit: Literal["image", "group"]
    confidence: float
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)


def epsilon_lower_bound(right: int, guesses: int, confidence: float) -> float:
    """Give the largest epsilon that so many right guesses refute, 0 when they refute none.

    Steinke, Nasr and Jagielski (2023), delta = 0: the largest epsilon with
    P[Binomial(guesses, e^epsilon / (1 + e^epsilon)) >= right] < 1 - confidence. The success probability at which this
    tail equals 1 - confidence is the one-sided limit of Clopper and Pearson (1934), a quantile of a beta distribution.

    Examples
    --------
    >>> [round(epsilon_lower_bound(right, 200, 0.95), 3) for right in (101, 105, 162, 200)]
    [0.0, 0.0, 1.145, 4.194]
    """
    if not 0 <= right <= guesses:
        raise ValueError(f"{right} right of {guesses} guesses")
    if right == 0:
        return 0.0
    return max(0.0, float(logit(beta.ppf(1 - confidence, right, guesses - right + 1))))


def privacy_bound(
    used: Labels,
    scores: Floats,
    groups: NDArray[np.str_],
    *,
    threshold: float | None,
    confidence: float,
    rng: np.random.Generator,
) -> PrivacyBound:
    """Bound epsilon from below.

    Parameters
    ----------
    used, scores, groups
        [n] each.
    threshold
        A score at or above it means used; fixed on other data. ``None`` when it was not: then there is the
        simultaneous bound alone.
    confidence
        For example 0.95.
    rng
        Breaks ties between equal scores at the end of a share.
    """
    unit: Literal["image", "group"] = "group" if exchange_unit(used, groups) == "group" else "image"
    notes = [_ASSUMES] if threshold is not None else [_ASSUMES, _OUT_OF_FOLD]
    if unit == "image" and len(np.unique(groups)) < len(groups):
        notes.append(_MIXED)
    if unit == "group":
        used, scores = _per_group(used, scores, groups)
    if binomtest(int(used.sum()), len(used)).pvalue < 1 - confidence:
        # "All used" alone would be right more often than a coin, and the bound would call that a leak.
        notes.append(f"{int(used.sum())} of {len(used)} are used: memberships are no fair coins, so there is no bound")
        return PrivacyBound(None, None, None, threshold is not None, None, unit, confidence, "; ".join(notes))
    guesses, right, epsilon = None, None, None
    if threshold is not None:
        guesses, right = len(used), int(((scores >= threshold) == used).sum())
        epsilon = epsilon_lower_bound(right, guesses, confidence)
    best = _simultaneous(used, scores, confidence, rng)
    fixed = threshold is not None
    return PrivacyBound(epsilon, guesses, right, fixed, best, unit, confidence, "; ".join(notes))


def _per_group(used: Labels, scores: Floats, groups: NDArray[np.str_]) -> tuple[Labels, Floats]:
    """One membership and one mean score per group."""
    names, first, member_of = np.unique(groups, return_index=True, return_inverse=True)
    means = np.bincount(member_of, scores, minlength=len(names)) / np.bincount(member_of)
    return used[first], means


def _simultaneous(used: Labels, scores: Floats, confidence: float, rng: np.random.Generator) -> Simultaneous:
    # Ties are broken by chance: the order of the rows may go with the truth.
    order = np.lexsort((rng.random(len(scores)), scores))
    ranked = used[order].astype(int)
    ways: list[tuple[int, int, Literal["highest", "both"], float]] = []
    for share in SHARES:
        k = max(1, int(share * len(used)))
        ways.append((k, int(ranked[-k:].sum()), "highest", share))
        if 2 * k <= len(used):
            ways.append((2 * k, int(ranked[-k:].sum() + (1 - ranked[:k]).sum()), "both", share))
    corrected = 1 - (1 - confidence) / len(ways)
    found = [
        Simultaneous(epsilon_lower_bound(right, guesses, corrected), guesses, right, ends, share, len(ways))
        for guesses, right, ends, share in ways
    ]
    return max(found, key=lambda bound: bound.epsilon)
