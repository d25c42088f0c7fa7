"""What can not be concluded from a report, said from its numbers."""

from collections.abc import Mapping
from typing import Any

__all__ = ["limits_of"]

_ALWAYS = (
    "A verdict is about these images, these methods and this generator's output; it does not carry over to others.",
    "Distances to the nearest generated image alone never show that images are private: sets that pass such a check "
    "still leak (Yao et al. 2025, 'The DCR delusion').",
    "The lower bound on the privacy loss holds where every membership is a fair coin, independent of the others, as in "
    "the phantom; in a split of fixed halves memberships are exchangeable and not independent.",
    "Exact intervals take images as independent; where images share groups, those by group are the honest ones.",
)


def limits_of(profile: str, inference: Mapping[str, Any], collapse: Mapping[str, Any]) -> list[str]:
    """Give the limits as sentences.

    Parameters
    ----------
    profile
        Of the parameters.
    inference
        Content of inference.json.
    collapse
        Content of collapse.json.
    """
    limits = []
    if profile != "paper":
        limits.append(
            f"Profile {profile} is not the paper's setting: backbones are smaller and training is shorter, so its runs "
            "do not show what the paper's would."
        )
    if "test" not in inference["splits"]:
        limits.append(
            "The truth of the test split is unknown: all figures are of development images, out of fold. They are "
            "fewer, and the thresholds were chosen on them."
        )
    for split, found in inference["splits"].items():
        negatives = found["n"] - found["positives"]
        if negatives:
            limits.append(
                f"{split.capitalize()} split: {negatives} not-used images resolve no false positive rate under "
                f"{100 / negatives:.3g} %; {found['n']} images of {found['groups']} groups carry no more than "
                f"{found['groups']} independent answers."
            )
        if found["groups"] == found["n"]:
            limits.append(
                f"{split.capitalize()} split: every image counts as a patient of its own. If several are of one "
                "patient and groups.csv does not say so, intervals are too narrow and p values too small."
            )
    for split, found in collapse["splits"].items():
        if found["collapsed"]:
            limits.append(
                f"The generated images of the {split} split are collapsed: many lie beside few real images whatever "
                "was memorised, so nearness of a single pair says little."
            )
    return [*limits, *_ALWAYS]
