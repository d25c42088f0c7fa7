"""VCMI's matching patches: whether a generated image's patch is as like the real image's as its own are alike."""

from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn.utils import vector_to_parameters

from ganprint.compare.autoencoder_base import AutoencoderParameters, Learner, drawn_rows, margin
from ganprint.compare.data import Development, Test
from ganprint.compare.protocol import Comparator, Context, Scores, register
from ganprint.embed.autoencoder import Encoder, grey_tensor
from ganprint.pairs import nearest
from ganprint.pairs.square_rows import square_side
from ganprint.params import FrozenModel
from ganprint.seeds import generator

__all__ = ["MatchingPatches"]

_BLOCK = 256


class MatchingPatchesParameters(AutoencoderParameters):
    """What is compared with what.

    Attributes
    ----------
    patches
        Places, the same in all images, whose patches are compared; the published code takes one per image.
    apart
        Margin of the triplet loss: how far, in mean squared differences of codes, two images' patches have to be.
    noise
        Standard deviation of the Gaussian noise on grey values -1..1 in training.
    deviations
        Below the mean of the same images' patches.
    """

    patches: int = Field(default=4, ge=2)
    apart: float = Field(default=0.5, gt=0)
    noise: float = Field(default=0.1, ge=0)
    deviations: float = 1.0


@register
class MatchingPatches(Comparator):
    """The margin of the nearest generated patch's distance below mean - 1 sd of those within one image.

    A patch is half as wide and high as the image (128 of 256 pixels). An encoder F learns from triplets of patches: two
    from anywhere in one real image, one from another, with Gaussian noise; its loss is
    D(F0, F1) + max(0, apart - D(F0, F2)), D the mean squared difference of codes, apart = 0.5. With S the D between
    two places of one real development image,
    score(x) = (mean(S) - sd(S) - mean_k min_{g, l} D(F(x_k), F(g_l))) / sd(S),
    x_k the patch of x at place k and g_l that of a generated image at place l. 0 or more means used: threshold rule
    ``fixed`` at 0. From VCMI's ``matching_patches.py`` (2023 task, repository
    helenaMontenegro/imageclef23-medical-gans).

    Needs: real images without labels, the development split's; the generated images are not learned from. Cost: one
    training in the fit (three encoder passes per image and step), then one pass per patch and n m patches^2 distances.

    Not repeated: there, F is trained on the images to be scored; a batch is cropped at one place drawn for all of it,
    so the real and the generated patches compared come from two places left to chance, one each; the other image of
    a triplet can be the same one. Their script calls two functions that nothing defines (``augment``,
    ``model_classifier``). Repeated: S comes from images F was trained on, which makes the threshold strict.
    """

    comparator = "matching-patches"
    variant = "extension"
    pixels = True
    accelerated = True
    learns = False
    Parameters: ClassVar[type[FrozenModel]] = MatchingPatchesParameters
    parameters: MatchingPatchesParameters
    quick = AutoencoderParameters.quick

    def fit(self, development: Development, context: Context) -> Self:
        """Train the encoder on the real images, without labels, and measure their own patches' distances."""
        rows = development.real.in_order()[0].rows
        encoder = self._trained(grey_tensor(rows, context.device), context)
        side = square_side(rows)
        count = self.parameters.patches
        self.places_ = generator(context.seed, "places").integers(0, side - side // 2 + 1, (count, 2))
        self.weights_ = torch.cat([part.detach().reshape(-1) for part in encoder.parameters()]).cpu().numpy()
        codes = self._codes(rows, context)
        first, second = np.triu_indices(count, 1)
        self.same_ = np.square(codes[:, first] - codes[:, second]).mean(axis=2, dtype=np.float64).ravel()
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give the margins."""
        real, generated = (self._codes(images.rows, context) for images in (test.real, test.generated))
        length = real.shape[2]
        distances, _ = nearest(real.reshape(-1, length), generated.reshape(-1, length), k=1)
        differences = np.square(distances[:, 0].astype(np.float64)).reshape(len(real), -1) / length
        return margin(differences.mean(axis=1), self.same_, -self.parameters.deviations)

    def _trained(self, images: Tensor, context: Context) -> Encoder:
        chosen = self.parameters
        learner = Learner(chosen, context)
        encoder = learner.build(lambda: Encoder(chosen.width, chosen.code))

        def code(rows: Tensor, drawing: torch.Generator) -> Tensor:
            seen = _cropped(images[rows.to(images.device)], drawing)
            noise = torch.randn(seen.shape, generator=drawing).to(seen.device)
            codes: Tensor = encoder(seen + chosen.noise * noise)
            return codes

        def loss(drawing: torch.Generator) -> Tensor:
            rows = drawn_rows(len(images), chosen.batch, drawing)
            others = (rows + 1 + drawn_rows(max(len(images) - 1, 1), chosen.batch, drawing)) % len(images)
            anchor, same, other = (code(each, drawing) for each in (rows, rows, others))
            apart = chosen.apart - (anchor - other).square().mean(dim=1)
            return ((anchor - same).square().mean(dim=1) + apart.clamp(min=0)).mean()

        learner.learn(encoder, loss)
        return encoder

    def _codes(self, rows: NDArray[np.uint8], context: Context) -> NDArray[np.float32]:
        """Give the codes [n, patches, code] of the patches at the places of the fit."""
        encoder = Encoder(self.parameters.width, self.parameters.code)
        vector_to_parameters(torch.from_numpy(np.array(self.weights_)), encoder.parameters())
        encoder.to(context.device).eval()
        found: list[NDArray[Any]] = []
        with torch.inference_mode():
            for start in range(0, len(rows), _BLOCK):
                images = grey_tensor(rows[start : start + _BLOCK], context.device)
                half = images.shape[-1] // 2
                patches = [images[:, :, y : y + half, x : x + half] for y, x in np.asarray(self.places_).tolist()]
                found.append(np.stack([encoder(patch).cpu().numpy() for patch in patches], axis=1))
        return np.concatenate(found)


def _cropped(images: Tensor, drawing: torch.Generator) -> Tensor:
    """Give a patch of half the side from each image [n, 1, s, s], each from a place of its own."""
    side = images.shape[-1]
    half = side // 2
    places = torch.randint(side - half + 1, (len(images), 2), generator=drawing).tolist()
    return torch.stack([image[:, y : y + half, x : x + half] for image, (y, x) in zip(images, places, strict=True)])
