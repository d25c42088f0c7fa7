"""The network of run 1: two residual backbones without shared weights and a relation module on their joined maps.

Backbone (paper, section on run 1, and the authors' code): a ResNet for one grey channel without the stem's max-pool,
four groups of blocks with strides 1, 2, 2, 2 and no final pooling, so that an image becomes a map [C, h, w]. The
options are the code's (small stem, branches that do not start at zero), and one backbone for both roles.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from ganprint.pairs import RelationModule

__all__ = ["DEPTHS", "STEMS", "Depth", "RelationNetwork", "ResidualBackbone", "Stem", "StemName", "build_network"]

StemName = Literal["big", "small"]


@dataclass(frozen=True)
class Stem:
    """The first convolution: width and height of its kernel, stride and padding."""

    kernel: int
    stride: int
    padding: int


STEMS: dict[StemName, Stem] = {
    # The authors' padding; torchvision pads by 3.
    "big": Stem(7, stride=2, padding=1),
    "small": Stem(3, stride=1, padding=1),
}


@dataclass(frozen=True)
class Depth:
    """Blocks per group, and the groups' widths as multiples of the first."""

    block: type[BasicBlock | Bottleneck]
    blocks: tuple[int, int, int, int]
    widths: tuple[float, float, float, float] = (1, 2, 4, 8)


DEPTHS = {
    10: Depth(BasicBlock, (1, 1, 1, 1)),
    12: Depth(BasicBlock, (1, 1, 2, 1), (1, 2.5, 5, 10)),
    18: Depth(BasicBlock, (2, 2, 2, 2)),
    34: Depth(BasicBlock, (3, 4, 6, 3)),
    50: Depth(Bottleneck, (3, 4, 6, 3)),
    101: Depth(Bottleneck, (3, 4, 23, 3)),
    152: Depth(Bottleneck, (3, 8, 36, 3)),
}


class ResidualBackbone(nn.Module):
    """Grey images [n, 1, H, W] to maps [n, C, h, w]; at 256 pixels h = w = 16 with the big stem, 32 with the small one.

    Parameters
    ----------
    depth
        A key of :data:`DEPTHS`.
    planes
        Width of the stem and of the first group (the paper: 64).
    stem
        A key of :data:`STEMS` (the paper: big). The small stem keeps the image's side, so all that follows has four
        times as many pixels to work on.
    zero_init_residual
        Start every residual branch at zero (Goyal et al. 2017), as the paper's run does.
    """

    def __init__(
        self, depth: int, planes: int = 64, *, stem: StemName = "big", zero_init_residual: bool = True
    ) -> None:
        super().__init__()
        plan, first = DEPTHS[depth], STEMS[stem]
        self.stem = nn.Sequential(
            nn.Conv2d(1, planes, first.kernel, stride=first.stride, padding=first.padding, bias=False),
            nn.BatchNorm2d(planes),
            nn.ReLU(inplace=True),
        )
        channels = planes
        groups: list[nn.Module] = []
        for count, width, stride in zip(plan.blocks, plan.widths, (1, 2, 2, 2), strict=True):
            group, channels = _group(plan.block, channels, int(planes * width), count, stride)
            groups.append(group)
        self.groups = nn.Sequential(*groups)
        self.channels = channels
        self._initialise(zero_init_residual)

    def _initialise(self, zero_init_residual: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if zero_init_residual and isinstance(module, BasicBlock | Bottleneck):
                last = module.bn3 if isinstance(module, Bottleneck) else module.bn2
                nn.init.zeros_(last.weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the feature maps of grey images."""
        maps: torch.Tensor = self.groups(self.stem(images))
        return maps


def _group(
    block: type[BasicBlock | Bottleneck], channels: int, planes: int, count: int, stride: int
) -> tuple[nn.Sequential, int]:
    wide = planes * block.expansion
    shortcut: nn.Module | None = None
    if stride != 1 or channels != wide:
        shortcut = nn.Sequential(nn.Conv2d(channels, wide, 1, stride=stride, bias=False), nn.BatchNorm2d(wide))
    blocks = [block(channels, planes, stride, shortcut), *(block(wide, planes) for _ in range(count - 1))]
    return nn.Sequential(*blocks), wide


class RelationNetwork(nn.Module):
    """Two backbones and the relation module (Sung et al. 2018, with one backbone per role).

    Parameters
    ----------
    depth, planes, stem, zero_init_residual
        Of the backbones (:class:`ResidualBackbone`).
    shared
        One backbone for both roles, as Sung et al. have it: ``generated`` is then the module ``real`` itself, and the
        state dict holds it once, as ``real``. In training its batch-norms normalise each role's batch by itself but
        keep running statistics of both roles together.
    """

    real: ResidualBackbone
    generated: ResidualBackbone

    def __init__(
        self,
        depth: int,
        planes: int = 64,
        *,
        stem: StemName = "big",
        zero_init_residual: bool = True,
        shared: bool = False,
    ) -> None:
        super().__init__()
        self.real = ResidualBackbone(depth, planes, stem=stem, zero_init_residual=zero_init_residual)
        if shared:
            # Not registered as a second child: the state would hold every tensor of the backbone twice.
            object.__setattr__(self, "generated", self.real)
        else:
            self.generated = ResidualBackbone(depth, planes, stem=stem, zero_init_residual=zero_init_residual)
        self.relation = RelationModule(self.real.channels)

    def forward(self, real: torch.Tensor, generated: torch.Tensor) -> torch.Tensor:
        """Give the score in [0, 1] of each pair: real [n, 1, H, W] beside generated [n, 1, H, W] gives [n]."""
        scores: torch.Tensor = self.relation(torch.cat([self.real(real), self.generated(generated)], dim=1))
        return scores


def build_network(
    depth: int,
    planes: int,
    seed: int,
    *,
    stem: StemName = "big",
    zero_init_residual: bool = True,
    shared: bool = False,
) -> RelationNetwork:
    """Build a network with initial weights drawn from a seed, leaving torch's global generator as it was.

    Parameters
    ----------
    depth, planes, stem, zero_init_residual, shared
        Of the network (:class:`RelationNetwork`).
    seed
        Of the initial weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RelationNetwork(depth, planes, stem=stem, zero_init_residual=zero_init_residual, shared=shared)
