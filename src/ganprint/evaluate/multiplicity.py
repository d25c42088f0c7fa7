"""Correction of p values for the number of runs that were tested."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["holm", "step_down_max"]

Floats = NDArray[np.float64]

# Two standardised figures closer than this are equal but for rounding.
_SAME = 1e-9


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Give Holm's (1979) adjusted p values, valid whatever the dependence; ``None`` (undefined) is no test.

    The k-th smallest of m is multiplied by m - k + 1; none may be under that of a smaller one, nor over 1.
    """
    # Not statsmodels': it collects garbage at every call, which takes longer than all other work on a split.
    tested = np.array([p for p in p_values if p is not None], dtype=np.float64)
    order = np.argsort(tested, kind="stable")
    raised = np.maximum.accumulate(tested[order] * np.arange(len(tested), 0, -1))
    adjusted = np.empty(len(tested))
    adjusted[order] = np.minimum(raised, 1.0)
    found = iter(adjusted.tolist())
    return [None if p is None else next(found) for p in p_values]


def step_down_max(observed: Floats, drawn: Floats) -> Floats:
    """Give step-down max-T adjusted p values, which use how the runs depend on one another.

    Westfall and Young (1993), algorithm 4.1, with p values (1 + k) / (1 + draws). Every figure is standardised by mean
    and deviation over its draws, the observed one among them, so that runs with unlike chance levels can be compared;
    this keeps the test exact, since relabelling does not change them. The same relabelled truth must have been used
    for all runs of a draw. A run whose figure no relabelling changes gets p = 1.

    Parameters
    ----------
    observed
        [R].
    drawn
        [R, draws], under the null.
    """
    every = np.concatenate([observed[:, None], drawn], axis=1)
    spread = every.std(axis=1, keepdims=True)
    flat = np.ptp(every, axis=1, keepdims=True) <= _SAME
    standard = np.where(flat, -np.inf, (every - every.mean(axis=1, keepdims=True)) / np.where(flat, 1.0, spread))
    order = np.argsort(-standard[:, 0], kind="stable")
    ranked = standard[order]
    # Maximum over a run and all runs that look less extreme than it.
    highest = np.maximum.accumulate(ranked[::-1, 1:], axis=0)[::-1]
    p = (1 + (highest >= ranked[:, :1] - _SAME).sum(axis=1)) / every.shape[1]
    adjusted = np.empty(len(observed))
    adjusted[order] = np.maximum.accumulate(p)
    return adjusted
