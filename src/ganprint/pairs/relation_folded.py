"""The relation module for scoring: batch-norms folded, every image's half computed once, pairs in tiles."""

import torch
from torch import nn
from torch.nn import functional

from ganprint.pairs.pooled_sums import POOLED, pooled_sums, strip_values
from ganprint.pairs.relation import RelationModule

__all__ = ["FoldedRelation"]

_TOP = POOLED - 2
"""Side of the second convolution's output."""

_MANY_CHANNELS = 1024


class FoldedRelation:
    """The function of a relation module in evaluation mode, on halves of maps.

    The first convolution is linear in the concatenation, W * [a ; b] + c = (W_r * a + c) + W_g * b: each image passes
    through its half once. ReLU is monotone, so it commutes exactly with a maximum and runs on the 25 pooled values; so
    does the second convolution's bias. That convolution is the library's, or one matrix product per tile of pairs,
    whichever is faster, measured on 5 x 5 maps: on a CPU in float32 the library's below some 1000 channels (5 times at
    64, 1.8 times at 512), the product above (2 times at 2048) and in bfloat16; on an H100 the library's.

    Parameters
    ----------
    module
        The relation module in evaluation mode: scores of a grid have no meaning with batch statistics.
    dtype
        Of halves, sums and products, which accumulate in float32 or wider; what follows them is in float32 or wider.
    device
        Where to compute.

    Raises
    ------
    ValueError
        When the module is in training mode.
    """

    def __init__(self, module: RelationModule, dtype: torch.dtype, device: torch.device) -> None:
        if module.training:
            raise ValueError("the relation module is in training mode; call module.eval() before scoring a grid")
        self.dtype = dtype
        self.channels = module.channels
        first, bias = _folded(module.first, module.first_norm)
        self._real, self._generated = (
            first[:, part].to(device, dtype, memory_format=torch.channels_last)
            for part in (slice(self.channels), slice(self.channels, None))
        )
        self._real_bias = bias.to(device, dtype)
        del first  # 300 MB at 2048 channels, gone before the second one is folded
        second, second_bias = _folded(module.second, module.second_norm)
        few = dtype == torch.float32 and self.channels < _MANY_CHANNELS
        self._convolves = few or torch.device(device).type != "cpu"
        second = second.to(device, dtype)
        if self._convolves:
            self._second = second.contiguous(memory_format=torch.channels_last)
        else:
            self._second = second.permute(0, 2, 3, 1).reshape(self.channels, -1)
        exact = torch.promote_types(dtype, torch.float32)
        self._second_bias = second_bias.to(device, exact)
        self._dense = [
            (layer.weight.detach().to(device, exact), layer.bias.detach().to(device, exact))
            for layer in (module.hidden, module.last)
        ]

    def real_half(self, maps: torch.Tensor) -> torch.Tensor:
        """Give W_r * a + c, channels last [n, h, w, C], of real maps [n, C, h, w]."""
        return self._half(maps, self._real, self._real_bias)

    def generated_half(self, maps: torch.Tensor) -> torch.Tensor:
        """Give W_g * b, channels last [n, h, w, C], of generated maps [n, C, h, w]."""
        return self._half(maps, self._generated, None)

    def _half(self, maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        maps = maps.to(self.dtype, memory_format=torch.channels_last)
        return functional.conv2d(maps, weight, bias, padding=1).permute(0, 2, 3, 1).contiguous()

    def logits(self, real_halves: torch.Tensor, generated_halves: torch.Tensor) -> torch.Tensor:
        """Give the logits [m, n] of all pairs of two sets of halves, in float32 or wider."""
        m, n = len(real_halves), len(generated_halves)
        pooled = pooled_sums(real_halves, generated_halves).relu_().flatten(0, 1)
        if self._convolves:
            top = functional.conv2d(pooled.permute(0, 3, 1, 2), self._second).amax(dim=(2, 3))
        else:
            patches = pooled.unfold(1, 3, 1).unfold(2, 3, 1).permute(0, 1, 2, 4, 5, 3).reshape(m * n * _TOP**2, -1)
            top = functional.linear(patches, self._second).view(m * n, _TOP**2, self.channels).amax(dim=1)
        values = top.to(self._second_bias.dtype).add_(self._second_bias)
        for weight, bias in self._dense:
            values = functional.linear(values.relu_(), weight, bias)
        return values.view(m, n)

    def bytes_per_map(self, height: int, width: int) -> int:
        """Give the bytes of one image's half."""
        return height * width * self.channels * self.dtype.itemsize

    def bytes_per_pair(self, height: int, width: int) -> int:
        """Give the bytes that :meth:`logits` holds at most per pair, but for what the libraries need themselves."""
        patches = _TOP**2 * (9 + 1)  # nine neighbours of every output, and the output
        values = POOLED**2 + max(patches, strip_values(height, width))
        # What follows the maximum is one vector in float32 or wider, and its eight numbers.
        exact = self._second_bias.element_size()
        return self.channels * (values * self.dtype.itemsize + exact) + 16 * exact


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and bias of a convolution followed by a batch-norm in evaluation mode, as one convolution."""
    weight, bias = nn.utils.fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,  # type: ignore[arg-type]
        norm.running_var,  # type: ignore[arg-type]
        norm.eps,
        norm.weight,
        norm.bias,
    )
    return weight.detach(), bias.detach()
