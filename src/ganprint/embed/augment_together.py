"""Views of a whole batch at once, on whatever device it is: what :mod:`augment` does image by image.

The same changes with the same limits. Shift, rotation, crop and mirror are one map, so that the image is interpolated
once and not twice; brightness comes before contrast. So views are drawn alike, and are not the same views.
"""

import math

import torch
from torch.nn import functional

from ganprint.params import AugmentationParameters

__all__ = ["Drawn", "blurred", "mapped", "views_together"]

_BLUR_KERNEL, _LEAST_BLUR = 5, 0.1
_LEAST_STRETCH, _MOST_STRETCH = 0.9, 1.1


class Drawn:
    """Uniform random numbers per image from one generator on the CPU: the same ones on every device."""

    def __init__(self, count: int, device: torch.device, generator: torch.Generator) -> None:
        self._count, self._device, self._generator = count, device, generator

    def between(self, low: float, high: float) -> torch.Tensor:
        """Give a number per image [n] in [low, high)."""
        return (torch.rand(self._count, generator=self._generator) * (high - low) + low).to(self._device)

    def chance(self, probability: float) -> torch.Tensor:
        """Give a yes or no per image [n]."""
        return (torch.rand(self._count, generator=self._generator) < probability).to(self._device)


def views_together(
    images: torch.Tensor, parameters: AugmentationParameters, generator: torch.Generator
) -> torch.Tensor:
    """Give a view of every image, each changed by itself.

    Parameters
    ----------
    images
        [n, size, size] in uint8.
    parameters
        Limits of the changes.
    generator
        Of the CPU.

    Returns
    -------
    [n, size, size] in uint8, on the images' device.
    """
    drawn = Drawn(len(images), images.device, generator)
    made = mapped(images.unsqueeze(1).float() / 255.0, _maps(parameters, drawn))
    if parameters.brightness:
        factor = drawn.between(1 - parameters.brightness, 1 + parameters.brightness)
        made = (made * factor.view(-1, 1, 1, 1)).clamp_(0, 1)
    if parameters.contrast:
        factor = drawn.between(1 - parameters.contrast, 1 + parameters.contrast).view(-1, 1, 1, 1)
        mean = made.mean(dim=(1, 2, 3), keepdim=True)
        made = (mean + (made - mean) * factor).clamp_(0, 1)
    if parameters.blur:
        sigma = drawn.between(min(_LEAST_BLUR, parameters.blur), parameters.blur)
        made = torch.where(drawn.chance(0.5).view(-1, 1, 1, 1), blurred(made, sigma), made)
    if parameters.noise:
        noise = torch.Generator(images.device)
        noise.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        deviation = (parameters.noise * drawn.chance(0.5)).view(-1, 1, 1, 1)
        made = made + deviation * torch.randn(made.shape, generator=noise, device=images.device)
    return made.squeeze(1).clamp_(0, 1).mul_(255.0).round_().to(torch.uint8)


def mapped(images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Read images [n, 1, s, s] through maps [n, 2, 3] of places in the view to places in the image, bilinearly.

    Places are (across, down) in [-1, 1] from edge to edge; what lies outside of the image is black.
    """
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def blurred(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Blur images [n, 1, s, s] by Gaussians of five pixels, each of its own deviation [n] in pixels; edges mirrored."""
    half = _BLUR_KERNEL // 2
    place = torch.arange(-half, half + 1, device=images.device)
    kernel = torch.exp(-0.5 * (place / sigma.view(-1, 1)).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).view(-1, _BLUR_KERNEL, 1, 1)
    made = functional.pad(images, (half, half, half, half), mode="reflect")
    for axis in (2, 3):
        parts = [made.narrow(axis, k, images.shape[axis]) * kernel[:, k : k + 1] for k in range(_BLUR_KERNEL)]
        made = torch.stack(parts).sum(dim=0)
    return made


def _maps(parameters: AugmentationParameters, drawn: Drawn) -> torch.Tensor:
    """Give maps [n, 2, 3]: the view's crop is read from the image that was mirrored, then turned and shifted."""
    mirror = 1 - 2 * drawn.chance(parameters.flip).float()
    angle = drawn.between(-parameters.rotation, parameters.rotation) * (math.pi / 180)
    across, down = (2 * drawn.between(-parameters.shift, parameters.shift) for _ in range(2))
    width, height = _crop(parameters.crop, drawn)
    left, top = (drawn.between(-1, 1) * (1 - side) for side in (width, height))
    cosine, sine = angle.cos(), angle.sin()
    x, y = left - across, top - down
    rows = torch.stack(
        [
            torch.stack([cosine * width, sine * height, cosine * x + sine * y], dim=1),
            torch.stack([-sine * width, cosine * height, -sine * x + cosine * y], dim=1),
        ],
        dim=1,
    )
    rows[:, 0] *= mirror.view(-1, 1)
    return rows


def _crop(largest: float, drawn: Drawn) -> tuple[torch.Tensor, torch.Tensor]:
    """Give width and height of the crops as shares of the sides [n]."""
    if not largest:
        whole = torch.ones_like(drawn.between(0, 1))
        return whole, whole
    area = drawn.between(1 - largest, 1)
    stretch = drawn.between(math.log(_LEAST_STRETCH), math.log(_MOST_STRETCH)).exp()
    return (area * stretch).sqrt().clamp(max=1), (area / stretch).sqrt().clamp(max=1)
