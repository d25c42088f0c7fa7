"""The methods by their names in params.yaml."""

from collections.abc import Callable

from ganprint.embed.barlow import BarlowTwins
from ganprint.embed.byol import BYOL
from ganprint.embed.contrastive import SimCLR
from ganprint.embed.pretraining_method import Method, Surroundings
from ganprint.embed.vicreg import VICReg

__all__ = ["METHODS"]

METHODS: dict[str, Callable[[Surroundings], Method]] = {
    "simclr": SimCLR,
    "byol": BYOL,
    "barlow": BarlowTwins,
    "vicreg": VICReg,
}
