"""Fingerprints of images: equal pixels by a digest, alike pixels by a perceptual hash."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["HASH_BITS", "Fingerprint", "Fingerprints", "bits_between", "fingerprint", "stack"]

HASH_BITS = 64


@dataclass(frozen=True)
class Fingerprint:
    """One image: SHA-256 of size and pixels, perceptual hash, and perceptual hash of its mirror image."""

    pixels: str
    hash: int
    mirrored: int


@dataclass(frozen=True)
class Fingerprints:
    """Many images.

    Attributes
    ----------
    pixels
        [n], the same number for the same size and pixels.
    hashes, mirrored
        [n], 64 bits each, of the images and of their mirror images.
    """

    pixels: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    mirrored: NDArray[np.uint64]


def fingerprint(grey: NDArray[np.uint8]) -> Fingerprint:
    """Give the fingerprint of a grey image [h, w] from its decoded pixels, so that how a file is packed is no matter.

    The perceptual hash is imagehash's pHash: signs of the 8 x 8 lowest frequencies of the discrete cosine transform of
    the image at 32 x 32 pixels, about their median.
    """
    digest = hashlib.sha256(f"{grey.shape[0]}x{grey.shape[1]}:".encode() + grey.tobytes()).hexdigest()
    return Fingerprint(digest, _phash(grey), _phash(np.ascontiguousarray(grey[:, ::-1])))


def stack(parts: Iterable[Fingerprint]) -> Fingerprints:
    """Put the fingerprints of images into columns."""
    found = list(parts)
    _, pixels = np.unique(np.array([part.pixels for part in found], dtype=np.str_), return_inverse=True)
    hashes = np.array([part.hash for part in found], dtype=np.uint64)
    return Fingerprints(pixels.astype(np.int64), hashes, np.array([part.mirrored for part in found], dtype=np.uint64))


def bits_between(
    prints: Fingerprints, left: NDArray[np.intp], right: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Count the differing bits of all pairs of images, the mirror image of the left one tried as well.

    Parameters
    ----------
    prints
        Of all images.
    left, right
        [a] and [b], positions of images.

    Returns
    -------
    Bits [a, b], the smaller of the two counts, and whether [a, b] it is that of the mirror image (ties: it is not).
    """
    hashes = prints.hashes[right][np.newaxis, :]
    direct = np.bitwise_count(prints.hashes[left][:, np.newaxis] ^ hashes)
    mirrored = np.bitwise_count(prints.mirrored[left][:, np.newaxis] ^ hashes)
    return np.minimum(direct, mirrored).astype(np.uint8), mirrored < direct


def _phash(grey: NDArray[np.uint8]) -> int:
    bits = np.asarray(imagehash.phash(Image.fromarray(grey)).hash, dtype=np.bool_)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
