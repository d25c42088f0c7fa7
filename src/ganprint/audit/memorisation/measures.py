"""The measures by name: what they ask, which direction speaks for copying, and where chance lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MEASURES", "Measure", "reading"]


@dataclass(frozen=True)
class Measure:
    """One line of the table.

    Attributes
    ----------
    title
        For readers.
    asks
        What the number is, in lay words, with ``{value}`` to be filled in.
    leak
        Direction that speaks for copying; None for context.
    share
        What it is a share of, where it is one.
    chance
        Level of a generator that copied nothing, where it is known beforehand.
    """

    title: str
    asks: str
    leak: Literal["low", "high"] | None
    share: Literal["generated", "used"] | None = None
    chance: float | None = None


MEASURES = {
    "authenticity": Measure(
        "authenticity",
        "{value} of the generated images are farther from their nearest used image than that is from its own",
        "low",
        share="generated",
    ),
    "ct": Measure(
        "data-copying C_T",
        "generated images lie {value} standard units farther from used images than held-out ones do (below 0: nearer)",
        "low",
        chance=0.0,
    ),
    "fld_gap": Measure(
        "FLD generalisation gap",
        "used minus held-out images: {value} in feature likelihood divergence (below 0: used ones fit better)",
        "low",
    ),
    "closer_to_used": Measure(
        "closer to used than to held-out images",
        "{value} of the generated images are closer to a used than to a held-out image",
        "high",
        share="generated",
        chance=0.5,
    ),
    "ratio_median": Measure(
        "distance ratio, median",
        "for the middle generated image the nearest used image is at {value} of the distance of the second nearest",
        "low",
    ),
    "ratio_below": Measure(
        "distance ratio, share below the limit",
        "{value} of the generated images have one used image clearly nearer than any other",
        "high",
        share="generated",
    ),
    "precision": Measure("precision", "{value} of the generated images lie among used images", None, share="generated"),
    "recall": Measure("recall", "{value} of the used images lie among generated ones", None, share="used"),
    "density": Measure(
        "density", "generated images lie in {value} times as many used neighbourhoods as expected", None
    ),
    "coverage": Measure("coverage", "{value} of the used images have a generated one nearby", None, share="used"),
    "fid": Measure("Fréchet distance", "{value} between generated and used images (0: same mean and covariance)", None),
    "kid": Measure("kernel distance", "{value} between generated and used images (0: the same distribution)", None),
}


def reading(name: str, row: Mapping[str, Any], level: float) -> str:
    """Say a line of the table in one sentence.

    Parameters
    ----------
    name
        Key of :data:`MEASURES`.
    row
        Of the table.
    level
        At and below which a corrected p speaks for copying.
    """
    if row["value"] is None:
        return f"Not computed: {row['reason']}."
    said = MEASURES[name].asks.format(value=_written(name, row["value"]))
    said = said[0].upper() + said[1:]
    if row["p_corrected"] is None:
        beside = row["reference"]
        said += "." if beside is None else f"; with held-out in place of used images {_written(name, beside)}."
        return said + (_rank(row) if name == "fid" else "")
    expected = f"if membership meant nothing, {_written(name, row['expected'])} would be expected"
    verdict = "this speaks for copying" if row["p_corrected"] <= level else "copying is not shown by this"
    return f"{said}; {expected}: {verdict}."


def _rank(row: Mapping[str, Any]) -> str:
    rows = min(row["used"], row["held_out"], row["generated"])
    if rows > row["features"]:
        return ""
    return f" Covariances of {rows} images in {row['features']} features have no full rank: compare equal sizes alone."


def _written(name: str, value: float) -> str:
    return f"{value:.3g}" if MEASURES[name].share is None else f"{100 * value:.1f} %"
