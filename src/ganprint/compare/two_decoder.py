"""VCMI's autoencoder with one encoder and two decoders, one for real images and one for generated ones."""

from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprint.compare.autoencoder_base import AutoencoderParameters, BesideRealImages, Learner, drawn, margin
from ganprint.compare.data import Test
from ganprint.compare.protocol import Context, Scores, register
from ganprint.embed.autoencoder import Decoder, Encoder, grey_tensor, reconstruction_errors
from ganprint.pairs.square_rows import square_side
from ganprint.params import FrozenModel

__all__ = ["TwoDecoder"]


class TwoDecoderParameters(AutoencoderParameters):
    """``deviations`` above the mean error of the generated images."""

    deviations: float = 1.0


class _TwoDecoders(nn.Module):
    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.encoder = Encoder(width, code)
        self.real = Decoder(width, code)
        self.generated = Decoder(width, code)


@register
class TwoDecoder(BesideRealImages):
    """The margin of the generated images' decoder on a real image below mean + 1 sd of its error on generated ones.

    One encoder E learns from real and generated images; decoder D_r has to bring back the real ones, D_g the generated
    ones; the loss is the sum of both mean squared errors. Then, with e(y) = mean (y - D_g(E(y)))^2 over the pixels,
    score(x) = (mean(e_G) + sd(e_G) - e(x)) / sd(e_G), G the generated images: a real image that the *generated* images'
    decoder brings back well is taken for used. 0 or more means used: threshold rule ``fixed`` at 0. From VCMI's
    ``2_decoder_autoencoder.py`` (2023 task, repository helenaMontenegro/imageclef23-medical-gans).

    Needs: real images without labels, the development split's. Cost: it trains as it scores, on these and on the
    generated images beside those to be scored; twice the images per step of ``reconstruction-outlier``.

    Not repeated: their real images are those to be scored, so that a score depends on its company, and an encoder that
    has seen the very image; here no image to be scored is trained on. Repeated: e_G is the error on images trained on,
    which is lower than on new ones, so the threshold is strict. Their decision reads a name that nothing defines
    (``loss_test``); the last error computed before it, D_g's on the real images, is what the text around it means.
    """

    comparator = "two-decoder"
    Parameters: ClassVar[type[FrozenModel]] = TwoDecoderParameters
    parameters: TwoDecoderParameters

    def score(self, test: Test, context: Context) -> Scores:
        """Train on both kinds of images and give the margins."""
        generated = test.generated.in_order()[0].rows
        network = self._trained(generated, context)
        side = square_side(generated)

        def reconstruct(images: Tensor) -> Tensor:
            brought: Tensor = network.generated(network.encoder(images), side)
            return brought

        errors, reference = (
            reconstruction_errors(reconstruct, grey_tensor(rows, context.device))
            for rows in (test.real.rows, generated)
        )
        return margin(errors, reference, self.parameters.deviations)

    def _trained(self, generated: NDArray[Any], context: Context) -> _TwoDecoders:
        chosen = self.parameters
        learner = Learner(chosen, context)
        network = learner.build(lambda: _TwoDecoders(chosen.width, chosen.code))
        kinds = [
            (grey_tensor(self.real_, context.device), network.real),
            (grey_tensor(generated, context.device), network.generated),
        ]

        def loss(generator: torch.Generator) -> Tensor:
            errors = []
            for images, decoder in kinds:
                seen = drawn(images, chosen.batch, generator)
                errors.append((decoder(network.encoder(seen), seen.shape[-1]) - seen).square().mean())
            both: Tensor = errors[0] + errors[1]
            return both

        learner.learn(network, loss)
        return network
