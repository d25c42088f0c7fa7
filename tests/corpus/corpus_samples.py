"""Hand-made PNGs and corpus folders for the tests of this room, by an encoder of their own."""

import struct
import zlib
from pathlib import Path

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

PARTS = {
    "ganprint": (
        "development/real_used",
        "development/real_not_used",
        "development/generated",
        "test/real_unknown",
        "test/generated",
    ),
    "imageclef-2023": (
        "img_real/used",
        "img_real/not_used",
        "img_gen/generated",
        "img_test/real_unknown_1",
        "test/test_1/generated_1",
    ),
    "relation-network": (
        "train/real_used",
        "validate/real_unused",
        "train/generated",
        "test/real_all",
        "test/generated",
    ),
    "imageclef-2025": (
        "Subtask1/Training/real_used",
        "Subtask1/Training/real_not_used",
        "Subtask1/Training/generated",
        "Subtask1/Test/real_unknown",
        "Subtask1/Test/generated",
    ),
}
STEMS = ("used_", "not_used_", "generated_", "real_unknown_", "generated_")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def rows_of(samples: np.ndarray, depth: int) -> bytes:
    """Scanlines with filter 0: samples [h, w] or [h, w, channels] packed at ``depth`` bits."""
    flat = samples.reshape(len(samples), -1)
    lines = []
    for row in flat:
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
            packed = np.packbits(bits.reshape(-1)).tobytes()
        lines.append(b"\0" + packed)
    return b"".join(lines)


def png_of(samples, *, depth=8, colour=0, extra=(), interlaced=False) -> bytes:
    """Encode samples as they are; ``extra`` chunks (kind, body) go before the pixels."""
    samples = np.asarray(samples)
    height, width = samples.shape[:2]
    if interlaced:
        passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(rows_of(part, depth) for part in passes if part.size)
    else:
        raw = rows_of(samples, depth)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    chunks = [(b"IHDR", head), *extra, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in chunks)


def slice_png(value: int, size: int = 4) -> bytes:
    """A small 8-bit grey PNG whose pixels are all ``value``."""
    return png_of(np.full((size, size), value, dtype=np.uint8))


def fill(root: Path, layout: str = "ganprint", counts=(2, 3, 4, 2, 3), wrapper: str = "", png=slice_png) -> Path:
    """Write a small corpus in a layout; every image differs. Names are not zero-padded."""
    value = 0
    for folder, stem, count in zip(PARTS[layout], STEMS, counts, strict=True):
        place = root / wrapper / folder
        place.mkdir(parents=True)
        for number in range(1, count + 1):
            (place / f"{stem}{number}.png").write_bytes(png(value % 256))
            value += 1
    return root
