"""What a slice tells of itself: grey values, window, body, lungs, noise and sharpness, at its own size.

The grey values are all that is looked at: nothing comes from a file's name, size or date. What the size of a PNG file
tells is a matter of its encoding.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ganprint.embed.metadata_body import Body, find_body
from ganprint.embed.metadata_columns import COLUMNS

__all__ = ["image_values"]

_SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_NOISE_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_MAD_OF_NORMAL = 0.6745  # median of |x| for a standard normal x

Grey = NDArray[np.uint8]
Values = dict[str, float]


def image_values(grey: Grey) -> NDArray[np.float32]:
    """Compute the columns of :data:`ganprint.embed.metadata_columns.COLUMNS` for one image.

    What can not be measured is 0: without a body or lungs ``body_found`` or ``lungs_found`` says so.

    Parameters
    ----------
    grey
        [h, w].

    Returns
    -------
    [d], finite.
    """
    body = find_body(grey)
    height, width = grey.shape
    values = {"width": float(width), "height": float(height)}
    values |= _grey(grey) | _window(grey, body) | _body(grey, body) | _lungs(grey, body) | _noise(grey, body)
    return np.array([values[column.name] for column in COLUMNS], dtype=np.float32)


def _quantiles(histogram: NDArray[np.int64], shares: tuple[float, ...]) -> list[float]:
    """Give nearest-rank quantiles of the grey values that a histogram [256] counts."""
    cumulative = np.cumsum(histogram)
    ranks = np.ceil(np.array(shares) * cumulative[-1])
    return [float(value) for value in np.searchsorted(cumulative, np.maximum(ranks, 1))]


def _grey(grey: Grey) -> Values:
    histogram = np.bincount(grey.ravel(), minlength=256)
    filled = np.flatnonzero(histogram)
    share = histogram[filled] / grey.size
    low, high = int(filled[0]), int(filled[-1])
    quantiles = zip(_SHARES, _quantiles(histogram, _SHARES), strict=True)
    return {
        "grey_mean": float(grey.mean()),
        "grey_deviation": float(grey.std()),
        "grey_min": float(low),
        "grey_max": float(high),
        **{f"grey_p{round(100 * at):02d}": value for at, value in quantiles},
        "grey_entropy": float(-(share * np.log2(share)).sum()) + 0.0,
        "black_share": float(histogram[0] / grey.size),
        "white_share": float(histogram[255] / grey.size),
        "grey_count": float(len(filled)),
        "grey_gaps": 1.0 - len(filled) / (high - low + 1),
    }


def _window(grey: Grey, body: Body) -> Values:
    histogram = np.bincount(grey[body.inside], minlength=256)
    histogram[[0, 255]] = 0
    if not histogram.any():
        return {"window_level": 0.0, "window_width": 0.0}
    low, high = _quantiles(histogram, (0.01, 0.99))
    return {"window_level": (low + high) / 2, "window_width": high - low}


def _body(grey: Grey, body: Body) -> Values:
    height, width = grey.shape
    top, bottom, left, right = body.box()
    found = bottom > top
    return {
        "body_found": float(found),
        "body_area": float(body.inside.mean()),
        "body_grey": float(grey[body.inside].mean()) if found else 0.0,
        "body_left": left / width,
        "body_top": top / height,
        "body_width": (right - left) / width,
        "body_height": (bottom - top) / height,
        "body_symmetry": _symmetry(grey[top:bottom, left:right].astype(np.float64)) if found else 0.0,
    }


def _symmetry(box: NDArray[np.float64]) -> float:
    """Correlate a box with its mirror image, whose mean and variance are the same; 0 when all its pixels are equal."""
    centred = box - box.mean()
    power = float((centred**2).sum())
    return float((centred * centred[:, ::-1]).sum()) / power if power > 0 else 0.0


def _lungs(grey: Grey, body: Body) -> Values:
    areas = body.lung_areas
    return {
        "lungs_found": float(len(areas) > 0),
        "lung_area": float(areas.sum() / grey.size),
        "lung_parts": float(len(areas)),
        "lung_balance": float(areas[1] / areas[0]) if len(areas) > 1 else 0.0,
        "lung_grey": float(grey[body.lungs].mean()) if len(areas) else 0.0,
    }


def _noise(grey: Grey, body: Body) -> Values:
    plain = grey.astype(np.float32)
    # Pixels at the edge have no full neighbourhood.
    inner = ndimage.convolve(plain, _NOISE_MASK)[1:-1, 1:-1]
    gradient = np.hypot(ndimage.sobel(plain, axis=0), ndimage.sobel(plain, axis=1))
    return {
        "noise_immerkaer": math.sqrt(math.pi / 2) / 6 * float(np.abs(inner).mean()) if inner.size else 0.0,
        "noise_haar": _haar(grey, body.inside & (grey > 0) & (grey < 255)),
        "sharpness_laplace": float(ndimage.laplace(plain).var()),
        "sharpness_gradient": float(gradient.mean()) / 8,
    }


def _haar(grey: Grey, usable: NDArray[np.bool_]) -> float:
    """Estimate the noise from the diagonal Haar coefficients of blocks of usable pixels; 0 when there is none."""
    height, width = (side // 2 * 2 for side in grey.shape)
    corners = [(slice(row, height, 2), slice(column, width, 2)) for row in (0, 1) for column in (0, 1)]
    whole = np.logical_and.reduce([usable[corner] for corner in corners])
    a, b, c, d = (grey[corner][whole].astype(np.int64) for corner in corners)
    # The coefficient is half of this whole number.
    return _middle(np.bincount(np.abs(a - b - c + d))) / 2 / _MAD_OF_NORMAL if whole.any() else 0.0


def _middle(counts: NDArray[np.int64]) -> float:
    """Give the median of whole numbers, spread over +-1/2 since rounding made them whole; 0 when all are 0.

    Without it the noise level of 8-bit images would take few values: its steps would be 0.74 grey values.
    """
    cumulative = np.cumsum(counts)
    half = float(cumulative[-1]) / 2
    value = int(np.searchsorted(cumulative, half))
    here, below = float(counts[value]), float(cumulative[value] - counts[value])
    return value - 0.5 + (half - below) / here if value else half / here - 0.5
