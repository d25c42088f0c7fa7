"""Seeds derived from one base seed and named axes, so that no two uses of chance share a stream.

The seed of, say, (run, fold) depends on these names alone: adding a run or a fold moves no other seed.
"""

import hashlib

import numpy as np

__all__ = ["derive_seed", "generator"]


def derive_seed(base: int, *axes: str | int) -> int:
    """Give the seed of the named axes.

    Parameters
    ----------
    base
        The base seed, ``seed`` in params.yaml.
    axes
        What the randomness is for, from coarse to fine, for example ``"compare", "relation-corrected", "fold", 3``.

    Returns
    -------
    A whole number in [0, 2**63), the first bits of the SHA-256 of the base and the axes.

    Examples
    --------
    >>> derive_seed(1, "fold", 0) == derive_seed(1, "fold", 0)
    True
    >>> derive_seed(1, "fold", 0) == derive_seed(1, "fold", 1)
    False
    """
    text = "\x1f".join([str(base), *(f"{type(axis).__name__}:{axis}" for axis in axes)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(base: int, *axes: str | int) -> np.random.Generator:
    """Give a NumPy generator seeded by :func:`derive_seed`."""
    return np.random.default_rng(derive_seed(base, *axes))
