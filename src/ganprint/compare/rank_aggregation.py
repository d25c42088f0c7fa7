"""Several attacks as one score without any label: the mean of their normal scores."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

__all__ = ["rank_aggregate"]


def rank_aggregate(scores: ArrayLike) -> NDArray[np.float64]:
    """Give one score per image: the mean over the attacks of the normal scores of its ranks.

    A normal score is Phi^-1(rank / (n + 1)) (van der Waerden 1952), ranks of equal scores averaged. No attack counts
    for more because of the unit or the tails of its scores, a constant one says nothing, and unlike a mean of ranks
    the ends of a ranking, where copies are, weigh more than its middle. The scores are those of the images ranked
    together: they say who stands out among them, not how much.

    Parameters
    ----------
    scores
        [n, a], finite: of n images by a attacks, higher = more likely used.

    Returns
    -------
    [n], with mean 0 when no two scores of an attack are equal.

    Raises
    ------
    ValueError
        When there is no attack, or a score is not finite.

    Examples
    --------
    >>> rank_aggregate([[0.1, 5.0], [0.3, 9.0], [0.2, 5.0]]).round(3).tolist()
    [-0.497, 0.674, -0.159]
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or not values.shape[1]:
        raise ValueError(f"scores {values.shape}; give one row per image and one column per attack")
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite")
    if not len(values):
        return np.empty(0)
    ranks = rankdata(values, axis=0)
    found: NDArray[np.float64] = norm.ppf(ranks / (len(values) + 1)).mean(axis=1)
    return found
