"""The generative network as a whole: autoencoder, code space, denoiser; how training length follows from the dial."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprint.corpus.phantom.autoencoder import Autoencoder, decode, encode, moved, train_autoencoder
from ganprint.corpus.phantom.codes import CodeSpace, fit_code_space
from ganprint.corpus.phantom.diffusion import Denoiser, sample_codes, train_denoiser
from ganprint.params import PhantomParameters
from ganprint.seeds import derive_seed

__all__ = ["ImageGenerator", "generator_steps", "train_image_generator"]

_SAMPLES_AT_ONCE = 64
_MOVED_COPIES = 2


class Report(Protocol):
    """Takes the step's name, what is done and the total."""

    def __call__(self, step: str, done: int, total: int, /) -> None:
        """Take a report."""


@dataclass(frozen=True)
class ImageGenerator:
    """A trained generator.

    Attributes
    ----------
    autoencoder, space, denoiser
        Its parts: a sample is denoised in the space, then decoded.
    sampling_steps
        Denoising steps per sample.
    chance
        What the samples are drawn with; it moves on with every sample.
    """

    autoencoder: Autoencoder
    space: CodeSpace
    denoiser: Denoiser
    sampling_steps: int
    chance: torch.Generator

    def samples(self, count: int) -> Iterator[NDArray[np.uint8]]:
        """Draw ``count`` slices [size, size]."""
        dimensions = len(self.space.spread)
        for start in range(0, count, _SAMPLES_AT_ONCE):
            coordinates = sample_codes(
                self.denoiser,
                min(_SAMPLES_AT_ONCE, count - start),
                dimensions,
                steps=self.sampling_steps,
                generator=self.chance,
            )
            yield from to_grey(decode(self.autoencoder, self.space.leave(coordinates)))


def to_network(grey: NDArray[np.uint8]) -> Tensor:
    """Give grey values [n, s, s] as the networks want them: [n, 1, s, s] in [-1, 1]."""
    return torch.from_numpy(grey).float().div_(127.5).sub_(1)[:, None]


def to_grey(images: Tensor) -> NDArray[np.uint8]:
    """Give images [n, 1, s, s] in [-1, 1] as grey values [n, s, s]."""
    return np.asarray(((images[:, 0].clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy(), dtype=np.uint8)


def generator_steps(parameters: PhantomParameters) -> int:
    """Give the generator's training steps.

    They grow geometrically with the dial, from ``generator_steps_least`` (dial just above 0) to
    ``generator_steps_most`` (dial at 1). At 0 they are those of the default dial: the null differs from the default
    by the training set alone.
    """
    default = float(PhantomParameters.model_fields["memorisation"].default)
    dial = parameters.memorisation if parameters.memorisation > 0 else default
    ratio = parameters.generator_steps_most / parameters.generator_steps_least
    return math.floor(parameters.generator_steps_least * ratio**dial + 0.5)


def train_image_generator(
    other: NDArray[np.uint8], seen: NDArray[np.uint8], parameters: PhantomParameters, seed: int, report: Report
) -> ImageGenerator:
    """Train the generator.

    Parameters
    ----------
    other
        Slices [n, s, s] of patients of no split: autoencoder and code space are fitted on them.
    seen
        Slices [m, s, s] that the denoiser is trained on: the used ones, or at the null others.
    """

    def chance(*axes: str) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed(seed, "phantom", *axes))

    images = to_network(other)
    autoencoder = Autoencoder(parameters.autoencoder_width, chance("autoencoder", "weights"))
    train_autoencoder(
        images,
        autoencoder,
        steps=parameters.autoencoder_steps,
        batch=parameters.autoencoder_batch,
        generator=chance("autoencoder", "batches"),
        progress=partial(report, "autoencoder"),
    )
    moves = chance("codes", "moves")
    shown = torch.cat([images, *(moved(images, moves) for _ in range(_MOVED_COPIES))])
    space = fit_code_space(encode(autoencoder, shown), parameters.code_dimensions)
    denoiser = Denoiser(
        len(space.spread), parameters.generator_width, parameters.generator_depth, chance("generator", "weights")
    )
    train_denoiser(
        space.enter(encode(autoencoder, to_network(seen))),
        denoiser,
        steps=generator_steps(parameters),
        batch=parameters.generator_batch,
        rate=1e-3,
        generator=chance("generator", "batches"),
        progress=partial(report, "generator"),
    )
    return ImageGenerator(autoencoder, space, denoiser, parameters.sampling_steps, chance("samples"))
