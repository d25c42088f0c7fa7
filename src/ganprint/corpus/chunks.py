"""The chunks of a PNG: its header, and whether the file is whole."""

import struct
import zlib
from dataclasses import dataclass

from ganprint.errors import InputError

__all__ = ["ALPHA_COLOURS", "GREY", "GREY_ALPHA", "PALETTE", "PngHeader", "png_chunks", "png_header"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_COLOURS = {GREY: "grey", RGB: "RGB", PALETTE: "palette", GREY_ALPHA: "grey with alpha", RGBA: "RGBA"}

ALPHA_COLOURS = frozenset({GREY_ALPHA, RGBA})
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True)
class PngHeader:
    """What the first chunk of a PNG says: width and height in pixels, bits per sample, colour type, interlacing."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def format(self) -> str:
        """The kind of image in words, for example ``8-bit palette``."""
        return f"{self.depth}-bit {_COLOURS[self.colour]}"

    @property
    def raw_bytes(self) -> int:
        """Bytes of all scanlines, each with its filter byte (PNG specification, sections 7.2 and 8.2)."""
        bits = self.depth * _CHANNELS[self.colour]
        total = 0
        for x, y, step_x, step_y in _ADAM7 if self.interlaced else ((0, 0, 1, 1),):
            width, height = -(-(self.width - x) // step_x), -(-(self.height - y) // step_y)
            total += height * (1 + -(-width * bits // 8)) if width > 0 and height > 0 else 0
        return total


def png_header(data: bytes, name: str) -> PngHeader:
    """Read the header of a PNG from its first 33 bytes.

    Raises
    ------
    InputError
        When the bytes are no PNG; the message names ``name``.
    """
    if data[:8] != _SIGNATURE:
        raise InputError(f"{name}: not a PNG, though named so; save it as PNG")
    if len(data) < 33 or data[8:16] != b"\x00\x00\x00\x0dIHDR":
        raise InputError(f"{name}: truncated or corrupt PNG (no header); fetch the file again")
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    interlaced = data[28]
    if colour not in _COLOURS or depth not in {1, 2, 4, 8, 16} or not width or not height or interlaced > 1:
        raise InputError(f"{name}: corrupt PNG (colour type {colour}, {depth} bits, {width}x{height})")
    return PngHeader(width, height, depth, colour, bool(interlaced))


def png_chunks(data: bytes, header: PngHeader, name: str) -> dict[bytes, bytes]:
    """Check that a PNG is whole, and give the body of the first chunk of every kind.

    Decoders let some damage pass: a pixel stream that ends early leaves rows black. Here every chunk's checksum is
    compared and the pixel stream is inflated to its end. The caller limits ``header.raw_bytes`` beforehand.

    Raises
    ------
    InputError
        When the file is truncated or corrupt; the message names ``name``.
    """
    found: dict[bytes, bytes] = {}
    pixels: list[bytes] = []
    position = len(_SIGNATURE)
    while b"IEND" not in found:
        if position + 12 > len(data):
            raise InputError(f"{name}: truncated PNG ({len(data)} bytes, no end); fetch the file again")
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            raise InputError(f"{name}: truncated PNG ({len(data)} bytes, no end); fetch the file again")
        kind = data[position + 4 : position + 8]
        if zlib.crc32(data[position + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise InputError(f"{name}: corrupt PNG (checksum of chunk {kind!r} is wrong); fetch the file again")
        body = data[position + 8 : end]
        found.setdefault(kind, body)
        if kind == b"IDAT":
            pixels.append(body)
        position = end + 4
    _refuse_short(b"".join(pixels), header.raw_bytes, name)
    return found


def _refuse_short(compressed: bytes, wanted: int, name: str) -> None:
    inflater = zlib.decompressobj()
    try:
        found = len(inflater.decompress(compressed, wanted + 1))
    except zlib.error as error:
        raise InputError(f"{name}: corrupt PNG ({error}); fetch the file again") from None
    if found != wanted or not inflater.eof:
        raise InputError(f"{name}: corrupt PNG (pixels of {found} bytes, {wanted} expected); fetch the file again")
