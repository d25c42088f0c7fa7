"""Exact arithmetic on grids of (real, generated) pairs: pure functions and estimators, no files.

Names are loaded on first use, so that what needs only NumPy does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganprint.pairs.area_means import area_reduced
    from ganprint.pairs.distances import squared_distances
    from ganprint.pairs.eigenvalue import largest_eigenvalue
    from ganprint.pairs.grid_dual import ConvergenceError, GridDual, solve_grid_dual
    from ganprint.pairs.measures import EuclideanDistances, Metric, PairDistances, pair_distances
    from ganprint.pairs.near_pass import Neighbourhood, counts_within, neighbourhood
    from ganprint.pairs.nearest_rows import nearest
    from ganprint.pairs.points_area import area_under_points
    from ganprint.pairs.rank_one import generated_weights
    from ganprint.pairs.relation import RelationModule, grid_logits
    from ganprint.pairs.relation_grid import GridMemoryError, RelationGrid, relation_blocks, relation_scores
    from ganprint.pairs.shifted import ShiftedPairs
    from ganprint.pairs.ssim import SsimPairs
    from ganprint.pairs.ssim_search import SsimMatches, ssim_matches
    from ganprint.pairs.svc import GridSVC, scale_gamma

__all__ = [
    "ConvergenceError",
    "EuclideanDistances",
    "GridDual",
    "GridMemoryError",
    "GridSVC",
    "Metric",
    "Neighbourhood",
    "PairDistances",
    "RelationGrid",
    "RelationModule",
    "ShiftedPairs",
    "SsimMatches",
    "SsimPairs",
    "area_reduced",
    "area_under_points",
    "counts_within",
    "generated_weights",
    "grid_logits",
    "largest_eigenvalue",
    "nearest",
    "neighbourhood",
    "pair_distances",
    "relation_blocks",
    "relation_scores",
    "scale_gamma",
    "solve_grid_dual",
    "squared_distances",
    "ssim_matches",
]

_MODULES = {
    "ConvergenceError": "grid_dual",
    "EuclideanDistances": "measures",
    "GridDual": "grid_dual",
    "GridMemoryError": "relation_grid",
    "GridSVC": "svc",
    "Metric": "measures",
    "Neighbourhood": "near_pass",
    "PairDistances": "measures",
    "RelationGrid": "relation_grid",
    "RelationModule": "relation",
    "ShiftedPairs": "shifted",
    "SsimMatches": "ssim_search",
    "SsimPairs": "ssim",
    "area_reduced": "area_means",
    "area_under_points": "points_area",
    "counts_within": "near_pass",
    "generated_weights": "rank_one",
    "grid_logits": "relation",
    "largest_eigenvalue": "eigenvalue",
    "nearest": "nearest_rows",
    "neighbourhood": "near_pass",
    "pair_distances": "measures",
    "relation_blocks": "relation_grid",
    "relation_scores": "relation_grid",
    "scale_gamma": "svc",
    "solve_grid_dual": "grid_dual",
    "squared_distances": "distances",
    "ssim_matches": "ssim_search",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
