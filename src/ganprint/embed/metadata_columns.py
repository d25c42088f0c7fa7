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
    Column("width", "width of the image", "pixels", "as stored", "?"),
    Column("height", "height of the image", "pixels", "as stored", "?"),
    Column("grey_mean", "mean grey value", "grey", "mean of all pixels", "?"),
    Column("grey_deviation", "spread of the grey values", "grey", "standard deviation of all pixels", "?"),
    Column("grey_min", "darkest pixel", "grey", "minimum", "?"),
    Column("grey_p01", "1 % quantile", "grey", "nearest rank, all pixels", "?"),
    Column("grey_p05", "5 % quantile", "grey", "nearest rank, all pixels", "?"),
    Column("grey_p25", "25 % quantile", "grey", "nearest rank, all pixels", "?"),
    Column("grey_p50", "median", "grey", "nearest rank, all pixels", "?"),
    Column("grey_p75", "75 % quantile", "grey", "nearest rank, all pixels", "?"),
    Column("grey_p95", "95 % quantile", "grey", "nearest rank, all pixels", "?"),
    Column("grey_p99", "99 % quantile", "grey", "nearest rank, all pixels", "?"),
    Column("grey_max", "brightest pixel", "grey", "maximum", "?"),
    Column("grey_entropy", "entropy of the grey values", "bits", "of the histogram of 256 values, base 2", "?"),
    Column("black_share", "saturated dark pixels: what the window cut off below", "share", "pixels equal to 0", "?"),
    Column(
        "white_share", "saturated bright pixels: what the window cut off above", "share", "pixels equal to 255", "?"
    ),
    Column("grey_count", "different grey values", "values", "filled places of the histogram", "?"),
    Column(
        "grey_gaps",
        "gaps in the histogram: grey values stretched after they were rounded",
        "share",
        "empty places between minimum and maximum",
        "?",
    ),
    Column(
        "window_level",
        "guess of the window's centre, relative to the tissue",
        "grey",
        "middle of the 1 % and 99 % quantiles of the body's pixels other than 0 and 255",
        "?",
    ),
    Column(
        "window_width",
        "guess how much of the grey scale the body fills: small for a wide window",
        "grey",
        "distance of these two quantiles",
        "?",
    ),
    Column("body_found", "anything is brighter than the threshold", "yes/no", "Otsu's threshold", "?"),
    Column("body_area", "area of the body, lungs included", "share", "largest bright part, holes filled", "?"),
    Column("body_grey", "brightness of the body", "grey", "mean of the body's pixels", "?"),
    Column("body_left", "left edge of the body", "share", "of its bounding box, from the image's left", "?"),
    Column("body_top", "upper edge of the body", "share", "of its bounding box, from the image's top", "?"),
    Column("body_width", "width of the body", "share", "of its bounding box", "?"),
    Column("body_height", "height of the body", "share", "of its bounding box", "?"),
    Column(
        "body_symmetry",
        "left-right symmetry",
        "correlation",
        "Pearson correlation of the bounding box with its mirror image",
        "?",
    ),
    Column("lungs_found", "the body encloses a dark part of at least 0.5 % of its area", "yes/no", "see text", "?"),
    Column("lung_area", "area of the lungs", "share", "large dark parts that the body encloses", "?"),
    Column("lung_parts", "separate lung parts", "parts", "4-connected", "?"),
    Column("lung_balance", "how equal the two largest parts are", "share", "second area divided by the first", "?"),
    Column("lung_grey", "brightness of the lungs", "grey", "mean of their pixels", "?"),
    Column(
        "noise_immerkaer",
        "noise level of the whole slice, edges included",
        "grey",
        "sqrt(pi/2)/6 times the mean absolute response to Immerkaer's mask (1996)",
        "?",
    ),
    Column(
        "noise_haar",
        "noise level of the body",
        "grey",
        "median absolute diagonal Haar coefficient / 0.6745 (Donoho 1994), blocks of body pixels other than 0 and 255",
        "?",
    ),
    Column("sharpness_laplace", "sharpness", "grey²", "variance of the 4-neighbour Laplacian", "?"),
    Column("sharpness_gradient", "strength of edges", "grey per pixel", "mean length of the Sobel gradient / 8", "?"),
)


def dictionary_table() -> str:
    """Give the data dictionary as a Markdown table."""
    head = ["| column | meaning | unit | computed as | typical: phantom; open CT |", "| --- | --- | --- | --- | --- |"]
    rows = [f"| `{c.name}` | {c.meaning} | {c.unit} | {c.formula} | {c.typical} |" for c in COLUMNS]
    return "\n".join([*head, *rows])
