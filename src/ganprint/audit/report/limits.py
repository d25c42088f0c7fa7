"""What can not be concluded from a report, said from its numbers."""

from collections.abc import Mapping, Sequence
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


def limits_of(
    profile: str,
    inference: Mapping[str, Any],
    collapse: Mapping[str, Any],
    *,
    other_networks: Sequence[str] = (),
    studies: Mapping[str, int] | None = None,
) -> list[str]:
    """Give the limits as sentences.

    Parameters
    ----------
    profile
        Of the parameters.
    inference
        Content of inference.json.
    collapse
        Content of collapse.json.
    other_networks
        Runs of the paper that look at features of another network than the paper's.
    studies
        Selection study to the number of candidates that it tried.
    """
    limits = []
    if profile != "paper":
        limits.append(
            f"Profile {profile} is not the paper's setting: backbones are smaller and training is shorter, so its runs "
            "do not show what the paper's would."
        )
    elif other_networks:
        limits.append(
            f"{', '.join(other_networks)}: the paper took these features from Keras' ResNets with Keras' weights, and "
            "here they come from another network and other weights. docs/keras.md says how to take over Keras'."
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
    for name, candidates in (studies or {}).items():
        limits.append(
            f"Study {name} tried {candidates} candidates on the development split. Its own p values know that; "
            "development figures of a run that was put among the runs because of it do not."
        )
    return [*limits, *_ALWAYS]
