"""Build the phantom corpus: patients, coins, autoencoder, generator, samples."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ganprint.corpus.index import CorpusImage, Membership, Split
from ganprint.corpus.phantom.cast import Member, Population, draw_cast, patient_slices, shuffled_numbers
from ganprint.corpus.phantom.generator import Coder, ImageGenerator, fit_coder, train_image_generator
from ganprint.corpus.phantom.png import png_bytes
from ganprint.corpus.phantom.workers import worker_threads
from ganprint.params import PhantomParameters

__all__ = ["PhantomBase", "PhantomCorpus", "Progress", "build_phantom", "phantom_base"]

Progress = Callable[[str, int, int], None]
Slices = NDArray[np.uint8]
Place = tuple[Population, int]

_ENCODED_AHEAD = 64


@dataclass(frozen=True)
class PhantomCorpus:
    """A finished phantom.

    Attributes
    ----------
    images
        All images of both splits.
    truth
        Test real id -> 1 (used) or 0 (not used).
    """

    images: list[CorpusImage]
    truth: dict[str, int]


@dataclass(frozen=True)
class PhantomBase:
    """What the dial plays no part in: made once, it serves phantoms of every strength of the leak.

    Attributes
    ----------
    parameters, seed
        As of :func:`build_phantom`.
    cast
        Patients of both splits, with their coins.
    slices
        Of every patient of the cast: [slices_per_patient, size, size].
    other
        Slices [n, size, size] of patients of no split.
    coder
        Autoencoder and code scale, fitted on ``other``.
    """

    parameters: PhantomParameters
    seed: int
    cast: list[Member]
    slices: list[Slices]
    other: Slices
    coder: Coder

    def phantom(self, memorisation: float, progress: Progress | None = None) -> PhantomCorpus:
        """Train the generator at this strength of the leak and draw its samples.

        Gives what :func:`build_phantom` gives with ``memorisation`` among its parameters, byte for byte.
        """
        report = progress if progress is not None else _silent
        parameters = self.parameters.model_copy(update={"memorisation": memorisation})
        used = np.concatenate([part for member, part in zip(self.cast, self.slices, strict=True) if member.used])
        # At the null not even the number of training slices may follow from the coins: it is their expectation.
        expected = len(self.cast) * parameters.slices_per_patient // 2
        seen = used if memorisation > 0 else self.other[:expected]
        with worker_threads() as executor:
            network = train_image_generator(self.coder, seen, parameters, self.seed, executor=executor, report=report)
            real, truth = _real_images(self.seed, self.cast, self.slices)
            generated = list(_generated_images(network, parameters, executor, report))
        return PhantomCorpus([*real, *generated], truth)


def build_phantom(parameters: PhantomParameters, seed: int, progress: Progress | None = None) -> PhantomCorpus:
    """Build the phantom corpus; the same parameters, seed and machine give the same bytes.

    Parameters
    ----------
    parameters
        What the corpus is made of.
    seed
        Base seed; every patient, coin and network has its own axis.
    progress
        Called with the step's name, what is done and the total.
    """
    return phantom_base(parameters, seed, progress).phantom(parameters.memorisation, progress)


def phantom_base(parameters: PhantomParameters, seed: int, progress: Progress | None = None) -> PhantomBase:
    """Render the patients and fit the autoencoder: all that does not depend on ``memorisation``."""
    report = progress if progress is not None else _silent
    cast = draw_cast(seed, parameters.development_patients, parameters.test_patients)
    strangers: list[Place] = [("other", number) for number in range(parameters.other_patients)]
    with worker_threads() as executor:
        render = partial(_render, parameters, seed, executor)
        slices = render([(member.split, member.number) for member in cast], partial(report, "patients"))
        other = np.concatenate(render(strangers, partial(report, "other patients")))
        coder = fit_coder(other, parameters, seed, executor=executor, report=report)
    return PhantomBase(parameters, seed, cast, slices, other, coder)


def _silent(step: str, done: int, total: int) -> None:
    """Report nothing."""


def _render(
    parameters: PhantomParameters,
    seed: int,
    executor: Executor,
    places: list[Place],
    report: Callable[[int, int], None],
) -> list[Slices]:
    def rendered(place: Place) -> Slices:
        return patient_slices(seed, *place, parameters.slices_per_patient, parameters.size)

    slices: list[Slices] = []
    for part in executor.map(rendered, places):
        slices.append(part)
        report(len(slices), len(places))
    return slices


def _real_images(seed: int, cast: list[Member], slices: list[Slices]) -> tuple[list[CorpusImage], dict[str, int]]:
    """Name the real images in an order that is independent of patient and coin."""
    images: list[CorpusImage] = []
    truth: dict[str, int] = {}
    splits: tuple[Split, ...] = ("development", "test")
    for split in splits:
        found = [
            (member, grey) for member, part in zip(cast, slices, strict=True) if member.split == split for grey in part
        ]
        counts: dict[Membership, int] = {"used": 0, "not_used": 0, "unknown": 0}
        for number in shuffled_numbers(seed, f"{split} slices", len(found)):
            member, grey = found[number - 1]
            known: Membership = "used" if member.used else "not_used"
            membership: Membership = known if split == "development" else "unknown"
            counts[membership] += 1
            stem = "real_unknown" if membership == "unknown" else membership
            name = f"{stem}_{counts[membership]:04d}"
            images.append(_image(name, split, membership, member.group, grey))
            if split == "test":
                truth[name] = int(member.used)
    return images, truth


def _image(name: str, split: Split, membership: Membership, group: str, grey: Slices) -> CorpusImage:
    height, width = grey.shape
    return CorpusImage(name, "real", split, membership, group, png_bytes(grey), width, height)


def _generated_images(
    network: ImageGenerator, parameters: PhantomParameters, executor: Executor, report: Progress
) -> Iterator[CorpusImage]:
    counts: dict[Split, int] = {
        "development": parameters.generated_development,
        "test": parameters.generated_test,
    }
    done, total = 0, sum(counts.values())
    for split, count in counts.items():
        for number, png in enumerate(_encoded(network.samples(count, executor), executor), start=1):
            name = f"generated_{number:05d}"
            yield CorpusImage(name, "generated", split, "", "", png, parameters.size, parameters.size)
            done += 1
            report("samples", done, total)


def _encoded(images: Iterable[Slices], executor: Executor) -> Iterator[bytes]:
    """Encode images on the worker threads while the next ones are made, a few at a time, in their order."""
    waiting: deque[Future[bytes]] = deque()
    for grey in images:
        waiting.append(executor.submit(png_bytes, grey))
        if len(waiting) > _ENCODED_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
