"""The table of one embedding and split: every measure with value, interval, p, what chance gives and a reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.memorisation.context import Context
from ganprint.audit.memorisation.figures import interval, jackknife, permutation_p
from ganprint.audit.memorisation.likelihood import fld_gap, standardised_squares
from ganprint.audit.memorisation.measures import MEASURES, reading
from ganprint.audit.memorisation.sets import HELD_OUT, USED, Labellings, Sets, make_labellings
from ganprint.audit.memorisation.streamed import PARTS, held_out_figures, labelled_sums
from ganprint.evaluate.multiplicity import step_down_max

__all__ = ["Settings", "memorisation_rows", "with_readings"]

Values = dict[str, float]


@dataclass(frozen=True)
class Settings:
    """How the table is made.

    Attributes
    ----------
    permutations, folds
        Exchanges of membership behind p; folds of groups behind intervals.
    cells, least
        Of C_T.
    limit
        Of the distance ratio.
    neighbours
        k of precision, recall, density and coverage.
    sample
        Largest number of generated rows for FLD and the figures for context.
    confidence
        Of intervals.
    """

    permutations: int = 200
    folds: int = 20
    cells: int = 3
    least: int = 20
    limit: float = 0.8
    neighbours: int = 5
    sample: int = 1000
    confidence: float = 0.95


def memorisation_rows(
    sets: Sets, settings: Settings, rng: np.random.Generator, advance: Callable[[int], object] = lambda _: None
) -> list[dict[str, Any]]:
    """Compute all measures; a row each, plain values, ``p_corrected`` and ``reading`` still to be set.

    Parameters
    ----------
    sets
        Rows of one embedding and split.
    settings
        How.
    rng
        For labellings, sample and k-means.
    advance
        Told the number of generated rows done.
    """
    reason = _reason(sets)
    if reason is not None:
        advance(len(sets.generated))
        return [_row(name, reason) for name in MEASURES]
    labels = make_labellings(sets.used, sets.groups, settings.permutations, settings.folds, rng)
    sums = labelled_sums(
        sets, labels, cells=settings.cells, least=settings.least, limit=settings.limit,
        seed=int(rng.integers(2**31)), advance=advance,
    )  # fmt: skip
    some = np.sort(rng.choice(len(sets.generated), min(settings.sample, len(sets.generated)), replace=False))
    sample = np.asarray(sets.generated[some])
    by_part = [sums.figures(0, part) for part in range(PARTS) if sums.rows[part]]
    found = _Found([sums.figures(q) for q in range(len(labels.codes))], by_part, held_out_figures(sets, settings.limit))
    rows = _rows(found, labels, settings, sets, len(sets.generated))
    rows += _rows(_likelihood(sets, labels, sample), labels, settings, sets, len(sample))
    return rows + _rows(_context(sets, labels, settings, sample), labels, settings, sets, len(sample))


def with_readings(tables: Mapping[str, list[dict[str, Any]]], level: float) -> dict[str, list[dict[str, Any]]]:
    """Correct p for all measures of all tables of a split together, and say every row in a sentence.

    The correction is step-down max-T (Westfall and Young 1993), which allows for how the measures hang together. It
    needs the same exchanges in all tables: make them with generators in the same state.

    Parameters
    ----------
    tables
        Embedding to rows of :func:`memorisation_rows`.
    level
        At and below which a corrected p speaks for copying.
    """
    tested = [row for rows in tables.values() for row in rows if row["p"] is not None]
    if tested:
        signs = np.array([1.0 if row["leak"] == "high" else -1.0 for row in tested])
        observed, drawn = (np.array([row[key] for row in tested]) for key in ("value", "drawn"))
        corrected = step_down_max(signs * observed, signs[:, None] * drawn)
        for row, p in zip(tested, corrected.tolist(), strict=True):
            row["p_corrected"] = p
    return {name: [_said(row, level) for row in rows] for name, rows in tables.items()}


def _said(row: dict[str, Any], level: float) -> dict[str, Any]:
    plain = {key: value for key, value in row.items() if key != "drawn"}
    return {**plain, "reading": reading(row["measure"], row, level)}


@dataclass(frozen=True)
class _Found:
    """Figures by labelling (at least the truth, then perhaps all others), by part left out, and of held-out images."""

    by_labelling: list[Values]
    by_part: list[Values]
    reference: Values


def _reason(sets: Sets) -> str | None:
    used = int(sets.used.sum())
    if used < 2 or len(sets.used) - used < 2:
        return f"{used} used and {len(sets.used) - used} held-out images; two of each are needed"
    return None if len(sets.generated) >= 2 else "fewer than two generated images"


def _row(name: str, reason: str | None = None) -> dict[str, Any]:
    measure = MEASURES[name]
    empty = dict.fromkeys(("value", "low", "high", "p", "p_corrected", "expected", "reference"))
    known = {"measure": name, "title": measure.title, "leak": measure.leak, "chance": measure.chance}
    return {**known, **empty, "generated": 0, "used": 0, "held_out": 0, "features": 0, "reason": reason}


def _rows(found: _Found, labels: Labellings, settings: Settings, sets: Sets, images: int) -> list[dict[str, Any]]:
    rows, truth = [], found.by_labelling[0]
    exchanged = found.by_labelling[1 : 1 + labels.permutations]
    dropped = found.by_labelling[1 + labels.permutations :]
    for name in truth:
        row, value = _row(name), truth[name]
        row |= {"generated": images, "used": int(sets.used.sum()), "held_out": int((~sets.used).sum())}
        row["features"] = sets.real.shape[1]
        if np.isnan(value):
            rows.append(row | {"reason": _why(name, settings)})
            continue
        # Not their sum: which generated rows lie beside a patient is chance that both of them count.
        variance = max(jackknife([values.get(name, np.nan) for values in part]) for part in (dropped, found.by_part))
        share_of = {"generated": images, "used": row["used"], None: None}[MEASURES[name].share]
        limits = interval(value, variance, labels.folds, settings.confidence, share_of=share_of)
        row |= {"value": value, "reference": _finite(found.reference.get(name))}
        row |= {"reason": "no interval: too few groups or generated images"} if limits is None else {}
        if limits is not None:
            row |= dict(zip(("low", "high"), _inside(name, limits), strict=True))
        if MEASURES[name].leak is not None:
            high = MEASURES[name].leak == "high"
            drawn = np.array([values.get(name, np.nan) for values in exchanged])
            # An exchange that leaves the measure undefined counts as being as extreme as the truth.
            drawn = np.where(np.isnan(drawn), value, drawn)
            row |= {"p": permutation_p(value, drawn, high=high), "expected": float(drawn.mean()), "drawn": drawn}
        rows.append(row)
    return rows


def _inside(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    # The ratio and these two distances have a floor that Student's t does not know.
    low = max(0.0, limits[0]) if name in {"ratio_median", "density", "fid"} else limits[0]
    return low, min(1.0, limits[1]) if name == "ratio_median" else limits[1]


def _why(name: str, settings: Settings) -> str:
    if name in {"precision", "recall", "density", "coverage"}:
        return f"a set has no more than {settings.neighbours} images"
    if name == "ct":
        return f"no cell has {settings.least} generated images and a held-out one"
    return "all real images are equal"


def _finite(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def _likelihood(sets: Sets, labels: Labellings, sample: NDArray[Any]) -> _Found:
    squares, features = standardised_squares(sets.real, sample)

    def gap(codes: NDArray[np.int8], keep: NDArray[np.bool_] | slice = slice(None)) -> Values:
        if not features:
            return {"fld_gap": float("nan")}
        return {"fld_gap": fld_gap(squares[codes == USED][:, keep], squares[codes == HELD_OUT][:, keep], features)}

    return _Found([gap(codes) for codes in labels.codes], [gap(labels.codes[0], k) for k in _without(len(sample))], {})


def _context(sets: Sets, labels: Labellings, settings: Settings, sample: NDArray[Any]) -> _Found:
    context = Context.of(sets.real, sample, settings.neighbours)
    generated = np.arange(len(sets.real), len(sets.real) + len(sample))
    missing = dict.fromkeys(("precision", "recall", "density", "coverage"), float("nan"))
    codes = np.vstack([labels.codes[:1], labels.codes[1 + labels.permutations :]])
    by_labelling = [missing | context.figures(np.flatnonzero(code == USED), generated) for code in codes]
    # Without exchanged memberships: these figures say nothing about copying, so they are not tested.
    by_labelling[1:1] = [{} for _ in range(labels.permutations)]
    used, held_out = (np.flatnonzero(sets.used == flag) for flag in (True, False))
    by_part = [context.figures(used, generated[keep]) for keep in _without(len(sample))]
    return _Found(by_labelling, by_part, context.figures(held_out, generated))


def _without(count: int) -> list[NDArray[np.bool_]]:
    """Mark all but one part of the sample, for each part; parts of rows are as in the pass over all of them."""
    parts = np.arange(count) % PARTS
    return [parts != part for part in range(min(PARTS, count))]
