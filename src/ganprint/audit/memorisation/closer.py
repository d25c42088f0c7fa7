"""Share of generated images that are closer to a used than to a held-out image, the two sets made equal in size.

More images lie nearer by their number alone. So of the larger side as many units (groups; images where groups hold both
kinds) are drawn as the smaller has, and the share is its mean over *all* such draws, in closed form: with c of M
units of the larger side nearer than the nearest image of the smaller side, a draw of s misses all of them with
probability C(M - c, s) / C(M, s). Between equally near images the share is a half.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ganprint.audit.memorisation.distances import SAME
from ganprint.audit.memorisation.sets import HELD_OUT, USED

__all__ = ["closer_to_used", "missed", "nearest_units"]


def nearest_units(distances: NDArray[np.float64], units: NDArray[np.intp]) -> NDArray[np.float64]:
    """Give the distance, [b, U], to the nearest row of every unit."""
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=-1))
    return np.asarray(np.minimum.reduceat(distances[:, order], starts, axis=1))


def missed(larger: int, nearer: NDArray[np.intp], drawn: int) -> NDArray[np.float64]:
    """Give the chance that a draw of ``drawn`` of ``larger`` units holds none of the ``nearer``."""
    possible = larger - nearer >= drawn
    rest = np.where(possible, larger - nearer, drawn)
    logarithm = gammaln(rest + 1) - gammaln(rest - drawn + 1) - gammaln(larger + 1) + gammaln(larger - drawn + 1)
    return np.where(possible, np.exp(logarithm), 0.0)


def closer_to_used(
    by_unit: NDArray[np.float64], codes: NDArray[np.int8], used: NDArray[np.float64], held_out: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give for each image the chance, [b], that the nearest of two equal sets is a used one.

    Parameters
    ----------
    by_unit
        [b, U], of :func:`nearest_units`.
    codes
        [U], labels of the units.
    used, held_out
        [b], distances to the nearest used and the nearest held-out row.
    """
    many, few = int((codes == USED).sum()), int((codes == HELD_OUT).sum())
    if many > few:
        nearer = (by_unit[:, codes == USED] < held_out[:, None]).sum(axis=1)
        chance = 1 - missed(many, nearer, few)
    else:
        nearer = (by_unit[:, codes == HELD_OUT] < used[:, None]).sum(axis=1)
        chance = missed(few, nearer, many)
    tied = np.abs(used - held_out) <= SAME * np.maximum(used, held_out)
    return np.where(tied, 0.5, chance)
