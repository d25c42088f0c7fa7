"""Conversion to 8-bit grey: exact, or refused by the file's name."""

import io
import struct

import numpy as np
import pytest
from corpus_samples import png_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from ganprint.corpus.chunks import png_header
from ganprint.corpus.png import grey_png, load_grey
from ganprint.errors import InputError

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def images(high: int = 255, dtype=np.uint8):
    sides = st.integers(1, 9)
    return st.tuples(sides, sides).flatmap(
        lambda shape: npst.arrays(dtype, shape, elements=st.integers(0, high), fill=st.nothing())
    )


def decoded(png: bytes) -> np.ndarray:
    """The pixels of an 8-bit grey PNG, by a decoder that is not under test."""
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "L"
        return np.array(image)


def stacked(grey: np.ndarray, channels: int, alpha: int | None = None) -> np.ndarray:
    planes = [grey] * channels + ([np.full_like(grey, alpha)] if alpha is not None else [])
    return np.stack(planes, axis=-1)


@given(images())
def test_an_8_bit_grey_png_keeps_its_bytes(grey):
    """Nothing is re-encoded without need: the corpus has the bytes that were handed out."""
    data = png_of(grey, extra=[(b"tEXt", b"Comment\0kept")])
    result = grey_png(data, "a.png")
    assert result.png == data
    assert result.conversion is None
    assert (result.height, result.width) == grey.shape


@given(images(), st.permutations(range(256)))
def test_a_palette_index_is_not_grey(indices, palette):
    """The grey of a palette image is the palette's colour, not the index."""
    colours = np.repeat(np.array(palette, dtype=np.uint8), 3)
    result = grey_png(png_of(indices, colour=PALETTE, extra=[(b"PLTE", colours.tobytes())]), "a.png")
    assert (decoded(result.png) == np.array(palette)[indices]).all()
    assert result.conversion == "8-bit palette"


@given(st.sampled_from([1, 2, 4]), st.data())
def test_small_palettes_are_looked_up(depth, data):
    """Palette images of 1, 2 and 4 bits are unpacked and looked up."""
    indices = data.draw(images(high=2**depth - 1))
    palette = data.draw(st.lists(st.integers(0, 255), min_size=2**depth, max_size=2**depth))
    colours = np.repeat(np.array(palette, dtype=np.uint8), 3).tobytes()
    result = grey_png(png_of(indices, depth=depth, colour=PALETTE, extra=[(b"PLTE", colours)]), "a.png")
    assert (decoded(result.png) == np.array(palette)[indices]).all()
    assert result.conversion == f"{depth}-bit palette"


def test_a_colour_in_the_palette_counts_only_where_it_is_used():
    """An unused colour is harmless; a used one is real colour and refused with its place and value."""
    palette = bytes([7, 7, 7, 200, 10, 10])
    result = grey_png(png_of([[0, 0]], colour=PALETTE, extra=[(b"PLTE", palette)]), "a.png")
    assert decoded(result.png).tolist() == [[7, 7]]
    with pytest.raises(InputError, match=r"^b\.png: 8-bit palette PNG with 1 coloured .* column 1: 200, 10, 10"):
        grey_png(png_of([[0, 1]], colour=PALETTE, extra=[(b"PLTE", palette)]), "b.png")


@pytest.mark.parametrize("extra", [[], [(b"PLTE", bytes(3))]])
def test_an_index_beyond_the_palette_is_corrupt(extra):
    """A palette that is missing or too short does not become black silently."""
    with pytest.raises(InputError, match=r"^a\.png: .*(palette|corrupt)"):
        grey_png(png_of([[0, 1]], colour=PALETTE, extra=extra), "a.png")


@given(images(), st.sampled_from([(RGB, 3, None), (RGBA, 3, 255), (GREY_ALPHA, 1, 255)]))
def test_grey_in_colour_channels_is_converted_exactly(grey, kind):
    """R = G = B and full opacity lose nothing."""
    colour, channels, alpha = kind
    result = grey_png(png_of(stacked(grey, channels, alpha), colour=colour), "a.png")
    assert (decoded(result.png) == grey).all()
    assert result.conversion == {RGB: "8-bit RGB", RGBA: "8-bit RGBA", GREY_ALPHA: "8-bit grey with alpha"}[colour]


@given(images(), st.integers(0, 2), st.data())
def test_one_coloured_pixel_is_refused(grey, channel, data):
    """Colour is never averaged away."""
    pixels = stacked(grey, 3)
    row = data.draw(st.integers(0, grey.shape[0] - 1))
    column = data.draw(st.integers(0, grey.shape[1] - 1))
    pixels[row, column, channel] ^= 1
    with pytest.raises(InputError, match=rf"^a\.png: .*1 coloured pixels .*row {row}, column {column}"):
        grey_png(png_of(pixels, colour=RGB), "a.png")


