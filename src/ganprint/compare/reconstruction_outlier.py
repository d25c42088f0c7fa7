"""VCMI's outlier test: whether an autoencoder of generated images reconstructs the real image as well as them."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.autoencoder_base import AutoencoderParameters, margin, trained_autoencoder
from ganprint.compare.data import Development, Test
from ganprint.compare.protocol import Comparator, Context, Scores, register
from ganprint.embed.autoencoder import grey_tensor, reconstruction_errors
from ganprint.params import FrozenModel
from ganprint.seeds import generator

__all__ = ["ReconstructionOutlier"]


class ReconstructionOutlierParameters(AutoencoderParameters):
    """``held_out``: share of the generated images kept from training; ``deviations`` above their mean error."""

    held_out: float = Field(default=0.05, gt=0, lt=1)
    deviations: float = 3.0


@register
class ReconstructionOutlier(Comparator):
    """The margin of a reconstruction error below mean + 3 sd of that of held-out generated images.

    score(x) = (mean(e_H) + 3 sd(e_H) - e(x)) / sd(e_H), with e(x) = mean (x - A(x))^2 over the pixels, A an autoencoder
    trained on the generated images beside x without the held-out ones H. 0 or more means used: threshold rule ``fixed``
    at 0. From VCMI's outlier detection of the 2023 task (repository helenaMontenegro/imageclef23-medical-gans,
    ``basic_autoencoder.py``); the division by sd is ours and changes no ranking within one training.

    Needs: nothing, no label and no real image. The network sees the generated images that stand beside the images to be
    scored, so it is trained as it scores. Cost: steps x batch training passes, whatever n and m, then one pass.

    What it can see is whether x looks like a generated image at all. A generator that generalises well gives that to
    used and not used images alike; that its threshold calls nearly all of them used is the method's, not a fault here.
    Traps of the published code: its inference reads two names (``valid_images``, ``test_images``) that nothing defines;
    Keras holds out the first 5 % of the files by name, here they are drawn. Fewer than three generated images leave
    nothing to hold out: the threshold is then that of the images trained on.
    """

    comparator = "reconstruction-outlier"
    variant = "extension"
    pixels = True
    accelerated = True
    learns = False
    Parameters: ClassVar[type[FrozenModel]] = ReconstructionOutlierParameters
    parameters: ReconstructionOutlierParameters
    quick = AutoencoderParameters.quick

    def fit(self, development: Development, context: Context) -> Self:
        """Do nothing: what is learned is learned from the generated images beside those to be scored."""
        del development, context
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Train on the generated images and give the margins."""
        trained, held = self._divided(test.generated.in_order()[0].rows, context)
        network = trained_autoencoder(trained, self.parameters, context)
        errors, reference = (
            reconstruction_errors(network, grey_tensor(rows, context.device)) for rows in (test.real.rows, held)
        )
        return margin(errors, reference, self.parameters.deviations)

    def _divided(self, rows: NDArray[np.uint8], context: Context) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Give the generated images to train on and those held out: two at least, since they need a deviation."""
        if len(rows) < 3:
            return rows, rows
        order = generator(context.seed, "held out").permutation(len(rows))
        held = min(max(2, round(self.parameters.held_out * len(rows))), len(rows) - 1)
        return rows[order[held:]], rows[order[:held]]
