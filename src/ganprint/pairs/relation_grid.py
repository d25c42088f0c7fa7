"""Scores of the relation module on full grids of (real, generated) pairs, tile by tile in bounded memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch

from ganprint.pairs.relation import RelationModule
from ganprint.pairs.relation_folded import FoldedRelation

__all__ = ["MEMORY", "GridMemoryError", "RelationGrid", "TilePlan", "plan_tiles", "relation_blocks", "relation_scores"]

GeneratedMaps = torch.Tensor | Iterable[torch.Tensor]

MEMORY = 2**31
"""Default bound in bytes: 2 GiB."""

_CPU_TILE_BYTES = 2**26
"""On a CPU larger tiles were no faster, measured at 2048 x 16 x 16."""

_GPU_TILE_BYTES = 2**32
"""So that no tensor of a tile has 2**31 numbers, beyond which kernels index by 64 bits and are slower."""


class GridMemoryError(ValueError):
    """The bound does not hold the halves of all real images, a generated one and a pair."""


@dataclass(frozen=True)
class TilePlan:
    """How a grid is cut.

    Attributes
    ----------
    block
        Generated images whose halves are held at a time.
    real, generated
        Sides of a tile of pairs.
    """

    block: int
    real: int
    generated: int


def plan_tiles(n_real: int, block: int, *, map_bytes: int, pair_bytes: int, memory: int, tile_bytes: int) -> TilePlan:
    """Cut a grid so that halves and one tile stay within a bound.

    At any time there are the halves of all real images, of one block of generated images (twice: their maps in the
    halves' type are converted first), and one tile of pairs: n_real * map_bytes + 2 * block * map_bytes + real *
    generated * pair_bytes <= memory.

    Parameters
    ----------
    n_real
        Real images.
    block
        Most generated images at a time.
    map_bytes, pair_bytes
        Bytes of one image's half, and of one pair of a tile.
    memory
        Bound of all.
    tile_bytes
        Bound of the tile alone, as far as one pair fits.

    Raises
    ------
    ValueError
        When ``block`` is not positive.
    GridMemoryError
        When not even one generated image and one pair fit beside the real images.
    """
    if block < 1:
        raise ValueError(f"block is {block}; it has to be at least 1")
    left = memory - n_real * map_bytes
    least = 2 * map_bytes + pair_bytes
    if left < least:
        raise GridMemoryError(
            f"memory is {memory} bytes; the grid of {n_real} real images needs at least {memory - left + least}"
        )
    # No more than half of what is left for one block, so that tiles do not shrink to single pairs beside it.
    block = min(block, max(1, left // 2 // (2 * map_bytes)), (left - pair_bytes) // (2 * map_bytes))
    pairs = max(1, min(left - 2 * block * map_bytes, tile_bytes) // pair_bytes)
    generated = min(block, pairs)
    return TilePlan(block, max(1, min(n_real, pairs // generated)), generated)


class RelationGrid:
    """The grid of all pairs of given real images with any generated ones.

    Parameters
    ----------
    module
        The relation module in evaluation mode.
    real_maps
        Feature maps [n_real, C, h, w].
    block
        Most generated images whose halves are held at a time.
    memory
        Bound in bytes of what is held besides the maps that are given, the module's weights and what the libraries
        need themselves: the halves of all real images, of a block of generated ones, and one tile of pairs. Tiles are
        as large as the bound allows, but no larger than what is fast: 4 GiB on a GPU, 64 MiB on a CPU.
    dtype
        Of halves, sums and products: float32 or bfloat16; None: that of the maps. Logits are in float32 at least.

    Raises
    ------
    ValueError
        When the module is in training mode, ``block`` is not positive, or (:class:`GridMemoryError`) ``memory`` is too
        small for one pair.
    """

    def __init__(
        self,
        module: RelationModule,
        real_maps: torch.Tensor,
        *,
        block: int = 64,
        memory: int = MEMORY,
        dtype: torch.dtype | None = None,
    ) -> None:
        size = int(real_maps.shape[2]), int(real_maps.shape[3])
        self._folded = FoldedRelation(module, dtype or real_maps.dtype, real_maps.device)
        self.plan = plan_tiles(
            len(real_maps),
            block,
            map_bytes=self._folded.bytes_per_map(*size),
            pair_bytes=self._folded.bytes_per_pair(*size),
            memory=memory,
            tile_bytes=_CPU_TILE_BYTES if real_maps.device.type == "cpu" else _GPU_TILE_BYTES,
        )
        self._halves = real_maps.new_empty(len(real_maps), *size, module.channels, dtype=self._folded.dtype)
        with torch.inference_mode():
            for start in range(0, len(real_maps), self.plan.block):
                part = slice(start, start + self.plan.block)
                self._halves[part] = self._folded.real_half(real_maps[part])

    def logits(self, generated_maps: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the logits of all pairs in blocks [n_real, at most ``block``], generated images in their order."""
        if len(generated_maps):
            yield from map(self._block, torch.split(generated_maps, self.plan.block))

    @torch.inference_mode()
    def _block(self, maps: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        halves = self._folded.generated_half(maps)
        rows = [
            torch.cat([self._folded.logits(real, part) for part in torch.split(halves, plan.generated)], dim=1)
            for real in torch.split(self._halves, plan.real)
        ]
        return torch.cat(rows)

    def sums(self, generated_maps: torch.Tensor) -> torch.Tensor:
        """Give the sum of each real image's scores over these generated images [n_real], in float64."""
        total = torch.zeros(len(self._halves), dtype=torch.float64, device=self._halves.device)
        for logits in self.logits(generated_maps):
            total += torch.sigmoid(logits).sum(dim=1, dtype=torch.float64)
        return total


def relation_blocks(
    module: RelationModule,
    real_maps: torch.Tensor,
    generated_maps: GeneratedMaps,
    *,
    block: int = 64,
    memory: int = MEMORY,
    dtype: torch.dtype | None = None,
) -> Iterator[torch.Tensor]:
    """Yield the scores of all pairs in blocks [n_real, at most ``block``], generated images in their order.

    Parameters
    ----------
    generated_maps
        Feature maps [n_generated, C, h, w], or an iterable of such pieces.
    module, real_maps, block, memory, dtype
        Of :class:`RelationGrid`, whose errors are raised.
    """
    grid = RelationGrid(module, real_maps, block=block, memory=memory, dtype=dtype)
    for piece in [generated_maps] if isinstance(generated_maps, torch.Tensor) else generated_maps:
        for logits in grid.logits(piece):
            yield torch.sigmoid(logits)


def relation_scores(
    module: RelationModule,
    real_maps: torch.Tensor,
    generated_maps: GeneratedMaps,
    *,
    block: int = 64,
    memory: int = MEMORY,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Give the mean score of each real image over all generated images [n_real], summed in float64.

    Parameters and errors are those of :func:`relation_blocks`; only running sums are kept.

    Returns
    -------
    In the type of the maps, but float32 at least.

    Raises
    ------
    ValueError
        Also when there is no generated image.
    """
    grid = RelationGrid(module, real_maps, block=block, memory=memory, dtype=dtype)
    total = torch.zeros(len(real_maps), dtype=torch.float64, device=real_maps.device)
    count = 0
    for piece in [generated_maps] if isinstance(generated_maps, torch.Tensor) else generated_maps:
        total += grid.sums(piece)
        count += len(piece)
    if not count:
        raise ValueError("there are no generated maps to average over")
    return (total / count).to(torch.promote_types(real_maps.dtype, torch.float32))
