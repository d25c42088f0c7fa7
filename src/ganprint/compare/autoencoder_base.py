"""What the comparators with an autoencoder have in common: parameters, training, a margin in standard deviations."""

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from ganprint.compare.data import Development
from ganprint.compare.protocol import Comparator, Context, Scores
from ganprint.embed.autoencoder import Autoencoder, Schedule, grey_tensor, learn
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = [
    "AutoencoderParameters",
    "BesideRealImages",
    "Learner",
    "drawn",
    "drawn_rows",
    "margin",
    "trained_autoencoder",
]

Network = TypeVar("Network", bound=nn.Module)

# Errors of images that are all the same have no spread; a margin in such units has to stay finite.
_LEAST_DEVIATION = 1e-9


class AutoencoderParameters(FrozenModel):
    """The network and its training.

    Attributes
    ----------
    width
        Channels after the first of four halvings, a multiple of 4; every further halving doubles them.
    code
        Length of the code; 128 as VCMI's.
    steps, batch, learning_rate
        Steps of Adam, images per step, and the rate, which falls to 0 by a cosine.
    """

    width: int = Field(default=8, ge=4, multiple_of=4)
    code: int = Field(default=128, ge=1)
    steps: int = Field(default=600, ge=1)
    batch: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)

    quick: ClassVar[dict[str, Any]] = {"width": 4, "code": 16, "steps": 12, "batch": 8}

    def schedule(self) -> Schedule:
        """Give the training's length and rate."""
        return Schedule(self.steps, self.batch, self.learning_rate)


class BesideRealImages(Comparator):
    """Base of those that need real images without labels beside the generated ones: the development split's."""

    variant = "extension"
    pixels = True
    accelerated = True
    learns = False
    quick = AutoencoderParameters.quick

    def fit(self, development: Development, context: Context) -> Self:
        """Keep the development split's real images, without their labels."""
        del context
        self.real_ = development.real.in_order()[0].rows
        return self


class Learner:
    """Builds and trains seeded networks inside one fit or scoring."""

    def __init__(self, parameters: AutoencoderParameters, context: Context) -> None:
        self.parameters, self.context = parameters, context

    def build(self, network: Callable[[], Network]) -> Network:
        """Give a network with initial weights from the context's seed, on its device."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(self.context.seed, "network"))
            built = network().to(self.context.device)
            # On a processor the wide, shallow convolutions take two thirds of the time so.
            built.to(memory_format=torch.channels_last)
            return built

    def learn(self, network: nn.Module, loss: Callable[[torch.Generator], Tensor]) -> None:
        """Train the network in place."""

        def advance(done: int, total: int) -> None:
            self.context.advance(done, total, "step")

        losses = learn(network, loss, self.parameters.schedule(), derive_seed(self.context.seed, "training"), advance)
        self.context.tell("loss", len(losses), losses[-1])


def drawn_rows(total: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw row numbers with replacement, on the CPU."""
    return torch.randint(total, (count,), generator=generator)


def drawn(images: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw images with replacement."""
    return images[drawn_rows(len(images), count, generator).to(images.device)]


def trained_autoencoder(rows: NDArray[Any], parameters: AutoencoderParameters, context: Context) -> nn.Module:
    """Train an autoencoder on grey values [n, s * s] with the mean squared error."""
    learner = Learner(parameters, context)
    network = learner.build(lambda: Autoencoder(parameters.width, parameters.code))
    images = grey_tensor(rows, context.device)

    def loss(generator: torch.Generator) -> Tensor:
        seen = drawn(images, parameters.batch, generator)
        error: Tensor = network(seen) - seen
        return error.square().mean()

    learner.learn(network, loss)
    return network


def margin(errors: NDArray[np.float64], reference: NDArray[np.float64], deviations: float) -> Scores:
    """Give how far errors [n] lie below mean + deviations x sd of the reference errors, in these sd.

    The authors' rules "error against a threshold" are then "0 or more means used". In units of sd the scores of two
    trainings, whose errors differ as a whole, can be held side by side.

    Examples
    --------
    >>> margin(np.array([1.0, 3.0, 7.0]), np.array([1.0, 3.0]), 3.0).tolist()
    [4.0, 2.0, -2.0]
    """
    scale = max(float(reference.std()), _LEAST_DEVIATION)
    scores: Scores = (reference.mean() - errors) / scale + deviations
    return scores
