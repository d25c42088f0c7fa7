"""Build the phantom corpus: patients, coins, autoencoder, generator, samples."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.corpus.index import CorpusImage, Membership, Split
from ganprint.corpus.phantom.cast import Member, Population, draw_cast, patient_slices, shuffled_numbers
from ganprint.corpus.phantom.generator import ImageGenerator, train_image_generator
from ganprint.corpus.phantom.png import png_bytes
from ganprint.params import PhantomParameters

__all__ = ["PhantomCorpus", "Progress", "build_phantom"]

Progress = Callable[[str, int, int], None]
Slices = NDArray[np.uint8]


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


def build_phantom(parameters: PhantomParameters, seed: int, progress: Progress | None = None) -> PhantomCorpus:
    """Build the phantom corpus; the same parameters, seed, thread count and machine give the same bytes.

    Parameters
    ----------
    parameters
        What the corpus is made of.
    seed
        Base seed; every patient, coin and network has its own axis.
    progress
        Called with the step's name, what is done and the total.
    """
    report = progress if progress is not None else _silent
    cast = draw_cast(seed, parameters.development_patients, parameters.test_patients)
    slices = _render(parameters, seed, [(member.split, member.number) for member in cast], "patients", report)
    others = _render(
        parameters, seed, [("other", number) for number in range(parameters.other_patients)], "other patients", report
    )
    used = np.concatenate([part for member, part in zip(cast, slices, strict=True) if member.used])
    other = np.concatenate(others)
    network = train_image_generator(
        other, used if parameters.memorisation > 0 else other[: len(used)], parameters, seed, report
    )
    real, truth = _real_images(seed, cast, slices)
    return PhantomCorpus([*real, *_generated_images(network, parameters, report)], truth)


def _silent(step: str, done: int, total: int) -> None:
    """Report nothing."""


def _render(
    parameters: PhantomParameters,
    seed: int,
    places: list[tuple[Population, int]],
    step: str,
    report: Progress,
) -> list[Slices]:
    def render(place: tuple[Population, int]) -> Slices:
        return patient_slices(seed, *place, parameters.slices_per_patient, parameters.size)

    rendered: list[Slices] = []
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for part in pool.map(render, places):
            rendered.append(part)
            report(step, len(rendered), len(places))
    return rendered


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
    network: ImageGenerator, parameters: PhantomParameters, report: Progress
) -> Iterator[CorpusImage]:
    total = parameters.generated_development + parameters.generated_test
    done = 0
    splits: tuple[tuple[Split, int], ...] = (
        ("development", parameters.generated_development),
        ("test", parameters.generated_test),
    )
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for split, count in splits:
            for number, image in enumerate(pool.map(png_bytes, network.samples(count)), start=1):
                done += 1
                report("samples", done, total)
                yield CorpusImage(
                    f"generated_{number:05d}", "generated", split, "", "", image, parameters.size, parameters.size
                )
