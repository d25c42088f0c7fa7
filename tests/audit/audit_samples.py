"""Small corpora in memory for the tests of the audit: slices with texture, and tables made of them."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganprint.audit.evidence.fingerprints import fingerprint, stack
from ganprint.audit.evidence.images import AuditImages


def slice_of(seed, side=128):
    """A slice with large and small structure, as chest slices have."""
    rng = np.random.default_rng(seed)
    coarse = gaussian_filter(rng.normal(size=(side, side)), 14)
    fine = gaussian_filter(rng.normal(size=(side, side)), 2)
    values = 128 + 45 * coarse / coarse.std() + 20 * fine / fine.std()
    return np.clip(values, 0, 255).astype(np.uint8)


def table_of(greys, kinds, groups=None, views=None):
    """Make a table; ``kinds`` are letters: U and N for used and not used, T for test, g and t for generated ones."""
    said = {
        "U": ("real", "development", "used"),
        "N": ("real", "development", "not_used"),
        "T": ("real", "test", "unknown"),
        "g": ("generated", "development", ""),
        "t": ("generated", "test", ""),
    }
    roles, splits, memberships = (np.array(column) for column in zip(*(said[kind] for kind in kinds), strict=True))
    ids = np.array([f"image_{number}" for number in range(len(kinds))])
    groups = np.where(roles == "real", ids if groups is None else np.array(groups, dtype=np.str_), "")
    if views is None:
        small = [np.asarray(Image.fromarray(grey).resize((16, 16), Image.Resampling.BOX)).ravel() for grey in greys]
        views = {"pixels": np.stack(small)}
    return AuditImages(ids, roles, splits, memberships, groups, stack(map(fingerprint, greys)), views)
