"""Claims of other papers from their rates alone: what the printed rates imply, and which answers beat them trivially.

A set of decisions is four shares: TP, TN, FP, FN. Every rate is a quotient of sums of shares, so a rate printed with so
many digits is two linear inequalities without a constant, and all printed rates together cut a cone. The range of any
other quotient over that cone is a linear program once its denominator is set to 1 (Charnes and Cooper 1962).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from ganprint.errors import InputError
from ganprint.evaluate.claims.counts import CLAIMED, PrintedRate
from ganprint.evaluate.claims.tables import CountTables, count_tables

__all__ = ["RATES", "Claim", "Implied", "check_claim", "implied_rates"]

Floats = NDArray[np.float64]
Bounds = Mapping[str, tuple[Fraction, Fraction]]

# Shares in the order TP, TN, FP, FN: (above the line, below the line).
_FORMS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "accuracy": ((1, 1, 0, 0), (1, 1, 1, 1)),
    "precision": ((1, 0, 0, 0), (1, 0, 1, 0)),
    "specificity": ((0, 1, 0, 0), (0, 1, 1, 0)),
    "recall": ((1, 0, 0, 0), (1, 0, 0, 1)),
    "f1": ((2, 0, 0, 0), (2, 0, 1, 1)),
    "prevalence": ((1, 0, 0, 1), (1, 1, 1, 1)),
    "called used": ((1, 0, 1, 0), (1, 1, 1, 1)),
    "all used: accuracy": ((1, 0, 0, 1), (1, 1, 1, 1)),
    "all used: F1": ((2, 0, 0, 2), (2, 1, 1, 2)),
    "none used: accuracy": ((0, 1, 1, 0), (1, 1, 1, 1)),
    "lead of all used in accuracy": ((0, -1, 0, 1), (1, 1, 1, 1)),
    "lead of none used in accuracy": ((-1, 0, 1, 0), (1, 1, 1, 1)),
}

RATES = (*CLAIMED, "prevalence")
"""Rates that a claim may state."""

# Widest range, as a share, that counts as one value.
_POINT = 1e-5


@dataclass(frozen=True)
class Implied:
    """What a claim implies about one figure.

    Attributes
    ----------
    low, high
        Smallest and largest value among all shares that print like the claim.
    value
        The value if the printed digits were all there is; ``None`` when they do not fix it.
    """

    low: float
    high: float
    value: float | None


@dataclass(frozen=True)
class Claim:
    """A claim checked.

    Attributes
    ----------
    printed
        The rates as given.
    implied
        Every figure by name: the claimed ones, prevalence, share called used, and the trivial answers' figures at that
        prevalence. ``lead of none used in accuracy`` above 0 says that never answering "used" is more often right.
    printing
        How the ranges read the digits: ``rounded``, or ``truncated`` where no decisions round to the claim.
    n
        Number of images, if given.
    tables
        The counts that print like this, if n was given: those that round to it, and those that are only cut off to it.
    taken_as_percent
        Rates that were read as per cent because they are above 1, having no sign.
    """

    printed: dict[str, str]
    implied: dict[str, Implied]
    printing: Literal["rounded", "truncated"]
    n: int | None
    tables: CountTables | None
    taken_as_percent: tuple[str, ...] = ()


def check_claim(printed: Mapping[str, str], n: int | None = None) -> Claim:
    """Say what printed rates imply.

    Parameters
    ----------
    printed
        Rate to text, of :data:`RATES`; every digit counts. A prevalence is taken as exact, as it is a fact of the
        design and no result; where it is not a whole number of n images, as rounded.
    n
        Number of images, when known.

    Raises
    ------
    InputError
        When a rate is unknown or malformed, none is given, n is out of range, or no decisions have these rates.
    """
    if unknown := sorted(printed.keys() - set(RATES)):
        raise InputError(f"claim: received {', '.join(unknown)}; known rates are {', '.join(RATES)}")
    if not set(printed) & set(CLAIMED):
        raise InputError(f"claim: no rate to check; give one or more of {', '.join(CLAIMED)}")
    rates = {name: PrintedRate.parse(text, name) for name, text in printed.items()}
    printing: Literal["rounded", "truncated"] = "rounded"
    implied = implied_rates(rates)
    if implied is None:
        implied, printing = implied_rates(rates, truncated=True), "truncated"
    taken = tuple(name for name, rate in rates.items() if rate.taken_as_percent)
    said = ", ".join(f"{name} {text}{' (read as per cent)' * (name in taken)}" for name, text in printed.items())
    if implied is None:
        raise InputError(f"claim: no decisions have {said} at once, on any number of images; check the figures")
    return Claim(dict(printed), implied, printing, n, None if n is None else count_tables(rates, n), taken)


def implied_rates(rates: Mapping[str, PrintedRate], *, truncated: bool = False) -> dict[str, Implied] | None:
    """Give the range of every figure; ``None`` when no shares have these rates together.

    Parameters
    ----------
    rates
        Of :data:`RATES`; prevalence is exact.
    truncated
        Take the digits as cut off instead of rounded.
    """
    bounds: dict[str, tuple[Fraction, Fraction]] = {}
    for name, rate in rates.items():
        exact = (rate.value, rate.value)
        cut = (rate.value, min(Fraction(1), rate.value + rate.step))
        bounds[name] = exact if name == "prevalence" else cut if truncated else rate.rounded()
    if not _possible(bounds):
        return None
    # With the digits as they are there may be one answer, several, or (too many rates) none.
    centre = {name: (rate.value, rate.value) for name, rate in rates.items()}
    fixed = _possible(centre)
    implied = {}
    for name in _FORMS:
        found = _range(name, bounds)
        if found is None:
            continue
        point = _range(name, centre) if fixed else None
        value = (point[0] + point[1]) / 2 if point is not None and point[1] - point[0] < _POINT else None
        implied[name] = Implied(*found, value)
    return implied


def _possible(bounds: Bounds) -> bool:
    """Say whether shares exist under which every bounded rate is defined and within its bounds.

    One solution per rate with its denominator above 0 is enough: the sum of them all has all denominators above 0.
    """
    return all(_solve(np.zeros(4), name, bounds) is not None for name in bounds)


def _range(name: str, bounds: Bounds) -> tuple[float, float] | None:
    above = np.array(_FORMS[name][0], dtype=np.float64)
    low, high = _solve(above, name, bounds), _solve(-above, name, bounds)
    return None if low is None or high is None else (low, -high)


def _solve(objective: Floats, normalised: str, bounds: Bounds) -> float | None:
    """Minimise over the cone with the denominator of a figure set to 1; ``None`` when there is nothing to choose."""
    rows = []
    for name, (low, high) in bounds.items():
        above, below = (np.array(part, dtype=np.float64) for part in _FORMS[name])
        rows += [float(low) * below - above, above - float(high) * below]
    solved: Any = linprog(
        objective,
        A_ub=np.array(rows),
        b_ub=np.zeros(len(rows)),
        A_eq=np.array([_FORMS[normalised][1]], dtype=np.float64),
        b_eq=np.ones(1),
        method="highs",
    )
    return float(solved.fun) if solved.status == 0 else None
