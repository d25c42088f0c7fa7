"""How many generated images lie close by: Monte Carlo attack."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.attack import Attack, AttackParameters, Seen
from ganprint.compare.protocol import Context, Scores, register
from ganprint.pairs.principal import ProjectedRows, principal_components
from ganprint.params import FrozenModel

__all__ = ["MonteCarlo"]

# Distances that differ by less are equal but for rounding; which side of the radius they fall on must not depend on it.
_SAME = 1e-9


class MonteCarloParameters(AttackParameters):
    """Radius and view.

    Attributes
    ----------
    rule
        What the radius is: ``median`` of the smallest distances, or a ``quantile`` of all distances.
    quantile
        Which one.
    components
        Compare this many principal components of the generated images instead of the rows; 0: the rows.
    """

    rule: Literal["median", "quantile"] = "median"
    quantile: float = Field(default=0.001, gt=0, lt=1)
    components: int = Field(default=0, ge=0)


@register
class MonteCarlo(Attack):
    """The share of generated images within a radius that all real images have in common.

    score(x) = #{g: d(x, g) <= eps} / m, an estimate of the generator's mass around x (Hilprecht, Härterich and Bernau
    2019, "Monte Carlo and reconstruction membership inference attacks against generative models"). eps is the median
    over the real images of min_g d(x, g) (their median heuristic, eq. 4), or with ``rule: quantile`` a fixed small
    quantile of all distances d(x, g). With ``components`` distances are those of principal components, which they use
    against noise in high dimensions; here the components are those of the generated images.

    Transductive: eps depends on the real images that are scored together.
    Needs: nothing; vectors for ``components``. Cost: 2 n m distances, two passes; ``quantile`` three, and memory
    n m quantile; ``components`` nine more passes.

    Traps. Scores are counts, so many are tied: by the median rule half of the images have 0, and what they hide can
    not be ranked. Published code counts d < eps: when more than half of the real images were copied exactly, eps is 0
    and all scores are. Here the radius itself is inside, so that a copy always counts.
    """

    comparator = "monte-carlo"
    transductive = True
    Parameters: ClassVar[type[FrozenModel]] = MonteCarloParameters
    parameters: MonteCarloParameters

    def refusal(self, grey: bool) -> str | None:
        """Refuse components with a metric of grey values."""
        if self.parameters.components and self.parameters.metric not in {"euclidean", "cosine"}:
            return (
                f"components are no grey values, and metric '{self.parameters.metric}' compares these alone; "
                "choose euclidean, cosine, or components 0"
            )
        return super().refusal(grey)

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Count within the radius."""
        if self.parameters.components:
            seen = _projected(seen, self.parameters.components, context.seed)
        if self.parameters.rule == "median":
            radius = float(np.median(seen.neighbours().distances[:, 0]))
        else:
            radius = _quantile(seen, self.parameters.quantile)
        inside = np.nextafter(radius * (1 + _SAME), np.inf)
        scores: Scores = seen.counts_within(np.full(len(seen.real), inside)) / len(seen.neighbours().best_real)
        return scores


def _projected(seen: Seen, count: int, seed: int) -> Seen:
    onto = principal_components(seen.generated, count, seed=seed, block=seen.block)
    return Seen(onto.project(seen.real), ProjectedRows(seen.generated, onto, seen.block), None, seen.metric, seen.block)


def _quantile(seen: Seen, share: float) -> float:
    """Give the smallest distance that at least ``share`` of all pairs do not exceed."""
    pairs = len(seen.real) * len(seen.neighbours().best_real)
    wanted = max(1, int(np.ceil(share * pairs)))
    smallest: NDArray[np.float64] = np.empty(0)
    for rows in seen.blocks():
        smallest = np.concatenate([smallest, seen.measure.to(rows).ravel()])
        if len(smallest) > wanted:
            smallest = np.partition(smallest, wanted - 1)[:wanted]
    return float(smallest.max())
