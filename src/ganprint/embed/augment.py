"""Views of a slice: random changes that a copy of it survives, by torchvision's transforms.

What a copy detector has to be blind to (Dar et al. 2024, arXiv 2402.01054: a synthetic copy is a training image but for
flips, rotations and slight changes of shape and contrast), and no more: a vertical flip or a large rotation makes no
slice.
"""

from collections.abc import Callable

import torch
from torchvision.transforms import v2

from ganprint.params import AugmentationParameters

__all__ = ["View", "augmentation", "views"]

View = Callable[[torch.Tensor], torch.Tensor]

_BLUR_KERNEL, _LEAST_BLUR = 5, 0.1


def augmentation(parameters: AugmentationParameters, size: int) -> View:
    """Make the random change of one image [1, size, size] in float32 on 0..1; it draws from torch's global generator.

    Geometry first, then grey values, blur, and noise last, which no interpolation then smooths.
    """
    shift, noise, blur = parameters.shift, parameters.noise, parameters.blur
    bilinear = v2.InterpolationMode.BILINEAR
    steps: list[torch.nn.Module] = []
    if parameters.flip:
        steps.append(v2.RandomHorizontalFlip(parameters.flip))
    if shift or parameters.rotation:
        steps.append(v2.RandomAffine(parameters.rotation, translate=(shift, shift), interpolation=bilinear))
    if parameters.crop:
        steps.append(v2.RandomResizedCrop(size, (1 - parameters.crop, 1.0), (0.9, 1.1), bilinear))
    if parameters.brightness or parameters.contrast:
        steps.append(v2.ColorJitter(brightness=parameters.brightness, contrast=parameters.contrast))
    if blur:
        steps.append(v2.RandomApply([v2.GaussianBlur(_BLUR_KERNEL, (min(_LEAST_BLUR, blur), blur))]))
    if noise:
        steps.append(v2.RandomApply([v2.GaussianNoise(sigma=noise)]))
    change: View = v2.Compose(steps) if steps else v2.Identity()
    return change


def views(images: torch.Tensor, change: View) -> torch.Tensor:
    """Give a view of every image, each changed by itself.

    Parameters
    ----------
    images
        [n, size, size] in uint8.
    change
        Of :func:`augmentation`.

    Returns
    -------
    [n, size, size] in uint8: views have 8 bits, as images have, so that both take the same way into the network.
    """
    threads = torch.get_num_threads()
    # One small image at a time: handing its parts to threads takes many times as long as the work.
    torch.set_num_threads(1)
    try:
        scaled = images.unsqueeze(1).float().div_(255.0)
        changed = torch.cat([change(image) for image in scaled])
    finally:
        torch.set_num_threads(threads)
    return changed.clamp_(0, 1).mul_(255.0).round_().to(torch.uint8)
