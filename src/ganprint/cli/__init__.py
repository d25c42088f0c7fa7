"""The command ``ganprint``: thin: parse, call, print.

Heavy libraries are imported inside the commands that need them, so that ``--help`` answers at once.
"""

from ganprint.cli import backbones, bundle, doctor, exchange, inspect, keras, look, paper, pipeline, platform, study
from ganprint.cli.group import main

__all__ = [
    "backbones",
    "bundle",
    "doctor",
    "exchange",
    "inspect",
    "keras",
    "look",
    "main",
    "paper",
    "pipeline",
    "platform",
    "study",
]
