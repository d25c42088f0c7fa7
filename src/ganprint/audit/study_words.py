"""What a selection study lets one say: one claim, its size, and what the search alone would have shown."""

from collections.abc import Mapping
from typing import Any

__all__ = ["study_sentences"]


def study_sentences(content: Mapping[str, Any]) -> list[str]:
    """Give the sentences that the report opens with; ``content`` is that of selection.json."""
    chosen, nested, naive = content["chosen"], content["nested"], content["naive"]
    least = 1 / (1 + content["permutations"])
    level = 1 - content["confidence"]
    p = chosen["p_corrected"]
    said = [
        f"Selected of {content['candidates']} candidates: {chosen['candidate']}, ROC AUC {_with_limits(chosen)} on the "
        "development split."
    ]
    if content["claimed"]:
        said.append(
            f"It sees membership: p = {p:.3f} after correction for all that was tried (level {level:g}, "
            f"{content['permutations']} exchanges of membership, smallest possible p {least:.3f})."
        )
    else:
        said.append(
            f"Nothing is claimed: p = {p:.3f} after correction for all that was tried is above {level:g}. The best of "
            f"{content['candidates']} candidates often looks like this where membership was handed out at random."
        )
    said.append(
        f"Select, then use: in patients that had no part in the selection the rule's choice reaches ROC AUC "
        f"{_with_limits(nested)}. The best figure of the table is {naive['auc']:.3f} ({naive['candidate']}), "
        f"{abs(content['optimism']):.3f} {'above' if content['optimism'] >= 0 else 'below'} it."
    )
    if content["claimed"] and nested["low"] <= 0.5:
        said.append("The interval of the nested figure reaches chance: how much is seen is not known.")
    if not content["claimed"] and nested["low"] > 0.5:
        said.append(
            "The interval of the nested figure lies above chance, but it takes fits and selections as they are and has "
            "no correction: the test decides."
        )
    return said


def _with_limits(figure: Mapping[str, float]) -> str:
    return f"{figure['auc']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
