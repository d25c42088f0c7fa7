"""How much disk the pipeline takes from nothing, from the parameters alone: an upper estimate."""

from collections.abc import Iterable
from pathlib import Path

from ganprint.params import PhantomParameters

__all__ = ["count_images", "phantom_images", "space_needed"]

_MIB = 2**20
_FIXED_MIB = 150
"""Models, tables, report and MLflow's store: 36 MiB with the default profile, more with larger networks."""


def phantom_images(parameters: PhantomParameters) -> tuple[int, int]:
    """Give the number of images of a phantom and their bytes, uncompressed: grey, one byte a pixel."""
    patients = parameters.development_patients + parameters.test_patients
    images = patients * parameters.slices_per_patient + parameters.generated_development + parameters.generated_test
    return images, images * parameters.size**2


def count_images(source: Path) -> tuple[int, int]:
    """Give the number and the bytes of the files below a folder, or (0, six times its bytes) for an archive.

    An archive's images are not counted; PNGs in it are hardly compressed, and their features are small beside them.
    """
    if source.is_file():
        return 0, 6 * source.stat().st_size
    sizes = [path.stat().st_size for path in source.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def space_needed(images: int, image_bytes: int, row_bytes: Iterable[int]) -> int:
    """Give the MiB that ``dvc repro`` takes from nothing: the outputs, and their copies in DVC's cache.

    Parameters
    ----------
    images, image_bytes
        Number of images and their bytes in all.
    row_bytes
        Bytes of one image's features in each embedding.

    Notes
    -----
    Measured with the default profile: 327 MiB (data 128, cache 163, results 34, MLflow 2), where this gives 666.
    """
    return 2 * (image_bytes + images * sum(row_bytes)) // _MIB + _FIXED_MIB
