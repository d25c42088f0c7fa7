"""All columns of an inspection in one: the mean rank."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["mean_ranks"]


def mean_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean, over columns, of each image's rank from below as a share of all images; ties share their ranks.

    Borda's count: no column's unit matters, and none has more weight than another. Every image is treated alike, so
    images that can be exchanged before can be exchanged after. Columns in which all are equal change no order.

    Parameters
    ----------
    scores
        [n, columns], higher = more likely used.

    Returns
    -------
    [n], in (0, 1]; 1 for an image that is the highest in every column.

    Examples
    --------
    >>> mean_ranks(np.array([[1.0, 9.0], [2.0, 5.0]])).tolist()
    [0.75, 0.75]
    """
    ranks: NDArray[np.float64] = np.asarray(rankdata(scores, axis=0), dtype=np.float64)
    return np.asarray(ranks.mean(axis=1) / len(scores), dtype=np.float64)
