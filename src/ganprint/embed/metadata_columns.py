"""The data dictionary: every column that the kit computes of an image, with meaning, unit, formula, typical range."""

from dataclasses import dataclass

__all__ = ["COLUMNS", "Column", "dictionary_table"]


@dataclass(frozen=True)
class Column:
    """One column of the metadata.

    Attributes
    ----------
    name
        As in the embedding's file.
    meaning
        In plain words.
    unit
        ``grey``: of the 8-bit grey values 0..255; ``share``: 0..1; ``yes/no``: 1 or 0.
    formula
        How it is computed.
    typical
        5 % and 95 % quantiles of the real images of two corpora: the phantom of the default profile; open chest CT.
        Measured by benchmarks/metadata_table.py.
    """

    name: str
    meaning: str
    unit: str
    formula: str
    typical: str


COLUMNS: tuple[Column, ...] = (
    Column("width", "width of the image", "pixels", "as stored", "256; 256"),
    Column("height", "height of the image", "pixels", "as stored", "256; 256"),
    Column("grey_mean", "mean grey value", "grey", "mean of all pixels", "59 to 94; 87 to 121"),
    Column(
        "grey_deviation", "spread of the grey values", "grey", "standard deviation of all pixels", "76 to 92; 68 to 80"
    ),
    Column("grey_min", "darkest pixel", "grey", "minimum", "0 to 13; 15 to 35"),
    Column("grey_p01", "1 % quantile", "grey", "nearest rank, all pixels", "0 to 18; 38 to 40"),
    Column("grey_p05", "5 % quantile", "grey", "nearest rank, all pixels", "0 to 20; 38 to 42"),
    Column("grey_p25", "25 % quantile", "grey", "nearest rank, all pixels", "0 to 24; 41 to 60"),
    Column("grey_p50", "median", "grey", "nearest rank, all pixels", "3 to 48; 44 to 79"),
    Column("grey_p75", "75 % quantile", "grey", "nearest rank, all pixels", "147 to 195; 97 to 210"),
    Column("grey_p95", "95 % quantile", "grey", "nearest rank, all pixels", "194 to 242; 221 to 242"),
    Column("grey_p99", "99 % quantile", "grey", "nearest rank, all pixels", "239 to 255; 245 to 255"),
    Column("grey_max", "brightest pixel", "grey", "maximum", "255; 255"),
    Column(
        "grey_entropy",
        "entropy of the grey values",
        "bits",
        "of the histogram of 256 values, base 2",
        "4.8 to 6.8; 5.5 to 6.9",
    ),
    Column(
        "black_share",
        "saturated dark pixels: what the window cut off below",
        "share",
        "pixels equal to 0",
        "0 to 0.47; 0",
    ),
    Column(
        "white_share",
        "saturated bright pixels: what the window cut off above",
        "share",
        "pixels equal to 255",
        "0.0029 to 0.033; 0.0036 to 0.025",
    ),
    Column("grey_count", "different grey values", "values", "filled places of the histogram", "242 to 256; 221 to 234"),
    Column(
        "grey_gaps",
        "gaps in the histogram: grey values stretched after they were rounded",
        "share",
        "empty places between minimum and maximum",
        "0 to 0.035; 0 to 0.029",
    ),
    Column(
        "window_level",
        "guess of the window's centre, relative to the tissue",
        "grey",
        "middle of the 1 % and 99 % quantiles of the body's pixels other than 0 and 255",
        "124 to 142; 150 to 166",
    ),
    Column(
        "window_width",
        "guess how much of the grey scale the body fills: small for a wide window",
        "grey",
        "distance of these two quantiles",
        "206 to 244; 167 to 200",
    ),
    Column("body_found", "anything is brighter than the threshold", "yes/no", "Otsu's threshold", "1; 1"),
    Column(
        "body_area",
        "area of the body, lungs included",
        "share",
        "largest bright part, holes filled",
        "0.37 to 0.57; 0.29 to 0.52",
    ),
    Column("body_grey", "brightness of the body", "grey", "mean of the body's pixels", "129 to 166; 158 to 195"),
    Column(
        "body_left",
        "left edge of the body",
        "share",
        "of its bounding box, from the image's left",
        "0 to 0.13; 0 to 0.13",
    ),
    Column(
        "body_top",
        "upper edge of the body",
        "share",
        "of its bounding box, from the image's top",
        "0.1 to 0.22; 0.11 to 0.29",
    ),
    Column("body_width", "width of the body", "share", "of its bounding box", "0.75 to 1; 0.75 to 1"),
    Column("body_height", "height of the body", "share", "of its bounding box", "0.6 to 0.76; 0.47 to 0.71"),
    Column(
        "body_symmetry",
        "left-right symmetry",
        "correlation",
        "Pearson correlation of the bounding box with its mirror image",
        "0.58 to 0.89; 0.39 to 0.84",
    ),
    Column("lungs_found", "the body encloses a dark part of at least 0.5 % of its area", "yes/no", "see text", "1; 1"),
    Column(
        "lung_area",
        "area of the lungs",
        "share",
        "large dark parts that the body encloses",
        "0.088 to 0.19; 0.045 to 0.18",
    ),
    Column("lung_parts", "separate lung parts", "parts", "4-connected", "2 to 3; 2 to 3"),
    Column(
        "lung_balance",
        "how equal the two largest parts are",
        "share",
        "second area divided by the first",
        "0.5 to 0.98; 0.16 to 0.96",
    ),
    Column("lung_grey", "brightness of the lungs", "grey", "mean of their pixels", "24 to 55; 72 to 102"),
    Column(
        "noise_immerkaer",
        "noise level of the whole slice, edges included",
        "grey",
        "sqrt(pi/2)/6 times the mean absolute response to Immerkaer's mask (1996)",
        "0.73 to 3.8; 1.5 to 8.7",
    ),
    Column(
        "noise_haar",
        "noise level of the body",
        "grey",
        "median absolute diagonal Haar coefficient / 0.6745 (Donoho 1994), blocks of body pixels other than 0 and 255",
        "1.2 to 5.9; 1.9 to 12",
    ),
    Column(
        "sharpness_laplace", "sharpness", "grey²", "variance of the 4-neighbour Laplacian", "240 to 1210; 659 to 3200"
    ),
    Column(
        "sharpness_gradient",
        "strength of edges",
        "grey per pixel",
        "mean length of the Sobel gradient / 8",
        "6.5 to 10; 6.5 to 9.8",
    ),
)


def dictionary_table() -> str:
    """Give the data dictionary as a Markdown table."""
    head = ["| column | meaning | unit | computed as | typical: phantom; open CT |", "| --- | --- | --- | --- | --- |"]
    rows = [f"| `{c.name}` | {c.meaning} | {c.unit} | {c.formula} | {c.typical} |" for c in COLUMNS]
    return "\n".join([*head, *rows])
