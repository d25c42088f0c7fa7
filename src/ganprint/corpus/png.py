"""8-bit grey PNG from whatever a PNG holds, exactly or not at all."""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprint.corpus.chunks import ALPHA_COLOURS, GREY, GREY_ALPHA, PALETTE, PngHeader, png_chunks, png_header
from ganprint.errors import InputError

__all__ = ["MAX_PIXELS", "GreyPng", "grey_png", "load_grey"]

MAX_PIXELS = 1 << 24
"""Default limit on width times height: 4096 x 4096, far above any slice, far below a decompression bomb."""


@dataclass(frozen=True)
class GreyPng:
    """The bytes of an 8-bit grey PNG, its size in pixels, and what was done to make it (None: nothing)."""

    png: bytes
    width: int
    height: int
    conversion: str | None


def grey_png(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> GreyPng:
    """Give the image as an 8-bit grey PNG; an 8-bit grey PNG keeps its very bytes.

    Palettes are looked up, never read as grey; colours must be grey (R = G = B) and opaque. 16-bit grey is taken when
    its scale is beyond doubt: all values at most 255 (kept), all multiples of 257 (divided), or minimum 0 and maximum
    65535 (divided by 257 and rounded).

    Parameters
    ----------
    data
        The bytes of a PNG.
    name
        What to call it in an error: the file's path.
    max_pixels
        Largest width times height that is decoded.

    Raises
    ------
    InputError
        For real colour, transparency, an ambiguous 16-bit scale, an animation, a truncated or corrupt file, or more
        pixels than ``max_pixels``.
    """
    header = png_header(data, name)
    if header.width * header.height > max_pixels:
        raise InputError(f"{name}: {header.width}x{header.height} pixels, allowed are {max_pixels}; shrink the image")
    chunks = png_chunks(data, header, name)
    if b"acTL" in chunks:
        raise InputError(f"{name}: animated PNG; save the one frame that is meant as a still image")
    if header.depth == 16 and header.colour != GREY:
        raise InputError(f"{name}: {header.format} PNG, which is not converted; save it as 8-bit grey")
    pixels = _pixels(data, name)
    if _transparent(pixels, header, chunks):
        raise InputError(f"{name}: {header.format} PNG with transparent pixels; save it without transparency")
    grey, how = _grey(pixels, header, chunks, name)
    if header.format == "8-bit grey":
        if b"tRNS" not in chunks:
            return GreyPng(data, header.width, header.height, None)
        how = ", unused transparency dropped"
    return GreyPng(_encoded(grey), header.width, header.height, header.format + how)


def load_grey(path: Path) -> NDArray[np.uint8]:
    """Read an 8-bit grey PNG as an array [height, width] of 0..255.

    Raises
    ------
    InputError
        When the file is missing, broken, or of another kind.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror}); write the corpus again") from None
    header = png_header(data, str(path))
    if header.format != "8-bit grey":
        raise InputError(f"{path}: {header.format} PNG where 8-bit grey is stored; write the corpus again")
    return np.array(_pixels(data, str(path)), dtype=np.uint8)


def _pixels(data: bytes, name: str) -> NDArray[np.generic]:
    """Decode to samples: [h, w] for grey and palette indices, [h, w, channels] otherwise; 1 bit becomes 0 and 255."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()
            return np.asarray(image.convert("L") if image.mode == "1" else image)
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name}: truncated or corrupt PNG ({reason}); fetch the file again") from None


def _transparent(pixels: NDArray[np.generic], header: PngHeader, chunks: dict[bytes, bytes]) -> bool:
    """Say whether any pixel is less than opaque, by an alpha channel or by a tRNS chunk."""
    if header.colour in ALPHA_COLOURS:
        return bool((pixels[..., -1] != 255).any())
    keys = chunks.get(b"tRNS")
    if keys is None:
        return False
    if header.colour == PALETTE:
        alpha = np.full(256, 255, dtype=np.uint8)
        alpha[: len(keys)] = np.frombuffer(keys[:256], dtype=np.uint8)
        return bool((alpha[pixels.astype(np.intp)] != 255).any())
    colour = np.frombuffer(keys, dtype=">u2").astype(np.int64)
    if header.depth < 8:  # the key is in samples of the file, the pixels are already stretched to 0..255
        colour = colour * (255 // (2**header.depth - 1))
    return bool((pixels.reshape(*pixels.shape[:2], -1) == colour).all(axis=-1).any())


def _grey(
    pixels: NDArray[np.generic], header: PngHeader, chunks: dict[bytes, bytes], name: str
) -> tuple[NDArray[np.uint8], str]:
    """Give grey values [h, w] and what is to be said of the conversion beyond the format."""
    if header.colour == GREY:
        return _from_16_bit(pixels, name) if header.depth == 16 else (pixels.astype(np.uint8), "")
    if header.colour == GREY_ALPHA:
        return pixels[..., 0].astype(np.uint8), ""
    if header.colour == PALETTE:
        palette = np.frombuffer(chunks.get(b"PLTE", b""), dtype=np.uint8).reshape(-1, 3)
        indices = pixels.astype(np.intp)
        if indices.max() >= len(palette):
            raise InputError(f"{name}: corrupt PNG (palette index {indices.max()} of {len(palette)} colours)")
        colours = palette[indices]
    else:
        colours = pixels[..., :3].astype(np.uint8)
    coloured = np.argwhere((colours != colours[..., :1]).any(axis=-1))
    if len(coloured):
        row, column = coloured[0]
        rgb = ", ".join(str(value) for value in colours[row, column])
        raise InputError(
            f"{name}: {header.format} PNG with {len(coloured)} coloured pixels (first at row {row}, column {column}: "
            f"{rgb}), but a CT slice is grey; convert it to grey yourself if it is meant to be here"
        )
    return np.ascontiguousarray(colours[..., 0]), ""


def _from_16_bit(pixels: NDArray[np.generic], name: str) -> tuple[NDArray[np.uint8], str]:
    values = pixels.astype(np.uint32)
    low, high = int(values.min()), int(values.max())
    if high <= 255:
        return values.astype(np.uint8), ", 8-bit values kept"
    if not (values % 257).any():
        return (values // 257).astype(np.uint8), ", divided by 257"
    if low == 0 and high == 65535:
        return ((values + 128) // 257).astype(np.uint8), ", divided by 257 and rounded"
    raise InputError(
        f"{name}: 16-bit grey PNG with values from {low} to {high}, whose scale is ambiguous; save it as 8-bit grey"
    )


def _encoded(grey: NDArray[np.uint8]) -> bytes:
    """Encode with fixed settings and no metadata: the same pixels and library give the same bytes."""
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "PNG", compress_level=6)
    return stream.getvalue()
