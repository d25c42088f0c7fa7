"""VCMI's replaced patch: whether a real image is reconstructed as well with a generated image's lower middle."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from ganprint.compare.autoencoder_base import AutoencoderParameters, BesideRealImages, margin, trained_autoencoder
from ganprint.compare.data import Test
from ganprint.compare.protocol import Context, Scores, register
from ganprint.embed.autoencoder import grey_tensor, reconstruction_errors
from ganprint.pairs import nearest
from ganprint.pairs.square_rows import square_side
from ganprint.params import FrozenModel

__all__ = ["ReplacedPatch"]


class ReplacedPatchParameters(AutoencoderParameters):
    """Which patches are tried.

    Attributes
    ----------
    candidates
        Generated images that lend their patch to a real image: those whose patch is nearest in grey values; 0 for all,
        as the published code does.
    deviations
        Below the mean error with patches of other real images.
    """

    candidates: int = Field(default=50, ge=0)
    deviations: float = 2.0


@register
class ReplacedPatch(BesideRealImages):
    """The margin of the least error with a generated image's patch below mean - 2 sd of that with real images' patches.

    Let x[y] be x with its lower middle (rows from s/2, columns s/4 to 3s/4) taken from y, A an autoencoder, and
    e(x, y) = mean (x - A(x[y]))^2 over the pixels. With R the values e(y, z) of all pairs of real development images,
    score(x) = (mean(R) - 2 sd(R) - min_g e(x, g)) / sd(R): a generated image whose patch fits into x. 0 or more means
    used: threshold rule ``fixed`` at 0. From VCMI's ``replacing_patches.py`` (2023 task, repository
    helenaMontenegro/imageclef23-medical-gans).

    Needs: real images without labels, the development split's. Cost: it trains A on the generated images beside those
    to be scored; then n ``candidates`` passes and one per pair of development images. The published code passes n m.

    Not repeated: R from the images to be scored; the own patch's entry replaced by a mean that includes it (own pairs
    are left out). Their script can not run as it stands: it calls a function that nothing defines (``res_block``) and
    gives an encoder built for 128 pixels images of 256. Repeated: R is one threshold for all images, and most of an
    error is how hard the image itself is to reconstruct, so the score is largely that of an image's plainness.
    """

    comparator = "replaced-patch"
    Parameters: ClassVar[type[FrozenModel]] = ReplacedPatchParameters
    parameters: ReplacedPatchParameters

    def score(self, test: Test, context: Context) -> Scores:
        """Train on the generated images and give the margins."""
        generated = test.generated.in_order()[0].rows
        network = trained_autoencoder(generated, self.parameters, context)
        everyone = np.arange(len(self.real_))
        others = [np.delete(everyone, own) if len(everyone) > 1 else everyone for own in everyone]
        reference = np.concatenate(_errors(network, np.asarray(self.real_), self.real_, others, context))
        lent = _errors(network, test.real.rows, generated, self._candidates(test.real.rows, generated), context)
        least = np.array([errors.min() for errors in lent])
        return margin(least, reference, -self.parameters.deviations)

    def _candidates(self, real: NDArray[np.uint8], generated: NDArray[np.uint8]) -> list[NDArray[np.intp]]:
        """Give, for every real image, the generated images whose patch is tried."""
        count = self.parameters.candidates
        if count == 0 or count >= len(generated):
            return [np.arange(len(generated))] * len(real)
        _, chosen = nearest(_patches(real), _patches(generated), k=count)
        return list(chosen.astype(np.intp))


def _places(side: int) -> tuple[slice, slice]:
    return slice(side // 2, side), slice(side // 4, side - side // 4)


def _patches(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = square_side(rows)
    cut = rows.reshape(-1, side, side)[:, *_places(side)]
    return np.ascontiguousarray(cut.reshape(len(rows), -1))


def _errors(
    network: nn.Module,
    rows: NDArray[np.uint8],
    lenders: NDArray[np.uint8],
    chosen: list[NDArray[np.intp]],
    context: Context,
) -> list[NDArray[np.float64]]:
    """Give, for every image, the errors e with the patches of the lenders chosen for it."""
    images, patches = (grey_tensor(part, context.device) for part in (rows, lenders))
    down, across = _places(images.shape[-1])
    found = []
    for done, (image, picked) in enumerate(zip(images, chosen, strict=True)):
        changed: Tensor = image.expand(len(picked), -1, -1, -1).clone()
        changed[:, :, down, across] = patches[picked][:, :, down, across]
        found.append(reconstruction_errors(network, changed, image[None]))
        context.advance(done + 1, len(images), "image")
    return found
