"""Counts of a claim: every figure exactly, as a fraction, and how a printed figure was made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

from ganprint.errors import InputError
from ganprint.evaluate.intervals import exact_interval

__all__ = ["CLAIMED", "Counts", "PrintedRate", "Printing", "printing_of"]

CLAIMED = ("accuracy", "precision", "specificity", "recall", "f1")
"""Figures that papers print beside or instead of counts."""

Printing = Literal["exact", "rounded or truncated", "rounded", "truncated", "neither"]


@dataclass(frozen=True)
class Counts:
    """The four counts of one set of decisions; *used* is the positive class.

    Raises
    ------
    InputError
        When a count is negative or all are 0.
    """

    tp: int
    tn: int
    fp: int
    fn: int

    def __post_init__(self) -> None:
        if min(self.tp, self.tn, self.fp, self.fn) < 0 or self.n == 0:
            received = f"{self.tp},{self.tn},{self.fp},{self.fn}"
            raise InputError(f"counts: received {received}; give TP,TN,FP,FN, none negative and not all 0")

    @classmethod
    def parse(cls, text: str) -> "Counts":
        """Read ``TP,TN,FP,FN``.

        Raises
        ------
        InputError
            When the text is anything else.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
            raise InputError(f"counts: received '{text}'; give four whole numbers TP,TN,FP,FN, for example 79,22,78,21")
        return cls(*map(int, parts))

    @property
    def n(self) -> int:
        """Number of images."""
        return self.tp + self.tn + self.fp + self.fn

    @property
    def positives(self) -> int:
        """Images that are used."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Images that are not used."""
        return self.tn + self.fp

    @property
    def called(self) -> int:
        """Images that were called used."""
        return self.tp + self.fp

    @property
    def correct(self) -> int:
        """Right answers."""
        return self.tp + self.tn

    def figures(self) -> dict[str, Fraction | None]:
        """Give the claimed figures, prevalence and Cohen's kappa as fractions; ``None`` where undefined."""
        chance = self.called * self.positives + (self.n - self.called) * self.negatives
        parts = {
            "accuracy": (self.correct, self.n),
            "precision": (self.tp, self.called),
            "specificity": (self.tn, self.negatives),
            "recall": (self.tp, self.positives),
            "f1": (2 * self.tp, 2 * self.tp + self.fp + self.fn),
            "prevalence": (self.positives, self.n),
            "kappa": (self.n * self.correct - chance, self.n * self.n - chance),
        }
        return {name: Fraction(above, below) if below else None for name, (above, below) in parts.items()}

    def interval(self, name: str, confidence: float) -> tuple[float, float] | None:
        """Give the exact interval of a figure, images taken as independent.

        Proportions have the interval of Clopper and Pearson (1934). F1 is 2 J / (1 + J) with J = TP / (TP + FP + FN),
        and given the number of images that truth or answer calls used, TP is binomial with J: the interval of J is
        carried over, F1 being increasing in J. Kappa, prevalence (a fact of the design) and undefined figures have
        ``None``.
        """
        parts: dict[str, tuple[int, int, Callable[[float], float]]] = {
            "accuracy": (self.correct, self.n, _same),
            "precision": (self.tp, self.called, _same),
            "specificity": (self.tn, self.negatives, _same),
            "recall": (self.tp, self.positives, _same),
            "f1": (self.tp, self.tp + self.fp + self.fn, lambda share: 2 * share / (1 + share)),
        }
        if name not in parts or parts[name][1] == 0:
            return None
        successes, n, carried = parts[name]
        low, high = exact_interval(successes, n, confidence)
        return carried(low), carried(high)


def _same(value: float) -> float:
    return value


@dataclass(frozen=True)
class PrintedRate:
    """A rate as somebody printed it.

    Attributes
    ----------
    text
        As printed.
    value
        The share in [0, 1] that it says.
    step
        One unit of its last digit, as a share.
    digits
        Digits after the point, as printed.
    taken_as_percent
        Whether it was read as per cent only because it is above 1: tables print per cent without a sign.
    """

    text: str
    value: Fraction
    step: Fraction
    digits: int
    taken_as_percent: bool = False

    @classmethod
    def parse(cls, text: str, name: str = "rate", *, percent: bool | None = None) -> "PrintedRate":
        """Read a rate. The digits count: ``.54`` and ``.540`` are rounded differently.

        Parameters
        ----------
        text
            For example ``0.883``, ``.883``, ``88.3%`` or ``88.3``.
        name
            What messages call it.
        percent
            Whether the number is in per cent; when ``None``, it is with a per cent sign or above 1.

        Raises
        ------
        InputError
            When it is no number or not within 0 and 1 (100 per cent).
        """
        received = InputError(f"{name}: received '{text}'; give a share such as 0.883 or per cent such as 88.3%")
        bare = text.strip()
        try:
            number = Decimal(bare.removesuffix("%").strip())
        except InvalidOperation:
            raise received from None
        if not number.is_finite() or number < 0:
            raise received
        digits = max(0, -int(number.as_tuple().exponent))
        in_percent = bare.endswith("%") or number > 1 if percent is None else percent
        scale = 100 if in_percent else 1
        value = Fraction(number) / scale
        if value > 1:
            raise received
        taken = percent is None and in_percent and not bare.endswith("%")
        return cls(text, value, Fraction(1, 10**digits * scale), digits, taken)

    def rounded(self) -> tuple[Fraction, Fraction]:
        """Give the shares that round to it, both ends included since rules for halves differ."""
        return max(Fraction(0), self.value - self.step / 2), min(Fraction(1), self.value + self.step / 2)


def printing_of(exact: Fraction, printed: PrintedRate) -> Printing:
    """Say how a printed rate comes from the exact one.

    ``rounded or truncated`` when both give the same digits, ``neither`` when the exact figure is not printed like this
    by either rule.
    """
    off = exact - printed.value
    rounded, truncated = abs(off) <= printed.step / 2, 0 <= off < printed.step
    if off == 0:
        return "exact"
    if rounded and truncated:
        return "rounded or truncated"
    if rounded:
        return "rounded"
    return "truncated" if truncated else "neither"