@pytest.mark.parametrize(("colour", "channels"), [(RGBA, 3), (GREY_ALPHA, 1)])
def test_partial_transparency_is_refused(colour, channels):
    """What lies behind a transparent pixel is not known, so it has no grey."""
    pixels = stacked(np.array([[1, 2]], dtype=np.uint8), channels, 255)
    pixels[0, 1, -1] = 254
    with pytest.raises(InputError, match=r"^a\.png: .*transparent"):
        grey_png(png_of(pixels, colour=colour), "a.png")


@pytest.mark.parametrize(
    ("samples", "depth", "colour", "unused", "used"),
    [
        ([[3, 4]], 8, GREY, struct.pack(">H", 9), struct.pack(">H", 4)),
        ([[3, 4]], 4, GREY, struct.pack(">H", 9), struct.pack(">H", 4)),
        ([[0, 0]], 1, GREY, struct.pack(">H", 1), struct.pack(">H", 0)),
        ([[257, 514]], 16, GREY, struct.pack(">H", 771), struct.pack(">H", 514)),
        ([[[3, 3, 3], [4, 4, 4]]], 8, RGB, struct.pack(">3H", 3, 4, 3), struct.pack(">3H", 4, 4, 4)),
        ([[0, 1]], 8, PALETTE, bytes([255, 255, 0]), bytes([255, 128])),
    ],
)
def test_a_transparency_chunk_is_dropped_only_where_no_pixel_has_it(samples, depth, colour, unused, used):
    """The tRNS chunk is judged by the pixels, for every kind of PNG that may carry one."""
    palette = [(b"PLTE", bytes([5, 5, 5, 6, 6, 6, 7, 7, 7]))] if colour == PALETTE else []
    result = grey_png(png_of(samples, depth=depth, colour=colour, extra=[*palette, (b"tRNS", unused)]), "a.png")
    plain = grey_png(png_of(samples, depth=depth, colour=colour, extra=palette), "a.png")
    assert (decoded(result.png) == decoded(plain.png)).all()
    assert result.conversion is not None
    with pytest.raises(InputError, match=r"^a\.png: .*transparent"):
        grey_png(png_of(samples, depth=depth, colour=colour, extra=[*palette, (b"tRNS", used)]), "a.png")


@given(images(dtype=np.uint16))
def test_8_bit_values_in_16_bits_are_kept(values):
    """Values up to 255 are grey levels already."""
    result = grey_png(png_of(values, depth=16), "a.png")
    assert (decoded(result.png) == values).all()
    assert result.conversion == "16-bit grey, 8-bit values kept"


@given(images())
def test_16_bits_that_stem_from_8_are_divided_exactly(grey):
    """Multiples of 257 come from 8 bits and go back to them."""
    grey[0, 0] = max(grey[0, 0], 1)
    result = grey_png(png_of(grey.astype(np.uint16) * 257, depth=16), "a.png")
    assert (decoded(result.png) == grey).all()
    assert result.conversion == "16-bit grey, divided by 257"


@given(images(high=65535, dtype=np.uint16))
def test_full_range_16_bits_are_rounded_to_the_nearest(values):
    """From 0 to 65535 the scale is beyond doubt; the result is the nearest of 256 levels."""
    values = np.vstack([values, np.resize([0, 65535, 300], (3, values.shape[1])).astype(np.uint16)])
    values[-1, 0], values[-2, 0], values[-3, 0] = 300, 65535, 0
    result = grey_png(png_of(values, depth=16), "a.png")
    assert (decoded(result.png) == np.round(values / 257)).all()
    assert result.conversion == "16-bit grey, divided by 257 and rounded"


@pytest.mark.parametrize("values", [[[0, 4095]], [[256, 300]], [[1, 65535]], [[0, 65534]]])
def test_an_ambiguous_16_bit_scale_is_refused_with_its_range(values):
    """12 bits in 16, for example, could mean several greys."""
    low, high = values[0]
    with pytest.raises(InputError, match=rf"^a\.png: 16-bit grey PNG with values from {low} to {high}"):
        grey_png(png_of(np.array(values, dtype=np.uint16), depth=16), "a.png")


@pytest.mark.parametrize(("colour", "channels"), [(RGB, 3), (GREY_ALPHA, 2), (RGBA, 4)])
def test_16_bit_colour_is_refused(colour, channels):
    """The decoder would drop the low bytes of these without a word."""
    with pytest.raises(InputError, match=r"^a\.png: 16-bit .* not converted"):
        grey_png(png_of(np.zeros((2, 2, channels), dtype=np.uint16), depth=16, colour=colour), "a.png")


