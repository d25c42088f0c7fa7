"""The softmax across a batch of pairs that the authors' code takes of the scores, and what it makes of them."""

import torch
from scipy.stats import spearmanr
from torch.nn import functional

__all__ = ["SHUFFLED", "batch_softmax", "batch_softmax_loss", "shuffled_batches"]

SHUFFLED = (
    "shuffled_batches.spread_in_order",
    "shuffled_batches.spread_shuffled",
    "shuffled_batches.largest_change",
    "shuffled_batches.pair_rank_correlation",
    "shuffled_batches.image_rank_correlation",
)
"""Names of what :func:`shuffled_batches` gives."""


def batch_softmax(scores: torch.Tensor, batch: int) -> torch.Tensor:
    """Apply a softmax across each batch of pairs, as the authors' code does (``use_softmax=True``).

    Parameters
    ----------
    scores
        [n_real, n_generated], pairs in the order real image by real image.
    batch
        Pairs per call; a batch may straddle two real images, and the last may be smaller.

    Returns
    -------
    [n_real, n_generated]: within each batch the numbers add up to 1, so a batch of one is exactly 1.
    """
    flat = scores.reshape(-1)
    whole = len(flat) // batch * batch
    parts = [flat[:whole].view(-1, batch).softmax(dim=1).view(-1), flat[whole:].softmax(dim=0)]
    return torch.cat(parts).view_as(scores)


def batch_softmax_loss(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Give the binary cross-entropy of a batch's softmax, as the authors' code trains with."""
    return functional.binary_cross_entropy(scores.softmax(dim=-1), labels)


def shuffled_batches(scores: torch.Tensor, batch: int, seed: int) -> dict[str, float]:
    """Give what the scores after the softmax owe to the pairs that happen to be in the same batch.

    The same pairs go in batches in their order, and in two random orders; an image's score is the mean of its pairs'.

    Parameters
    ----------
    scores
        [n_real, n_generated], of the network.
    batch
        Pairs per batch.
    seed
        Of the two orders.

    Returns
    -------
    By the names of :data:`SHUFFLED`: largest less smallest image score in the pairs' own order (0 where batches fill
    rows: every batch adds up to 1 whatever the image) and in the first random one; largest change of an image's score
    from one random order to the other; rank correlation of the pairs' scores, and of the images', between the two (0
    where one of them is constant).
    """
    generator = torch.Generator().manual_seed(seed % 2**63)
    flat = scores.reshape(-1)
    shuffled = []
    for _ in range(2):
        order = torch.randperm(len(flat), generator=generator)
        softened = torch.empty_like(flat)
        softened[order] = batch_softmax(flat[order], batch)
        shuffled.append(softened.view_as(scores).to(torch.float64))
    in_order = batch_softmax(scores, batch).to(torch.float64).mean(dim=1)
    first, second = (one.mean(dim=1) for one in shuffled)
    values = (
        float(in_order.max() - in_order.min()),
        float(first.max() - first.min()),
        float((first - second).abs().max()),
        _rank_correlation(shuffled[0].reshape(-1), shuffled[1].reshape(-1)),
        _rank_correlation(first, second),
    )
    return dict(zip(SHUFFLED, values, strict=True))


def _rank_correlation(first: torch.Tensor, second: torch.Tensor) -> float:
    if first.min() == first.max() or second.min() == second.max():
        return 0.0
    return float(spearmanr(first.numpy(), second.numpy()).statistic)
