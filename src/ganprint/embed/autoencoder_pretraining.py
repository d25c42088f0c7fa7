"""Weights `pretrained-here` of the backbone `autoencoder`: it learns to bring the corpus' own images back.

From VCMI's ``autoencoder_similarity.py`` (2023 task), where the code of such a network stands in for an image in rules
of similarity: here it is an embedding as every other.
"""

import torch

from ganprint.embed.backbones import AUTOENCODER
from ganprint.embed.pretraining import Pretraining
from ganprint.params import PretrainingParameters

__all__ = ["ReconstructionPretraining", "begin_pretraining"]


class ReconstructionPretraining(Pretraining):
    """Training by the mean squared error between a view of an image and its reconstruction.

    All but the loss is as in the other methods; ``method``, ``temperature`` and ``projection`` play no part.
    """

    def _loss(self, images: torch.Tensor) -> torch.Tensor:
        seen = self.preprocessing.values(self._views(images, 1))
        error: torch.Tensor = self._network(seen) - seen[:, :1]
        return error.square().mean()


def begin_pretraining(parameters: PretrainingParameters, seed: int, device: str) -> Pretraining:
    """Begin the training that suits the backbone: an autoencoder's by reconstruction, any other's by its method.

    Raises
    ------
    InputError
        When the backbone is unknown or has no such weights.
    """
    kind = ReconstructionPretraining if parameters.backbone == AUTOENCODER else Pretraining
    return kind(parameters, seed, device)
