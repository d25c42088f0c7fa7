"""The one family of errors that a user can cause and mend."""

__all__ = ["InputError"]


class InputError(Exception):
    """Bad input: the message is one line that names the file or parameter and says what to do.

    The command line prints the message without a traceback and ends with status 2.
    """
