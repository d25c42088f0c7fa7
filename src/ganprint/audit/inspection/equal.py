"""Images that are equal, pixel for pixel, to a generated one: copies, whatever the chance level."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["equal_images"]


def equal_images(
    digests: Mapping[str, Sequence[str]], ids: Mapping[str, NDArray[np.str_]]
) -> dict[str, list[list[str]]]:
    """Give, for each role other than ``generated``, the ids of the generated images equal to each of its images.

    Parameters
    ----------
    digests
        By role: of size and pixels of every image; empty where nothing could be recognised, as in a black slice.
    ids
        By role.

    Examples
    --------
    >>> ids = {"real": np.array(["a", "b"]), "generated": np.array(["x", "y"])}
    >>> equal_images({"real": ["1", ""], "generated": ["1", ""]}, ids)
    {'real': [['x'], []]}
    """
    others = {role: found for role, found in digests.items() if role != "generated"}
    wanted = {digest for found in others.values() for digest in found if digest}
    copies: dict[str, list[str]] = defaultdict(list)
    for name, digest in zip(ids["generated"], digests["generated"], strict=True):
        if digest in wanted:
            copies[digest].append(str(name))
    return {role: [copies.get(digest, []) for digest in found] for role, found in others.items()}
