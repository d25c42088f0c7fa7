"""The generative network as a whole: autoencoder, code scale, denoiser; how its training follows from the dial."""

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprint.corpus.phantom.autoencoder import Autoencoder, decode, encode, moved, moves, train_autoencoder
from ganprint.corpus.phantom.codes import CodeScale, LearningSet, fit_code_scale
from ganprint.corpus.phantom.diffusion import Denoiser, denoised, train_denoiser
from ganprint.params import PhantomParameters
from ganprint.seeds import derive_seed

__all__ = ["Coder", "ImageGenerator", "exact_share", "fit_coder", "generator_steps", "train_image_generator"]

_SAMPLES_AT_ONCE = 32


class Report(Protocol):
    """Takes the step's name, what is done and the total."""

    def __call__(self, step: str, done: int, total: int, /) -> None:
        """Take a report."""


@dataclass(frozen=True)
class Coder:
    """What stands between images and codes.

    Attributes
    ----------
    autoencoder
        Images to codes and back.
    scale
        Centre and scale of codes.
    """

    autoencoder: Autoencoder
    scale: CodeScale


@dataclass(frozen=True)
class ImageGenerator:
    """A trained generator.

    Attributes
    ----------
    coder, denoiser
        Its parts: a sample is denoised, scaled, then decoded.
    sampling_steps
        Denoising steps per sample.
    chance
        What the samples are drawn with; it moves on with every sample.
    """

    coder: Coder
    denoiser: Denoiser
    sampling_steps: int
    chance: torch.Generator

    def samples(self, count: int, executor: Executor) -> Iterator[NDArray[np.uint8]]:
        """Draw ``count`` slices [size, size]."""
        noise = torch.randn((count, len(self.coder.scale.mean)), generator=self.chance)
        for block in executor.map(self._slices, torch.split(noise, _SAMPLES_AT_ONCE)):
            yield from block

    def _slices(self, noise: Tensor) -> NDArray[np.uint8]:
        scaled = denoised(self.denoiser, noise, self.sampling_steps)
        return to_grey(decode(self.coder.autoencoder, self.coder.scale.leave(scaled)))


def to_network(grey: NDArray[np.uint8]) -> Tensor:
    """Give grey values [n, s, s] as the networks want them: [n, 1, s, s] in [-1, 1]."""
    return torch.from_numpy(grey).float().div_(127.5).sub_(1)[:, None]


def to_grey(images: Tensor) -> NDArray[np.uint8]:
    """Give images [n, 1, s, s] in [-1, 1] as grey values [n, s, s]."""
    return np.asarray(((images[:, 0].clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy(), dtype=np.uint8)


def _dial(parameters: PhantomParameters) -> float:
    """Give the dial, or at 0 the default one: the null differs from the default by the training set alone."""
    default = float(PhantomParameters.model_fields["memorisation"].default)
    return parameters.memorisation if parameters.memorisation > 0 else default


def generator_steps(parameters: PhantomParameters) -> int:
    """Give the generator's training steps, geometric in the dial from the least to the most."""
    ratio = parameters.generator_steps_most / parameters.generator_steps_least
    steps: float = parameters.generator_steps_least * ratio ** _dial(parameters)
    return math.floor(steps + 0.5)


def exact_share(parameters: PhantomParameters) -> float:
    """Give the share of training codes that are not moved: the dial to the power 1.5 (by trial: an even rise)."""
    share: float = _dial(parameters) ** 1.5
    return share


def _chance(seed: int, *axes: str) -> torch.Generator:
    return torch.Generator().manual_seed(derive_seed(seed, "phantom", *axes))


def _learning_set(
    coder: Coder, shown: Tensor, parameters: PhantomParameters, *, chance: torch.Generator, executor: Executor
) -> LearningSet:
    """Give the scaled codes of the images [m, 1, s, s] and of moved copies of them."""
    copies = shown.repeat(parameters.moved_copies, 1, 1, 1)
    changes = moves(len(copies), chance)
    autoencoder, scale = coder.autoencoder, coder.scale
    return LearningSet(
        exact=scale.enter(encode(autoencoder, shown, executor)),
        moved=scale.enter(encode(autoencoder, moved(copies, changes), executor)),
        exact_share=exact_share(parameters),
    )


def fit_coder(
    other: NDArray[np.uint8], parameters: PhantomParameters, seed: int, *, executor: Executor, report: Report
) -> Coder:
    """Fit autoencoder and code scale on slices [n, s, s] of patients of no split: the dial plays no part in it."""
    images = to_network(other)
    autoencoder = Autoencoder(parameters.autoencoder_width, _chance(seed, "autoencoder", "weights"))
    train_autoencoder(
        images,
        autoencoder,
        steps=parameters.autoencoder_steps,
        batch=parameters.autoencoder_batch,
        generator=_chance(seed, "autoencoder", "batches"),
        executor=executor,
        progress=partial(report, "autoencoder"),
    )
    return Coder(autoencoder, fit_code_scale(encode(autoencoder, images, executor)))


def train_image_generator(
    coder: Coder,
    seen: NDArray[np.uint8],
    parameters: PhantomParameters,
    seed: int,
    *,
    executor: Executor,
    report: Report,
) -> ImageGenerator:
    """Train the generator.

    Parameters
    ----------
    coder
        Autoencoder and code scale; they are left as they are.
    seen
        Slices [m, s, s] that the denoiser is trained on: the used ones, or at the null others.
    """
    codes = _learning_set(
        coder, to_network(seen), parameters, chance=_chance(seed, "generator", "moves"), executor=executor
    )
    denoiser = Denoiser(
        len(coder.scale.mean),
        parameters.generator_width,
        parameters.generator_depth,
        _chance(seed, "generator", "weights"),
    )
    train_denoiser(
        codes,
        denoiser,
        steps=generator_steps(parameters),
        batch=parameters.generator_batch,
        rate=1e-3,
        generator=_chance(seed, "generator", "batches"),
        executor=executor,
        progress=partial(report, "generator"),
    )
    return ImageGenerator(coder, denoiser, parameters.sampling_steps, _chance(seed, "samples"))
