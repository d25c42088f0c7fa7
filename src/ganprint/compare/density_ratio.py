"""How much denser generated images lie around an image than real ones that were not used."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganprint.compare.attack import Attack, AttackParameters, Seen
from ganprint.compare.densities import FLOOR, kernel_log_density, neighbour_log_density
from ganprint.compare.protocol import Context, Scores, register
from ganprint.pairs.blocks import GeneratedRows
from ganprint.pairs.principal import PrincipalComponents, ProjectedRows, principal_components
from ganprint.pairs.spread_rows import evenly_spread
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["DensityRatio"]

Floats = NDArray[np.float64]


class DensityRatioParameters(AttackParameters):
    """Space and estimate.

    Attributes
    ----------
    components
        Dimensions in which densities are estimated.
    estimate
        ``kernel`` (Gaussian kernels, Scott's bandwidth), ``neighbours`` (distance to the k-th nearest) or ``flow`` (a
        small normalising flow).
    neighbours
        k of ``neighbours``.
    samples
        Generated images, evenly spread, that ``flow`` learns from.
    steps
        Training steps of ``flow`` at most.
    """

    components: int = Field(default=8, ge=1)
    estimate: Literal["kernel", "neighbours", "flow"] = "kernel"
    neighbours: int = Field(default=5, ge=1)
    samples: int = Field(default=2000, ge=2)
    steps: int = Field(default=3000, ge=1)


@register
class DensityRatio(Attack):
    """The density of generated images over that of real images that were not used, as its logarithm.

    score(x) = log p_G(x) - log p_R(x): DOMIAS (van Breugel, Sun, Qian and van der Schaar 2023, "Membership inference
    attacks against synthetic data through overfitting detection"). Both densities are estimated in the same few
    principal components of the generated images, each brought to variance 1: by kernels (as scipy's ``gaussian_kde``),
    by the k-th nearest, or by a flow (theirs is a block neural autoregressive flow; here affine coupling layers).

    Needs: real images that were not used, without the scored ones among them; vectors; Euclidean distances. A hundred
    reference images say little of a density in eight dimensions: that is the limit of the method here.
    Cost: nine passes for the components, three at most for the density, n (m + r) c; memory does not grow with m.

    Traps not repeated: published code adds 1e-20 to p_R and divides, so that an image far from both has the ratio 0 /
    1e-20 and one far from the reference alone an arbitrary one; here logarithms are subtracted. Samples that are equal,
    or fewer than dimensions, make a singular covariance, which their code does not survive; here no direction is
    narrower than a thousandth of the generated images' spread.
    """

    comparator = "density-ratio"
    needs_reference = True
    needs_vectors = True
    learns = True
    Parameters: ClassVar[type[FrozenModel]] = DensityRatioParameters
    parameters: DensityRatioParameters

    def refusal(self, grey: bool) -> str | None:
        """Refuse every metric but the Euclidean, in which the components are."""
        if self.parameters.metric != "euclidean":
            metric = self.parameters.metric
            return f"estimates densities in Euclidean components, and the metric is '{metric}'; choose euclidean"
        return super().refusal(grey)

    def attack(self, seen: Seen, context: Context) -> Scores:
        """Give the difference of the log densities."""
        if seen.reference is None or not len(seen.reference):
            raise ValueError("there are no reference images")
        seed = derive_seed(context.seed, "components")
        onto = principal_components(seen.generated, self.parameters.components, seed=seed, block=seen.block)
        reference = onto.project(seen.reference)
        scaled = _to_variance_one(onto, reference)
        generated = ProjectedRows(seen.generated, scaled, seen.block)
        points, reference = scaled.project(seen.real), scaled.project(seen.reference)
        made = self._log_density(points, generated, seen.block, derive_seed(context.seed, "generated"))
        scores: Scores = made - self._log_density(points, reference, seen.block, derive_seed(context.seed, "reference"))
        return scores

    def _log_density(self, points: Floats, samples: GeneratedRows, block: int, seed: int) -> Floats:
        chosen = self.parameters
        if chosen.estimate == "kernel":
            return kernel_log_density(points, samples, block=block)
        if chosen.estimate == "neighbours":
            return neighbour_log_density(points, samples, chosen.neighbours, block=block)
        from ganprint.compare.density_flow import flow_log_density  # noqa: PLC0415  (torch, for this estimate alone)

        return flow_log_density(points, evenly_spread(samples, chosen.samples, block=block), seed, steps=chosen.steps)


def _to_variance_one(onto: PrincipalComponents, reference: Floats) -> PrincipalComponents:
    """Divide every axis by the deviation of the generated images along it, or of the reference where they have none."""
    spread = np.sqrt(onto.variances)
    flat = spread <= FLOOR * spread.max()
    other = np.sqrt((reference**2).mean(axis=0))
    spread = np.where(flat, np.where(other > 0, other, 1.0), spread)
    return PrincipalComponents(onto.mean, onto.axes / spread, np.ones_like(spread))
