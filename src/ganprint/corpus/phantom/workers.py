"""Threads that work on fixed shares of the data, each computing with one thread.

PyTorch's own threads meet after every operation; on a busy machine they wait for each other longer than they compute
(measured: 50 times slower for small networks). Here whole shares are handed out instead. The shares do not depend on
the number of threads, so neither does any result.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["SHARES", "set_gradients", "worker_threads"]

SHARES = 2
"""Parts that a training batch is cut into."""


@contextmanager
def worker_threads() -> Iterator[Executor]:
    """Give as many worker threads as the caller allows PyTorch; meanwhile every thread computes alone."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as executor:
            yield executor
    finally:
        torch.set_num_threads(count)


def set_gradients(
    executor: Executor, parameters: Sequence[Tensor], loss: Callable[..., Tensor], batch: Sequence[Tensor]
) -> None:
    """Set the gradients of a loss that is a mean over the batch.

    Parameters
    ----------
    parameters
        What to set the gradients of.
    loss
        Called with the share of every tensor of ``batch``; gives the share's mean loss.
    batch
        Tensors of one length, cut into ``SHARES`` parts.
    """
    length = len(batch[0])

    def gradients(share: Sequence[Tensor]) -> list[Tensor]:
        weighed = loss(*share) * (len(share[0]) / length)
        return list(torch.autograd.grad(weighed, parameters))

    shares = zip(*(torch.tensor_split(part, min(SHARES, length)) for part in batch), strict=True)
    first, *rest = executor.map(gradients, shares)
    # The sum is taken in the shares' order, whichever thread was the first to finish.
    for index, parameter in enumerate(parameters):
        parameter.grad = sum((part[index] for part in rest), start=first[index])