@given(st.sampled_from([1, 2, 4]), st.data())
def test_few_bits_are_stretched_to_the_full_range(depth, data):
    """1 bit is black and white, 2 and 4 bits are steps of 85 and 17."""
    samples = data.draw(images(high=2**depth - 1))
    result = grey_png(png_of(samples, depth=depth), "a.png")
    assert (decoded(result.png) == samples * (255 // (2**depth - 1))).all()
    assert result.conversion == f"{depth}-bit grey"


@given(images())
def test_interlaced_images_are_read(grey):
    """Adam7 interlacing changes no pixel."""
    palette = np.repeat(np.arange(255, -1, -1, dtype=np.uint8), 3).tobytes()
    result = grey_png(png_of(grey, colour=PALETTE, extra=[(b"PLTE", palette)], interlaced=True), "a.png")
    assert (decoded(result.png) == 255 - grey).all()
    plain = png_of(grey, interlaced=True)
    assert grey_png(plain, "a.png").png == plain


@given(st.data())
def test_a_truncated_file_is_refused_by_name(data):
    """No cut, wherever it falls, gives an image."""
    whole = png_of(np.arange(64, dtype=np.uint8).reshape(8, 8))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(InputError, match=r"^a\.png: "):
        grey_png(whole[:cut], "a.png")


@given(st.data(), st.integers(1, 255))
def test_a_changed_byte_is_refused_by_name(data, change):
    """Every byte is under a checksum: a broken copy never passes as an image."""
    whole = bytearray(png_of(np.arange(64, dtype=np.uint8).reshape(8, 8)))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= change
    with pytest.raises(InputError, match=r"^a\.png: "):
        grey_png(bytes(whole), "a.png")


def test_pixels_that_end_early_are_refused():
    """Sound checksums around too few rows do not help."""
    short = png_of(np.zeros((4, 4), dtype=np.uint8))
    header = struct.pack(">IIBBBBB", 4, 9, 8, 0, 0, 0, 0)
    tall = png_of(np.zeros((9, 4), dtype=np.uint8))
    assert tall[16:29] == header
    with pytest.raises(InputError, match=r"^a\.png: corrupt PNG \(pixels of 20 bytes, 45 expected\)"):
        grey_png(tall[:33] + short[33:], "a.png")


def test_a_bomb_is_refused_before_it_is_decoded():
    """The header's size is judged first; the limit is a parameter."""
    huge = bytearray(png_of(np.zeros((1, 1), dtype=np.uint8)))
    huge[16:24] = struct.pack(">II", 100_000, 100_000)
    with pytest.raises(InputError, match=r"^a\.png: 100000x100000 pixels, allowed are 16777216"):
        grey_png(bytes(huge), "a.png")
    with pytest.raises(InputError, match="allowed are 15"):
        grey_png(png_of(np.zeros((4, 4), dtype=np.uint8)), "a.png", max_pixels=15)


def test_an_animation_is_refused():
    """Which frame is the slice is not for the kit to guess."""
    data = png_of([[1]], extra=[(b"acTL", struct.pack(">II", 2, 0))])
    with pytest.raises(InputError, match=r"^a\.png: animated"):
        grey_png(data, "a.png")


def test_another_format_named_png_is_refused():
    """The extension is not believed."""
    stream = io.BytesIO()
    Image.new("L", (4, 4)).save(stream, "JPEG")
    with pytest.raises(InputError, match=r"^a\.png: not a PNG"):
        grey_png(stream.getvalue(), "a.png")


def test_conversion_is_deterministic():
    """The same image gives the same bytes, without a time or a comment in them."""
    data = png_of(stacked(np.arange(16, dtype=np.uint8).reshape(4, 4), 3), colour=RGB, extra=[(b"tEXt", b"a\0b")])
    first = grey_png(data, "a.png").png
    assert grey_png(data, "b.png").png == first
    assert b"tEXt" not in first


def test_the_header_is_told_in_words():
    """The words of the import report: size, bits and kind."""
    header = png_header(png_of([[0, 1, 1]], depth=1, colour=PALETTE, extra=[(b"PLTE", bytes(6))])[:33], "a.png")
    assert (header.width, header.height, header.format) == (3, 1, "1-bit palette")


def test_a_stored_image_is_read_as_an_array(tmp_path):
    """load_grey gives rows by columns, and refuses what the store never writes."""
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    (tmp_path / "a.png").write_bytes(png_of(grey))
    assert load_grey(tmp_path / "a.png").tolist() == grey.tolist()
    assert load_grey(tmp_path / "a.png").dtype == np.uint8
    (tmp_path / "b.png").write_bytes(png_of(grey, colour=PALETTE, extra=[(b"PLTE", bytes(18))]))
    for name in ("b.png", "missing.png"):
        with pytest.raises(InputError, match=name):
            load_grey(tmp_path / name)
