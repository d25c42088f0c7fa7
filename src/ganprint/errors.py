"""The one family of errors that a user can cause and mend."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["InputError", "said_of"]


class InputError(Exception):
    """Bad input: the message is one line that names the file or parameter and says what to do.

    The command line prints the message without a traceback and ends with status 2.
    """


@contextmanager
def said_of(subject: str) -> Iterator[None]:
    """Put the file, block or run that an :class:`InputError` is about before its message."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{subject}: {error}") from None
