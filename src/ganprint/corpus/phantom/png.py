"""Grey values to PNG bytes, the same bytes every time."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["png_bytes"]

_COMPRESSION = 3
"""zlib's level: above it the files of noisy slices hardly shrink, and encoding takes longer."""


def png_bytes(grey: NDArray[np.uint8]) -> bytes:
    """Encode grey values [height, width] as an 8-bit grey PNG without any metadata."""
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, format="PNG", compress_level=_COMPRESSION)
    return stream.getvalue()
