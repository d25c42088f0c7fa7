"""The command ``ganprint``: thin: parse, call, print.

Heavy libraries are imported inside the commands that need them, so that ``--help`` answers at once.
"""

from ganprint.cli import doctor, exchange, look, paper, pipeline, platform
from ganprint.cli.group import main

__all__ = ["doctor", "exchange", "look", "main", "paper", "pipeline", "platform"]
