"""Controls that any run can be put through: noise for generated images, and members against members."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.data import Development, Ids, Images

__all__ = ["members_alone", "noise_like"]


def noise_like(real: Images, ids: Ids, seed: int) -> Images:
    """Give noise in place of generated images: nothing in it came from a used image alone.

    Every value is drawn on its own from a normal distribution with the mean and the deviation that its column (a
    feature or a pixel) has over the development real images, used and not used together. So noise has the range of
    the view, matches no image, and is the same to used and not used ones. Shuffling the generated images' own
    columns would not do: their values come from used images, and a small set gives its members away even so.

    Parameters
    ----------
    real
        The development real images; noise is drawn for each of their views.
    ids
        [m], of the images that are replaced.
    seed
        Of the noise.

    Returns
    -------
    m rows of the type of ``real``; grey values are rounded and cut at 0 and 255.
    """
    ordered, rng = real.in_order()[0], np.random.default_rng(seed)
    rows = _noise_rows(ordered.rows, len(ids), rng)
    further = {name: _noise_rows(ordered.further[name], len(ids), rng) for name in sorted(ordered.further)}
    return Images(np.sort(ids), rows, further)


def _noise_rows(rows: NDArray[Any], count: int, rng: np.random.Generator) -> NDArray[Any]:
    mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    noise: NDArray[np.float64] = mean + deviation * rng.standard_normal((count, rows.shape[1]))
    if rows.dtype == np.uint8:
        noise = noise.round().clip(0, 255)
    return np.asarray(noise, dtype=rows.dtype)


def members_alone(development: Development, seed: int) -> Development | None:
    """Give the used images alone, half of their groups called used: there is nothing to be found between them.

    The halves are drawn by group. ``None`` when there are fewer than four groups of used images: no fold could be held
    out without losing one of the halves.
    """
    members = development.take(np.flatnonzero(development.used == 1)).in_order()
    groups = np.unique(members.groups)
    if len(groups) < 4:
        return None
    called = np.random.default_rng(seed).permutation(groups)[: len(groups) // 2]
    labels: NDArray[np.int8] = np.isin(members.groups, called).astype(np.int8)
    return Development(members.real, labels, members.groups, members.generated)
