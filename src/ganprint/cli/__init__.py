"""The command ``ganprint``: thin: parse, call, print.

Heavy libraries are imported inside the commands that need them, so that ``--help`` answers at once.
"""

from ganprint.cli import exchange, look, paper, pipeline
from ganprint.cli.group import main

__all__ = ["exchange", "look", "main", "paper", "pipeline"]
