"""Write a submission in the one form that every reader understands alike."""

import operator
from collections.abc import Sequence

from ganprint.errors import InputError
from ganprint.submit.ids import check_ids

__all__ = ["write_submission"]


def write_submission(ids: Sequence[str], decisions: Sequence[int]) -> str:
    r"""Give the text of a submission: ``id,digit`` per line, LF, no header, ids in the given order, ASCII alone.

    Parameters
    ----------
    ids
        Ids of the real test images, each once.
    decisions
        1 (used) or 0 (not used) per id, as whole numbers of any integer type.

    Raises
    ------
    InputError
        When an id can not stand in a submission, or a decision is missing or is not 0 or 1.

    Examples
    --------
    >>> write_submission(["real_unknown_0001", "real_unknown_0002"], [1, 0])
    'real_unknown_0001,1\nreal_unknown_0002,0\n'
    """
    check_ids(ids, "submission")
    if len(ids) != len(decisions):
        raise InputError(f"submission: {len(ids)} ids and {len(decisions)} decisions; give one decision per id")
    return "".join(f"{image_id},{_digit(image_id, value)}\n" for image_id, value in zip(ids, decisions, strict=True))


def _digit(image_id: str, decision: int) -> int:
    try:
        digit = operator.index(decision)
    except TypeError:
        digit = -1
    if digit not in {0, 1}:
        raise InputError(f"submission: the decision of {image_id} is {decision!r}; allowed are the integers 0 and 1")
    return digit
