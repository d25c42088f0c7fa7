"""How a grey image becomes a network's input: always explicit, always recorded.

``paper``: nearest-neighbour resize to the square size, grey repeated to three channels, divided by 255, no mean and no
deviation. For ImageNet weights that is a fault of the paper (its runs are reproduced with it); ``weights`` is what the
weights were trained with.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Preprocessing", "paper_preprocessing", "pixel_preprocessing"]

Interpolation = Literal["nearest", "area", "bilinear", "bicubic"]

_PIL = {
    "nearest": Image.Resampling.NEAREST,
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True)
class Preprocessing:
    """Resize, centre crop, and a linear map of the grey values per channel.

    Attributes
    ----------
    name
        As in params.yaml.
    resize
        Length of the shorter side after resizing in pixels; None resizes to the square ``size`` without a crop.
    size
        Width and height of the result in pixels.
    interpolation
        Of the resize.
    mean, deviation
        Per channel, on the scale 0..1: the network sees (grey / 255 - mean) / deviation.
    """

    name: str
    resize: int | None
    size: int
    interpolation: Interpolation
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def geometry(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize and crop one image [h, w] to [size, size] in 8 bits, as torchvision does with PIL images."""
        height, width = grey.shape
        if self.resize is None:
            target = (self.size, self.size)
        else:
            shorter = min(height, width)
            # torchvision's rule: the longer side is truncated, not rounded.
            target = (int(self.resize * width / shorter), int(self.resize * height / shorter))
        image = Image.fromarray(grey)
        if target != image.size:
            image = image.resize(target, _PIL[self.interpolation])
        left = round((target[0] - self.size) / 2)
        top = round((target[1] - self.size) / 2)
        return np.asarray(image)[top : top + self.size, left : left + self.size]

    def values(self, grey: torch.Tensor) -> torch.Tensor:
        """Turn uint8 images [n, size, size] into float32 input [n, channels, size, size]."""
        mean = torch.tensor(self.mean, device=grey.device).view(1, -1, 1, 1)
        deviation = torch.tensor(self.deviation, device=grey.device).view(1, -1, 1, 1)
        scaled = grey.unsqueeze(1).to(torch.float32).div_(255.0)
        return ((scaled - mean) / deviation).contiguous(memory_format=torch.channels_last)

    def as_dict(self) -> dict[str, Any]:
        """Give the settings as plain values for metadata."""
        return asdict(self)


def paper_preprocessing(size: int) -> Preprocessing:
    """Give the paper's preparation of images for its runs 2 and 3, at a square ``size`` (the paper: 224)."""
    return Preprocessing("paper", None, size, "nearest", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def pixel_preprocessing(name: Literal["nearest", "area"], size: int) -> Preprocessing:
    """Give the preparation of the ``pixels`` embedding: a resize alone."""
    return Preprocessing(name, None, size, name, (0.0,), (1.0,))
