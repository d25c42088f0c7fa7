"""Attacks of the literature that need samples alone: one base, so that each is a formula in a file of its own.

An attack gives every real image a score from the generated images, in any view, with any metric of pairs. It looks at
no label; some need reference images, real ones that the generator has certainly not seen. As a comparator it takes the
development split's not used images for that; without a pipeline they are given (``ganprint inspect --reference``).
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.data import Development, Test
from ganprint.compare.protocol import Comparator, Context, Scores
from ganprint.pairs import Metric, Neighbourhood, PairDistances, counts_within, neighbourhood, pair_distances
from ganprint.pairs.blocks import GeneratedRows, row_blocks
from ganprint.params import FrozenModel

__all__ = ["Attack", "AttackParameters", "Seen"]

Rows = NDArray[Any]


class AttackParameters(FrozenModel):
    """What all attacks can be told.

    Attributes
    ----------
    metric
        How a pair is measured: ``euclidean``, ``cosine`` (the chord of the angle), and on grey values ``band-fine``,
        ``band-middle`` and ``band-coarse`` (the chord within a band of spatial frequency), ``ssim`` (1 - mean SSIM) and
        ``shifted`` (1 - the largest correlation over shifts and mirror images).
    block
        Generated images looked at together; bounds the memory, changes no score.
    """

    metric: Metric = "euclidean"
    block: int = Field(default=1024, ge=1)


@dataclass
class Seen:
    """What an attack sees: real rows, generated rows, maybe reference rows; and what has been measured of them.

    Several attacks on one view share it, and with it each pass over the generated images.

    Attributes
    ----------
    real
        [n, d] rows: float32 features or uint8 grey values.
    generated
        [m, d], or something that yields blocks [m_b, d] every time it is iterated over.
    reference
        [r, d] rows of real images that were not used; None when there are none.
    metric, block
        As in :class:`AttackParameters`.
    """

    real: Rows
    generated: GeneratedRows
    reference: Rows | None = None
    metric: Metric = "euclidean"
    block: int = 1024
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def neighbours(self, k: int = 1) -> Neighbourhood:
        """Give who is nearest to whom between the real and the generated images.

        At least min(k, m) neighbours; a pass is made when fewer are known.
        """
        known: Neighbourhood | None = self._kept.get("neighbours")
        if known is None or known.k < min(k, len(known.best_real)):
            known = neighbourhood(self.measure, self.generated, k, block=self.block)
            self._kept["neighbours"] = known
        return known

    def counts_within(self, radii: NDArray[np.float64]) -> NDArray[np.int64]:
        """Count the generated images nearer than ``radii`` [n] to every real one."""
        return counts_within(self.measure, self.generated, radii, block=self.block)

    def real_distances(self) -> NDArray[np.float64]:
        """Give the distances [n, n] between the real images; the diagonal is 0."""
        if "real_distances" not in self._kept:
            self._kept["real_distances"] = self.measure.to(self.real)
        found: NDArray[np.float64] = self._kept["real_distances"]
        return found

    def reference_distances(self) -> NDArray[np.float64]:
        """Give the distances [n, r] of the real to the reference images.

        Raises
        ------
        ValueError
            When there are no reference images.
        """
        if "reference_distances" not in self._kept:
            self._kept["reference_distances"] = self.measure.to(self._reference())
        found: NDArray[np.float64] = self._kept["reference_distances"]
        return found

    def blocks(self) -> Iterable[Rows]:
        """Yield the generated rows, at most ``block`` at a time."""
        return row_blocks(self.generated, self.block)

    @property
    def measure(self) -> PairDistances:
        """What measures distances from the real images."""
        if "measure" not in self._kept:
            self._kept["measure"] = pair_distances(self.real, self.metric)
        found: PairDistances = self._kept["measure"]
        return found

    def _reference(self) -> Rows:
        if self.reference is None or not len(self.reference):
            raise ValueError("there are no reference images")
        return self.reference


class Attack(Comparator):
    """Base of attacks: :meth:`attack` is the formula."""

    variant = "extension"
    pixels = None
    learns = False
    needs_reference: ClassVar[bool] = False
    """True when it needs real images that were not used; as a comparator it then learns from those labels."""
    needs_vectors: ClassVar[bool] = False
    """True when distances are not enough: it works with the metrics ``euclidean`` and ``cosine`` alone."""
    used_from: ClassVar[float | None] = None
    """The score from which on its authors call an image used without any label; None when they have no such rule."""
    Parameters: ClassVar[type[FrozenModel]] = AttackParameters
    parameters: AttackParameters

    @abstractmethod
    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give one finite score per real image: higher = more likely used."""

    def applicable(self, development: Development, test: Test) -> str | None:
        """Refuse a metric that the view or the formula does not allow."""
        del test
        return self.refusal(development.real.rows.dtype == np.uint8)

    def refusal(self, grey: bool) -> str | None:
        """Give the reason why the metric does not fit, or None: ``grey`` tells that the view is grey values."""
        if self.parameters.metric in {"euclidean", "cosine"}:
            return None
        if self.needs_vectors:
            return (
                f"needs vectors, and metric '{self.parameters.metric}' gives distances alone; choose euclidean, cosine"
            )
        if not grey:
            return f"metric '{self.parameters.metric}' compares grey values; give an embedding of pixels"
        return None

    def fit(self, development: Development, context: Context) -> Self:
        """Keep the not used images as reference, when there is a need of them."""
        del context
        kept = development.real.in_order()[0].rows[np.flatnonzero(development.in_order().used == 0)]
        self.reference_ = kept if self.needs_reference else kept[:0]
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Attack the test images."""
        chosen = self.parameters
        reference = self.reference_ if len(self.reference_) else None
        generated = test.generated.in_order()[0].rows
        return self.attack(Seen(test.real.rows, generated, reference, chosen.metric, chosen.block), context)
