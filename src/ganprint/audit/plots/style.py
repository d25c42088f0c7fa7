"""One look for all plots: legible in print, in grey and by colour-blind readers, with the same bytes every time.

Nothing is told by colour alone: whatever has its own colour has its own marker, line style or hatching, too.
"""

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

__all__ = [
    "BLACK",
    "GREY",
    "NOT_USED",
    "SPLIT_LINES",
    "UNKNOWN",
    "USED",
    "WIDTH",
    "look",
    "new_figure",
    "printable",
    "say",
    "svg_bytes",
]

# Okabe and Ito's palette ("Color Universal Design", 2008): told apart by colour-blind readers.
USED, NOT_USED, UNKNOWN = "#D55E00", "#0072B2", "#009E73"
BLACK, GREY = "#000000", "#777777"

SPLIT_LINES = {"development": (0, (4, 2)), "test": (0, ())}
"""Line style of each split: dashed and solid."""

WIDTH = 6.3
"""Width in inches: 160 mm, the text of an A4 page with margins of 25 mm."""

_FONT = "DejaVu Sans"  # comes with Matplotlib, so it is the same everywhere
_RC: Any = {
    "font.family": [_FONT],
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "figure.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.4,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    # What users and corpora name is shown as it is: a dollar sign starts no formula.
    "text.parse_math": False,
    # Paths, since a reader's machine need not have the font; ids from a fixed salt, so that bytes are the same.
    "svg.fonttype": "path",
    "svg.hashsalt": "ganprint",
}


@contextmanager
def look() -> Iterator[None]:
    """Draw in the look of the report, whatever the user's own settings are, and leave these as they were."""
    with style.context("default"), mpl.rc_context(_RC):
        yield


def new_figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """Give an empty figure of a height and width in inches, with its title; call within :func:`look`."""
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(printable(title, 90))
    return figure


def svg_bytes(figure: Figure) -> bytes:
    """Give a figure as SVG: text as paths, no date, the same bytes for the same figure."""
    stream = io.BytesIO()
    with look():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def printable(text: str, longest: int = 44) -> str:
    r"""Give a text that can be drawn: no control characters, none that the font lacks, not longer than asked.

    Examples
    --------
    >>> printable("a\nb $x$")
    'a\\x0ab $x$'
    >>> printable("abcdef", 4)
    'abc…'
    """
    known = _drawable()
    shown = "".join(letter if letter.isprintable() and ord(letter) in known else _escaped(letter) for letter in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _escaped(letter: str) -> str:
    return f"\\x{ord(letter):02x}" if letter.isascii() else letter.encode("ascii", "backslashreplace").decode()


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont(_FONT)).get_charmap())


def say(axes: Axes, sentence: str, width: int = 34) -> None:
    """Write a sentence where a plot would be, for example why there is none."""
    axes.set_axis_off()
    words = "\n".join(textwrap.wrap(sentence, width))
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes, color=BLACK)
