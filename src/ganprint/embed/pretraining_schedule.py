"""How the learning rate goes through a training."""

import math

__all__ = ["rate_factor"]


def rate_factor(step: int, warmup: int, total: int) -> float:
    """Give the share of the learning rate at a step: linear growth over ``warmup`` steps, then a cosine to 0.

    A function of the step alone, so that nothing of it has to be kept when training is interrupted.

    Examples
    --------
    >>> [round(rate_factor(step, 2, 6), 3) for step in range(6)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
