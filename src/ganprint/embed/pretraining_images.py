"""Which images a pretraining sees, and their hash: columns without labels."""

import hashlib

import pandas as pd

__all__ = ["image_patients", "images_sha256", "pretraining_images"]

_COLUMNS = ["split", "role", "id", "path", "sha256"]


def pretraining_images(index: pd.DataFrame, *, test_images: bool) -> pd.DataFrame:
    """Give the images to learn from, in the order of the index: columns split, role, id, path, sha256.

    Real and generated ones of the development split, and of the test split when that is asked for. Membership and group
    stay behind: what is not handed on can not be learned from.
    """
    splits = ["development", "test"] if test_images else ["development"]
    return index.loc[index["split"].isin(splits), _COLUMNS].reset_index(drop=True)


def images_sha256(images: pd.DataFrame) -> str:
    """Give the SHA-256 over split, role, id and content of the images, in order.

    The hash of the whole corpus covers the labels too; this one, like the weights, is the same whatever they are.
    """
    lines = images[["split", "role", "id", "sha256"]].to_csv(index=False, header=False, lineterminator="\n")
    return hashlib.sha256(lines.encode()).hexdigest()


def image_patients(index: pd.DataFrame, images: pd.DataFrame) -> list[str]:
    """Give the patient of each of the images, empty for generated ones: for batches by patient, and for them alone.

    A patient tells which slices belong together, not which were used.
    """
    keys = ["split", "role", "id"]
    rows = images[keys].merge(index[[*keys, "group"]], how="left", on=keys, validate="one_to_one")
    return [str(group) if role == "real" else "" for role, group in zip(rows["role"], rows["group"], strict=True)]
