"""Mode collapse: whether generated images are more alike than real images of different groups are.

A collapsed generator puts many images next to few real ones. Nearest distances then say where the modes lie rather
than what was memorised, so this is looked at before any leak is claimed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.pair_blocks import distance_blocks
from ganprint.corpus.index import Split
from ganprint.pairs.distances import squared_distances

__all__ = ["CollapseRule", "collapse_check", "vendi_score"]

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75)
_CLOSE = 0.05


@dataclass(frozen=True)
class CollapseRule:
    """When a view calls a set of generated images collapsed, and how much of the set is looked at.

    Attributes
    ----------
    cosine
        Similarity from which pairs are counted: over half of the pairs of the 2025 edition's generated images reach
        0.95, real pairs 8 to 10 %. Reported; the flag does not use it, since it depends on the features' offset.
    closer
        Least share of generated pairs that are closer than the closest twentieth of real pairs of different groups.
    effective
        Largest ratio of effective numbers, generated to real; a view flags when both conditions hold.
    images
        Images per role that all pairs are formed of; of larger sets a random subsample is.
    matched
        Largest number of images in a draw of equally many real and generated ones.
    draws
        Such draws, whose figures are averaged.
    """

    cosine: float = 0.95
    closer: float = 0.5
    effective: float = 0.5
    images: int = 3000
    matched: int = 200
    draws: int = 20


def vendi_score(squares: NDArray[np.float64], scale: float) -> float:
    """Give the effective number of distinct images in a set.

    The exponential of the entropy of the eigenvalues of K / n (Friedman and Dieng 2023, "The Vendi Score", TMLR,
    definition 3.1), with the kernel K = exp(-d^2 / (2 scale^2)): n for n images far apart, 1 for n equal ones.

    Parameters
    ----------
    squares
        [n, n], squared distances.
    scale
        Of the kernel, in the unit of the distances.

    Examples
    --------
    >>> round(vendi_score(np.zeros((3, 3)), 1.0), 6)
    1.0
    """
    values = np.linalg.eigvalsh(np.exp(squares / (-2 * scale**2)) / len(squares))
    values = values[values > 1e-15]
    return float(np.exp(-np.sum(values * np.log(values))))


def collapse_check(
    images: AuditImages, split: Split, rng: np.random.Generator, rule: CollapseRule | None = None
) -> dict[str, Any]:
    """Compare pairs of generated images with pairs of real images of different groups, in every view of a split.

    Parameters
    ----------
    images
        Of the corpus.
    split
        To look at.
    rng
        For the subsample and the draws.
    rule
        Sizes and limits.

    Returns
    -------
    Plain values: sizes, figures per view, and ``collapsed``: whether more than half of the views say so; None with a
    ``reason`` where nothing can be compared.
    """
    rule = rule or CollapseRule()
    real, generated = (_sample(images.rows(role, split), rule.images, rng) for role in ("real", "generated"))
    groups = len(set(images.groups[real]))
    sizes = {"real": len(real), "groups": groups, "generated": len(generated)}
    sizes["generated_in_all"] = len(images.rows("generated", split))
    if groups < 3 or len(generated) < 3:
        reason = "fewer than three groups of real images or three generated ones"
        return {"sizes": sizes, "views": {}, "collapsed": None, "reason": reason}
    # The same draws for all views, so that their figures are of the same images.
    draws = [_draw(images, real, generated, rule.matched, rng) for _ in range(rule.draws)]
    views = {name: _view(images, view, (real, generated), draws, rule) for name, view in images.views.items()}
    flags = sum(figures["collapsed"] for figures in views.values())
    return {"sizes": sizes, "views": views, "collapsed": 2 * flags > len(views), "reason": None}


def _sample(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _draw(
    images: AuditImages, real: NDArray[np.intp], generated: NDArray[np.intp], most: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw equally many generated and real images, the real ones from as many groups, one of each."""
    shuffled = rng.permutation(real)
    _, first = np.unique(images.groups[shuffled], return_index=True)
    count = min(len(first), len(generated), most)
    return shuffled[rng.choice(first, count, replace=False)], rng.choice(generated, count, replace=False)


def _view(
    images: AuditImages,
    view: NDArray[Any],
    parts: tuple[NDArray[np.intp], NDArray[np.intp]],
    draws: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
    rule: CollapseRule,
) -> dict[str, Any]:
    pairs = [_pairs(view, parts[0], rule.cosine, images.groups), _pairs(view, parts[1], rule.cosine, None)]
    quantiles = [np.quantile(distances, _QUANTILES).tolist() for distances, _ in pairs]
    limit = quantiles[0][_QUANTILES.index(_CLOSE)]
    closer = float((pairs[1][0] < limit).mean())
    # Half of the typical real distance: typical pairs count as distinct (kernel 0.14), close ones as alike.
    scale = quantiles[0][_QUANTILES.index(0.5)] / 2
    numbers, nearest = _matched(view, draws, scale) if scale else ([1.0, 1.0], [0.0, 0.0])
    return {
        "cosine": {"at_least": rule.cosine, "real": pairs[0][1], "generated": pairs[1][1]},
        "distances": {"at": list(_QUANTILES), "real": quantiles[0], "generated": quantiles[1]},
        "closer": {"than_real_quantile": _CLOSE, "generated": closer},
        "nearest": {"real": nearest[0], "generated": nearest[1]},
        "effective_number": {"images": len(draws[0][0]), "real": numbers[0], "generated": numbers[1]},
        "collapsed": closer >= rule.closer and numbers[1] <= rule.effective * numbers[0],
    }


def _pairs(
    view: NDArray[Any], rows: NDArray[np.intp], cosine: float, groups: NDArray[np.str_] | None
) -> tuple[NDArray[np.float64], float]:
    """Give the distances of all pairs (of different groups, where there are groups), and the share of similar ones."""
    norms = np.array([np.linalg.norm(view[row].astype(np.float64)) for row in rows])
    place = dict(zip(rows.tolist(), range(len(rows)), strict=True))
    found, similar = [], 0
    for a, b, pairs, distances in distance_blocks(view, rows):
        keep = pairs if groups is None else pairs & (groups[a][:, np.newaxis] != groups[b][np.newaxis, :])
        left, right = (norms[[place[row] for row in side.tolist()]] for side in (a, b))
        products = (left[:, np.newaxis] ** 2 + right[np.newaxis, :] ** 2 - distances**2) / 2
        similar += int((keep & (products >= cosine * left[:, np.newaxis] * right[np.newaxis, :])).sum())
        found.append(distances[keep])
    every = np.concatenate(found)
    return every, similar / len(every)


def _matched(
    view: NDArray[Any], draws: list[tuple[NDArray[np.intp], NDArray[np.intp]]], scale: float
) -> tuple[list[float], list[float]]:
    """Average effective number and median nearest distance over draws of equally many real and generated images."""
    numbers, nearest = np.zeros((len(draws), 2)), np.zeros((len(draws), 2))
    for number, draw in enumerate(draws):
        for side, rows in enumerate(draw):
            squares = squared_distances(view[rows])
            numbers[number, side] = vendi_score(squares, scale)
            np.fill_diagonal(squares, np.inf)
            nearest[number, side] = np.median(np.sqrt(squares.min(axis=1)))
    return numbers.mean(axis=0).tolist(), nearest.mean(axis=0).tolist()
